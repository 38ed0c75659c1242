package planner

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/dsl"
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
	if diags := f.Check("plan.json", p); diags != nil {
		t.Errorf("the same plan counts as another: %v", diags.Err())
	}
}

func TestFileSaysWhatMoved(t *testing.T) {
	for _, tc := range []struct {
		name string
		move func(*Request)
		want string
	}{
		{"state of an acting step", func(r *Request) { r.State.Elements["net"].Properties.Value.(map[string]any)["name"] = "moved" }, `"net" moved`},
		{"another object", func(r *Request) { r.State.Elements["sub"].ObjectID = "sub-2" }, `"sub" moved`},
		{"gone", func(r *Request) { r.Observed = map[string]Observed{"sub": {Gone: true}} }, `"sub" was to be updated; by now it would be created`},
		{"one more", func(r *Request) {
			r.State.Elements["other"] = &state.Element{Node: "other", Type: "Test.Data", ObjectID: "o"}
		}, `"other" would now be destroyed`},
		{"the serial alone", func(r *Request) { r.State.Serial++ }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req, b, _ := saved(t, "update-leaves")
			f, _ := ReadFile("plan.json", b)
			tc.move(&req)
			p, _ := Make(req)
			got := ""
			if err := f.Check("plan.json", p).Err(); err != nil {
				got = err.Error()
			}
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want it to hold %q", got, tc.want)
			}
		})
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
