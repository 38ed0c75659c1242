package providertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// HealthOf reads the object of a request and tells its health, a line a symptom, and
// then what was measured.
func HealthOf(t *testing.T, reg providers.Registry, req *providers.Request) []string {
	t.Helper()
	ctx := providers.Sharing(t.Context())
	o, err := reg[req.Type].Read(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	h, err := reg[req.Type].(providers.HealthReader).Health(ctx, req, o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range h.Symptoms {
		since := ""
		if !s.Since.IsZero() {
			since = " since " + s.Since.UTC().Format("2006-01-02")
		}
		out = append(out, fmt.Sprintf("%s: %s (%s%s)", s.Condition, s.Message, s.Operation, since))
	}
	return append(out, measured(h.Figures))
}

// measured tells figures in one line.
func measured(all []providers.Figure) string {
	texts := make([]string, len(all))
	for i, f := range all {
		texts[i] = fmt.Sprintf("%s %.4g", f.Name, f.Value)
		if f.Of > 0 {
			texts[i] += fmt.Sprintf("/%v", f.Of)
		}
	}
	return strings.Join(texts, ", ")
}
