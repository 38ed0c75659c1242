package planner

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

var update = flag.Bool("update", false, "rewrite golden files")

// catalogue is small and independent of the shipped one: the planner must hold
// for any.
func catalogue() dsl.Catalogue {
	text := func() *dsl.Property { return &dsl.Property{Type: "string"} }
	fixed := func() *dsl.Property { return &dsl.Property{Type: "string", Immutable: true} }
	object := func(p map[string]*dsl.Property) *dsl.Property { return &dsl.Property{Type: "object", Properties: p} }
	attrs := func(more map[string]*dsl.Property) map[string]*dsl.Property {
		out := map[string]*dsl.Property{"refID": {Type: "string"}, "refName": {Type: "string", From: "name"}}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	inside := func(prop string) map[string]dsl.Containment {
		return map[string]dsl.Containment{prop: {Type: "Test.Chain", DeletedWith: true}}
	}
	return dsl.Catalogue{
		"Test.Net": {Name: "Test.Net", Properties: object(map[string]*dsl.Property{
			"name": text(), "cidr": fixed(), "tags": {Type: "object", Additional: text()},
		}), Attributes: attrs(nil)},
		"Test.Subnet": {Name: "Test.Subnet", Properties: object(map[string]*dsl.Property{
			"name": text(), "netId": fixed(), "dns": {Type: "array", Items: text()},
		}), Attributes: attrs(nil)},
		"Test.Chain": {Name: "Test.Chain", HoldsData: "its ledger", Properties: object(map[string]*dsl.Property{
			"name": fixed(), "size": {Type: "integer"}, "keepDisks": {Type: "boolean", Recorded: "it counts at the deletion"}, "password": {Type: "string", Immutable: true, Sensitive: true},
		}), Attributes: attrs(map[string]*dsl.Property{"address": {Type: "string", Volatile: true}, "version": {Type: "string"}})},
		"Test.Org": {Name: "Test.Org", HoldsData: "its peers", Containers: inside("chainId"), Properties: object(map[string]*dsl.Property{
			"name": fixed(), "chainId": fixed(), "nodeCount": {Type: "integer"},
		}), Attributes: attrs(nil)},
		"Test.Member": {Name: "Test.Member", Containers: inside("chainId"), Properties: object(map[string]*dsl.Property{
			"chainId": fixed(), "orgName": fixed(), "peers": {Type: "integer"},
		}), Attributes: attrs(nil)},
		"Test.Data": {Name: "Test.Data", Properties: object(map[string]*dsl.Property{"input": {}}),
			Attributes: attrs(map[string]*dsl.Property{"output": {From: "input"}})},
	}
}

// recorded is the short form of an element in a script.
type recorded struct {
	Type       string         `json:"type"`
	Phase      string         `json:"phase"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties"`
	Attributes map[string]any `json:"attributes"`
	Sensitive  []string       `json:"sensitive"`
	DependsOn  []string       `json:"dependsOn"`
}

// script is one testdata file: what is given, and the plan that must come out.
type script struct {
	Phase    string                    `json:"phase"` // of the stack
	Place    string                    `json:"place"` // where the last execution worked, if elsewhere
	Elements map[string]recorded       `json:"elements"`
	Outputs  map[string]any            `json:"outputs"`
	Observed map[string]map[string]any `json:"observed"` // property values; null: gone
	Seen     map[string]map[string]any `json:"seen"`     // attributes of those observed
	Inputs   map[string]any            `json:"inputs"`
	Allow    []string                  `json:"allow"`
	Replace  []string                  `json:"replace"`
}

func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, ar)
			want := section(ar, "want")
			if *update {
				setSection(ar, "want", got)
				if err := os.WriteFile(f, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("plan differs (-want +got):\n%s", d)
			}
		})
	}
}

