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
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/schemas"
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
		"Test.Chain": {Name: "Test.Chain", HoldsData: "its ledger", GoesOn: map[string]string{"Unpaid": "nobody has paid its order"}, Properties: object(map[string]*dsl.Property{
			"name": fixed(), "size": {Type: "integer"}, "keepDisks": {Type: "boolean", Recorded: "it counts at the deletion"}, "password": {Type: "string", Immutable: true, Sensitive: true},
			"engine": {Type: "string", OneWay: "the engine is never set back", Least: &dsl.Least{Attribute: "engine", Why: "the engine is as new already"}},
			"orgs":   {Type: "array", HoldsData: "the keys of each organization that leaves", Items: object(map[string]*dsl.Property{"name": text()})},
		}), Attributes: attrs(map[string]*dsl.Property{"address": {Type: "string", Volatile: true}, "engine": {Type: "string", Volatile: true}, "version": {Type: "string"}})},
		"Test.Org": {Name: "Test.Org", HoldsData: "its peers", Containers: inside("chainId"), Properties: object(map[string]*dsl.Property{
			"name": fixed(), "chainId": fixed(), "nodeCount": {Type: "integer", Undo: "a peer that goes takes its copy of the ledger along"},
		}), Attributes: attrs(nil)},
		"Test.Cert": {Name: "Test.Cert", Forgotten: "what was issued stays valid", Properties: object(map[string]*dsl.Property{
			"orgId": fixed(), "user": fixed(),
		}), Attributes: attrs(nil)},
		"Test.Member": {Name: "Test.Member", Containers: inside("chainId"), Properties: object(map[string]*dsl.Property{
			"chainId": fixed(), "orgName": fixed(), "peers": {Type: "integer"},
		}), Attributes: attrs(nil)},
		"Test.Channel": {Name: "Test.Channel", HoldsData: "its records", Containers: inside("chainId"), Properties: object(map[string]*dsl.Property{
			"chainId": fixed(), "name": fixed(),
		}), Attributes: attrs(nil)},
		"Test.Copy": {Name: "Test.Copy", Containers: inside("chainId"), Properties: object(map[string]*dsl.Property{
			"chainId": fixed(), "channel": fixed(), "org": fixed(),
		}), Attributes: attrs(nil), LastOf: &dsl.LastOf{
			Type: "Test.Channel", By: map[string]string{"chainId": "chainId", "channel": "name"}, HoldsData: "the last copy of the records",
		}},
		"Test.Guest": {Name: "Test.Guest", Containers: inside("chainId"), LostAlong: map[string]string{"joined": "what the guest has joined"}, Properties: object(map[string]*dsl.Property{
			"chainId": fixed(), "name": fixed(),
		}), Attributes: attrs(map[string]*dsl.Property{"status": {Type: "string"}})},
		"Test.Code": {Name: "Test.Code", Properties: object(map[string]*dsl.Property{
			"file": {Type: "string", File: &dsl.FileRule{MaxBytes: 100}}, "base": {Type: "string", Immutable: true, File: &dsl.FileRule{MaxBytes: 100}},
			"pages": {Type: "array", Items: &dsl.Property{Type: "string", File: &dsl.FileRule{MaxBytes: 100}}},
		}), Attributes: attrs(nil)},
		"Test.Data": {Name: "Test.Data", Properties: object(map[string]*dsl.Property{"input": {}}),
			Attributes: attrs(map[string]*dsl.Property{"output": {From: "input"}}),
			Undo:       map[string]dsl.Reversal{"delete": {Kind: "reversible"}}},
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
	Retain     bool           `json:"retain"`
	LetGo      bool           `json:"letGo"`
}

// element is it as the store gives it.
func (r recorded) element(node string) *state.Element {
	attrs := map[string]any{"refID": r.ID, "refName": node}
	for k, v := range r.Attributes {
		attrs[k] = v
	}
	return &state.Element{
		Node: node, Type: r.Type, Phase: r.Phase, ObjectID: r.ID, DependsOn: r.DependsOn, Retain: r.Retain, LetGo: r.LetGo,
		Properties: state.Document{Value: intrinsic.Of(r.Properties).Plain(), Sensitive: r.Sensitive},
		Attributes: state.Document{Value: intrinsic.Of(attrs).Plain()},
	}
}

// returned is the short form of a rollback.
type returned struct {
	To       int64                     `json:"to"`
	Elements map[string]*recorded      `json:"elements"` // null: there was none
	Only     bool                      `json:"only"`
	Own      bool                      `json:"own"`
	There    map[string]map[string]any `json:"there"` // property values of what was let go; null: gone
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
	Retain   []string                  `json:"retain"`
	Targets  []string                  `json:"targets"`
	Skip     []string                  `json:"skip"`
	Again    bool                      `json:"again"`
	Refresh  bool                      `json:"refreshOnly"`
	Return   *returned                 `json:"return"`
}

func TestPlans(t *testing.T) {
	scripts(t, "testdata/*.txtar", func(t *testing.T, ar *txtar.Archive, expect golden) {
		expect("want", runScript(t, ar))
	})
}

// golden compares with a section of a script, or writes it with -update.
type golden func(section, got string)

