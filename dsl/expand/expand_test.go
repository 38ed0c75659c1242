package expand_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

var update = flag.Bool("update", false, "rewrite golden files")

func catalogue(t testing.TB) dsl.Catalogue {
	t.Helper()
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// given is what a script says beside its files.
type given struct {
	Inputs    map[string]any `json:"inputs"`
	ForceTrim bool           `json:"forceTrim"`
	External  map[string]any `json:"external"` // attributes by stack/node
}

// TestExpand expands the package in each script of testdata and compares the
// flat blueprint, or what is wrong, with its section "want".
func TestExpand(t *testing.T) {
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
			got := run(t, ar)
			last := &ar.Files[len(ar.Files)-1]
			if last.Name != "want" {
				t.Fatal("the last section of a script is want")
			}
			if *update {
				last.Data = []byte(got)
				if err := os.WriteFile(f, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(last.Data), got); d != "" {
				t.Errorf("(-want +got; rewrite with -update):\n%s", d)
			}
		})
	}
}

func run(t *testing.T, ar *txtar.Archive) string {
	var g given
	files := fstest.MapFS{}
	for _, f := range ar.Files {
		if f.Name == "given.json" {
			if err := json.Unmarshal(f.Data, &g); err != nil {
				t.Fatal(err)
			}
		}
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	cat := catalogue(t)
	src := &dsl.Source{File: "blueprint.yaml", Main: "blueprint.yaml", Bytes: files["blueprint.yaml"].Data, Files: files}
	pack, diags := dsl.ParsePackage(src, cat)
	if pack.Main == nil {
		return diag.Text(diags, nil)
	}
	if diags = append(diags, check.Run(pack.Main, cat)...); diags.HasErrors() {
		return diag.Text(diags.Sorted(), nil)
	}
	var values []intrinsic.Given
	for name, v := range g.Inputs {
		values = append(values, intrinsic.Given{Name: name, Value: v})
	}
	inputs, more := intrinsic.ResolveInputs(pack.Main, values, map[string]intrinsic.Value{"StackName": intrinsic.Of("demo")})
	diags = append(diags, more...)
	bp, more := expand.Run(pack.Main, inputs, expand.Options{Catalogue: cat, Package: pack, ForceTrim: g.ForceTrim})
	if diags = append(diags, more...); diags.HasErrors() {
		return diag.Text(diags.Sorted(), nil)
	}
	if g.External != nil {
		bp, more = expand.Bind(bp, inputs, func(stack, node string) (intrinsic.Value, string) {
			v, ok := g.External[stack+"/"+node]
			if !ok {
				return intrinsic.Unknown, "there is none"
			}
			return intrinsic.Of(v), ""
		})
		diags = append(diags, more...)
	}
	if diags = append(diags, check.Run(bp, cat)...); diags.HasErrors() {
		return diag.Text(diags.Sorted(), nil)
	}
	return show(bp)
}

// show writes a flat blueprint in short.
func show(bp *dsl.Blueprint) string {
	var b strings.Builder
	for _, c := range bp.Conditions {
		fmt.Fprintf(&b, "condition %s: %s\n", c.Name.Text, short(c.Expr))
	}
	for _, n := range bp.Nodes {
		fmt.Fprintf(&b, "%s: %s", n.Name.Text, n.TypeName)
		if n.Condition != nil {
			fmt.Fprintf(&b, " if %s", n.Condition.Text)
		}
		if n.Trimmed != "" {
			fmt.Fprintf(&b, " trimmed: %s", n.Trimmed)
		}
		if n.RenamedFrom != nil {
			fmt.Fprintf(&b, " was %s", n.RenamedFrom.Text)
		}
		if n.Retain {
			b.WriteString(" retained")
		}
		b.WriteByte('\n')
		for _, p := range n.Properties {
			fmt.Fprintf(&b, "  %s = %s\n", p.Key.Text, short(p.Value))
		}
		for _, r := range n.Requirements {
			fmt.Fprintf(&b, "  %s -> %s\n", r.Name.Text, r.Node.Text)
		}
	}
	for _, o := range bp.Outputs {
		fmt.Fprintf(&b, "output %s = %s\n", o.Name.Text, short(o.Value))
	}
	return b.String()
}

// short writes an expression in one line.
func short(v *dsl.Value) string {
	var parts []string
	switch {
	case v == nil:
		return ""
	case v.Kind == dsl.Call:
		return v.Function.Text + "(" + short(v.Argument) + ")"
	case v.Kind == dsl.List:
		for _, i := range v.Items {
			parts = append(parts, short(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case v.Kind == dsl.Map:
		for _, e := range v.Entries {
			parts = append(parts, e.Key.Text+": "+short(e.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case v.Kind == dsl.String:
		return fmt.Sprintf("%q", v.Text())
	}
	return fmt.Sprint(v.Scalar)
}

func parse(t testing.TB, text string) *dsl.Blueprint {
	t.Helper()
	bp, diags := dsl.Parse("blueprint.yaml", []byte(text), catalogue(t))
	if diags = append(diags, check.Run(bp, catalogue(t))...); diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	return bp
}

const head = "tosca_definitions_version: cloud_tosca_version_1_0\n"

// A blueprint that composes nothing is not touched.
func TestPassThrough(t *testing.T) {
	bp := parse(t, head+"node_templates: {a: {type: Orchestrate.Data}}\n")
	if flat, diags := expand.Run(bp, nil, expand.Options{}); flat != bp || diags != nil {
		t.Errorf("got another blueprint, or %v", diags)
	}
}

// Adding a key leaves everything that the other keys make as it was.
func TestStableKeys(t *testing.T) {
	const text = head + `
inputs: {names: {type: list}}
node_types:
  pair:
    inputs: {name: {type: string}}
    node_templates:
      a: {type: Orchestrate.Data, properties: {input: {get_input: name}}}
      b: {type: Orchestrate.Data, properties: {input: {get_attribute: [a, output]}}}
node_templates:
  each:
    type: pair
    for_each: {get_input: names}
    properties: {name: {get_each: key}}
`
	flat := func(names ...string) map[string]string {
		bp, diags := expand.Run(parse(t, text), map[string]intrinsic.Value{"names": intrinsic.Of(names)}, expand.Options{Catalogue: catalogue(t)})
		if diags.HasErrors() {
			t.Fatal(diags.Err())
		}
		out := map[string]string{}
		for _, n := range bp.Nodes {
			out[n.Name.Text] = show(&dsl.Blueprint{Nodes: []*dsl.NodeTemplate{n}})
		}
		return out
	}
	before, after := flat("b", "d"), flat("a", "b", "c", "d")
	if len(before) != 4 || len(after) != 8 {
		t.Fatalf("%d and %d nodes", len(before), len(after))
	}
	for name, was := range before {
		if after[name] != was {
			t.Errorf("%s changed from %s to %s", name, was, after[name])
		}
	}
}

// Hostile compositions end in a message, in little time.
func TestLimits(t *testing.T) {
	doubling := head + "node_types:\n  t0:\n    inputs: {x: {}}\n    node_templates: {d: {type: Orchestrate.Data, properties: {input: {get_input: x}}}}\n"
	for i := 1; i < 15; i++ {
		doubling += fmt.Sprintf("  t%d:\n    inputs: {x: {}}\n    node_templates: {d: {type: t%d, properties: {x: [%s]}}}\n", i, i-1, strings.Repeat("{get_input: x}, ", 9)+"{get_input: x}")
	}
	doubling += "node_templates: {n: {type: Orchestrate.Data}, a: {type: t14, properties: {x: {get_attribute: [n, refID]}}}}\n"
	for name, text := range map[string]string{
		"count":    head + "node_templates: {a: {type: Orchestrate.Data, count: {select: [0, [1000000000]]}}}\n",
		"squares":  head + "node_templates: {a: {type: Orchestrate.Data, count: 20000}, b: {type: Orchestrate.Data, count: 20000, properties: {input: {get_attribute: [a, refID]}}}}\n",
		"doubling": doubling,
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := expand.Run(parse(t, text), nil, expand.Options{Catalogue: catalogue(t)})
			if len(diags) != 1 || diags[0].Code != "DSL223" {
				t.Errorf("got %v, want one DSL223", diags)
			}
		})
	}
}

// A mistake that shows in every copy is told a few times.
func TestRepeats(t *testing.T) {
	bp := parse(t, head+`
node_types:
  one: {inputs: {n: {type: integer, constraints: {less_than: 0}}}, node_templates: {a: {type: Orchestrate.Data}}}
node_templates:
  many: {type: one, count: 1000, properties: {n: {get_each: key}}}
`)
	if _, diags := expand.Run(bp, nil, expand.Options{Catalogue: catalogue(t)}); len(diags) != 5 || diags[0].Code != "DSL404" {
		t.Errorf("%d problems", len(diags))
	}
}

// BenchmarkRun shows that the cost grows with the number of copies and no
// faster.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bp := parse(b, head+fmt.Sprintf(`
node_types:
  pair:
    inputs: {name: {type: integer}, base: {type: string}}
    node_templates:
      a: {type: Orchestrate.Data, properties: {input: [{get_input: name}, {get_input: base}]}}
      b: {type: Orchestrate.Data, properties: {input: {get_attribute: [a, output]}}}
node_templates:
  base: {type: Orchestrate.Data}
  each:
    type: pair
    count: %d
    properties: {name: {get_each: key}, base: {get_reference: base}}
`, n))
			b.ReportAllocs()
			for b.Loop() {
				if flat, diags := expand.Run(bp, nil, expand.Options{Catalogue: catalogue(b)}); diags.HasErrors() || len(flat.Nodes) != 2*n+1 {
					b.Fatal(diags.Err())
				}
			}
		})
	}
}

// TestReference holds the examples of docs/language.md to the language: each
// is right as it stands. A first line "# file NAME" makes a block a file of the
// package of the next one; the version is put in where it is left out.
func TestReference(t *testing.T) {
	page, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	ar := &txtar.Archive{}
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	for i, b := range blocks {
		text, _, closed := strings.Cut(b, "```\n")
		if !closed {
			t.Fatalf("block %d is not closed", i+1)
		}
		if first, rest, _ := strings.Cut(text, "\n"); strings.HasPrefix(first, "# file ") {
			ar.Files = append(ar.Files, txtar.File{Name: strings.TrimPrefix(first, "# file "), Data: []byte(rest)})
			continue
		}
		if !strings.HasPrefix(text, "tosca_definitions_version") {
			text = head + text
		}
		ar.Files = append(ar.Files,
			txtar.File{Name: "blueprint.yaml", Data: []byte(text)},
			txtar.File{Name: "given.json", Data: []byte(`{"inputs": {"password": "hidden"}, "external": {"network/net": {"refID": "id-1"}}}`)})
		if !strings.Contains(text, "password:") {
			ar.Files[len(ar.Files)-1].Data = []byte(`{"external": {"network/net": {"refID": "id-1"}}}`)
		}
		if got := run(t, ar); strings.Contains(got, "error[") {
			t.Errorf("block %d:\n%s\n%s", i+1, text, got)
		}
		ar = &txtar.Archive{}
	}
	if len(blocks) < 10 {
		t.Errorf("only %d examples found", len(blocks))
	}
}
