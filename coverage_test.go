package orchestrate

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// providersPage tells users of node types and of the operations behind them.
const providersPage = "docs/providers.md"

// contracts are the services whose operations are covered whole, each with how
// many there are.
var contracts = map[string]int{"bcs": 32, "hbs": 50}

// coverage is a row of the table of a service's operations.
type coverage struct {
	operation string
	uses      string // node types, commands, and what else asks
	shown     string // tests
}

// cells splits a row of a Markdown table.
func cells(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| ---") {
		return nil
	}
	parts := strings.Split(strings.Trim(line, "|"), "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// section is what stands on the page below a heading, up to the next one.
func section(t *testing.T, heading string) []string {
	t.Helper()
	page, err := os.ReadFile(providersPage)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", providersPage, heading)
	}
	text, _, _ := strings.Cut(rest, "\n#")
	return strings.Split(text, "\n")
}

// quoted is text in backticks, as names stand on the page.
var quoted = regexp.MustCompile("`([^`]+)`")

// coverageOf reads the table of a service.
func coverageOf(t *testing.T, service string) map[string]coverage {
	t.Helper()
	rows := map[string]coverage{}
	for _, line := range section(t, "### Operations of "+strings.ToUpper(service)) {
		c := cells(line)
		if len(c) != 3 || !quoted.MatchString(c[0]) {
			continue
		}
		row := coverage{quoted.FindStringSubmatch(c[0])[1], c[1], c[2]}
		if _, twice := rows[row.operation]; twice {
			t.Errorf("%s: %s has two rows", service, row.operation)
		}
		rows[row.operation] = row
	}
	return rows
}

// operationsOf reads the names of a contract's operations.
func operationsOf(t *testing.T, service string) []string {
	t.Helper()
	text, err := os.ReadFile("schemas/openapi/" + service + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^\s+operationId: *"?(\w+)"? *$`).FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	return out
}

// nodeTypes reads the catalogue's file of a service: the calls of each node type.
func nodeTypes(t *testing.T, service string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("schemas/types/" + service + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var types map[string]struct{ Calls map[string][]string }
	if err := json.Unmarshal(text, &types); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for name, typ := range types {
		out[name] = slices.Concat(slices.Collect(maps.Values(typ.Calls))...)
	}
	return out
}

// TestEveryOperationIsUsed holds the tables to the contracts: each operation has
// its row, which names just the node types that call it.
func TestEveryOperationIsUsed(t *testing.T) {
	for service, want := range contracts {
		operations, rows, types := operationsOf(t, service), coverageOf(t, service), nodeTypes(t, service)
		if len(operations) != want {
			t.Errorf("the contract of %s has %d operations, want %d", service, len(operations), want)
		}
		for _, operation := range operations {
			row, ok := rows[operation]
			if !ok {
				t.Errorf("%s: %s has no row in %s", service, operation, providersPage)
				continue
			}
			if row.uses == "" || row.shown == "" {
				t.Errorf("%s: the row of %s does not say where it is used, or what shows it", service, operation)
			}
			checkCallers(t, service, row, types)
		}
		for operation := range rows {
			if !slices.Contains(operations, operation) {
				t.Errorf("%s: %s has a row in %s and is no operation of the contract", service, operation, providersPage)
			}
		}
	}
}

// checkCallers compares the node types of a row with the catalogue.
func checkCallers(t *testing.T, service string, row coverage, types map[string][]string) {
	t.Helper()
	var named []string
	for _, m := range quoted.FindAllStringSubmatch(row.uses, -1) {
		if strings.HasPrefix(m[1], strings.ToUpper(service)+".") {
			named = append(named, m[1])
		}
	}
	for typ, calls := range types {
		if slices.Contains(calls, row.operation) != slices.Contains(named, typ) {
			t.Errorf("%s: the row of %s names the node types %v; %s calls %v", service, row.operation, named, typ, calls)
		}
	}
	for _, typ := range named {
		if _, ok := types[typ]; !ok {
			t.Errorf("%s: the row of %s names %s, which is no node type", service, row.operation, typ)
		}
	}
}

// TestEveryOperationIsCalled looks for the operations in the code of the
// providers, so that no row promises what nobody calls.
func TestEveryOperationIsCalled(t *testing.T) {
	for service := range contracts {
		code := goCode(t, "providers/"+service, func(file string) bool { return !strings.HasSuffix(file, "_test.go") })
		for _, operation := range operationsOf(t, service) {
			if !strings.Contains(code, `"`+operation+`"`) {
				t.Errorf("nothing in providers/%s calls %s", service, operation)
			}
		}
	}
}

// goCode is the text of the Go files of a folder that are wanted.
func goCode(t *testing.T, folder string, wanted func(file string) bool) string {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		if !wanted(file) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// TestEveryCommandExists looks for the subjects of `cloud` that the page names.
func TestEveryCommandExists(t *testing.T) {
	code := goCode(t, "cmd/orchestrate", func(file string) bool { return !strings.HasSuffix(file, "_test.go") })
	for service := range contracts {
		for _, row := range coverageOf(t, service) {
			for _, m := range regexp.MustCompile("`(?:cloud|e2ee) ([^`]+)`").FindAllStringSubmatch(row.uses, -1) {
				if !regexp.MustCompile(`(name|Use): +"` + m[1] + `[" ]`).MatchString(code) {
					t.Errorf("%s: the row of %s names %s, which is no command", service, row.operation, m[0])
				}
			}
		}
	}
}

