package huaweicloud

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

func TestName(t *testing.T) {
	long := strings.Repeat("n", 80)
	for _, tt := range []struct{ given, node, want string }{
		{"mine", "node", "mine"},
		{"", "node", "stack-node"},
		{"", long, "stack-nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn-13bf13af"},
	} {
		req := &providers.Request{Stack: "stack", Node: tt.node, Properties: map[string]any{"name": tt.given}}
		if got := Name(req, 64); got != tt.want {
			t.Errorf("%q, %q: got %q, want %q", tt.given, tt.node, got, tt.want)
		}
	}
	a := Name(&providers.Request{Stack: "stack", Node: long + "a"}, 64)
	if b := Name(&providers.Request{Stack: "stack", Node: long + "b"}, 64); a == b {
		t.Errorf("two long names are cut to the same: %s", a)
	}
}

func TestReadName(t *testing.T) {
	for _, tt := range []struct {
		recorded map[string]any
		actual   string
		want     string
	}{
		{map[string]any{"name": ""}, "stack-node", ""},
		{map[string]any{"name": ""}, "renamed", "renamed"},
		{map[string]any{"name": "mine"}, "mine", "mine"},
		{nil, "stack-node", "stack-node"}, // an import
	} {
		req := &providers.Request{Stack: "stack", Node: "node", Properties: tt.recorded}
		if got := ReadName(req, tt.actual, 64); got != tt.want {
			t.Errorf("%v, %s: got %q, want %q", tt.recorded, tt.actual, got, tt.want)
		}
	}
}

func TestAsRecorded(t *testing.T) {
	read := map[string]any{"a": 1, "b": map[string]any{"c": 2, "d": 3}, "e": 4}
	for _, tt := range []struct{ recorded, want map[string]any }{
		{nil, read},
		{map[string]any{"a": 9, "x": 1}, map[string]any{"a": 1}},
		{map[string]any{"b": map[string]any{"c": 0}}, map[string]any{"b": map[string]any{"c": 2}}},
		{map[string]any{"b": nil}, map[string]any{"b": map[string]any{"c": 2, "d": 3}}},
	} {
		if diff := cmp.Diff(tt.want, AsRecorded(read, tt.recorded)); diff != "" {
			t.Errorf("%v: %s", tt.recorded, diff)
		}
	}
}

func TestScrub(t *testing.T) {
	err := &providers.Error{Message: "password hunter22 is weak", Err: errText("hunter22")}
	Scrub(err, "hunter22", "", "is")
	if err.Message != "password (sensitive value) is weak" || err.Err != nil {
		t.Errorf("%+v", err)
	}
	Scrub(nil, "x") // no provider error: nothing to do
}

type errText string

func (e errText) Error() string { return string(e) }

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		" a\n\tb ":                    "a b",
		"a\x1b[2Jb\u202ec\u0085d":     "a [2Jb c d",
		"\u540d\u79f0 \u00e4":         "\u540d\u79f0 \u00e4",
		strings.Repeat("\u00e4", 301): strings.Repeat("\u00e4", 300) + "...",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}
