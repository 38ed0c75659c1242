package format_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/format"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite golden files")

// formatted formats a text that YAML can read, and holds the result to what is
// promised: formatting it again changes nothing.
func formatted(t interface {
	Helper()
	Fatalf(string, ...any)
}, file string, src []byte) []byte {
	t.Helper()
	out, diags, err := format.Source(file, src)
	if diags.HasErrors() || err != nil {
		t.Fatalf("%s: %v, %v\n%s", file, diags, err, src)
	}
	again, diags, err := format.Source(file, out)
	if diags.HasErrors() || err != nil {
		t.Fatalf("%s, formatted: %v, %v\n%s", file, diags, err, out)
	}
	if d := cmp.Diff(string(out), string(again)); d != "" {
		t.Fatalf("%s: formatting it twice makes a difference (-once +twice):\n%s", file, d)
	}
	return out
}

// TestGolden compares each testdata/*.yaml with its *.out.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := formatted(t, file, src)
			golden := strings.TrimSuffix(file, ".yaml") + ".out"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// documents returns every blueprint and fixture of the repository.
func documents(tb testing.TB) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{}
	for _, pattern := range []string{"testdata/*.yaml", "../check/testdata/*.yaml", "../check/testdata/independent/*/*.yaml",
		"../testdata/reference/*.yaml", "../../blueprints/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			tb.Fatal(err)
		}
		for _, f := range files {
			if src, err := os.ReadFile(f); err == nil {
				out[f] = src
			}
		}
	}
	return out
}

// TestSameBlueprint formats every blueprint of the repository: the language
// reads the same from both texts, errors included.
func TestSameBlueprint(t *testing.T) {
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	anywhere := cmp.Options{
		cmpopts.IgnoreTypes(diag.Range{}), cmpopts.IgnoreUnexported(dsl.Property{}),
		cmp.Comparer(func(a, b *dsl.NodeType) bool { return a == b }), cmpopts.EquateEmpty(),
	}
	for file, src := range documents(t) {
		if _, diags, _ := format.Source(file, src); diags.HasErrors() {
			continue // not YAML
		}
		out := formatted(t, file, src)
		before, problems := dsl.Parse(file, src, cat)
		after, left := dsl.Parse(file, out, cat)
		if d := cmp.Diff(before, after, anywhere); d != "" {
			t.Errorf("%s: not the same blueprint (-before +after):\n%s", file, d)
		}
		if d := cmp.Diff(codes(problems), codes(left)); d != "" {
			t.Errorf("%s: not the same problems (-before +after):\n%s", file, d)
		}
	}
}

func codes(l diag.List) []string {
	var out []string
	for _, d := range l {
		out = append(out, string(d.Code))
	}
	slices.Sort(out)
	return out
}