// scripts runs every script that a pattern finds.
func scripts(t *testing.T, pattern string, run func(*testing.T, *txtar.Archive, golden)) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			run(t, ar, func(name, got string) {
				if *update {
					setSection(ar, name, got)
				} else if d := cmp.Diff(section(ar, name), got); d != "" {
					t.Errorf("%s differs (-want +got):\n%s", name, d)
				}
			})
			if *update {
				if err := os.WriteFile(f, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// everyScript runs those of plans and those of single sides of them, for what
// holds of any plan.
func everyScript(t *testing.T, run func(*testing.T, *txtar.Archive)) {
	t.Helper()
	for _, pattern := range []string{"testdata/*.txtar", "testdata/*/*.txtar"} {
		scripts(t, pattern, func(t *testing.T, ar *txtar.Archive, _ golden) { run(t, ar) })
	}
}

// checkSchema holds what becomes of a value as JSON to a schema of ours.
func checkSchema(t *testing.T, schema *schemas.Schema, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		t.Fatal(err)
	}
	if violations := schema.Validate(plain); len(violations) > 0 {
		t.Errorf("%v\n%s", violations, b)
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
	req := Request{Stack: "demo", Catalogue: catalogue(), AllowDataLoss: set(sc.Allow), Elsewhere: sc.Place, Replace: set(sc.Replace), Retain: set(sc.Retain), Skip: set(sc.Skip), RefreshOnly: sc.Refresh, Again: sc.Again, Return: sc.returned(), State: sc.stack()}
	if sc.Targets != nil {
		req.Targets = set(sc.Targets)
	}
	for node, props := range sc.Observed {
		if req.Observed == nil {
			req.Observed = map[string]Observed{}
		}
		req.Observed[node] = Observed{Gone: props == nil, Properties: intrinsic.Of(props), Attributes: intrinsic.Of(sc.Seen[node])}
	}
	if s := section(ar, "contents.json"); s != "" { // digests by name
		var digests map[string]string
		if err := json.Unmarshal([]byte(s), &digests); err != nil {
			t.Fatal(err)
		}
		req.Contents = map[string]dsl.Content{}
		for name, digest := range digests {
			req.Contents[name] = dsl.Content{Path: name, Size: int64(len(digest)), SHA256: digest}
		}
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
		st.Elements[node] = r.element(node)
	}
	for name, v := range sc.Outputs {
		st.Outputs[name] = state.Document{Value: intrinsic.Of(v).Plain()}
	}
	return st
}

func (sc *script) returned() *Return {
	if sc.Return == nil {
		return nil
	}
	out := &Return{To: sc.Return.To, Only: sc.Return.Only, Own: sc.Return.Own, Elements: map[string]*state.Element{}}
	for node, props := range sc.Return.There {
		if out.There == nil {
			out.There = map[string]Observed{}
		}
		out.There[node] = Observed{Gone: props == nil, Properties: intrinsic.Of(props)}
	}
	for node, r := range sc.Return.Elements {
		out.Elements[node] = nil
		if r != nil {
			out.Elements[node] = r.element(node)
		}
	}
	return out
}

func runScript(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	p, diags := Make(request(t, ar))
	return printPlan(p) + printDiags(diags)
}

// printDiags writes errors as a whole, and warnings a line each.
func printDiags(diags diag.List) string {
	var b strings.Builder
	for _, d := range diags {
		if d.Severity != diag.Error {
			fmt.Fprintf(&b, "%s\n", d.Error())
		}
	}
	if err := diags.Err(); err != nil {
		b.WriteString(err.Error())
	}
	return b.String()
}

// printPlan writes everything that a plan says, one fact a line.
func printPlan(p *Plan) string {
	var b strings.Builder
	s := p.Summary()
	fmt.Fprintf(&b, "%s %s: %d to add, %d to change, %d to destroy", p.Lifecycle, p.Stack, s.Add, s.Change, s.Destroy)
	printCount(&b, s.Forget, "to forget")
	printCount(&b, s.Move, "to move")
	b.WriteString("\n")
	if p.Targeted {
		b.WriteString("for the targets only\n")
	}
	if p.Skipped != nil {
		fmt.Fprintf(&b, "left out: %s\n", strings.Join(p.Skipped, " "))
	}
	if r := p.NoReturn; r != nil {
		phase := map[bool]string{true: "deletion", false: "application"}[r.Delete]
		fmt.Fprintf(&b, "no return from the %s of %s on, after %d: %s\n", phase, r.Node, r.Before, r.Why)
	}
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

func printCount(b *strings.Builder, n int, what string) {
	if n > 0 {
		fmt.Fprintf(b, ", %d %s", n, what)
	}
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
	printFate(b, s)
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

// printFate writes what is not the usual case.
func printFate(b *strings.Builder, s *Step) {
	if s.RenamedFrom != "" {
		fmt.Fprintf(b, "    renamed from %s\n", s.RenamedFrom)
	}
	for _, is := range []struct {
		so   bool
		what string
	}{{s.Kept, "kept"}, {s.Gone, "gone"}, {s.Retain, "retain"}, {s.Retained, "stays in the cloud"}} {
		if is.so {
			fmt.Fprintf(b, "    %s\n", is.what)
		}
	}
	if s.Undo != "" && s.Undo != Reversible {
		fmt.Fprintf(b, "    %s: %s\n", s.Undo, s.UndoWhy)
	}
	if s.DeleteStage != 0 || s.ApplyStage != 0 {
		fmt.Fprintf(b, "    stages %d %d\n", s.DeleteStage, s.ApplyStage)
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
