package planner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// hidden is a sealer for tests: it swaps the sensitive parts for null and
// remembers the document.
type hidden map[string]state.Document

func (h hidden) Seal(scope string, d state.Document) (state.Document, error) {
	h[scope] = d
	return state.Document{Value: "sealed", Sensitive: d.Sensitive}, nil
}

func (h hidden) Unseal(scope string, d state.Document) (state.Document, error) { return h[scope], nil }

// saved makes the plan of a script and saves it.
func saved(t *testing.T, script string) (Request, []byte, hidden) {
	t.Helper()
	ar, err := txtar.ParseFile("testdata/" + script + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	req := request(t, ar)
	req.Source = []byte(section(ar, "blueprint.yaml"))
	p, _ := Make(req)
	sealer := hidden{}
	f, err := NewFile(p, req, "test", sealer)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return req, b, sealer
}

func TestFileRoundTrip(t *testing.T) {
	req, b, sealer := saved(t, "update-leaves")
	if !IsFile(b) {
		t.Error("a plan file is not taken for one")
	}
	f, diags := ReadFile("plan.json", b)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	inputs, err := f.OpenInputs(sealer)
	if err != nil {
		t.Fatal(err)
	}
	bp, diags := dsl.Parse(f.Blueprint.File, []byte(f.Blueprint.Source), catalogue())
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	req.Blueprint, req.Inputs = bp, inputs
	p, _ := Make(req)
	if diags, err := f.Check("plan.json", p, sealer); diags != nil || err != nil {
		t.Errorf("the same plan counts as another: %v, %v", diags.Err(), err)
	}
}

// A plan file is stale only for what it touches, and says what moved there.
func TestFileSaysWhatMoved(t *testing.T) {
	properties := func(r *Request, node string) map[string]any {
		return r.State.Elements[node].Properties.Value.(map[string]any)
	}
	for _, tc := range []struct {
		name string
		move func(*Request)
		want string
	}{
		{"nothing", func(*Request) {}, ""},
		{"the serial alone", func(r *Request) { r.State.Serial++ }, ""},
		{"an element that stays", func(r *Request) { r.State.Elements["same"].ObjectID = "another" }, ""},
		{"attributes of an element that stays", func(r *Request) { r.State.Elements["same"].Attributes.Value = map[string]any{"refID": "x"} }, ""},
		{"words of the catalogue", func(r *Request) { r.Catalogue["Test.Net"].Properties.Properties["name"].Description = "The name." }, ""},
		{"a type that is not in use", func(r *Request) { r.Catalogue["Test.Org"].HoldsData = "" }, ""},
		{"a property", func(r *Request) { properties(r, "net")["name"] = "moved" },
			`"net" moved since the plan was made. It would still be updated, but from or to other values: name is "moved", was "demo". Make the plan again.`},
		{"a property inside", func(r *Request) { properties(r, "sub")["dns"] = []any{"10.0.0.3", "x"} },
			`values: dns[0] is "10.0.0.3", was "10.0.0.2"; dns[1] is "x", was null.`},
		{"a secret and a size", func(r *Request) {
			properties(r, "chain")["password"] = "canary-moved"
			properties(r, "chain")["size"] = 1
		}, `"chain" was to be updated; by now it would be replaced: size is 1, was 2; password, a sensitive value, is not what it was.`},
		{"a secret of what is replaced by now", func(r *Request) { properties(r, "chain")["password"] = "canary-moved" },
			`: password, a sensitive value, is not what it was`},
		{"a secret attribute", func(r *Request) {
			r.State.Elements["net"].Attributes = state.Document{Value: map[string]any{"key": "canary-key"}, Sensitive: []string{"/key"}}
		}, `"net" moved since the plan was made. It would still be updated, but from or to other values: attribute key, a sensitive value, is not what it was. Make the plan again.`},
		{"a secret that will be kept", func(r *Request) { r.Inputs["code"] = r.Inputs["same"] }, `"chain" was to be updated; by now it would be replaced`},
		{"another object", func(r *Request) { r.State.Elements["sub"].ObjectID = "sub-2" },
			`"sub" moved since the plan was made. It would still be updated, but from or to other values: its object was sub-1 and is sub-2.`},
		{"gone", func(r *Request) { r.Observed = map[string]Observed{"sub": {Gone: true}} },
			`"sub" was to be updated; by now it would be created: its object was sub-1 and is none`},
		{"set right by hand", func(r *Request) {
			properties(r, "net")["name"], properties(r, "net")["tags"] = "other", map[string]any{"a": "2"}
		}, `"net" was to be updated; by now nothing is to be done: name is "other", was "demo"; tags.a is "2", was "1".`},
		{"one more", func(r *Request) {
			r.State.Elements["more"] = &state.Element{Node: "more", Type: "Test.Data", ObjectID: "m"}
		}, `"more" would now be destroyed, which the plan does not say.`},
		{"the catalogue", func(r *Request) { r.Catalogue["Test.Net"].Properties.Properties["name"].Sensitive = true },
			`The plan was made by version "test" of this program, whose catalogue says other things about the node types of the plan.`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req, b, sealer := saved(t, "saved")
			f, _ := ReadFile("plan.json", b)
			tc.move(&req)
			p, _ := Make(req)
			moved, err := f.Check("plan.json", p, sealer)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := moved.Err(); err != nil {
				got = err.Error()
			}
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want it to hold %q", got, tc.want)
			}
			if strings.Contains(got, "canary") {
				t.Errorf("a secret is shown: %s", got)
			}
		})
	}
}