// TestShippedBlueprintsAreCanonical keeps what users copy in the form that fmt
// gives.
func TestShippedBlueprintsAreCanonical(t *testing.T) {
	files, err := filepath.Glob("../../blueprints/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parts, err := filepath.Glob("../../blueprints/*/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, parts...) {
		if strings.Contains(file, "vpc-ecs") {
			continue // printed in the reference like this
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(src), string(formatted(t, file, src))); d != "" {
			t.Errorf("%s (-is +should be):\n%s", file, d)
		}
	}
}

func TestBroken(t *testing.T) {
	for src, code := range map[string]string{
		"a: [1\n":      "DSL101",
		"a: 1\na: 2\n": "DSL103",
		"a: \x00\n":    "DSL102",
	} {
		out, diags, err := format.Source("f", []byte(src))
		if out != nil || err != nil || !slices.Equal(codes(diags), []string{code}) {
			t.Errorf("%q: got %q, %v, %v; want %s", src, out, diags, err, code)
		}
	}
}

func TestEmpty(t *testing.T) {
	for src, want := range map[string]string{
		"": "", "\n\n": "", "# only\n\n\n# comments": "# only\n\n# comments\n", "---\n": "---\n", "\xef\xbb\xbfa: 1": "a: 1\n",
		"text": "text", "[]": "[]\n", "a:": "a:\n", "%YAML 1.1\n--- # x\na: 1\n...\n# y": "# x\na: 1\n# y\n",
	} {
		if got := string(formatted(t, "f", []byte(src))); got != want {
			t.Errorf("%q: got %q, want %q", src, got, want)
		}
	}
}

// TestShuffled formats a blueprint whose keys, comments and blank lines are
// drawn at random. Source itself refuses a result that lost a comment or
// changed a value, so that it has to succeed is the whole property.
func TestShuffled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &drawing{t: t}
		d.section("tosca_definitions_version", "cloud_tosca_version_1_0")
		formatted(t, "drawn.yaml", []byte(d.document()))
	})
}

// drawing draws the text of a document.
type drawing struct {
	t     *rapid.T
	parts []string
}

func (d *drawing) section(key, value string) { d.parts = append(d.parts, key+": "+value+"\n") }

func (d *drawing) document() string {
	for _, key := range []string{"inputs", "node_templates", "outputs", "metadata", "conditions"} {
		d.parts = append(d.parts, key+":"+d.lineEnd()+d.value(2, 0))
	}
	var b strings.Builder
	for _, p := range rapid.Permutation(d.parts).Draw(d.t, "sections") {
		b.WriteString(d.above(0) + p)
	}
	return b.String() + d.above(0)
}

// above draws comments and blank lines.
func (d *drawing) above(indent int) string {
	s := rapid.SampledFrom([]string{
		"", "", "", "\n", "# c\n", "\n# c\n", "# c\n\n", "# c\n# d\n", "\n\n\n", "  # deeper\n",
	}).Draw(d.t, "above")
	return strings.ReplaceAll(s, "#", strings.Repeat(" ", indent)+"#")
}

func (d *drawing) lineEnd() string {
	return rapid.SampledFrom([]string{"\n", "\n", " # l\n"}).Draw(d.t, "line end")
}

// value draws a value that begins on the line below its key.
func (d *drawing) value(indent, depth int) string {
	kinds := 3
	if depth > 3 {
		kinds = 1
	}
	pad := strings.Repeat(" ", indent)
	var b strings.Builder
	n := rapid.IntRange(1, 3).Draw(d.t, "entries")
	keys := rapid.Permutation([]string{"type", "value", "properties", "description", "requirements", "get_input", "'quoted'"}).Draw(d.t, "keys")
	list := rapid.Bool().Draw(d.t, "list")
	for i := range n {
		b.WriteString(d.above(indent) + pad)
		switch {
		case list:
			b.WriteString("-")
		default:
			b.WriteString(keys[i] + ":")
		}
		switch rapid.IntRange(1, kinds).Draw(d.t, "kind") {
		case 1:
			b.WriteString(d.scalar(pad) + d.lineEnd())
		case 2:
			b.WriteString(d.lineEnd() + d.value(indent+2, depth+1))
		case 3:
			b.WriteString(d.block(pad))
		}
	}
	return b.String()
}

func (d *drawing) scalar(pad string) string {
	return rapid.SampledFrom([]string{
		" x", " 'x'", ` "a\tb"`, " 12", "", " {get_input: x}", " [1, {a: b}, 'c, d']", " {get_input: 'a: b', c: }",
		" one\n" + pad + "  two", " 'one\n\n" + pad + "  two'", " [1, # in\n" + pad + "  2]", " &a x", " !!str 1", " []",
	}).Draw(d.t, "scalar")
}

func (d *drawing) block(pad string) string {
	return rapid.SampledFrom([]string{
		" |\n" + pad + "  a\n\n" + pad + "   b\n", " |+\n" + pad + "  a\n\n", " >-\n" + pad + "  a\n" + pad + "  b\n\n" + pad + "    c\n",
		" |2-\n" + pad + "    # not a comment\n", " > # h\n" + pad + " a # b\n",
	}).Draw(d.t, "block")
}

// FuzzSource holds every text that YAML can read to the promise: the result
// says the same, keeps the comments, and is stable.
func FuzzSource(f *testing.F) {
	for _, src := range documents(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 1<<14 {
			return
		}
		if _, diags, _ := format.Source("f", src); diags.HasErrors() {
			return
		}
		formatted(t, "f", src)
	})
}

func BenchmarkSource(b *testing.B) {
	src, err := os.ReadFile("../../blueprints/consortium/blueprint.yaml")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, _, err := format.Source("f", src); err != nil {
			b.Fatal(err)
		}
	}
}
