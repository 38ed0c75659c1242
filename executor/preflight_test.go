package executor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// foreseeing is a fakeCloud that knows what it is going to refuse.
type foreseeing struct {
	*fakeCloud
	asked []*providers.Request
	found []providers.Finding
	err   error
}

func (f *foreseeing) Preflight(_ context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	f.asked = reqs
	return f.found, f.err
}

func TestPreflight(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		f := &foreseeing{fakeCloud: b.cloud, err: &providers.Error{Kind: providers.Auth, Message: "no rights to list"}, found: []providers.Finding{
			{Node: "d", Property: "size", Kind: providers.Quota, Message: "4 of 4 things are used.", Advice: "Delete one."},
			{Node: "e", Property: "password", Kind: providers.Invalid, Message: "secret-9f is too short."},
			{Node: "b", Kind: providers.Busy, Warning: true, Message: "Something runs."},
			{Node: "c", Property: "no.such[3]", Kind: providers.Conflict, Message: "The name is taken."},
		}}
		b.engine.Providers = providers.Registry{"Fake.Thing": f}
		changed := strings.Replace(chain, "{size: 4}", "{size: 5, color: red}", 1)
		changed = strings.Replace(changed, "outputs:", "  e:\n    type: HuaweiCloud.Fake.Thing\n    properties: {password: secret-9f, uses: {get_attribute: [d, refID]}}\noutputs:", 1)
		changed = strings.Replace(changed, "properties: {size: 1}", "properties: {size: 1, uses: x}", 1)
		changed = strings.Replace(changed, "{uses: {get_attribute: [a, refID]}}", "{size: 2}", 1)
		changed = strings.Replace(changed, "{uses: {get_attribute: [b, refID]}}", "{size: 3}", 1)
		diags, err := b.engine.Preflight(context.Background(), b.plan(changed, nil))
		if err != nil {
			t.Fatal(err)
		}

		var got []string
		for _, d := range diags {
			got = append(got, strings.ReplaceAll(d.Error(), "\n", " "))
		}
		equal(t, "told", []string{
			`warning[EXEC006]: The cloud could not be asked: Whether the cloud would refuse what is planned for Cloud.Fake.Thing could not be found out: no rights to list.`,
			`web.yaml:6:3: warning[EXEC005]: Other work is in the way: "b" (Cloud.Fake.Thing): Something runs.`,
			`web.yaml:9:3: error[EXEC003]: Taken already: "c" (Cloud.Fake.Thing): The name is taken.`,
			`web.yaml:14:24: error[EXEC002]: Not enough quota: "d" (Cloud.Fake.Thing): 4 of 4 things are used. Delete one.`,
			`web.yaml:17:28: error[EXEC004]: The cloud would refuse it: "e" (Cloud.Fake.Thing): (sensitive value) is too short.`,
		}, got)

		var asked []string
		for _, r := range f.asked {
			asked = append(asked, strings.TrimSuffix(string(r.Action)+" "+r.Node+" "+r.ObjectID[:min(2, len(r.ObjectID))], " "))
		}
		equal(t, "asked", []string{"update a id", "update b id", "update c id", "delete d id", "create d", "create e"}, asked)
		e := f.asked[5]
		if _, ok := e.Properties["uses"]; ok || e.Properties["password"] != "secret-9f" {
			t.Errorf("properties of e: %v", e.Properties)
		}
	})
}

// TestPreflightLooksAtWhatActs leaves out what touches nothing in the cloud.
func TestPreflightLooksAtWhatActs(t *testing.T) {
	f := &foreseeing{fakeCloud: newCloud(), err: errors.New("is not asked")}
	e := &Engine{Providers: providers.Registry{"Fake.Thing": f}}
	p := &planner.Plan{Steps: []*planner.Step{
		{Node: "a", Type: "Fake.Thing", Action: planner.None},
		{Node: "b", Type: "Fake.Thing", Action: planner.Delete, Gone: true},
		{Node: "c", Type: "Fake.Thing", Action: planner.Delete, Retained: true},
		{Node: "d", Type: "Fake.Thing", Action: planner.Delete, Forgotten: "it can't be deleted"},
		{Node: "e", Type: "Other.Thing", Action: planner.Create},
	}}
	if diags, err := e.Preflight(context.Background(), p); len(diags) > 0 || err != nil {
		t.Errorf("told: %v, %v", diags, err)
	}
}

func TestPreflightWithRefusedCredentials(t *testing.T) {
	f := &foreseeing{fakeCloud: newCloud(), err: &providers.Error{Kind: providers.Auth, Status: 401, Message: "unknown access key"}}
	e := &Engine{Providers: providers.Registry{"Fake.Thing": f}}
	diags, err := e.Preflight(context.Background(), &planner.Plan{Steps: []*planner.Step{{Node: "a", Type: "Fake.Thing", Action: planner.Create}}})
	if !isKind(err, providers.Auth) || diags != nil {
		t.Errorf("told %v, and the error %v", diags, err)
	}
}

func TestKnown(t *testing.T) {
	v := known(intrinsic.Of(map[string]any{
		"name": "x", "id": intrinsic.Unknown,
		"list": []any{"a", intrinsic.Unknown}, "map": map[string]any{"size": int64(1), "id": intrinsic.Unknown},
	}))
	equal(t, "known", map[string]any{"name": "x", "list": []any{"a", nil}, "map": map[string]any{"size": int64(1)}}, v.Plain())
}