// A plan that overwrites a secret is stale when somebody else has overwritten it
// first, and nothing in the file tells what either was.
func TestFileSeesThatSecretsMove(t *testing.T) {
	req, b, sealer := saved(t, "saved-secret")
	f, diags := ReadFile("plan.json", b)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	for _, tc := range []struct {
		name string
		move func(*Request)
		want string
	}{
		{"nothing", func(*Request) {}, ""},
		{"one that stays", func(r *Request) { r.State.Elements["idle"].Properties.Value = map[string]any{"input": "canary-else"} },
			`"idle" would now be updated, which the plan does not say.`},
		{"the recorded one", func(r *Request) { r.State.Elements["note"].Properties.Value = map[string]any{"input": "canary-2"} },
			`"note" moved since the plan was made. It would still be updated, but from or to other values: input, a sensitive value, is not what it was.`},
		{"the wanted one", func(r *Request) { r.Inputs["code"] = intrinsic.Of("canary-4").MarkSensitive() },
			`values: input, a sensitive value, is to become another than it was.`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			moved := req
			moved.State, moved.Inputs = clone(req.State), maps.Clone(req.Inputs)
			tc.move(&moved)
			p, _ := Make(moved)
			found, err := f.Check("plan.json", p, sealer)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(found.Err())
			if tc.want == "" && len(found) > 0 || !strings.Contains(got, tc.want) || strings.Contains(got, "canary") {
				t.Errorf("got %s, want it to hold %q", got, tc.want)
			}
		})
	}
	for node, all := range secretsOf(first(Make(req))) {
		for what, digest := range all {
			if bytes.Contains(b, []byte(digest)) {
				t.Errorf("%s of %s can be guessed from its digest in the file", what, node)
			}
		}
	}
}

func first[A, B any](a A, _ B) A { return a }

// clone copies a stack and its elements, so that one of them may be swapped.
func clone(st *state.Stack) *state.Stack {
	c := *st
	c.Elements = map[string]*state.Element{}
	for node, e := range st.Elements {
		copied := *e
		c.Elements[node] = &copied
	}
	return &c
}