func section(ar *txtar.Archive, name string) string {
	for _, f := range ar.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func setSection(ar *txtar.Archive, name, data string) {
	for i := range ar.Files {
		if ar.Files[i].Name == name {
			ar.Files[i].Data = []byte(data)
			return
		}
	}
	ar.Files = append(ar.Files, txtar.File{Name: name, Data: []byte(data)})
}

// request builds what a script describes.
func request(t *testing.T, ar *txtar.Archive) Request {
	t.Helper()
	var sc script
	if s := section(ar, "given.json"); s != "" {
		dec := json.NewDecoder(strings.NewReader(s))
		dec.UseNumber()
		dec.DisallowUnknownFields()
		if err := dec.Decode(&sc); err != nil {
			t.Fatal(err)
		}
	}
	req := Request{Stack: "demo", Catalogue: catalogue(), AllowDataLoss: set(sc.Allow), Elsewhere: sc.Place, Replace: set(sc.Replace), State: sc.stack()}
	for node, props := range sc.Observed {
		if req.Observed == nil {
			req.Observed = map[string]Observed{}
		}
		req.Observed[node] = Observed{Gone: props == nil, Properties: intrinsic.Of(props), Attributes: intrinsic.Of(sc.Seen[node])}
	}
	src := section(ar, "blueprint.yaml")
	if src == "" {
		return req
	}
	bp, diags := dsl.Parse("blueprint.yaml", []byte(src), catalogue())
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	req.Blueprint = bp
	var given []intrinsic.Given
	for name, v := range sc.Inputs {
		given = append(given, intrinsic.Given{Name: name, Value: intrinsic.Of(v).Plain(), Source: "script"})
	}
	if req.Inputs, diags = intrinsic.ResolveInputs(bp, given, nil); diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if req.Blueprint, diags = expand.Run(bp, req.Inputs, expand.Options{Catalogue: req.Catalogue}); diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	return req
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

func (sc *script) stack() *state.Stack {
	if sc.Elements == nil {
		return nil
	}
	st := &state.Stack{Name: "demo", Serial: 7, Phase: sc.Phase, Revision: &state.Revision{Number: 1}, Elements: map[string]*state.Element{}, Outputs: map[string]state.Document{}}
	for node, r := range sc.Elements {
		attrs := map[string]any{"refID": r.ID, "refName": node}
		for k, v := range r.Attributes {
			attrs[k] = v
		}
		st.Elements[node] = &state.Element{
			Node: node, Type: r.Type, Phase: r.Phase, ObjectID: r.ID, DependsOn: r.DependsOn,
			Properties: state.Document{Value: intrinsic.Of(r.Properties).Plain(), Sensitive: r.Sensitive},
			Attributes: state.Document{Value: intrinsic.Of(attrs).Plain()},
		}
	}
	for name, v := range sc.Outputs {
		st.Outputs[name] = state.Document{Value: intrinsic.Of(v).Plain()}
	}
	return st
}

func runScript(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	p, diags := Make(request(t, ar))
	return printPlan(p) + printDiags(diags)
}

func printDiags(diags interface{ Err() error }) string {
	if err := diags.Err(); err != nil {
		return err.Error()
	}
	return ""
}

// printPlan writes everything that a plan says, one fact a line.
func printPlan(p *Plan) string {
	var b strings.Builder
	s := p.Summary()
	fmt.Fprintf(&b, "%s %s: %d to add, %d to change, %d to destroy\n", p.Lifecycle, p.Stack, s.Add, s.Change, s.Destroy)
	for _, d := range p.Drift {
		if d.Gone {
			fmt.Fprintf(&b, "drift %s: gone\n", d.Node)
		}
		for _, c := range d.Changes {
			fmt.Fprintf(&b, "drift %s.%s: %s -> %s\n", d.Node, c.Path, show(c.Before), show(c.After))
		}
	}
	for _, st := range p.Steps {
		printStep(&b, st)
	}
	for _, o := range p.Outputs {
		fmt.Fprintf(&b, "output %s: %s %s -> %s\n", o.Name, o.Action, show(o.Before), show(o.After))
	}
	return b.String()
}

func printStep(b *strings.Builder, s *Step) {
	fmt.Fprintf(b, "%s %s: %s\n", s.Action, s.Node, s.Reason)
	for _, c := range s.Changes {
		forces := ""
		if c.Replaces {
			forces = " # forces replacement"
		}
		if c.Recorded != "" {
			forces = " # only recorded: " + c.Recorded
		}
		fmt.Fprintf(b, "    %s: %s -> %s%s (%s)\n", c.Path, show(c.Before), show(c.After), forces, c.Range)
	}
	if len(s.DependsOn) > 0 {
		fmt.Fprintf(b, "    depends on %s\n", strings.Join(s.DependsOn, " "))
	}
	if len(s.DeleteAfter) > 0 {
		fmt.Fprintf(b, "    delete after %s\n", strings.Join(s.DeleteAfter, " "))
	}
	if s.DeletedWith != "" {
		fmt.Fprintf(b, "    deleted with %s\n", s.DeletedWith)
	}
}

func show(v intrinsic.Value) string {
	switch {
	case v.IsSensitive():
		return intrinsic.SensitiveText
	case v.IsUnknown():
		return intrinsic.UnknownText
	}
	b, err := json.Marshal(shown(v))
	if err != nil {
		return err.Error()
	}
	return string(b)
}
