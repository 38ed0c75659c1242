package planner

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// aosCatalogue has types of every kind that the rules of upgrades tell apart.
func aosCatalogue() dsl.Catalogue {
	typ := func(name string) *dsl.NodeType {
		return &dsl.NodeType{
			Name: name,
			Properties: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{
				"name": {Type: "string"}, "fixed": {Type: "string", Immutable: true}, "on": {Type: "string"}, "secret": {Type: "string", Sensitive: true},
			}},
			Attributes: map[string]*dsl.Property{"refID": {Type: "string"}, "refName": {Type: "string", From: "name"}},
		}
	}
	out := dsl.Catalogue{}
	for _, name := range []string{"VPC.VPC", "VPC.EIP", "ECS.CloudServer", "CCE.Deployment", "AOS.Job", "Orchestrate.Data"} {
		out[name] = typ(name)
	}
	out["BCS.Instance"] = typ("BCS.Instance")
	out["BCS.Instance"].HoldsData = "its ledger"
	return out
}

// upgradeScript is what an upgrade script gives beside its two blueprints.
type upgradeScript struct {
	FormerInputs map[string]any            `json:"formerInputs"`
	Inputs       map[string]any            `json:"inputs"`
	Observed     map[string]map[string]any `json:"observed"` // as in script
	Targets      []string                  `json:"targets"`
	Phase        string                    `json:"phase"`
}

// TestUpgradeRules deploys former.yaml of each script of testdata/upgrade/aos,
// plans its blueprint.yaml, and compares what is said without and with strict.
// The plan is the same in any case. Secrets of the scripts begin with hunter.
func TestUpgradeRules(t *testing.T) {
	scripts(t, "testdata/upgrade/aos/*.txtar", func(t *testing.T, ar *txtar.Archive, expect golden) {
		req := upgradeRequest(t, ar)
		bare := req
		bare.Former, bare.FormerInputs = nil, nil
		plan, _ := Make(bare) // without any rules
		for _, name := range []string{"advice", "strict"} {
			req.Strict = name == "strict"
			p, diags := Make(req)
			if d := cmp.Diff(printPlan(plan), printPlan(p)); d != "" {
				t.Errorf("%s changes the plan:\n%s", name, d)
			}
			got := diag.Text(diags, nil)
			if strings.Contains(got, "hunter") {
				t.Errorf("%s shows a secret:\n%s", name, got)
			}
			expect(name, got)
		}
	})
}

func upgradeRequest(t *testing.T, ar *txtar.Archive) Request {
	t.Helper()
	var sc upgradeScript
	if s := section(ar, "given.json"); s != "" {
		if err := json.Unmarshal([]byte(s), &sc); err != nil {
			t.Fatal(err)
		}
	}
	former, inputs := aosBlueprint(t, section(ar, "former.yaml"), sc.FormerInputs)
	req := Request{Stack: "demo", Catalogue: aosCatalogue(), Former: former, FormerInputs: inputs, State: deployed(t, former, inputs)}
	if sc.Phase != "" {
		req.State.Phase = sc.Phase
	}
	if sc.Targets != nil {
		req.Targets = set(sc.Targets)
	}
	req.Blueprint, req.Inputs = aosBlueprint(t, section(ar, "blueprint.yaml"), sc.Inputs)
	for node, props := range sc.Observed {
		if req.Observed == nil {
			req.Observed = map[string]Observed{}
		}
		req.Observed[node] = Observed{Gone: props == nil, Properties: intrinsic.Of(props)}
	}
	return req
}

func aosBlueprint(t *testing.T, text string, values map[string]any) (*dsl.Blueprint, map[string]intrinsic.Value) {
	t.Helper()
	if !strings.HasPrefix(text, "tosca_definitions_version") {
		text = "tosca_definitions_version: cloud_tosca_version_1_0\n" + text
	}
	bp, diags := dsl.Parse("blueprint.yaml", []byte(text), aosCatalogue())
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	var given []intrinsic.Given
	for name, v := range values {
		given = append(given, intrinsic.Given{Name: name, Value: v, Source: "script"})
	}
	inputs, diags := intrinsic.ResolveInputs(bp, given, nil)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	flat, diags := expand.Run(bp, inputs, expand.Options{Catalogue: aosCatalogue()})
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	return flat, inputs
}

// deployed is the stack that the creation of a blueprint leaves: node n has
// the object id-n.
func deployed(t *testing.T, bp *dsl.Blueprint, inputs map[string]intrinsic.Value) *state.Stack {
	t.Helper()
	p, diags := Make(Request{Stack: "demo", Catalogue: aosCatalogue(), Blueprint: bp, Inputs: inputs})
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	st := &state.Stack{
		Name: "demo", Serial: 7, Phase: "CreateSucceeded", Elements: map[string]*state.Element{}, Outputs: map[string]state.Document{},
		Revision: &state.Revision{Number: 1, Inputs: documentOf(intrinsic.Of(inputs))},
	}
	scope := &intrinsic.Scope{Blueprint: bp, Inputs: inputs, Attribute: func(node, _ string) (intrinsic.Value, bool) {
		return intrinsic.Of("id-" + node), true
	}}
	for _, s := range p.Steps {
		i := slices.IndexFunc(bp.Nodes, func(n *dsl.NodeTemplate) bool { return n.Name.Text == s.Node })
		props, _ := intrinsic.EvalProperties(bp.Nodes[i].Properties, aosCatalogue()[s.Type], scope)
		st.Elements[s.Node] = &state.Element{
			Node: s.Node, Type: s.Type, Phase: "CreateSucceeded", ObjectID: "id-" + s.Node, DependsOn: s.DependsOn,
			Properties: documentOf(props), Attributes: documentOf(intrinsic.Of(map[string]any{"refID": "id-" + s.Node, "refName": "x"})),
		}
	}
	return st
}

func documentOf(v intrinsic.Value) state.Document {
	return state.Document{Value: v.Plain(), Sensitive: v.SensitivePaths()}
}