// A deletion that was planned when its key was lost says nothing about secrets,
// and goes on so; no other plan does.
func TestFileWithoutKey(t *testing.T) {
	lost := &state.KeyError{Reason: "it is lost"}
	secret := state.Document{Value: map[string]any{"input": "x"}, Sensitive: []string{"/input"}}
	req := Request{Stack: "demo", Catalogue: catalogue(), State: &state.Stack{Name: "demo", Elements: map[string]*state.Element{
		"note": {Node: "note", Type: "Test.Data", ObjectID: "n", Properties: secret},
	}}}
	p, _ := Make(req)
	f, err := NewFile(p, req, "test", keyless{lost})
	if err != nil || f.Secrets != nil {
		t.Fatalf("the deletion was saved with %v, %v", f, err)
	}
	if found, err := f.Check("plan.json", p, hidden{}); found != nil || err != nil {
		t.Errorf("without digests: %v, %v", found.Err(), err)
	}
	if f, err = NewFile(p, req, "test", hidden{}); err != nil || f.Secrets == nil {
		t.Fatalf("nothing was sealed: %v", err)
	}
	if found, err := f.Check("plan.json", p, keyless{lost}); found != nil || err != nil {
		t.Errorf("with digests: %v, %v", found.Err(), err)
	}
	f.Lifecycle = "upgrade"
	if _, err := f.Check("plan.json", p, keyless{lost}); !errors.Is(err, lost) {
		t.Errorf("an upgrade goes on without the key: %v", err)
	}
}

// keyless is a sealer whose key is lost: it passes on what holds no secret.
type keyless struct{ err error }

func (k keyless) Seal(_ string, d state.Document) (state.Document, error) {
	if len(d.Sensitive) == 0 {
		return d, nil
	}
	return state.Document{}, k.err
}

func (k keyless) Unseal(string, state.Document) (state.Document, error) {
	return state.Document{}, k.err
}

// The terms of a plan are saved with it.
func TestFileKeepsTerms(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/saved.txtar")
	if err != nil {
		t.Fatal(err)
	}
	req := request(t, ar)
	req.Targets, req.Retain, req.Strict = set([]string{"sub", "net"}), set([]string{"same"}), true
	p, _ := Make(req)
	f, err := NewFile(p, req, "test", hidden{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, diags := ReadFile("plan.json", b)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if !slices.Equal(again.Targets, []string{"net", "sub"}) || !slices.Equal(again.Retain, []string{"same"}) || !again.Strict || again.RefreshOnly {
		t.Errorf("read back: %+v", again)
	}
}

func TestDamagedFiles(t *testing.T) {
	_, b, _ := saved(t, "create")
	for name, damaged := range map[string][]byte{
		"edited":    bytes.Replace(b, []byte(`"stack": "demo"`), []byte(`"stack": "live"`), 1),
		"cut off":   b[:len(b)/2],
		"of later":  bytes.Replace(b, []byte(FileFormat), []byte("orchestrate-plan/9"), 1),
		"with tail": append(bytes.Clone(b), "{}"...),
	} {
		t.Run(name, func(t *testing.T) {
			if !IsFile(damaged) {
				t.Error("it would be read as a blueprint")
			}
			if _, diags := ReadFile("plan.json", damaged); !diags.HasErrors() || diags[0].Code != CodePlanFile {
				t.Errorf("it was taken: %v", diags)
			}
		})
	}
	blueprint, err := json.Marshal(map[string]any{"tosca_definitions_version": "cloud_tosca_version_1_0", "node_templates": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	if IsFile(blueprint) {
		t.Error("a blueprint in JSON is taken for a plan")
	}
}

// Secrets of inputs and properties appear nowhere in a plan file.
func TestFileHoldsNoSecret(t *testing.T) {
	_, b, _ := saved(t, "replace-guard")
	source, err := os.ReadFile("testdata/replace-guard.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"new-one", "old-one"} {
		if !bytes.Contains(source, []byte(secret)) {
			t.Fatalf("the script has no %q", secret)
		}
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%q stands in the plan file", secret)
		}
	}
}
