package policytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// stack is a deployment of the consortium example in a cloud without surprises.
type stack struct {
	t         *testing.T
	source    []byte
	inputs    map[string]any
	catalogue dsl.Catalogue
	state     *state.Stack
}

const example = "../../blueprints/consortium/blueprint.yaml"

// secret is the value of the example's one secret: no document may hold it.
const secret = "canary-password-1"

func newStack(t *testing.T) *stack {
	t.Helper()
	source, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return &stack{
		t: t, source: source, catalogue: catalogue,
		inputs: map[string]any{"cluster_id": "c-1", "cluster_name": "trial", "ledger_password": secret},
		state:  &state.Stack{Name: "demo", Elements: map[string]*state.Element{}, Outputs: map[string]state.Document{}},
	}
}

// edit changes the text of the blueprint.
func (s *stack) edit(old, new string) {
	s.t.Helper()
	if !bytes.Contains(s.source, []byte(old)) {
		s.t.Fatalf("the example has no %q", old)
	}
	s.source = bytes.Replace(s.source, []byte(old), []byte(new), 1)
}

// request is what a plan is made from now.
func (s *stack) request() planner.Request {
	s.t.Helper()
	bp, diags := dsl.Parse("blueprint.yaml", s.source, s.catalogue)
	if diags.HasErrors() {
		s.t.Fatal(diags.Err())
	}
	var given []intrinsic.Given
	for name, v := range s.inputs {
		given = append(given, intrinsic.Given{Name: name, Value: v, Source: "test"})
	}
	inputs, diags := intrinsic.ResolveInputs(bp, given, nil)
	if diags.HasErrors() {
		s.t.Fatal(diags.Err())
	}
	if bp, diags = expand.Run(bp, inputs, expand.Options{Catalogue: s.catalogue}); diags.HasErrors() {
		s.t.Fatal(diags.Err())
	}
	return planner.Request{Stack: "demo", Blueprint: bp, Source: s.source, Catalogue: s.catalogue, Inputs: inputs, State: s.state}
}

// shrunk is a request for a blueprint without its last nodes.
func (s *stack) shrunk() planner.Request {
	s.t.Helper()
	req := s.request()
	req.Blueprint.Nodes, req.Blueprint.Outputs = req.Blueprint.Nodes[:4], nil
	return req
}

// document is the plan as JSON.
func (s *stack) document(req planner.Request) []byte {
	s.t.Helper()
	p, diags := planner.Make(req)
	b, err := json.Marshal(p.Document("test", diags))
	if err != nil {
		s.t.Fatal(err)
	}
	if bytes.Contains(b, []byte(secret)) {
		s.t.Error("the document holds a secret")
	}
	return b
}

// apply carries out what the blueprint says now.
func (s *stack) apply() {
	s.t.Helper()
	req := s.request()
	p, diags := planner.Make(req)
	if diags.HasErrors() {
		s.t.Fatal(diags.Err())
	}
	scope := &intrinsic.Scope{Blueprint: req.Blueprint, Inputs: req.Inputs, Attribute: s.attribute}
	for _, step := range p.Steps {
		i := slices.IndexFunc(req.Blueprint.Nodes, func(n *dsl.NodeTemplate) bool { return n.Name.Text == step.Node })
		props, diags := intrinsic.EvalProperties(req.Blueprint.Nodes[i].Properties, s.catalogue[step.Type], scope)
		if diags.HasErrors() {
			s.t.Fatal(diags.Err())
		}
		s.state.Elements[step.Node] = made(step, props, s.catalogue[step.Type])
	}
	s.state.Revision = &state.Revision{Number: 1, Inputs: planner.InputsDocument(req.Inputs)}
	s.state.Phase = "CreateSucceeded"
	s.state.Serial++
}

// made is the element that a step leaves behind.
func made(step *planner.Step, props intrinsic.Value, typ *dsl.NodeType) *state.Element {
	attributes := map[string]any{}
	for name, a := range typ.Attributes {
		follows, _ := props.Get(a.From)
		attributes[name] = fmt.Sprintf("%s-%s", step.Node, name)
		if a.From != "" {
			attributes[name] = follows.Plain()
		}
	}
	return &state.Element{
		Node: step.Node, Type: step.Type, ObjectID: fmt.Sprint(attributes["refID"]), DependsOn: step.DependsOn,
		Properties: state.Document{Value: props.Plain(), Sensitive: props.SensitivePaths()},
		Attributes: state.Document{Value: attributes},
	}
}

func (s *stack) attribute(node, name string) (intrinsic.Value, bool) {
	e := s.state.Elements[node]
	if e == nil {
		return intrinsic.Value{}, false
	}
	v, _ := intrinsic.Of(e.Attributes.Value).Get(name)
	return v, true
}
