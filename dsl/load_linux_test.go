package dsl_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// lay writes files below a folder of its own and makes it the current one.
func lay(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// pack makes a zip file of a folder.
func pack(t *testing.T, file, dir string) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFiles reads the files beside a blueprint from a folder, from a file in
// it, from an archive and from an archive of the folder itself, all alike.
func TestFiles(t *testing.T) {
	lay(t, map[string]string{"web/blueprint.yaml": "x", "web/parts/net.yaml": "net", "outer/web/blueprint.yaml": "x", "outer/web/parts/net.yaml": "net"})
	pack(t, "flat.zip", "web")
	pack(t, "outer.zip", "outer")
	for _, tt := range []struct{ path, file, place, shown string }{
		{"web", "web/blueprint.yaml", "web", "web/parts/net.yaml"},
		{"web/blueprint.yaml", "web/blueprint.yaml", "web", "web/parts/net.yaml"},
		{"flat.zip", "flat.zip/blueprint.yaml", "flat", "flat.zip/parts/net.yaml"},
		{"outer.zip", "outer.zip/web/blueprint.yaml", "outer", "outer.zip/web/parts/net.yaml"},
	} {
		src, diags := dsl.Load(tt.path)
		if src == nil {
			t.Errorf("%s: %v", tt.path, diags)
			continue
		}
		if src.File != filepath.FromSlash(tt.file) || src.Place != tt.place || src.Main != "blueprint.yaml" || dsl.Place(tt.path) != tt.place {
			t.Errorf("%s: got %s at %s", tt.path, src.File, src.Place)
		}
		if got := src.Shown("parts/net.yaml"); got != filepath.FromSlash(tt.shown) {
			t.Errorf("%s: shown as %s", tt.path, got)
		}
		checkFiles(t, tt.path, src.Files)
	}
}

func checkFiles(t *testing.T, path string, files fs.FS) {
	t.Helper()
	for range 2 {
		if got, err := fs.ReadFile(files, "parts/net.yaml"); string(got) != "net" || err != nil {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	f, err := files.Open("parts/net.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != 3 || info.Name() != "net.yaml" || !info.Mode().IsRegular() {
		t.Errorf("%s: got %v, %v", path, info, err)
	}
	for _, name := range []string{"none.yaml", "parts/none.yaml"} {
		if _, err := fs.ReadFile(files, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %s gives %v", path, name, err)
		}
	}
	for _, name := range []string{"../web/blueprint.yaml", "/etc/passwd", "parts", ".", "", "./blueprint.yaml"} {
		if _, err := fs.ReadFile(files, name); err == nil {
			t.Errorf("%s: %q can be read", path, name)
		}
	}
}

// TestFilesStayInside holds the files of a folder to it, whatever links say.
func TestFilesStayInside(t *testing.T) {
	lay(t, map[string]string{"web/blueprint.yaml": "x", "secret": "s"})
	for name, target := range map[string]string{"web/up": "../secret", "web/absolute": "/etc/hostname", "web/inside": "blueprint.yaml", "web/out.yaml": "../secret", "web/in.yaml": "blueprint.yaml"} {
		if err := os.Symlink(target, name); err != nil {
			t.Skip(err)
		}
	}
	if src, diags := dsl.LoadMain("web", "out.yaml"); src != nil || !strings.Contains(diags.Err().Error(), "leads out of the folder") {
		t.Errorf("the main file may lead out of its folder: %v", diags)
	}
	if _, diags := dsl.LoadMain("web", "in.yaml"); diags.HasErrors() {
		t.Error(diags)
	}
	src, diags := dsl.Load("web")
	if src == nil {
		t.Fatal(diags)
	}
	for _, name := range []string{"up", "absolute"} {
		if got, err := fs.ReadFile(src.Files, name); err == nil {
			t.Errorf("%s leads to %q", name, got)
		}
	}
	if got, err := fs.ReadFile(src.Files, "inside"); string(got) != "x" || err != nil {
		t.Errorf("a link inside the folder gives %q, %v", got, err)
	}
}

// TestSpecialFiles refuses what is no file, at once and without opening it: a
// pipe would wait for its writer.
func TestSpecialFiles(t *testing.T) {
	lay(t, map[string]string{"web/blueprint.yaml": "x", "folder/blueprint.yaml/x": ""})
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.Mkdir("piped", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo("piped/blueprint.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo("web/pipe.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for _, path := range []string{"pipe", "piped", "folder", "/dev/zero", "/dev/null"} {
		if src, diags := dsl.Load(path); src != nil || len(diags) != 1 || diags[0].Code != "DSL115" {
			t.Errorf("%s: got %v, %v", path, src, diags)
		}
	}
	src, diags := dsl.Load("web")
	if src == nil {
		t.Fatal(diags)
	}
	if _, err := fs.ReadFile(src.Files, "pipe.yaml"); err == nil {
		t.Error("a pipe in the package is read")
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestMainFiles holds the name of the main file to section 2.1.
func TestMainFiles(t *testing.T) {
	lay(t, map[string]string{"web/blueprint.yaml": "x", "web/a-b.c_1.yaml": "y", "web/b.json": "{}", "web/sub/c.yaml": "z"})
	pack(t, "web.zip", "web")
	for _, path := range []string{"web", "web.zip"} {
		for main, ok := range map[string]bool{
			"": true, "blueprint.yaml": true, "a-b.c_1.yaml": true, "b.json": true, "none.yaml": false, "sub/c.yaml": false, "../x.yaml": false,
			"a--b.yaml": false, ".yaml": false, "a.txt": false, "-a.yaml": false,
		} {
			src, diags := dsl.LoadMain(path, main)
			if (src != nil) != ok || !ok && (len(diags) != 1 || diags[0].Code != "DSL115") {
				t.Errorf("%s, %q: got %v, %v", path, main, src, diags)
			}
		}
	}
}
