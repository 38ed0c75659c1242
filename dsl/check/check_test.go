package check_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

var update = flag.Bool("update", false, "rewrite golden files")

// testTypes are small node types beside Orchestrate.Data, so that fixtures do
// not change with the real catalogue.
const testTypes = `{
  "Test.Net": {
    "description": "A net.",
    "properties": {"type": "object", "additionalProperties": false, "required": ["cidr"], "properties": {
      "name": {"type": "string", "maxLength": 64},
      "cidr": {"type": "string", "pattern": "^[0-9./]+$", "x-immutable": true},
      "size": {"type": "integer", "minimum": 1, "default": 3},
      "password": {"type": "string", "minLength": 8, "x-sensitive": true},
      "script": {"type": "string", "minLength": 1, "x-file": {"maxBytes": 20}},
      "bundle": {"type": "string", "x-file": {"maxBytes": 1000, "zip": [
        {"when": {"name": "small"}, "maxBytes": 200, "maxFiles": 1}, {"when": {"name": "one"}, "holds": ["main.sh"], "maxUnpackedBytes": 10}
      ]}},
      "labels": {"type": "object", "additionalProperties": {"type": "string"}},
      "ports": {"type": "array", "maxItems": 3, "items": {"type": "object", "additionalProperties": false, "required": ["number"], "properties": {
        "number": {"type": "integer", "minimum": 1, "maximum": 65535},
        "page": {"type": "string", "x-file": {"maxBytes": 20}},
        "protocol": {"enum": ["tcp", "udp"], "default": "tcp"}
      }}}
    }}
  },
  "Test.Link": {
    "description": "A link.",
    "properties": {"type": "object", "additionalProperties": false, "required": ["net"], "properties": {
      "kind": {"enum": ["fast", "slow"], "default": "slow"},
      "mode": {"type": "string"},
      "size": {"type": "integer", "default": 3},
      "password": {"type": "string", "x-sensitive": true},
      "net": {"type": "string"},
      "host": {"type": "string"},
      "up": {"type": "string", "x-reference": "Test.Link"}
    }},
    "rules": [
      {"when": {"properties": {"kind": {"const": "fast"}}}, "then": {"required": ["mode"]}, "at": ["kind"], "message": "A fast link has a mode.", "advice": "Set mode."},
      {"when": {"properties": {"kind": {"const": "slow"}}}, "then": {"properties": {"size": {"minimum": 3}}}, "at": ["size"], "message": "A slow link is at least 3 wide.", "advice": "Raise size."},
      {"when": {"required": ["password"]}, "then": {"required": ["mode"]}, "at": ["password"], "message": "A link without a mode has no password.", "advice": "Set mode."},
      {"network": {"property": "net", "maxBits": 28, "within": ["10.0.0.0/8"]}, "message": "Links lie in 10.0.0.0/8.", "advice": "Move it."},
      {"network": {"property": "host", "hostOf": "net"}, "message": "The host is one of the network.", "advice": "Choose another one."},
      {"network": {"property": "net", "partOf": "up"}, "message": "Links lie in those above.", "advice": "Move it."}
    ]
  },
  "Test.Part": {
    "description": "A part of a net.",
    "properties": {"type": "object", "additionalProperties": false, "required": ["netId"], "properties": {
      "netId": {"type": "string", "x-reference": "Test.Net"}
    }}
  }
}`