// TestWhatShowsItExists looks for each test and story that the page names.
func TestWhatShowsItExists(t *testing.T) {
	page, err := os.ReadFile(providersPage)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, m := range regexp.MustCompile("`(?:([a-z]+)\\.(Test\\w+)(?:/[^`]*)?|([a-z0-9_-]+)\\.txtar)`").FindAllStringSubmatch(string(page), -1) {
		named++
		if story := m[3]; story != "" {
			if _, err := os.Stat("cmd/orchestrate/testdata/script/" + story + ".txtar"); err != nil {
				t.Errorf("%s names the story %s, which does not exist", providersPage, story)
			}
		} else if !hasTest(t, m[1], m[2]) {
			t.Errorf("%s names %s.%s, which does not exist", providersPage, m[1], m[2])
		}
	}
	if named == 0 {
		t.Errorf("%s names no tests", providersPage)
	}
	for service := range contracts {
		for _, row := range coverageOf(t, service) {
			if !regexp.MustCompile("`[^`]*(\\.Test|\\.txtar)").MatchString(row.shown) {
				t.Errorf("%s: the row of %s names no test", service, row.operation)
			}
		}
	}
}

// hasTest reports whether a package, named by its last element, has a test.
func hasTest(t *testing.T, pkg, name string) bool {
	t.Helper()
	for _, depth := range []string{"", "*/", "*/*/"} {
		folders, err := filepath.Glob(depth + pkg)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			code := goCode(t, folder, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
			if strings.Contains(code, "\nfunc "+name+"(t ") {
				return true
			}
		}
	}
	return false
}

// TestEveryNodeTypeIsDescribed holds the page to the catalogue: each node type has
// its row in one of the tables of node types.
func TestEveryNodeTypeIsDescribed(t *testing.T) {
	files, err := filepath.Glob("schemas/types/*.json")
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]int{}
	for _, heading := range []string{"### What they are", "### What goes, and what stays", "### Found again, and imported"} {
		for _, line := range section(t, heading) {
			if c := cells(line); len(c) > 1 {
				for _, m := range quoted.FindAllStringSubmatch(c[0], -1) {
					described[m[1]]++
				}
			}
		}
	}
	for _, file := range files {
		service := strings.TrimSuffix(filepath.Base(file), ".json")
		for typ := range nodeTypes(t, service) {
			if described[typ] != 3 {
				t.Errorf("%s has %d rows in the three tables of %s, want 3", typ, described[typ], providersPage)
			}
			delete(described, typ)
		}
	}
	for typ := range described {
		t.Errorf("%s describes %s, which is no node type", providersPage, typ)
	}
}
