package diag_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

var tool = diag.Tool{Name: "orchestrate", Version: "1.2.3", InformationURI: "https://example.com"}

// problems hold what reports may stumble over: places of every kind, warnings,
// related places, problems without a code, names that need escaping.
func problems() diag.List {
	return diag.List{
		diag.New("DSL206", at("a b/50%,c:d.yaml", 3, 5, 9), "One\r\ntwo: 100%%.").With(at("g", 7, 2, 3), "by b, too").With(at("--input", 1, 2, 3), "given"),
		diag.New("DSL117", diag.Range{File: "a.yaml", Start: diag.Pos{Line: 1, Column: 2}, End: diag.Pos{Line: 4, Column: 1}}, "Over lines."),
		diag.New("DSL104", diag.Range{File: "whole.yaml"}, "No line."),
		diag.New("DSL403", at("--input", 2, 6, 9), "An option."),
		diag.New("DSL403", at(diag.Variable("ORCHESTRATE_INPUT_x"), 1, 1, 1), "A variable."),
		{Severity: diag.Error, Summary: "No code."},
	}
}

func TestGitHub(t *testing.T) {
	want := `::error file=a b/50%25%2Cc%3Ad.yaml,line=3,endLine=3,col=5,endColumn=8,title=DSL206%3A Cycle::One·%0Atwo: 100%25.%0Ag:7:2: by b, too%0A--input:1:2: given
::warning file=a.yaml,line=1,endLine=4,title=DSL117%3A Beyond a limit of AOS::Over lines.
::error file=whole.yaml,title=DSL104%3A Document exceeds a limit::No line.
::error title=DSL403%3A Wrong type of input::An option.
::error title=DSL403%3A Wrong type of input::A variable.
::error title=No code.::No code.
`
	var b strings.Builder
	if err := diag.WriteGitHub(&b, problems()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// sarif writes a report and holds it to the JSON Schema.
func sarif(t *testing.T, l diag.List) map[string]any {
	t.Helper()
	var b bytes.Buffer
	if err := diag.WriteSARIF(&b, l, tool); err != nil {
		t.Fatal(err)
	}
	var report map[string]any
	if err := json.Unmarshal(b.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	s, err := schemas.Named("sarif")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range s.Validate(report) {
		t.Errorf("%s: %s", v.Pointer, v.Message)
	}
	return report["runs"].([]any)[0].(map[string]any)
}

func TestSARIF(t *testing.T) {
	run := sarif(t, problems())
	rules := run["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any)
	var codes []string
	for _, r := range rules {
		codes = append(codes, r.(map[string]any)["id"].(string))
	}
	if d := cmp.Diff([]string{"DSL104", "DSL117", "DSL206", "DSL403"}, codes); d != "" {
		t.Errorf("rules (-want +got):\n%s", d)
	}
	var want []any
	if err := json.Unmarshal([]byte(`[
    {"ruleId": "DSL206", "ruleIndex": 2, "level": "error", "message": {"text": "One\r\ntwo: 100%."},
     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a%20b/50%25,c:d.yaml"}, "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9}}}],
     "relatedLocations": [{"id": 1, "message": {"text": "by b, too"}, "physicalLocation": {"artifactLocation": {"uri": "g"}, "region": {"startLine": 7, "startColumn": 2, "endLine": 7, "endColumn": 3}}}]},
    {"ruleId": "DSL117", "ruleIndex": 1, "level": "warning", "message": {"text": "Over lines."},
     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.yaml"}, "region": {"startLine": 1, "startColumn": 2, "endLine": 4, "endColumn": 1}}}]},
    {"ruleId": "DSL104", "ruleIndex": 0, "level": "error", "message": {"text": "No line."}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "whole.yaml"}}}]},
    {"ruleId": "DSL403", "ruleIndex": 3, "level": "error", "message": {"text": "An option."}},
    {"ruleId": "DSL403", "ruleIndex": 3, "level": "error", "message": {"text": "A variable."}},
    {"level": "error", "message": {"text": "No code."}}
  ]`), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, run["results"]); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	sarif(t, nil)
}

// TestSARIFNames checks that names of files become references that lead back.
func TestSARIFNames(t *testing.T) {
	absolute, err := filepath.Abs("x y.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"a.yaml": "a.yaml", "../a.yaml": "../a.yaml", "c:d.yaml": "./c:d.yaml", "a#b?.yaml": "a%23b%3F.yaml", "名.yaml": "%E5%90%8D.yaml",
		absolute: "file://" + strings.ReplaceAll(filepath.ToSlash(absolute), " ", "%20"),
	} {
		run := sarif(t, diag.List{diag.New("DSL104", diag.Range{File: name}, "D.")})
		location := run["results"].([]any)[0].(map[string]any)["locations"].([]any)[0].(map[string]any)
		if got := location["physicalLocation"].(map[string]any)["artifactLocation"].(map[string]any)["uri"]; got != want {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
}

// TestSecretLines hides a line that holds a secret for whatever stands there.
func TestSecretLines(t *testing.T) {
	secret := diag.New("DSL407", at("f", 2, 4, 9), "S.")
	secret.Concealed = true
	l := diag.List{diag.New("DSL107", at("f", 2, 1, 2), "D."), secret, diag.New("DSL107", at("f", 1, 1, 2), "D.")}
	sources := map[string][]byte{"f": []byte("a: 1\nb: hunter2\n")}
	var j bytes.Buffer
	if err := diag.WriteJSON(&j, l, sources); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{diag.Text(l, sources), j.String()} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "a: 1") {
			t.Errorf("the wrong lines are shown:\n%s", text)
		}
	}
}

// FuzzFormats holds every format to what its readers rely on, for whatever
// stands in files and messages.
func FuzzFormats(f *testing.F) {
	f.Add("blueprint.yaml", "a: 1\nb: 2\n", "Detail.", 1, 4, 1, 5)
	f.Add("a,b:%.yaml", "\x1b[31m\r\n::error::x", "x\r\n::error::y", 2, 1, 1, 1)
	f.Add("\xff", "\xff\xfe名", "\u2028\x00", 0, 0, 9, 9)
	f.Add("--input", "k=v", "%0A", -1, -1, 1<<30, 1<<30)
	f.Fuzz(func(t *testing.T, file, text, detail string, line, column, endLine, endColumn int) {
		d := diag.New("DSL204", diag.Range{File: file, Start: diag.Pos{Line: line, Column: column}, End: diag.Pos{Line: endLine, Column: endColumn}}, "%s", detail)
		l, sources := diag.List{d.With(d.Subject, "%s", detail)}, map[string][]byte{file: []byte(text)}
		checkText(t, diag.Text(l, sources))
		var github, js, log bytes.Buffer
		if diag.WriteGitHub(&github, l) != nil || strings.Count(github.String(), "\n") != 1 || !strings.HasPrefix(github.String(), "::error ") {
			t.Errorf("an annotation is one line: %q", github.String())
		}
		if diag.WriteJSON(&js, l, sources) != nil || !json.Valid(js.Bytes()) {
			t.Errorf("not JSON: %s", js.Bytes())
		}
		if diag.WriteSARIF(&log, l, tool) != nil || !json.Valid(log.Bytes()) {
			t.Errorf("not JSON: %s", log.Bytes())
		}
	})
}

// checkText looks for what could steer a terminal.
func checkText(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\x00\r\u2028") {
		t.Errorf("the text can't be shown: %q", text)
	}
}
