package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/archive"
)

const text = "tosca_definitions_version: cloud_tosca_version_1_0\n"

// limits are small, so that tests reach them.
var limits = archive.Limits{Packed: 1 << 16, Unpacked: 1 << 15, Members: 5, Ratio: 20, RatioFrom: 1 << 14}

// file is a member of a package under construction.
type file struct {
	name, text string
	mode       fs.FileMode
}

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		h.SetMode(f.mode | 0o644)
		m, err := w.CreateHeader(h)
		if err == nil && !f.mode.IsDir() {
			_, err = m.Write([]byte(f.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tgzOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.text)), Typeflag: tar.TypeReg}
		switch {
		case f.mode&fs.ModeSymlink != 0:
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, f.text, 0
		case f.mode&fs.ModeNamedPipe != 0:
			h.Typeflag, h.Size = tar.TypeFifo, 0
		case f.mode&fs.ModeDevice != 0:
			h.Typeflag, h.Size = tar.TypeBlock, 0
		case f.mode.IsDir():
			h.Typeflag, h.Size = tar.TypeDir, 0
		}
		err := w.WriteHeader(h)
		if err == nil && h.Size > 0 {
			_, err = w.Write([]byte(f.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// both packs the same files in either way.
func both(t *testing.T, files ...file) map[string][]byte {
	return map[string][]byte{"zip": zipOf(t, files...), "tgz": tgzOf(t, files...)}
}

func TestMembers(t *testing.T) {
	files := []file{
		{name: "./", mode: fs.ModeDir}, {name: "./blueprint.yaml", text: text}, {name: "parts/", mode: fs.ModeDir},
		{name: "parts/net.yaml", text: "x"}, {name: "说明.txt", text: ""}, {name: "\xcb\xff.txt", text: "named in another encoding"},
	}
	for kind, packed := range both(t, files...) {
		a, diags := archive.Open("p", packed, limits)
		if diags != nil {
			t.Fatalf("%s: %v", kind, diags)
		}
		if d := cmp.Diff([]string{"blueprint.yaml", "parts/net.yaml", "说明.txt"}, a.Names()); d != "" {
			t.Errorf("%s (-want +got):\n%s", kind, d)
		}
		if got, ok, err := a.ReadFile("blueprint.yaml"); string(got) != text || !ok || err != nil {
			t.Errorf("%s: got %q, %v, %v", kind, got, ok, err)
		}
		if got, ok, err := a.ReadFile("说明.txt"); len(got) > 0 || !ok || err != nil {
			t.Errorf("%s: got %q, %v, %v", kind, got, ok, err)
		}
		if _, ok, _ := a.ReadFile("parts"); ok {
			t.Errorf("%s: a folder can be read", kind)
		}
	}
}

// TestRefused holds both kinds of packages to the same rules.
func TestRefused(t *testing.T) {
	good := file{name: "blueprint.yaml", text: text}
	tests := []struct {
		name  string
		files []file
		want  string
	}{
		{"climbing", []file{good, {name: "../x", text: "x"}}, `DSL119 .* climbs out`},
		{"climbing inside", []file{{name: "a/../../x", text: "x"}}, `DSL119 .* climbs out`},
		{"climbing folder", []file{{name: "../x/", mode: fs.ModeDir}}, `DSL119 .* climbs out`},
		{"absolute", []file{{name: "/etc/passwd", text: "x"}}, `DSL119 .* absolute`},
		{"drive", []file{{name: "C:x", text: "x"}}, `DSL119 .* absolute`},
		{"backslashes", []file{{name: `..\x`, text: "x"}}, `DSL119 .* climbs out`},
		{"backslash", []file{{name: `a\x`, text: "x"}}, `DSL119 .* backslash`},
		{"control", []file{{name: "a\nb", text: "x"}}, `DSL119 .* control`},
		{"symlink", []file{{name: "l", text: "/etc/passwd", mode: fs.ModeSymlink}}, `DSL119 .* a link`},
		{"device", []file{{name: "d", mode: fs.ModeDevice}}, `DSL119 .* a device`},
		{"pipe", []file{{name: "p", mode: fs.ModeNamedPipe}}, `DSL119 .* a named pipe`},
		{"twice", []file{good, {name: "./blueprint.yaml", text: "y"}}, `DSL119 .* two members`},
		{"too much together", []file{{name: "a", text: noise(20_000)}, {name: "b", text: noise(20_000)}}, `DSL104 .* more than 32768 bytes`},
		{"too many", []file{{name: "a"}, {name: "b"}, {name: "c"}, {name: "d"}, {name: "e"}, {name: "f"}}, `DSL104 .* more than 5 files`},
		{"bomb", []file{{name: "a", text: strings.Repeat("0", 30_000)}}, `DSL104 .* times its size`},
	}
	for _, tt := range tests {
		for kind, packed := range both(t, tt.files...) {
			a, diags := archive.Open("p", packed, limits)
			if a != nil || len(diags) != 1 || !matches(diags[0], tt.want) {
				t.Errorf("%s, %s: got %v, want %s", tt.name, kind, diags, tt.want)
			}
		}
	}
}

func matches(d diag.Diagnostic, want string) bool {
	code, detail, _ := strings.Cut(want, " .* ")
	return string(d.Code) == code && strings.Contains(d.Detail, detail)
}

// noise returns text that does not shrink.
func noise(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; x = x*1664525 + 1013904223 {
		b.WriteByte(byte(x >> 24))
	}
	return b.String()
}

// TestDamaged cuts packages off everywhere: the answer is never a panic, and
// never another text than the one that was packed.
func TestDamaged(t *testing.T) {
	for kind, packed := range both(t, file{name: "blueprint.yaml", text: text}, file{name: "b", text: "b"}) {
		for n := range packed {
			for _, broken := range [][]byte{packed[:n], flipped(packed, n)} {
				a, diags := archive.Open("p", broken, limits)
				if a == nil && len(diags) == 0 {
					t.Fatalf("%s: neither an archive nor a problem", kind)
				}
				if a == nil {
					continue
				}
				if got, ok, err := a.ReadFile("blueprint.yaml"); ok && err == nil && string(got) != text {
					t.Errorf("%s: damage at %d gives %q", kind, n, got)
				}
			}
		}
	}
}

func flipped(b []byte, i int) []byte {
	c := bytes.Clone(b)
	c[i] ^= 0x10
	return c
}

func TestEncrypted(t *testing.T) {
	packed := zipOf(t, file{name: "a", text: "x"})
	at := bytes.Index(packed, []byte("PK\x01\x02"))
	packed[at+8] |= 1 // the flag in the directory
	if _, diags := archive.Open("p", packed, limits); len(diags) != 1 || !matches(diags[0], "DSL118 .* encrypted") {
		t.Errorf("got %v", diags)
	}
	packed[at+8] &^= 1
	binary.LittleEndian.PutUint16(packed[at+10:], 99)
	if _, diags := archive.Open("p", packed, limits); len(diags) != 1 || !matches(diags[0], "DSL118 .* method 99") {
		t.Errorf("got %v", diags)
	}
}

// TestLyingSizes states sizes in the directory that the members do not have.
func TestLyingSizes(t *testing.T) {
	for _, size := range []uint32{0, 1, 100, 1 << 30} {
		packed := zipOf(t, file{name: "a", text: "some text"})
		at := bytes.Index(packed, []byte("PK\x01\x02"))
		binary.LittleEndian.PutUint32(packed[at+24:], size)
		a, diags := archive.Open("p", packed, limits)
		if diags != nil {
			continue // refused at once
		}
		if got, _, err := a.ReadFile("a"); err == nil {
			t.Errorf("size %d gives %q", size, got)
		}
	}
}

func TestNoPackage(t *testing.T) {
	for name, packed := range map[string][]byte{
		"empty": nil, "text": []byte(text), "gzip of a text": gzipOf(t, text), "gzip of nothing": gzipOf(t, ""), "cut": []byte("PK\x03\x04"),
	} {
		if a, diags := archive.Open("p", packed, limits); name != "gzip of nothing" && (a != nil || len(diags) != 1 || diags[0].Code != "DSL118") {
			t.Errorf("%s: got %v", name, diags)
		}
	}
	if _, diags := archive.Open("p", make([]byte, limits.Packed+1), limits); len(diags) != 1 || diags[0].Code != "DSL104" {
		t.Errorf("too large: got %v", diags)
	}
}

func gzipOf(t testing.TB, s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExtension(t *testing.T) {
	for name, want := range map[string]string{
		"a.zip": ".zip", "a.TAR.GZ": ".TAR.GZ", "x/a.tgz": ".tgz", "a.tar": "", "a.gz": "", ".zip": "", "zip": "", "a.zip/b": "",
	} {
		if got := archive.Extension(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// FuzzOpen holds packages to what their readers rely on: no panic, bounded
// texts, names that stay inside.
func FuzzOpen(f *testing.F) {
	for _, files := range [][]file{
		{{name: "blueprint.yaml", text: text}}, {{name: "a/b", text: "x"}, {name: "../c", text: "y"}, {name: "d", mode: fs.ModeDir}},
		{{name: "l", text: "/x", mode: fs.ModeSymlink}}, {{name: "z", text: strings.Repeat("0", 20_000)}}, nil,
	} {
		f.Add(zipOf(f, files...))
		f.Add(tgzOf(f, files...))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		a, diags := archive.Open("p", packed, limits)
		for _, d := range diags {
			if _, ok := diag.Lookup(d.Code); !ok || d.Detail == "" || !utf8.ValidString(fmt.Sprint(d)) {
				t.Errorf("bad diagnostic %+v", d)
			}
		}
		if a == nil {
			return
		}
		total := 0
		for _, name := range a.Names() {
			if !fs.ValidPath(name) || name != path.Clean(name) {
				t.Errorf("bad name %q", name)
			}
			got, _, _ := a.ReadFile(name)
			total += len(got)
		}
		if total > limits.Unpacked || len(a.Names()) > limits.Members {
			t.Errorf("%d bytes in %d members exceed the limits", total, len(a.Names()))
		}
	})
}
