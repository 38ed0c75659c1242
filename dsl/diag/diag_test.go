package diag_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-multierror"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

func at(file string, line, from, to int) diag.Range {
	return diag.Range{File: file, Start: diag.Pos{Line: line, Column: from}, End: diag.Pos{Line: line, Column: to}}
}

// TestTable holds the table of codes to its form: unique, ordered, explained.
func TestTable(t *testing.T) {
	last := diag.Code("")
	for _, e := range diag.Codes() {
		if e.Code <= last {
			t.Errorf("%s comes after %s", e.Code, last)
		}
		last = e.Code
		if e.Severity == "" || e.Summary == "" || strings.HasSuffix(e.Summary, ".") || len(strings.TrimSpace(e.Text)) < 40 {
			t.Errorf("%s is not fully described", e.Code)
		}
		if got, ok := diag.Lookup(e.Code); !ok || got != e {
			t.Errorf("%s is not found", e.Code)
		}
	}
}

func TestRender(t *testing.T) {
	long := "key: " + strings.Repeat("x", 90) + " here " + strings.Repeat("y", 5000)
	sources := map[string][]byte{
		"f": []byte("a: 1\n\tb: 名字: é\n" + long + "\nesc: \x1b[31m\n"),
		"l": []byte(strings.Repeat("0123456789", 1_000)),
		"m": []byte("\xef\xbb\xbfa: 1\n"),
	}
	tests := []struct {
		name string
		diag diag.Diagnostic
		want string
	}{
		{"simple", diag.New("DSL204", at("f", 1, 4, 5), "Detail."), `f:1:4: error[DSL204]: Unknown node template
  |
1 | a: 1
  |    ^
Detail.
`},
		{"byte order mark", diag.New("DSL204", at("m", 1, 4, 5), "Detail."), `m:1:4: error[DSL204]: Unknown node template
  |
1 | a: 1
  |    ^
Detail.
`},
		{"tab and wide characters", diag.New("DSL204", at("f", 2, 5, 7), "D."), `f:2:5: error[DSL204]: Unknown node template
  |
2 |     b: 名字: é
  |        ^^^^
D.
`},
		{"long line", diag.New("DSL204", at("f", 3, 97, 101), "D."), `f:3:97: error[DSL204]: Unknown node template
  |
3 | …` + strings.Repeat("x", 39) + ` here ` + strings.Repeat("y", 55) + `…
  |                                          ^^^^
D.
`},
		{"control characters", diag.New("DSL204", at("f", 4, 1, 4), "Quoted \x1b[1m."), `f:4:1: error[DSL204]: Unknown node template
  |
4 | esc: ·[31m
  | ^^^
Quoted ·[1m.
`},
		{"past the line", diag.New("DSL204", at("f", 1, 50, 60), "D."), `f:1:50: error[DSL204]: Unknown node template
  |
1 | a: 1
  |     ^
D.
`},
		{"no place", diag.New("DSL402", diag.Range{}, "D."), "error[DSL402]: Undeclared input\nD.\n"},
		{"no source", diag.New("DSL117", at("g", 1, 1, 2), "D."), "g:1:1: warning[DSL117]: Beyond a limit of AOS\nD.\n"},
		{"related", diag.New("DSL206", at("g", 1, 1, 2), "D.").With(at("g", 7, 2, 3), "by %s", "b"),
			"g:1:1: error[DSL206]: Cycle\nD.\n  g:7:2: by b\n"},
		{"concealed", diag.Diagnostic{Severity: diag.Error, Code: "DSL305", Summary: "S", Subject: at("f", 1, 4, 5), Concealed: true},
			"f:1:4: error[DSL305]: S\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, diag.Text(diag.List{tt.diag}, sources)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestRenderLongLineInTheMiddle(t *testing.T) {
	line := strings.Repeat("é", 100_000) + "HERE" + strings.Repeat("é", 100_000)
	text := diag.Text(diag.List{diag.New("DSL204", at("f", 1, 100_001, 100_005), "D.")}, map[string][]byte{"f": []byte(line)})
	lines := strings.Split(text, "\n")
	if len([]rune(lines[2])) > 120 || !strings.Contains(lines[2], "HERE") {
		t.Fatalf("the line is not cut around the subject: %q", lines[2])
	}
	before, _, _ := strings.Cut(lines[2], "HERE")
	if caret := strings.Index(lines[3], "^^^^"); caret != len([]rune(before)) {
		t.Errorf("the caret stands at %d, the subject at %d", caret, len([]rune(before)))
	}
}

func TestColor(t *testing.T) {
	var b strings.Builder
	l := diag.List{diag.New("DSL204", at("f", 1, 1, 2), "D.")}
	if err := diag.Render(&b, l, map[string][]byte{"f": []byte("a")}, true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\x1b[1;31merror[DSL204]\x1b[0m") {
		t.Errorf("got %q", b.String())
	}
}

func TestJSON(t *testing.T) {
	l := diag.List{
		diag.New("DSL204", at("f", 2, 4, 6), "D.").With(at("f", 1, 1, 2), "r"),
		diag.New("DSL117", diag.Range{}, "W."),
	}
	var b strings.Builder
	if err := diag.WriteJSON(&b, l, map[string][]byte{"f": []byte("é: 1\nb: né\n")}); err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{
  "format_version": "1.0", "valid": false, "error_count": 1, "warning_count": 1,
  "diagnostics": [
    {"severity": "error", "code": "DSL204", "summary": "Unknown node template", "detail": "D.",
     "range": {"filename": "f", "start": {"line": 2, "column": 4, "byte": 9}, "end": {"line": 2, "column": 6, "byte": 12}},
     "snippet": {"context": null, "code": "b: né", "start_line": 2, "highlight_start_offset": 3, "highlight_end_offset": 6, "values": []},
     "related": [{"range": {"filename": "f", "start": {"line": 1, "column": 1, "byte": 0}, "end": {"line": 1, "column": 2, "byte": 2}}, "message": "r"}]},
    {"severity": "warning", "code": "DSL117", "summary": "Beyond a limit of AOS", "detail": "W."}
  ]}`), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	b.Reset()
	if err := diag.WriteJSON(&b, nil, nil); err != nil || !strings.Contains(b.String(), `"diagnostics": []`) {
		t.Errorf("got %v, %s", err, b.String())
	}
}

func TestSortedAndErr(t *testing.T) {
	a, b, w := diag.New("DSL204", at("f", 2, 1, 2), "a"), diag.New("DSL201", at("f", 1, 9, 10), "b"), diag.New("DSL117", at("e", 5, 1, 2), "w")
	l := diag.List{a, b, a, w}.Sorted()
	if d := cmp.Diff(diag.List{w, b, a}, l); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	var all *multierror.Error
	if !errors.As(l.Err(), &all) || len(all.Errors) != 2 {
		t.Errorf("got %v, want two errors", l.Err())
	}
	if err := (diag.List{w}).Err(); err != nil {
		t.Errorf("a warning alone gives %v", err)
	}
}

func TestClosest(t *testing.T) {
	names := []string{"vpc", "subnet", "availabilityZone", "a"}
	for name, want := range map[string]string{
		"vcp": "vpc", "VPC": "vpc", "subnte": "subnet", "availabilityzone": "availabilityZone", "avialabilityZon": "availabilityZone",
		"cluster": "", "": "", "vpc": "", "zzz": "",
	} {
		if got := diag.Closest(name, names); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
