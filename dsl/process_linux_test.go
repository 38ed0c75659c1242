package dsl_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"gopkg.in/yaml.v3"
)

// BenchmarkProcess tells what reading one document costs a process of its own:
// CPU time, of which other work on the machine takes nothing away, and the
// most memory it ever had. docs/performance.md shows the figures.
func BenchmarkProcess(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		file := written(b, layered(n))
		for _, what := range []string{"decode", "validate"} {
			b.Run(fmt.Sprintf("%s/%d", what, n), func(b *testing.B) { process(b, what, file) })
		}
	}
}

// BenchmarkHostile does the same for documents that are made to be expensive.
// Each must end in an error, within a second and 200 MB.
func BenchmarkHostile(b *testing.B) {
	for _, h := range hostile() {
		b.Run(h.name, func(b *testing.B) {
			cpu, megabytes := process(b, "refuse", written(b, []byte(h.text())))
			if cpu > 1 || megabytes > 200 {
				b.Errorf("it takes %.2f s and %.0f MB", cpu, megabytes)
			}
		})
	}
}

type hostileDocument struct {
	name string
	text func() string
}

func hostile() []hostileDocument {
	repeat := func(head, s string, n int, tail string) func() string {
		return func() string { return head + strings.Repeat(s, n) + tail }
	}
	lines := func(format string, n int) func() string {
		return func() string {
			var b strings.Builder
			for i := range n {
				b.WriteString(strings.ReplaceAll(strings.ReplaceAll(format, "#-", fmt.Sprint(max(i-1, 0))), "#", fmt.Sprint(i)))
			}
			return b.String()
		}
	}
	return []hostileDocument{
		{"too large", repeat("", "a: b\n", 20<<20, "")},
		{"deep in flow style", repeat("", "[", 100_000, "")},
		{"deep in a value", repeat("a: ", "{b: ", 100_000, "")},
		{"deep in block style", repeat("", "- ", 100_000, "x")},
		{"deep by lines", func() string {
			var b strings.Builder
			for i := range 9_000 {
				b.WriteString(strings.Repeat(" ", i) + "a:\n")
			}
			return b.String()
		}},
		{"million keys", lines("k#: v\n", 1_000_000)},
		{"million keys in flow style", repeat("{", "k: v, ", 1_000_000, "}")},
		{"million keys in a value", repeat("a: {", "k: v, ", 1_000_000, "}")},
		{"word of 60 MB", repeat("a: ", "x", 60_000_000, "")},
		{"text of 60 MB", repeat("a: ", "x ", 30_000_000, "")},
		{"quoted text of 60 MB", repeat(`a: "`, `\n`, 30_000_000, `"`)},
		{"block of 60 MB", repeat("a: |\n", "  some words: and more\n", 2_600_000, "")},
		{"blank lines", repeat("", "\n", 60_000_000, "")},
		{"comments", repeat("", "#\n", 30_000_000, "")},
		{"empty items", repeat("", "- \n", 10_000_000, "")},
		{"empty blocks", repeat("a:\n", "  - |\n", 240_000, "")},
		{"empty lists", repeat("a: [", "[],", 10_000_000, "]")},
		{"documents", repeat("", "---\na: 1\n", 3_000_000, "")},
		{"alias bomb", lines("l#: &l# [x, *l#-, *l#-, *l#-, *l#-, *l#-, *l#-, *l#-, *l#-]\n", 60)},
		{"merge bomb", lines("l#: &l# {<<: [*l#-, *l#-], k#: 1}\n", 60)},
		{"merge chain", lines("l#: &l# {<<: *l#-, k#: 1}\n", 20_000)},
		{"aliases", repeat("a: &a x\nb: [", "*a,", 3_000_000, "]")},
		{"NUL bytes", repeat("a: ", "\x00", 10_000_000, "")},
		{"UTF-16", repeat("\xff\xfe", "a\x00:\x00 \x00b\x00\n\x00", 1_000_000, "")},
		{"not UTF-8", repeat("", "\xe9: \xe8\n", 1_000_000, "")},
		{"zip bomb", func() string {
			var b bytes.Buffer
			w := zip.NewWriter(&b)
			m, _ := w.Create(dsl.MainFile) // a buffer takes everything
			zeros(m)
			w.Close()
			return b.String()
		}},
		{"gzip bomb", func() string {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			zeros(w)
			w.Close()
			return b.String()
		}},
		{"zip of many files", func() string {
			var b bytes.Buffer
			w := zip.NewWriter(&b)
			for i := range 300_000 {
				w.CreateHeader(&zip.FileHeader{Name: strconv.Itoa(i)})
			}
			w.Close()
			return b.String()
		}},
		{"error at the end", repeat("node_templates:\n", "  a: {type: b}\n", 20_000, "   c: d\n")},
	}
}

// zeros writes 256 MB that shrink to nearly nothing.
func zeros(w io.Writer) {
	block := make([]byte, 1<<20)
	for range 256 {
		_, _ = w.Write(block) // to a buffer
	}
}

func written(b *testing.B, text []byte) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), dsl.MainFile)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

const childTask = "DSL_TEST_CHILD"

// process runs TestChild in a process of its own.
func process(b *testing.B, what, file string) (cpu, megabytes float64) {
	b.Helper()
	for range b.N {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), childTask+"="+what+":"+file)
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		megabytes = peak(b, out)
	}
	b.ReportMetric(cpu, "cpu-s")
	b.ReportMetric(megabytes, "peak-MB")
	b.ReportMetric(0, "ns/op")
	return cpu, megabytes
}

// peak reads what TestChild tells of its memory. The usage that the kernel
// reports to the parent would count the parent's own memory in, which the child
// shares until it is replaced by the new program.
func peak(b *testing.B, out []byte) (megabytes float64) {
	b.Helper()
	_, line, ok := strings.Cut(string(out), "VmHWM:")
	fields := strings.Fields(line)
	if !ok || len(fields) == 0 {
		b.Fatalf("the child does not tell its memory: %s", out)
	}
	kib, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

// TestChild is what benchmarks run in a process of its own.
func TestChild(t *testing.T) {
	what, file, ok := strings.Cut(os.Getenv(childTask), ":")
	if !ok {
		t.Skip("a benchmark starts it")
	}
	defer func() {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Error(err)
		}
		os.Stdout.Write(status)
	}()
	if what == "decode" {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, new(yaml.Node)); err != nil {
			t.Fatal(err)
		}
		return
	}
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	src, diags := dsl.Load(file)
	if src != nil {
		var pack *dsl.Package
		if pack, diags = dsl.ParsePackage(src, cat); pack.Main != nil {
			diags = append(diags, check.Run(pack.Main, cat)...)
		}
	}
	if diags.HasErrors() != (what == "refuse") {
		t.Fatal(diags.Err())
	}
}
