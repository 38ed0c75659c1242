package dsl

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// zipText makes an archive with a file of each name and text.
func zipText(t *testing.T, files ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		check(t, err)
		_, err = io.WriteString(f, files[i+1])
		check(t, err)
	}
	check(t, w.Close())
	return out.String()
}

// What a rule wants of an archive is looked up in its directory, whatever the form of
// the package that the archive lies in.
func TestArchive(t *testing.T) {
	jar := &ZipRule{When: map[string]string{"type": "java"}, Holds: []string{"contract.jar"}, Unpacked: 20}
	small := &ZipRule{MaxBytes: 400, MaxFiles: 2, Unpacked: 20}
	for name, c := range map[string]struct {
		text string
		rule *ZipRule
		why  string
	}{
		"right":          {zipText(t, "contract.jar", "x"), jar, ""},
		"any":            {zipText(t, "a/b.go", "x", "c.go", "y"), small, ""},
		"no archive":     {"hello", jar, "it is not a zip archive that can be opened, and has to be one where type is java"},
		"cut off":        {zipText(t, "contract.jar", "x")[:40], small, "it is not a zip archive that can be opened, and has to be one"},
		"empty file":     {"", small, "it is not a zip archive that can be opened, and has to be one"},
		"empty":          {zipText(t), small, "it holds nothing"},
		"another file":   {zipText(t, "contract.jar", "x", "other.jar", "y"), jar, `it holds "other.jar", and may hold contract.jar only where type is java`},
		"the same twice": {zipText(t, "contract.jar", "x", "contract.jar", "y"), jar, "it holds 2 files, and has to hold contract.jar and nothing else where type is java"},
		"too many files": {zipText(t, "a", "", "b", "", "c", ""), small, "it holds 3 files, and at most 2 are taken"},
		"unpacked":       {zipText(t, "a", strings.Repeat("x", 11), "b", strings.Repeat("x", 10)), small, "it unpacks to 21 bytes, and at most 20 are taken"},
		"packed":         {zipText(t, strings.Repeat("a", 300), ""), small, "it has 719 bytes, and at most 400 are taken"},
	} {
		t.Run(name, func(t *testing.T) {
			_, paths := contractPackage(t, c.text)
			for form, path := range paths {
				if why := loaded(t, path).Archive("contracts/a.bin", c.rule); why != c.why {
					t.Errorf("%s: %q, want %q", form, why, c.why)
				}
			}
		})
	}
}

// The first rule counts whose properties are so; what a revision has recorded is not
// looked at again.
func TestArchiveRules(t *testing.T) {
	r := FileRule{MaxBytes: 5 << 20, Zips: []ZipRule{
		{When: map[string]string{"type": "go"}, MaxBytes: 1 << 20, MaxFiles: 7, Unpacked: 9}, {When: map[string]string{"kind": "x", "type": "java"}, Holds: []string{"a", "b"}},
	}}
	of := func(typ, kind string) *ZipRule {
		return r.Zip(func(name string) string { return map[string]string{"type": typ, "kind": kind}[name] })
	}
	if of("go", "") != &r.Zips[0] || of("java", "x") != &r.Zips[1] || of("java", "") != nil || of("", "") != nil {
		t.Error("another rule was taken")
	}
	says := "names a file of the package, of at most 5 MiB, as a path from its root. Where type is go it is a zip archive of at most 1 MiB, of at most 7 files, " +
		"which unpacks to at most 9 bytes. Where kind is x and type is java it is a zip archive with a and b and nothing else"
	if got := r.String(); got != says {
		t.Errorf("got  %q\nwant %q", got, says)
	}
	var names []string
	for range maxDirectory/60_000 + 1 {
		names = append(names, strings.Repeat("a", 60_000), "")
	}
	wide := zipText(t, names...)
	src := Restore(MainFile, []byte(anyBlueprint), nil)
	src.Contents = map[string]Content{"a": {Path: "a"}}
	p, _ := ParsePackage(src, nil)
	if why := p.Archive("a", &r.Zips[0]); why != "" {
		t.Errorf("of a revision: %q", why)
	}
	if _, err := directory(strings.NewReader(wide), int64(len(wide))); !errors.Is(err, errLarge) {
		t.Errorf("a directory that is too large: %v", err)
	}
	if why := p.Archive("b", &r.Zips[0]); why != "the package has no such file" {
		t.Errorf("of none: %q", why)
	}
}

// FuzzArchive: whatever a file holds, it is judged.
func FuzzArchive(f *testing.F) {
	f.Add([]byte("PK\x05\x06"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\xff", 18)))
	dir := f.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(filepath.Join(dir, MainFile), []byte(anyBlueprint), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		check(t, os.WriteFile(path, text, 0o600))
		src, _ := Load(dir)
		p, _ := ParsePackage(src, nil)
		if why := p.Archive("a", &ZipRule{Holds: []string{"a"}}); why == "" && !bytes.Contains(text, []byte("PK\x05\x06")) {
			t.Error("what is no archive is taken for one")
		}
	})
}
