//go:build unix

// Command crash proves on the real program that nothing is lost and nothing is
// made twice when it dies. It builds orchestrate, runs the emulator as a process
// of its own, and
//
//   - kills an apply, an upgrade, a rollback and a deletion of
//     blueprints/consortium, an apply that takes up what another one left when it
//     died, and the same of blueprints/hbs-raft but for these two: at each sync of
//     the state (before it, after it, and before it with the loss of all that was
//     not synced, as if the machine lost its power) and around each request to
//     the cloud (before it is passed on, when it was carried out but not
//     answered, the same with loss of power, and after the answer);
//   - makes, changes and deletes stacks of 300 elements under kills at random
//     moments.
//
// After each, the commands that people would type go on. In the end the cloud
// has carried out the same requests as without any disturbance, its objects are
// those that the state has on record, the journal agrees, and no plan finds
// anything left to do. docs/reliability.md has the figures.
//
//	go run ./scripts/crash
//	go run ./scripts/crash -point create/sync/12/before -keep
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

// options say what is played.
type options struct {
	root       string
	executable string
	chapters   []string
	at         []string
	every      int
	point      string
	workers    int
	speed      float64
	keep       bool
	kills      int
	elements   int
	seed       uint64
}

func parseOptions(args []string) (options, error) {
	var o options
	var chapters, at string
	f := flag.NewFlagSet("crash", flag.ContinueOnError)
	f.StringVar(&o.root, "root", ".", "the root of the repository")
	f.StringVar(&o.executable, "orchestrate", "", "the program (default: built from the root)")
	f.StringVar(&chapters, "chapters", strings.Join(chapterNames, ","), "what is disturbed, separated by commas; none: no matrix")
	f.StringVar(&at, "at", atSync+","+atRequest, "what it is killed around, separated by commas")
	f.IntVar(&o.every, "every", 1, "only each n-th sync and request")
	f.StringVar(&o.point, "point", "", "only this point, such as create/sync/12/before")
	f.IntVar(&o.workers, "workers", 8, "how many stories are played at a time; most of their time they wait")
	f.Float64Var(&o.speed, "speed", 20_000, "divides the durations of the emulator")
	f.BoolVar(&o.keep, "keep", false, "keep the folder of what was played")
	f.IntVar(&o.kills, "kills", 200, "how many kills at random moments; 0: none")
	f.IntVar(&o.elements, "elements", 300, "how many elements the stacks have that are killed at random moments")
	f.Uint64Var(&o.seed, "seed", 1, "of the first stack that is killed at random moments; the next has the next seed")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if chapters != "none" {
		o.chapters = strings.Split(chapters, ",")
	}
	o.at = strings.Split(at, ",")
	for _, a := range o.at {
		if whens[a] == nil {
			return o, fmt.Errorf("-at: %q is none of %s, %s", a, atSync, atRequest)
		}
	}
	if slices.Contains(o.at, atSync) && !canTrace {
		return o, errors.New("-at sync takes the ptrace of Linux; here there is -at request")
	}
	if o.point != "" {
		p, err := parsePoint(o.point)
		if err != nil {
			return o, err
		}
		o.chapters, o.kills = []string{p.chapter}, 0
	}
	if o.every < 1 || o.workers < 1 {
		return o, errors.New("-every and -workers are at least 1")
	}
	return o, nil
}

func run(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "orchestrate-crash-")
	if err != nil {
		return err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // the names of open files are without links
		return err
	}
	failed, err := o.play(ctx, dir)
	if o.keep || failed > 0 || err != nil {
		fmt.Fprintln(os.Stderr, "crash: what was played is in", dir)
	} else {
		err = os.RemoveAll(dir)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d stories did not end right", failed)
	}
	return err
}

// play plays everything and prints what came of it.
func (o options) play(ctx context.Context, dir string) (failed int, err error) {
	l := &lab{dir: dir, executable: o.executable, speed: o.speed, keep: o.keep, chapters: map[string]*prepared{}}
	if o.root, err = filepath.Abs(o.root); err != nil {
		return 0, err
	}
	if l.executable == "" {
		l.executable = filepath.Join(dir, "orchestrate")
		if err := build(ctx, o.root, l.executable); err != nil {
			return 0, err
		}
	}
	if l.audits, err = knows(l, "audit"); err != nil {
		return 0, err
	}
	all, err := o.matrix(l, dir)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	outcomes := l.playAll(ctx, all, o.workers)
	if len(outcomes) > 0 {
		fmt.Print(table(outcomes, time.Since(begun)))
	}
	for _, x := range outcomes {
		if x.err != nil {
			failed++
		}
	}
	if o.kills == 0 || ctx.Err() != nil {
		return failed, ctx.Err()
	}
	begun = time.Now()
	lives, err := l.randomly(ctx, o)
	if err != nil {
		return failed, err
	}
	fmt.Print("\n", sumLives(lives, o.elements, time.Since(begun)))
	for _, x := range lives {
		if x.err != nil {
			failed++
		}
	}
	return failed, ctx.Err()
}

// knows tells whether the program has a command.
func knows(l *lab, command string) (bool, error) {
	p := &program{path: l.executable, dir: l.dir}
	code, err := p.run(command, "--help")
	return code == 0, err
}

// matrix prepares the chapters and lists the points.
func (o options) matrix(l *lab, dir string) ([]point, error) {
	chapters, err := consortium(o.root, dir)
	if err != nil {
		return nil, err
	}
	var all []point
	for _, c := range append(chapters, settlement(o.root)...) {
		if !slices.Contains(o.chapters, c.name) {
			continue
		}
		p, err := l.prepare(c)
		if err != nil {
			return nil, fmt.Errorf("%s, undisturbed: %w", c.name, err)
		}
		l.chapters[c.name] = p
		fmt.Fprintf(os.Stderr, "crash: %s: %d syncs, %d requests\n", c.name, p.syncs, p.requests)
		for at, n := range map[string]int{atSync: p.syncs, atRequest: p.requests} {
			if slices.Contains(o.at, at) {
				all = append(all, points(c.name, at, n, o.every)...)
			}
		}
	}
	if o.point != "" {
		p, err := parsePoint(o.point)
		return []point{p}, err
	}
	return all, nil
}

// playAll plays points side by side, and tells of each that fails.
func (l *lab) playAll(ctx context.Context, all []point, workers int) []outcome {
	next, ended := make(chan point), make(chan outcome)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for at := range next {
				ended <- l.play(at)
			}
		})
	}
	go func() {
		defer close(ended)
		defer wg.Wait()
		defer close(next)
		for _, at := range all {
			select {
			case next <- at:
			case <-ctx.Done():
				return
			}
		}
	}()
	var out []outcome
	for o := range ended {
		out = append(out, o)
		if o.err != nil {
			fmt.Fprintf(os.Stderr, "crash: %s: %v\n    see %s\n", o.point, o.err, filepath.Join(o.dir, "transcript"))
		}
		if len(out)%50 == 0 {
			fmt.Fprintf(os.Stderr, "crash: %d of %d points\n", len(out), len(all))
		}
	}
	return out
}
