//go:build unix

// Command bench measures what orchestrate takes for large graphs, as whole
// processes: time on the clock, CPU time of all threads and the most memory.
// If there is an OpenTofu, it does the same with it on the same graphs. A
// table in Markdown goes to stdout, progress to stderr. docs/performance.md
// says what the figures mean.
//
//	go run ./scripts/bench -sizes 1000,10000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options say what is measured.
type options struct {
	sizes       []int
	shape       string
	runs        int
	orchestrate string // the program; "": it is built
	tofu        string // "": it is looked for
	applyMost   int    // nodes
	tofuMost    int    // nodes
}

func parseOptions(args []string) (options, error) {
	var o options
	var sizes string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&sizes, "sizes", "1000,10000,100000", "numbers of nodes, separated by commas")
	f.StringVar(&o.shape, "shape", "layered", "the graph: "+strings.Join(shapes, ", "))
	f.IntVar(&o.runs, "runs", 3, "how often each command is measured; the best counts")
	f.StringVar(&o.orchestrate, "orchestrate", "", "the program to measure (default: built from this folder)")
	f.StringVar(&o.tofu, "tofu", "", "an OpenTofu to compare with (default: the one on the path, if any)")
	f.IntVar(&o.applyMost, "apply-most", 10_000, "the largest graph that is applied, and planned again afterwards")
	f.IntVar(&o.tofuMost, "tofu-most", 1_000, "the largest graph for OpenTofu, which takes minutes for more")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for _, s := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 {
			return o, fmt.Errorf("-sizes: %q is no number of nodes", s)
		}
		o.sizes = append(o.sizes, n)
	}
	switch {
	case !slices.Contains(shapes, o.shape):
		return o, fmt.Errorf("-shape: %q is none of %s", o.shape, strings.Join(shapes, ", "))
	case o.runs < 1:
		return o, errors.New("-runs: it takes at least one run")
	}
	return o, nil
}

func run(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "orchestrate-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := o.findPrograms(ctx, dir); err != nil {
		return err
	}
	var rows []row
	for _, n := range o.sizes {
		more, err := o.measureSize(ctx, filepath.Join(dir, strconv.Itoa(n)), n)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	fmt.Print(table(rows))
	return nil
}

// findPrograms builds orchestrate and looks for OpenTofu, if they are not named.
func (o *options) findPrograms(ctx context.Context, dir string) error {
	var err error
	if o.orchestrate == "" {
		o.orchestrate = filepath.Join(dir, "orchestrate")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.orchestrate, "./cmd/orchestrate")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build orchestrate (run this in the root of the repository): %w", err)
		}
	} else if o.orchestrate, err = filepath.Abs(o.orchestrate); err != nil {
		return err
	}
	if o.tofu == "" {
		if o.tofu, err = exec.LookPath("tofu"); err != nil {
			fmt.Fprintln(os.Stderr, "bench: there is no tofu on the path to compare with")
			o.tofu, err = "", nil
		}
	}
	return err
}

// measureSize writes the graph of n nodes and measures everything on it.
func (o *options) measureSize(ctx context.Context, dir string, n int) ([]row, error) {
	blueprint, module := filepath.Join(dir, "blueprint"), filepath.Join(dir, "tofu")
	if err := writeGraph(o.shape, n, blueprint, module); err != nil {
		return nil, err
	}
	cases := []command{{name: "plan", runs: o.runs, dir: blueprint, argv: []string{o.orchestrate, "plan"}}}
	if n <= o.applyMost {
		cases = append(cases,
			command{name: "apply", runs: o.runs, dir: blueprint, argv: []string{o.orchestrate, "apply", "-y"}, without: ".orchestrate"},
			command{name: "plan, nothing changed", runs: o.runs, dir: blueprint, argv: []string{o.orchestrate, "plan"}})
	}
	if o.tofu != "" && n <= o.tofuMost {
		if _, err := measure(ctx, module, o.tofu, "init", "-input=false"); err != nil {
			return nil, err
		}
		cases = append(cases,
			command{name: "OpenTofu plan", runs: 1, dir: module, argv: []string{o.tofu, "plan", "-input=false"}},
			command{name: "OpenTofu apply", runs: 1, dir: module, argv: []string{o.tofu, "apply", "-input=false", "-auto-approve"}},
			command{name: "OpenTofu plan, nothing changed", runs: 1, dir: module, argv: []string{o.tofu, "plan", "-input=false"}})
	}
	var rows []row
	for _, c := range cases {
		fmt.Fprintf(os.Stderr, "bench: %d nodes: %s\n", n, c.name)
		best, err := c.measure(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{nodes: n, name: c.name, usage: best})
	}
	return rows, nil
}

// command is one thing to measure.
type command struct {
	name    string
	runs    int
	dir     string
	argv    []string
	without string // what is removed from dir before each run; "": nothing
}

// measure returns the best of the command's runs.
func (c command) measure(ctx context.Context) (best usage, err error) {
	for i := range c.runs {
		if c.without != "" {
			if err := os.RemoveAll(filepath.Join(c.dir, c.without)); err != nil {
				return usage{}, err
			}
		}
		u, err := measure(ctx, c.dir, c.argv...)
		if err != nil {
			return usage{}, err
		}
		if i == 0 {
			best = u
		}
		best = best.better(u)
	}
	return best, nil
}
