package planner

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// leaf is one place in the properties of a node type that a blueprint can
// change, with what must come of it.
type leaf struct {
	path          string
	before, after any // properties as plain data
	fixed         bool
	recorded      string
	undo          string
	oneWay        string
	entry         bool // it tells an entry apart that holds data
}

// leaves lists every property of a type, at whatever depth: a change of its
// value, its appearance and its disappearance.
func leaves(typ *dsl.NodeType) []leaf {
	var out []leaf
	var entry *dsl.Property
	var walk func(p *dsl.Property, path string, fixed bool, recorded string, around func(any) any)
	walk = func(p *dsl.Property, path string, fixed bool, recorded string, around func(any) any) {
		fixed, recorded = fixed || p.Immutable, cmp.Or(p.Recorded, recorded)
		for name, q := range p.Properties {
			walk(q, strings.TrimPrefix(path+"."+name, "."), fixed, recorded, func(v any) any {
				if v == nil {
					return around(map[string]any{})
				}
				return around(map[string]any{name: v})
			})
		}
		if p.Additional != nil {
			walk(p.Additional, path+".key", fixed, recorded, func(v any) any { return around(map[string]any{"key": v}) })
		}
		if p.Items != nil {
			if p.HoldsData != "" {
				entry = p.Items.Properties["name"]
			}
			walk(p.Items, path+"[0]", fixed, recorded, func(v any) any { return around([]any{v}) })
		}
		if path == "" {
			return
		}
		high, low := samples(p)
		of := func(before, after any) leaf {
			l := leaf{path: path, before: around(before), after: around(after), fixed: fixed, recorded: recorded, undo: p.Undo, oneWay: p.OneWay, entry: p == entry}
			if p.Least != nil && before == high {
				l.recorded = p.Least.Why
			}
			return l
		}
		if p.Items != nil {
			out = append(out, of([]any{low}, []any{low, high}), of([]any{low, high}, []any{low}))
			return
		}
		if len(p.Properties) > 0 || p.Additional != nil {
			return // its parts are changed
		}
		out = append(out, of(low, high), of(high, low))
		if p.Default == nil && !strings.HasSuffix(path, "]") {
			out = append(out, of(nil, high), of(high, nil))
		}
	}
	walk(typ.Properties, "", false, "", func(v any) any { return v })
	return out
}

// samples are two values of a property, the greater one first.
func samples(p *dsl.Property) (high, low any) {
	if p.Items != nil {
		p = p.Items
	}
	if p.Least != nil {
		return "1.10", "1.9"
	}
	switch p.Type {
	case "integer", "number":
		return int64(2), int64(1)
	case "boolean":
		return true, false
	case "object":
		return map[string]any{"high": "high"}, map[string]any{"low": "low"}
	}
	return "high", "low"
}

// TestEveryProperty changes every property of every node type that is built
// in, and expects what the catalogue says: a replacement, which the guard
// refuses where data is held, a change that is only recorded, or an update.
func TestEveryProperty(t *testing.T) {
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, name := range cat.Names() {
		for _, l := range leaves(cat[name]) {
			tried++
			checkLeaf(t, cat, cat[name], l)
		}
	}
	if tried < 150 {
		t.Errorf("only %d changes were tried", tried)
	}
}

func checkLeaf(t *testing.T, cat dsl.Catalogue, typ *dsl.NodeType, l leaf) {
	t.Helper()
	label := fmt.Sprintf("%s %s: %v -> %v", typ.Name, l.path, l.before, l.after)
	s, diags := changed(t, cat, typ, l)
	if len(s.Changes) == 0 {
		t.Errorf("%s: no change is seen", label)
		return
	}
	for _, c := range s.Changes {
		if !strings.HasPrefix(c.Path, strings.TrimSuffix(l.path, "[0]")) || c.Replaces != l.fixed || c.Recorded != l.recorded || len(c.Causes) == 0 {
			t.Errorf("%s: %+v", label, c)
		}
	}
	want, undo := Update, Reversible
	var refused diag.Code
	switch {
	case l.fixed && (typ.HoldsData != "" || typ.LastOf != nil):
		want, undo, refused = Replace, Irreversible, CodeReplaceLoss
	case l.fixed && typ.Forgotten != "":
		want, undo = Replace, Irreversible
	case l.fixed && typ.Undo["delete"].Kind == "reversible":
		want = Replace
	case l.fixed:
		want, undo = Replace, Compensatable
	case l.entry:
		undo, refused = Irreversible, CodeDataLoss
	case l.oneWay != "" && l.recorded == "" && !s.Changes[0].After.IsNull():
		undo = Irreversible
	case l.undo != "" && falls(s.Changes[0].Before, s.Changes[0].After):
		undo = Compensatable
	}
	if s.Action != want || s.Undo != undo || (s.UndoWhy == "") != (undo == Reversible) || s.onlyRecorded() != (l.recorded != "") {
		t.Errorf("%s: it is %s and %s (%s), want %s and %s", label, s.Action, s.Undo, s.UndoWhy, want, undo)
	}
	if codes := codesOf(diags); codes != string(refused) {
		t.Errorf("%s: refused with %q, want %q", label, codes, refused)
	}
}

// changed plans the change of one leaf of an element that exists.
func changed(t *testing.T, cat dsl.Catalogue, typ *dsl.NodeType, l leaf) (*Step, diag.List) {
	t.Helper()
	text, err := json.Marshal(l.after)
	if err != nil {
		t.Fatal(err)
	}
	src := fmt.Sprintf("tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n  x:\n    type: %s\n    properties: %s\n", dsl.TypeLabel(typ.Name), text)
	bp, diags := dsl.Parse("blueprint.yaml", []byte(src), cat)
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags.Err(), src)
	}
	before := intrinsic.Complete(intrinsic.Of(l.before), typ.Properties)
	p, diags := Make(Request{Stack: "demo", Catalogue: cat, Blueprint: bp, State: &state.Stack{
		Name: "demo", Phase: "CreateSucceeded", Revision: &state.Revision{}, Elements: map[string]*state.Element{"x": {
			Node: "x", Type: typ.Name, ObjectID: "id-1", Phase: "CreateSucceeded",
			Properties: state.Document{Value: before.Plain(), Sensitive: before.SensitivePaths()},
		}},
	}})
	return p.Steps[0], diags
}

func codesOf(diags diag.List) string {
	var codes []string
	for _, d := range diags {
		codes = append(codes, string(d.Code))
	}
	return strings.Join(codes, " ")
}
