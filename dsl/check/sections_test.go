package check_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// numberedSections are those of the text of the language, in its order.
var numberedSections = strings.Fields(`1 2 2.1 3 3.1 4 4.1 4.2 4.3 4.4 5 5.1 5.2 5.3 6
	7 7.1 7.2 7.3 7.4 7.5 7.6 7.7 8 9 10 11 12
	13 13.1 13.2 13.3 13.4 13.5 13.6 13.7 13.8 13.9 13.10 14 15`)

// wordless are sections that a blueprint can't speak of: what goes on while
// and after it is deployed. No independent blueprint holds them.
var wordless = strings.Fields("13 13.3 13.4 13.6 13.7 13.8 13.9 13.10")

// sectionRow is a row of testdata/SECTIONS.md.
type sectionRow struct {
	section string
	tests   []string
	remark  string
}

var (
	sectionLine = regexp.MustCompile(`(?m)^\| ([0-9.]+) \|[^|]*\|([^|]*)\|([^|]*)\|$`)
	ticked      = regexp.MustCompile("`([^`]+)`")
)

func sectionTable(t *testing.T) []sectionRow {
	t.Helper()
	text, err := os.ReadFile("testdata/SECTIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []sectionRow
	for _, m := range sectionLine.FindAllStringSubmatch(string(text), -1) {
		row := sectionRow{section: m[1], remark: strings.TrimSpace(m[3])}
		for _, name := range ticked.FindAllStringSubmatch(m[2], -1) {
			row.tests = append(row.tests, name[1])
		}
		rows = append(rows, row)
	}
	return rows
}

// TestSections holds the table of sections against the sections, the tests,
// the fixtures and the independent blueprints.
func TestSections(t *testing.T) {
	var sections []string
	rows := map[string]sectionRow{}
	for _, row := range sectionTable(t) {
		sections = append(sections, row.section)
		rows[row.section] = row
		if len(row.tests) == 0 && row.remark == "" {
			t.Errorf("section %s has no test, and no remark that says why", row.section)
		}
		for _, name := range row.tests {
			if !testExists(t, name) {
				t.Errorf("section %s: there is no %s", row.section, name)
			}
		}
	}
	if !slices.Equal(sections, numberedSections) {
		t.Errorf("the table has the sections\n%v, want\n%v", sections, numberedSections)
	}
	held := independentSections(t)
	for _, section := range numberedSections {
		switch names := held[section]; {
		case len(names) == 0 && !slices.Contains(wordless, section):
			t.Errorf("no independent blueprint holds section %s", section)
		case !slices.Equal(names, independentOf(rows[section])):
			t.Errorf("section %s lists %v, but those that name it are %v", section, independentOf(rows[section]), names)
		}
		delete(held, section)
	}
	for section, names := range held {
		t.Errorf("%v name a section %s, which the text does not have", names, section)
	}
}

func independentOf(row sectionRow) []string {
	var out []string
	for _, name := range row.tests {
		if kind, _, _ := strings.Cut(name, "/"); slices.Contains(independentKinds, kind) {
			out = append(out, name)
		}
	}
	return out
}

var (
	codeName = regexp.MustCompile(`^DSL\d+$`)
	testName = regexp.MustCompile(`^(.+)\.(Test\w+)$`)
)

// testExists tells whether a name of the table stands for something; the head
// of the table says how they are written.
func testExists(t *testing.T, name string) bool {
	t.Helper()
	const root = "../.."
	if m := testName.FindStringSubmatch(name); m != nil {
		return declaresTest(t, filepath.Join(root, m[1]), m[2])
	}
	pattern, kind := filepath.Join(root, name), strings.Split(name, "/")[0]
	switch {
	case codeName.MatchString(name):
		pattern = filepath.Join("testdata", name+".[yzt]*")
	case slices.Contains(independentKinds, kind):
		pattern = filepath.Join(independent, name+".yaml")
	case kind == "reference":
		pattern = filepath.Join("../testdata", name+".yaml")
	}
	return len(glob(t, pattern)) > 0
}

func declaresTest(t *testing.T, dir, name string) bool {
	t.Helper()
	for _, file := range glob(t, filepath.Join(dir, "*_test.go")) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(src), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}
