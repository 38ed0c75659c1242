package check_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/editor"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// The blueprints of testdata/independent were written from the text of the
// language alone; their README tells how verdict and expectation differed. The
// first comment of each names the sections that it holds.
const independent = "testdata/independent"

var independentKinds = []string{"right", "wrong", "settled"}

var (
	independentHeader = regexp.MustCompile(`(?m)^# (?:right|wrong|settled): ([0-9., ]+) - `)
	hereComment       = regexp.MustCompile(`# here: (DSL\d+)$`)
)

// pseudoInputs stand for those that a cloud tells.
var pseudoInputs = map[string]intrinsic.Value{
	"UserId": intrinsic.Of("user"), "ProjectId": intrinsic.Of("project"), "DomainId": intrinsic.Of("domain"),
	"Region": intrinsic.Of("region"), "StackName": intrinsic.Of("stack"),
}

func independentFiles(t *testing.T, kind string) []string {
	t.Helper()
	return glob(t, filepath.Join(independent, kind, "*.yaml"))
}

// validated is all that validate finds in a file, with the true catalogue.
func validated(t *testing.T, file string, cat dsl.Catalogue) (*dsl.Source, diag.List, map[string][]byte) {
	t.Helper()
	src, diags := dsl.Load(file)
	if src == nil {
		t.Fatal(diags.Err())
	}
	diags, texts := findings(src, cat, pseudoInputs)
	pack, _ := dsl.ParsePackage(src, cat) // its problems are among the findings
	if pack.Main != nil {
		nested, _ := expand.Nested(pack)
		for _, bp := range nested {
			diags = append(diags, check.Run(bp, cat)...)
		}
	}
	return src, diags.Sorted(), texts
}

// TestIndependentRight goes through those that the text allows: there is
// nothing to find, and an editor finds nothing either.
func TestIndependentRight(t *testing.T) {
	cat := trueCatalogue(t)
	schema := compiled(t, editor.Blueprint(cat))
	files := independentFiles(t, "right")
	if len(files) < 25 {
		t.Errorf("there are %d right blueprints, which must be 25", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, diags, texts := validated(t, file, cat)
			if len(diags) > 0 {
				t.Errorf("%s", diag.Text(diags, texts))
			}
			data, _ := dsl.ParseData(file, src.Bytes)
			if err := schema.Validate(data.Plain()); err != nil {
				t.Errorf("the schema for editors refuses it: %v", err)
			}
		})
	}
}

// TestIndependentWrong goes through those with one mistake each, and through
// those that the text allows and a decision refuses. A comment stands on the
// line of the mistake.
func TestIndependentWrong(t *testing.T) {
	cat := trueCatalogue(t)
	files := independentFiles(t, "wrong")
	if len(files) < 25 {
		t.Errorf("there are %d wrong blueprints, which must be 25", len(files))
	}
	for _, file := range append(files, independentFiles(t, "settled")...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, diags, texts := validated(t, file, cat)
			line, code := marked(t, src.Bytes)
			if !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
				return d.Severity == diag.Error && d.Code == code && d.Subject.Start.Line == line
			}) {
				t.Errorf("no error %s on line %d among:\n%s", code, line, diag.Text(diags, texts))
			}
		})
	}
}

// marked finds the one comment that says where a mistake is.
func marked(t *testing.T, src []byte) (line int, code diag.Code) {
	t.Helper()
	for i, text := range strings.Split(string(src), "\n") {
		m := hereComment.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		if line != 0 {
			t.Fatalf("lines %d and %d are marked", line, i+1)
		}
		line, code = i+1, diag.Code(m[1])
	}
	if line == 0 {
		t.Fatal("no line is marked")
	}
	return line, code
}

// independentSections tells by section which blueprints say that they hold it,
// in the order of independentKinds and by name.
func independentSections(t *testing.T) map[string][]string {
	t.Helper()
	held := map[string][]string{}
	for _, kind := range independentKinds {
		for _, file := range independentFiles(t, kind) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := independentHeader.FindStringSubmatch(string(src))
			if m == nil {
				t.Fatalf("%s: the first comment names no section", file)
			}
			name := kind + "/" + strings.TrimSuffix(filepath.Base(file), ".yaml")
			for section := range strings.SplitSeq(m[1], ",") {
				section = strings.TrimSpace(section)
				held[section] = append(held[section], name)
			}
		}
	}
	return held
}

func trueCatalogue(t *testing.T) dsl.Catalogue {
	t.Helper()
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}
