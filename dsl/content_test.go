package dsl

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const anyBlueprint = "tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n  n: {type: Orchestrate.Data}\n"

// contractPackage writes a package with a file in all its forms, and returns their
// paths.
func contractPackage(t *testing.T, text string) (dir string, paths map[string]string) {
	t.Helper()
	dir = t.TempDir()
	members := map[string]string{MainFile: anyBlueprint, "contracts/a.bin": text}
	var zipped, tarred bytes.Buffer
	z, g := zip.NewWriter(&zipped), gzip.NewWriter(&tarred)
	tr := tar.NewWriter(g)
	for name, content := range members {
		path := filepath.Join(dir, "net", filepath.FromSlash(name))
		check(t, os.MkdirAll(filepath.Dir(path), 0o700))
		check(t, os.WriteFile(path, []byte(content), 0o600))
		w, err := z.Create(name)
		check(t, err)
		_, err = io.WriteString(w, content)
		check(t, err)
		check(t, tr.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600, Typeflag: tar.TypeReg}))
		_, err = io.WriteString(tr, content)
		check(t, err)
	}
	check(t, z.Close())
	check(t, tr.Close())
	check(t, g.Close())
	check(t, os.WriteFile(filepath.Join(dir, "net.zip"), zipped.Bytes(), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "net.tgz"), tarred.Bytes(), 0o600))
	return dir, map[string]string{
		"folder": filepath.Join(dir, "net"), "file": filepath.Join(dir, "net", MainFile), "zip": filepath.Join(dir, "net.zip"), "tgz": filepath.Join(dir, "net.tgz"),
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func loaded(t *testing.T, path string) *Package {
	t.Helper()
	src, diags := Load(path)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	cat, err := LoadCatalogue()
	check(t, err)
	p, diags := ParsePackage(src, cat)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	return p
}

func contentText(t *testing.T, p *Package, name string) string {
	t.Helper()
	r, err := p.Open(name)
	check(t, err)
	defer r.Close()
	text, err := io.ReadAll(r)
	check(t, err)
	return string(text)
}

// A file is found in whatever form the package has, and read only as far as it may
// be long.
func TestContent(t *testing.T) {
	const text = "0123456789"
	sum := sha256.Sum256([]byte(text))
	_, paths := contractPackage(t, text)
	for form, path := range paths {
		t.Run(form, func(t *testing.T) {
			p := loaded(t, path)
			if _, why := p.Content("contracts/a.bin", 9); why != "it has 10 bytes, and at most 9 are taken" {
				t.Errorf("too large: %q", why)
			}
			want := Content{Path: "contracts/a.bin", Size: 10, SHA256: hex.EncodeToString(sum[:])}
			if c, why := p.Content("contracts/a.bin", 10); c != want || why != "" {
				t.Errorf("%+v, %q", c, why)
			}
			if got := contentText(t, p, "contracts/a.bin"); got != text {
				t.Errorf("read %q", got)
			}
			for name, says := range map[string]string{
				"contracts/b.bin": "no such file", "../net/contracts/a.bin": "leads out", "/etc/hosts": "absolute", `contracts\a.bin`: "parted by /", "": "leads out",
			} {
				if _, why := p.Content(name, 10); !strings.Contains(why, says) {
					t.Errorf("%q: %q", name, why)
				}
				if _, err := p.Open(name); err == nil {
					t.Errorf("%q was opened", name)
				}
			}
			if form == "folder" || form == "file" {
				if _, why := p.Content("contracts", 10); !strings.Contains(why, "it is not a file but a folder") {
					t.Errorf("a folder: %q", why)
				}
			}
			// A saved plan finds the files where they were.
			saved := Restore(path, []byte(anyBlueprint), nil)
			saved.Beside = PackageAt(p.source.Path, "")
			again, _ := ParsePackage(saved, nil)
			if c, why := again.Content("contracts/a.bin", 10); c != want || why != "" {
				t.Errorf("of a saved plan: %+v, %q", c, why)
			}
		})
	}
}

// Links lead around in the folder of a package, but not out of it, and what may never
// end is not waited for.
func TestContentThroughLinks(t *testing.T) {
	dir, paths := contractPackage(t, "0123456789")
	inside := func(name string) string { return filepath.Join(dir, "net", name) }
	check(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600))
	check(t, os.Symlink(filepath.Join("..", "secret"), inside("out")))
	check(t, os.Symlink("/dev/zero", inside("device")))
	check(t, os.Symlink(filepath.Join("contracts", "a.bin"), inside("in")))
	p := loaded(t, paths["folder"])
	for _, name := range []string{"out", "device"} {
		if _, why := p.Content(name, 10); !strings.Contains(why, "leads out of the package") {
			t.Errorf("%s: %q", name, why)
		}
	}
	if c, why := p.Content("in", 10); c.Size != 10 || why != "" {
		t.Errorf("in: %+v, %q", c, why)
	}
}

// What a revision recorded is known without its files.
func TestContentOfARevision(t *testing.T) {
	was := Content{Path: "a", Size: 1 << 40, SHA256: "d"}
	src := Restore(MainFile, []byte(anyBlueprint), nil)
	src.Contents = map[string]Content{"a": was}
	p, _ := ParsePackage(src, nil)
	if c, why := p.Content("a", 1); c != was || why != "" {
		t.Errorf("%+v, %q", c, why)
	}
	if _, why := p.Content("b", 1); why != "the package has no such file" {
		t.Errorf("another one: %q", why)
	}
	if f := PackageAt(filepath.Join(t.TempDir(), "none"), ""); f == nil {
		t.Error("a package that is gone has no files at all")
	}
}
