package orchestrate

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/orchestrate-tosca/orchestrate"

// layers says which of our packages each package may import (directly). A
// package that is absent fails the test: a new one gets its row first.
var layers = map[string][]string{
	"":                        {},
	"dsl/diag":                {},
	"dsl/internal/yamltree":   {"dsl/diag"},
	"schemas":                 {},
	"dsl/internal/archive":    {"dsl/diag"},
	"dsl":                     {"dsl/diag", "dsl/internal/archive", "dsl/internal/yamltree", "schemas"},
	"dsl/intrinsic":           {"dsl", "dsl/diag"},
	"dsl/check":               {"dsl", "dsl/intrinsic", "schemas", "dsl/diag"},
	"dsl/editor":              {"dsl"},
	"dsl/format":              {"dsl", "dsl/internal/yamltree", "dsl/diag"}, // the tree: it prints what the Blueprint leaves out
	"dsl/expand":              {"dsl", "dsl/intrinsic", "dsl/diag"},
	"planner/graph":           {"dsl/diag"},
	"planner":                 {"dsl", "dsl/intrinsic", "planner/graph", "dsl/diag", "executor/state"},
	"executor/state":          {},
	"executor/internal/sched": {"planner"},
	"executor": {"planner", "executor/internal/sched", "executor/state", "dsl", "dsl/intrinsic", "dsl/diag",
		"providers"},
	// the whole of it, and the create of the real providers
	"executor/simtest":                 {"executor", "executor/state", "planner", "dsl", "dsl/diag", "dsl/intrinsic", "providers", "providers/huaweicloud"},
	"providers":                        {},
	"providers/huaweicloud":            {"providers"},
	"providers/bcs":                    {"providers", "providers/huaweicloud"},
	"providers/hbs":                    {"providers", "providers/huaweicloud"},
	"providers/vpc":                    {"providers", "providers/huaweicloud"},
	"providers/ecs":                    {"providers", "providers/huaweicloud"},
	"providers/data":                   {"providers"},
	"providers/providertest":           {"providers"},
	"providers/emulator":               {},
	"cmd/orchestrate/internal/starter": {},  // texts and a name; what they mean, tests know
	"cmd/orchestrate":                  nil, // anything
	"scripts/bench":                    {},  // it measures programs from outside
	"scripts/crash":                    {},  // it kills programs from outside
}

// owners says which one package may import a module, for those that are kept
// behind one.
var owners = map[string][]string{
	"gopkg.in/yaml.v3":                             {"dsl/internal/yamltree"},
	"github.com/santhosh-tekuri/jsonschema/v5":     {"schemas"},
	"gonum.org/v1/gonum":                           {"planner/graph"},
	"github.com/hashicorp/go-multierror":           {"dsl/diag"},
	"github.com/huaweicloud/huaweicloud-sdk-go-v3": {"providers/huaweicloud", "providers/bcs", "providers/hbs", "providers/vpc", "providers/ecs"},
	"github.com/cenkalti/backoff/v5":               {"providers/huaweicloud"},
	"github.com/spf13/cobra":                       {"cmd/orchestrate"},
	"github.com/spf13/pflag":                       {"cmd/orchestrate"},
	"github.com/rogpeppe/go-internal":              {"cmd/orchestrate"}, // its package diff, and testscript in tests
	"golang.org/x/term":                            {"cmd/orchestrate"},
	"modernc.org/sqlite":                           {"executor/state", "providers/emulator"},
	"golang.org/x/text":                            {"cmd/orchestrate"},
	"github.com/google/uuid":                       {"providers/data", "providers/ecs"},
	"gopkg.in/ini.v1":                              {"providers/huaweicloud"},
	"golang.org/x/crypto":                          {"executor/state"},
	"github.com/getkin/kin-openapi":                {"providers/emulator"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		allowed, known := layers[name]
		if !known {
			t.Errorf("%s has no row in the table of layers", name)
		}
		for _, i := range p.Imports {
			if ours, ok := strings.CutPrefix(i, module+"/"); ok {
				if name != "cmd/orchestrate" && !slices.Contains(allowed, ours) {
					t.Errorf("%s must not import %s", name, ours)
				}
				continue
			}
			checkModule(t, name, i)
		}
	}
}

// checkModule refuses modules that are not on the list, or not for this
// package.
func checkModule(t *testing.T, name, path string) {
	t.Helper()
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") {
		return // the standard library
	}
	for mod, users := range owners {
		if path == mod || strings.HasPrefix(path, mod+"/") {
			if !slices.Contains(users, name) {
				t.Errorf("%s must not import %s: only %s may", name, path, strings.Join(users, ", "))
			}
			return
		}
	}
	t.Errorf("%s imports %s, a module that is not on the list: say in ARCHITECTURE.md why it is there, and add it", name, path)
}
