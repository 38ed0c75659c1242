//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// stage is a chapter in the life of a large stack, with what an undisturbed life
// has left behind at its end.
type stage struct {
	chapter
	left *evidence
}

// stages make a large stack, change it, and delete it.
func stages(dir string, n int) ([]stage, error) {
	first, second := filepath.Join(dir, "first.yaml"), filepath.Join(dir, "second.yaml")
	one, two := large{n: n}, large{n: n, changed: true}
	if err := errors.Join(one.write(first), two.write(second)); err != nil {
		return nil, err
	}
	consent := []string{"--allow-data-loss", one.dataNodes()}
	wide := []string{"--parallelism", "30"}
	return []stage{
		{chapter: chapter{name: "create", args: slices.Concat([]string{"apply", first, "-y"}, wide), plan: []string{"plan", first}}},
		{chapter: chapter{name: "upgrade", args: slices.Concat([]string{"apply", second, "-y"}, consent, wide), plan: []string{"plan", second}}},
		{chapter: chapter{name: "delete", args: slices.Concat([]string{"delete", "-y"}, consent, wide)}},
	}, nil
}

// life is what came of one large stack.
type life struct {
	seed            uint64
	kills, commands int
	took            time.Duration
	err             error
	dir             string
}

// randomly leads lives side by side until there were so many kills.
func (l *lab) randomly(ctx context.Context, o options) ([]life, error) {
	all, err := stages(l.dir, o.elements)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if x := l.lead("random/undisturbed", all, nil); x.err != nil {
		return nil, fmt.Errorf("%d elements, undisturbed: %w", o.elements, x.err)
	}
	// In this time a command is likely to be in the midst of its work. It does not
	// follow the machine, so that a seed repeats the moments.
	span := time.Duration(o.elements) * 10 * time.Millisecond
	fmt.Fprintf(os.Stderr, "crash: %d elements, undisturbed: %s\n", o.elements, time.Since(begun).Round(time.Millisecond))

	var mu sync.Mutex
	var lives []life
	kills, seed := 0, o.seed
	next := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		seed++
		return seed - 1, kills < o.kills && ctx.Err() == nil
	}
	var wg sync.WaitGroup
	for range min(o.workers, 4) {
		wg.Go(func() {
			for seed, more := next(); more; seed, more = next() {
				x := l.lead("random/"+strconv.FormatUint(seed, 10), all, &fate{rng: rand.New(rand.NewPCG(seed, 0)), span: span})
				x.seed = seed
				mu.Lock()
				kills += x.kills
				lives = append(lives, x)
				mu.Unlock()
				tellLife(x)
			}
		})
	}
	wg.Wait()
	return lives, nil
}

func tellLife(x life) {
	fmt.Fprintf(os.Stderr, "crash: seed %d: %d kills, %d commands, %s\n", x.seed, x.kills, x.commands, x.took.Round(time.Second))
	if x.err != nil {
		fmt.Fprintf(os.Stderr, "crash: seed %d: %v\n    see %s\n", x.seed, x.err, filepath.Join(x.dir, "transcript"))
	}
}

// fate decides when commands die and what is typed next. How far a command
// comes until then is up to the machine: the seed repeats the moments, not what
// happens at them.
type fate struct {
	rng  *rand.Rand
	span time.Duration
}

// lifetime is how long a command lives, often short. Those who have died often
// may live longer, so that every story ends.
func (f *fate) lifetime(died int) time.Duration {
	u := f.rng.Float64()
	return time.Duration(u * u * float64(f.span) * (1 + float64(died)/3))
}

// lead leads a stack through all stages. Without a fate nothing disturbs, and
// what each stage leaves behind is kept in it.
func (l *lab) lead(name string, all []stage, f *fate) life {
	begun := time.Now()
	var x life
	p, cl, err := l.enter(name, "")
	if err != nil {
		x.err = err
		return x
	}
	x.dir = p.dir
	for i := range all {
		if x.err = x.pass(l, p, cl, &all[i], f); x.err != nil {
			x.err = fmt.Errorf("%s: %w", all[i].name, x.err)
			break
		}
	}
	x.err = errors.Join(x.err, cl.stop())
	if x.err == nil && !l.keep {
		x.err = os.RemoveAll(p.dir)
	}
	x.took = time.Since(begun)
	return x
}

// pass takes a stack through a stage and checks it.
func (x *life) pass(l *lab, p *program, cl *cloud, s *stage, f *fate) error {
	if f == nil {
		if err := succeed(p, s.args); err != nil {
			return err
		}
		var err error
		s.left, err = l.judge(p, cl, &prepared{chapter: s.chapter})
		return err
	}
	if err := x.struggle(p, s, f); err != nil {
		return err
	}
	left, err := l.judge(p, cl, &prepared{chapter: s.chapter})
	if err != nil {
		return err
	}
	return left.compare(s.left)
}

// struggle types commands until one lives to its end and ends well.
func (x *life) struggle(p *program, s *stage, f *fate) error {
	died, failed := 0, 0
	for failed < 4 {
		args := s.args
		if died > 0 && failed == 0 && f.rng.IntN(2) == 0 {
			args = []string{"retry", "-y", "--parallelism", "30"}
		}
		code, killed, err := p.runFor(f.lifetime(died), args...)
		if err != nil {
			return err
		}
		x.commands++
		switch {
		case killed:
			died++
			x.kills++
		case code == 0:
			return nil
		default: // such as a retry where nothing was begun
			failed++
		}
	}
	return fmt.Errorf("%d commands that nobody killed did not end well", failed)
}

// runFor carries out a command and kills it after a time.
func (p *program) runFor(lifetime time.Duration, args ...string) (code int, killed bool, err error) {
	cmd, done, err := p.command(p.url, args...)
	if err != nil {
		return 0, false, err
	}
	defer done()
	if err := cmd.Start(); err != nil {
		return 0, false, err
	}
	defer time.AfterFunc(lifetime, func() { cmd.Process.Kill() }).Stop() //nolint:errcheck // it may have ended
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, false, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		p.note("killed after %s", lifetime.Round(time.Millisecond))
		return 0, true, nil
	}
	p.note("exit %d", exit.ExitCode())
	return exit.ExitCode(), false, nil
}

// sumLives says what came of all lives.
func sumLives(lives []life, elements int, took time.Duration) string {
	kills, commands, wrong := 0, 0, 0
	var longest time.Duration
	for _, x := range lives {
		kills, commands, longest = kills+x.kills, commands+x.commands, max(longest, x.took)
		if x.err != nil {
			wrong++
		}
	}
	return fmt.Sprintf("%d kills at random moments in %d lives of a stack of %d elements, %d commands; longest life %.0f s, all %.0f s; %d wrong\n",
		kills, len(lives), elements, commands, longest.Seconds(), took.Seconds(), wrong)
}
