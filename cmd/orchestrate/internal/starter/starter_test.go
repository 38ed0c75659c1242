package starter

import (
	"bytes"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	for p, want := range map[Pipeline]int{GitHub: 6, GitLab: 6, NoPipeline: 5, "unknown": 5} {
		files, err := Files("shop", p)
		if err != nil || len(files) != want {
			t.Errorf("%s: %d files, %v; want %d", p, len(files), err, want)
		}
		for _, f := range files {
			switch {
			case f.About == "":
				t.Errorf("%s: nobody knows what %s is for", p, f.Path)
			case bytes.Contains(f.Text, []byte(standIn)):
				t.Errorf("%s: %s names %s", p, f.Path, standIn)
			case !bytes.HasSuffix(f.Text, []byte("\n")):
				t.Errorf("%s: %s has no end of line", p, f.Path)
			}
		}
	}
}

// What YAML takes for something else than a text is written as one.
func TestNamesThatAreWords(t *testing.T) {
	for stack, want := range map[string]string{"null": `"null"`, "on": `"on"`, "once": "once"} {
		for p, lines := range map[Pipeline][]string{GitHub: {"stack: ", "name: "}, GitLab: {"  resource_group: "}} {
			files, err := Files(stack, p)
			if err != nil {
				t.Fatal(err)
			}
			var all []byte
			for _, f := range files {
				all = append(all, f.Text...)
			}
			for _, line := range lines {
				if !bytes.Contains(all, []byte("\n"+line+want+"\n")) {
					t.Errorf("%s: no line %s%s in\n%s", p, line, want, all)
				}
			}
		}
	}
}

func TestExtend(t *testing.T) {
	f := File{Text: []byte("# state\nstate/\n\nplan\n")}
	for there, want := range map[string]string{
		"":                     "state/\nplan\n",
		"own":                  "own\nstate/\nplan\n",
		"own\n":                "own\nstate/\nplan\n",
		"plan\r\nown\r\n":      "plan\r\nown\r\nstate/\n",
		"# mine\nplan\nstate/": "",
	} {
		got := f.Extend([]byte(there))
		if string(got) != want || (got == nil) != (want == "") {
			t.Errorf("%q becomes %q, want %q", there, got, want)
		}
		if again := f.Extend(got); want != "" && again != nil {
			t.Errorf("%q: a second time gives %q", there, strings.TrimSpace(string(again)))
		}
	}
}
