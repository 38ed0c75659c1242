package hbs

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

func TestFindings(t *testing.T) {
	many := `{"issues":[`
	for i := range 30 {
		many += fmt.Sprintf(`"%02d",`, i)
	}
	for name, tt := range map[string]struct {
		file, text string
		want       []string
	}{
		"texts":          {"report.json", `{"problems":["a\n  race","b"]}`, []string{"a race", "b"}},
		"objects":        {"report.json", `{"vulnerabilities":[{"level": "high", "at": "main.go:3"}]}`, []string{`{"level":"high","at":"main.go:3"}`}},
		"none":           {"report.json", `{"problems":[]}`, nil},
		"another form":   {"report.json", `[1]`, nil},
		"another key":    {"report.json", `{"notes":["a"]}`, nil},
		"not a list":     {"report.json", `{"problems":3}`, nil},
		"not JSON":       {"report.html", `{"problems":["a"]}`, nil},
		"broken":         {"report.json", `{"problems":["a"`, nil},
		"more than told": {"report.json", many + `"x"]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := findingsIn(providertest.Zip(t, tt.file, []byte(tt.text)))
			if name == "more than told" {
				if len(got) != maxFindings {
					t.Errorf("%d are told", len(got))
				}
				return
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	if got := findingsIn([]byte("no archive")); got != nil {
		t.Errorf("of what is no archive: %v", got)
	}
}
