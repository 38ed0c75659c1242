//go:build unix

package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAFewPoints plays some points of the matrix, so that the script and what
// it proves don't rot. `make crash` plays all.
func TestAFewPoints(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := options{root: root(t), at: []string{atSync, atRequest}, chapters: []string{"create"}, every: 25, workers: 8, speed: 20_000}
	if !canTrace {
		t.Log("only requests: syncs take the ptrace of Linux")
		o.at = []string{atRequest}
	}
	l := &lab{dir: dir, executable: filepath.Join(dir, "orchestrate"), speed: o.speed, chapters: map[string]*prepared{}}
	if err := build(t.Context(), o.root, l.executable); err != nil {
		t.Fatal(err)
	}
	all, err := o.matrix(l, dir)
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for _, x := range l.playAll(t.Context(), all, o.workers) {
		if x.err != nil {
			text, _ := os.ReadFile(filepath.Join(x.dir, "transcript")) // the error is told with or without it
			t.Errorf("%s: %v\n%s", x.point, x.err, text)
		}
		if x.killed {
			killed++
		}
	}
	if killed < len(all)/2 {
		t.Errorf("only %d of %d points were reached", killed, len(all))
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWithoutNodes(t *testing.T) {
	to := t.TempDir()
	if err := withoutNodes(filepath.Join(root(t), "blueprints", "consortium"), to, "documents", "bank-in-documents", "trader-in-documents"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(to, "blueprint.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "documents") || !strings.Contains(string(text), "\n  bank-app:\n") || !strings.Contains(string(text), "\noutputs:\n") {
		t.Errorf("%s", text)
	}
}

func TestPoints(t *testing.T) {
	var got []string
	for _, p := range points("delete", atSync, 7, 3) {
		got = append(got, p.String())
		if q, err := parsePoint(p.String()); err != nil || q != p {
			t.Errorf("%s is read as %s: %v", p, q, err)
		}
	}
	want := []string{
		"delete/sync/3/before", "delete/sync/3/after", "delete/sync/3/powerloss",
		"delete/sync/6/before", "delete/sync/6/after", "delete/sync/6/powerloss",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range []string{"", "a/b/c/d", "create/sync/0/before", "create/sync/1"} {
		if _, err := parsePoint(wrong); err == nil {
			t.Errorf("%q is read", wrong)
		}
	}
}

// What is made twice, forgotten or only on record does not go unnoticed.
func TestChecks(t *testing.T) {
	vpc := object{Kind: "vpc.vpc", ID: "v1", Name: "net"}
	subnet := object{Kind: "vpc.subnet", ID: "s1", Parent: "v1"}
	net, organization := element{Node: "net", Type: "Cloud.VPC.VPC", ID: "v1"}, element{Node: "bank", Type: "Cloud.BCS.Organization", ID: "b1/bank"}
	for name, c := range map[string]struct {
		objects  []object
		elements []element
		want     string
	}{
		"equal":          {[]object{vpc}, []element{net}, ""},
		"what is inside": {[]object{vpc, subnet}, []element{net}, ""},
		"data":           {nil, []element{{Node: "d", Type: "Orchestrate.Data", ID: "x"}}, ""},
		"forgotten":      {[]object{vpc}, nil, `vpc.vpc v1 "net" exists and is nobody's`},
		"made up":        {nil, []element{organization}, "element bank is on record with the ID b1/bank, which does not exist"},
	} {
		if got := text(match(c.objects, c.elements)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	once := &evidence{requests: map[string]int{"CreateVpc /vpcs": 1}}
	twice := &evidence{requests: map[string]int{"CreateVpc /vpcs": 2}}
	if err := once.compare(once); err != nil {
		t.Error(err)
	}
	if got, want := text(twice.compare(once)), "requests that were carried out:\n    2, and 1 when nothing disturbs: CreateVpc /vpcs"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func text(err error) string {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) && len(joined.Unwrap()) == 1 {
		err = joined.Unwrap()[0]
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestOptions(t *testing.T) {
	for arg, want := range map[string]string{
		"-at=disk":    `-at: "disk" is none of sync, request`,
		"-point=last": `"last" is no point, such as create/sync/12/before`,
		"-every=0":    "-every and -workers are at least 1",
	} {
		if _, err := parseOptions([]string{arg}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", arg, err)
		}
	}
}

func TestLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blueprint.yaml")
	node := regexp.MustCompile(`(?m)^  [a-z0-9-]+:$`)
	for _, c := range []struct {
		large large
		nodes int
	}{
		{large{n: 300}, 300},
		{large{n: 50}, 50},
		{large{n: 300, changed: true}, 300 + 15 - 4},
	} {
		if err := c.large.write(path); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(node.FindAll(text, -1)); got != c.nodes {
			t.Errorf("%+v: %d nodes, want %d", c.large, got, c.nodes)
		}
	}
}

// The moments of a life are repeated by its seed, and commands that have died
// often live longer.
func TestFate(t *testing.T) {
	draw := func() (out []time.Duration) {
		f := &fate{rng: rand.New(rand.NewPCG(7, 0)), span: time.Second}
		for died := range 100 {
			out = append(out, f.lifetime(died))
		}
		return out
	}
	first := draw()
	if diff := cmp.Diff(first, draw()); diff != "" {
		t.Error(diff)
	}
	if early, late := slices.Max(first[:10]), slices.Max(first[90:]); early > 4*time.Second || late < 10*time.Second {
		t.Errorf("the longest lives are %s and %s", early, late)
	}
}

func TestTable(t *testing.T) {
	at := func(n int, when string) point { return point{"delete", atSync, n, when} }
	got := table([]outcome{
		{point: at(1, before), killed: true, commands: 1, took: time.Second},
		{point: at(2, before), killed: true, commands: 2, took: 3 * time.Second},
		{point: at(3, before), took: 2 * time.Second},
		{point: at(1, powerLoss), killed: true, commands: 1, err: errors.New("x")},
	}, 5*time.Second)
	want := `| killed | points | reached | one command more | two | longest story | wrong |
| --- | --- | --- | --- | --- | --- | --- |
| delete, before a sync | 3 | 2 | 1 | 1 | 3.0 s | 0 |
| delete, before a sync, with loss of power | 1 | 1 | 0 | 0 | 0.0 s | 1 |
| all | 4 | 3 | 1 | 1 | 3.0 s | 1 |

4 points in 5 s
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