func catalogue(t testing.TB) dsl.Catalogue {
	t.Helper()
	var defs map[string]json.RawMessage
	if err := json.Unmarshal([]byte(testTypes), &defs); err != nil {
		t.Fatal(err)
	}
	own, err := schemas.TypeFile("types/orchestrate.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, def := range own {
		defs[name] = def
	}
	cat, err := dsl.ParseCatalogue(defs)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// TestCodes runs testdata/CODE.yaml (or .zip, .tgz) for every DSL code. Comments in a fixture
// say what is expected: `# want "regexp"...` on the line of the problem, or
// `# want-anywhere "regexp"` for one without a place, and `# want-file` for
// one in an imported file. `# given NAME=VALUE`
// gives an input as a flag would, and `# inputs file` makes the fixture a file
// of input values. The rendered text is compared with CODE.out.
func TestCodes(t *testing.T) {
	cat := catalogue(t)
	for _, entry := range diag.Codes() {
		if !strings.HasPrefix(string(entry.Code), "DSL") {
			continue
		}
		t.Run(string(entry.Code), func(t *testing.T) {
			file := fixture(t, entry.Code)
			src, diags := dsl.Load(file)
			texts := map[string][]byte{}
			if src != nil {
				diags, texts = findings(src, cat, nil)
				compareWants(t, src.Bytes, diags)
			}
			requireCode(t, entry.Code, diags)
			golden(t, filepath.Join("testdata", string(entry.Code)+".out"), diag.Text(diags, texts))
		})
	}
}

// fixture finds the one file, folder or package of a code.
func fixture(t *testing.T, code diag.Code) string {
	t.Helper()
	for _, ext := range []string{".yaml", ".zip", ".tgz"} {
		name := filepath.Join("testdata", string(code)+ext)
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	t.Fatalf("testdata holds no fixture of %s", code)
	return ""
}

// findings goes as far as a plan would: parse, check, resolve the inputs,
// expand, evaluate and check the properties. pseudo are the pseudo inputs that
// have a value.
func findings(src *dsl.Source, cat dsl.Catalogue, pseudo map[string]intrinsic.Value) (diag.List, map[string][]byte) {
	if bytes.HasPrefix(src.Bytes, []byte("# inputs file")) {
		_, diags := dsl.ParseInputs(src.File, src.Bytes)
		return diags, src.Texts()
	}
	pack, diags := dsl.ParsePackage(src, cat)
	if pack.Main == nil {
		return diags, pack.Texts()
	}
	diags = append(diags, check.Run(pack.Main, cat)...)
	if bytes.HasPrefix(src.Bytes, []byte("# strict-aos")) {
		diags = append(diags, check.Strict(pack.Main)...)
	}
	if diags.HasErrors() {
		return diags.Sorted(), pack.Texts()
	}
	inputs, more := intrinsic.ResolveInputs(pack.Main, given(src.Bytes), pseudo)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return diags.Sorted(), pack.Texts()
	}
	diags = append(diags, expanded(pack, inputs, cat)...)
	return diags.Sorted(), pack.Texts()
}

func expanded(pack *dsl.Package, inputs map[string]intrinsic.Value, cat dsl.Catalogue) diag.List {
	bp, diags := expand.Run(pack.Main, inputs, expand.Options{Catalogue: cat, Package: pack})
	if diags.HasErrors() {
		return diags
	}
	bp, more := expand.Bind(bp, inputs, func(stack, node string) (intrinsic.Value, string) {
		return intrinsic.Unknown, fmt.Sprintf("there is no stack %q (SVCSTG.AOS.4002020)", stack)
	})
	diags = append(diags, more...)
	if bp != pack.Main {
		diags = append(diags, check.Expanded(bp, cat)...)
	}
	_, more = check.Files(bp, cat, inputs, pack)
	diags = append(diags, more...)
	scope := &intrinsic.Scope{Blueprint: bp, Inputs: inputs}
	scope.Attribute = func(node, _ string) (intrinsic.Value, bool) {
		for _, n := range bp.Nodes {
			if n.Name.Text == node {
				deployed, _ := intrinsic.Deployed(n, scope)
				return intrinsic.Unknown, deployed
			}
		}
		return intrinsic.Value{}, false
	}
	for _, n := range bp.Nodes {
		v, more := intrinsic.EvalProperties(n.Properties, cat[n.TypeName], scope)
		diags = append(append(diags, more...), check.Properties(n, cat[n.TypeName], v)...)
	}
	return diags
}

var givenLine = regexp.MustCompile(`(?m)^# given (\S+?)=(.*)$`)

func given(src []byte) []intrinsic.Given {
	var out []intrinsic.Given
	for _, m := range givenLine.FindAllStringSubmatch(string(src), -1) {
		out = append(out, intrinsic.Given{Name: m[1], Value: m[2], IsText: true, Source: "--input"})
	}
	return out
}

var (
	wantComment = regexp.MustCompile(`# want(-anywhere|-file)? (".*")\s*$`)
	quoted      = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
)

// compareWants matches diagnostics with want comments, one to one.
func compareWants(t *testing.T, src []byte, diags diag.List) {
	t.Helper()
	left := append(diag.List(nil), diags...)
	for i, line := range strings.Split(string(src), "\n") {
		m := wantComment.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at := i + 1
		if m[1] != "" {
			at = 0
		}
		for _, q := range quoted.FindAllString(m[2], -1) {
			pattern, err := strconv.Unquote(q)
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			if m[1] == "-file" {
				at = anyLine
			}
			if left, err = take(left, at, regexp.MustCompile(pattern)); err != nil {
				t.Error(err)
			}
		}
	}
	for _, d := range left {
		t.Errorf("not wanted: %v", d)
	}
}

// anyLine is for problems of another file than the fixture.
const anyLine = -1

func take(l diag.List, line int, want *regexp.Regexp) (diag.List, error) {
	for i, d := range l {
		if (d.Subject.Start.Line == line || line == anyLine) && want.MatchString(fmt.Sprintf("%s: %s: %s", d.Code, d.Summary, d.Detail)) {
			return append(l[:i:i], l[i+1:]...), nil
		}
	}
	return l, fmt.Errorf("line %d: nothing matches %q", line, want)
}

func requireCode(t *testing.T, code diag.Code, diags diag.List) {
	t.Helper()
	for _, d := range diags {
		if d.Code == code {
			return
		}
	}
	t.Errorf("the fixture does not give %s", code)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; rewrite with -update):\n%s", file, d)
	}
}