func TestCodesOfExecutions(t *testing.T) {
	for _, code := range []diag.Code{CodeQuota, CodeTaken, CodeRefused, CodeBusy, CodeBlind} {
		if _, ok := diag.Lookup(code); !ok {
			t.Errorf("%s is not in the table", code)
		}
	}
	kinds := []providers.Kind{providers.Quota, providers.Conflict, providers.Invalid, providers.Busy, providers.NotFound}
	var got []diag.Code
	for _, k := range kinds {
		got = append(got, codeOf(k))
	}
	if !slices.Equal(got, []diag.Code{CodeQuota, CodeTaken, CodeRefused, CodeBusy, CodeRefused}) {
		t.Errorf("codes: %v", got)
	}
}

// TestPreflightOfAnotherType: what goes is looked at as what it is.
func TestPreflightOfAnotherType(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply("tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n  a: {type: Cloud.Fake.Thing}\n")
		things, parts := &foreseeing{fakeCloud: b.cloud}, &foreseeing{fakeCloud: b.cloud}
		b.engine.Providers = providers.Registry{"Fake.Thing": things, "Fake.Part": parts}
		changed := "tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n  a: {type: Cloud.Fake.Part}\n"
		if _, err := b.engine.Preflight(context.Background(), b.plan(changed, nil)); err != nil {
			t.Fatal(err)
		}
		equal(t, "asked of things", []string{"delete Fake.Thing a id-1"}, asked(things))
		equal(t, "asked of parts", []string{"create Fake.Part a "}, asked(parts))
	})
}

func asked(f *foreseeing) []string {
	var out []string
	for _, r := range f.asked {
		out = append(out, strings.Join([]string{string(r.Action), r.Type, r.Node, r.ObjectID}, " "))
	}
	return out
}

// TestPreflightTellsOnce: what stands in the way of objects of several types is
// told of once.
func TestPreflightTellsOnce(t *testing.T) {
	busy := func(node, object string, more int) providers.Finding {
		return providers.Finding{Node: node, Kind: providers.Busy, Warning: true, Object: object, More: more, Message: "Work runs on " + object + ".", Advice: "Wait."}
	}
	things := &foreseeing{fakeCloud: newCloud(), found: []providers.Finding{busy("b", "x", 2), busy("b", "y", 0), {Node: "b", Message: "It is too large."}}}
	parts := &foreseeing{fakeCloud: newCloud(), found: []providers.Finding{busy("a", "x", 1), {Node: "a", Message: "It is too large."}}}
	e := &Engine{Providers: providers.Registry{"Fake.Thing": things, "Fake.Part": parts}}
	diags, err := e.Preflight(context.Background(), &planner.Plan{Steps: []*planner.Step{
		{Node: "a", Type: "Fake.Part", Action: planner.Create}, {Node: "b", Type: "Fake.Thing", Action: planner.Create},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range diags {
		got = append(got, d.Detail)
	}
	slices.Sort(got)
	equal(t, "told", []string{
		`"a" (Cloud.Fake.Part): It is too large.`,
		`"a" (Cloud.Fake.Part): Work runs on x. The same holds for 4 more of the plan. Wait.`,
		`"b" (Cloud.Fake.Thing): It is too large.`,
		`"b" (Cloud.Fake.Thing): Work runs on y. Wait.`,
	}, got)
}

// TestPreflightKnowsWhatIsReferredTo: a request knows what the plan does to the
// objects that it refers to.
func TestPreflightKnowsWhatIsReferredTo(t *testing.T) {
	const head = "tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n"
	inBubble(t, func(t *testing.T, b *bench) {
		f := &foreseeing{fakeCloud: b.cloud}
		b.apply(head + "  a: {type: Cloud.Fake.Thing, properties: {size: 1}}\n")
		b.apply(head + "  a: {type: Cloud.Fake.Thing, properties: {size: 1}}\n  same: {type: Cloud.Fake.Thing}\n")
		b.engine.Providers = providers.Registry{"Fake.Thing": f}
		p := b.plan(head+`  a: {type: Cloud.Fake.Thing, properties: {size: 2}}
  same: {type: Cloud.Fake.Thing}
  new: {type: Cloud.Fake.Thing}
  b: {type: Cloud.Fake.Thing, properties: {parent: {get_reference: a}}}
  c: {type: Cloud.Fake.Thing, properties: {parent: {get_attribute: [new, refID]}, uses: {get_attribute: [new, refName]}}}
  d: {type: Cloud.Fake.Thing, properties: {parent: id-1}}
  e: {type: Cloud.Fake.Thing, properties: {parent: {get_reference: same}}}
  f: {type: Cloud.Fake.Thing, properties: {parent: {concat: [{get_reference: new}]}}}
  g: {type: Cloud.Fake.Thing, requirements: [{parent: {node: new}}]}
`, nil)
		if _, err := b.engine.Preflight(context.Background(), p); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range f.asked {
			for property, other := range r.Refers {
				got = append(got, r.Node+" "+property+" "+string(other.Action)+" "+other.Node)
			}
		}
		slices.Sort(got)
		equal(t, "referred to", []string{"b parent update a", "c parent create new", "d parent update a", "g parent create new"}, got)
		for _, r := range f.asked {
			var beside []string
			for _, other := range r.Beside {
				beside = append(beside, string(other.Action)+" "+other.Node)
			}
			slices.Sort(beside)
			equal(t, "beside "+r.Node, []string{"create b", "create c", "create d", "create e", "create f", "create g", "create new", "update a"}, beside)
		}
	})
}
