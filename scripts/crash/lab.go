//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// lab is where stories are played: one folder each, with a cloud of its own.
type lab struct {
	dir        string
	executable string
	speed      float64 // of the emulator
	audits     bool
	keep       bool // the folders of what ended right too
	chapters   map[string]*prepared
}

// prepared is a chapter that is ready to be disturbed.
type prepared struct {
	chapter
	dir              string // what it begins with: folder of the state, file of the cloud
	syncs, requests  int    // of the command when nothing disturbs it
	left             *evidence
	duration         time.Duration
	stateAtBeginning map[string][]byte
}

// enter makes the folder of a story, begins with what is in from, and starts
// its cloud.
func (l *lab) enter(name, from string) (*program, *cloud, error) {
	dir := filepath.Join(l.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	if from != "" {
		if err := errors.Join(copyDir(from, dir), copyDir(filepath.Join(from, "state"), filepath.Join(dir, "state"))); err != nil {
			return nil, nil, err
		}
	}
	c, err := startCloud(l.executable, filepath.Join(dir, "cloud.db"), l.speed)
	if err != nil {
		return nil, nil, err
	}
	return &program{path: l.executable, dir: dir, env: c.env, url: c.url, audits: l.audits}, c, nil
}

// prepare plays a chapter undisturbed, up to its command and then to its end,
// and keeps both.
func (l *lab) prepare(c chapter) (*prepared, error) {
	out := &prepared{chapter: c}
	p, cl, err := l.enter(c.name+"/setup", "")
	if err != nil {
		return nil, err
	}
	out.dir = p.dir
	for _, args := range c.setup {
		if err := succeed(p, args); err != nil {
			return nil, errors.Join(err, cl.stop())
		}
	}
	if c.broken != nil {
		dying := &prepared{chapter: chapter{args: c.broken}}
		x, err := l.throughProxy(p, dying, point{at: atChange, n: 4, when: between})
		if err == nil && !x.wasKilled() {
			err = errors.New("the command that was to die has lived")
		}
		if err != nil {
			return nil, errors.Join(err, cl.stop())
		}
	}
	if err := cl.stop(); err != nil {
		return nil, err
	}
	if err := os.Remove(p.transcript()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if out.stateAtBeginning, err = contents(p.stateDir()); err != nil {
		return nil, err
	}
	return out, l.playUndisturbed(out)
}

func succeed(p *program, args []string) error {
	code, err := p.run(args...)
	if err == nil && code != 0 {
		err = fmt.Errorf("orchestrate %s exits %d, see %s", strings.Join(args, " "), code, p.transcript())
	}
	return err
}

// playUndisturbed counts what a command can be killed at, and keeps what it
// leaves behind.
func (l *lab) playUndisturbed(c *prepared) error {
	p, cl, err := l.enter(c.name+"/undisturbed", c.dir)
	if err != nil {
		return err
	}
	defer cl.stop() //nolint:errcheck // nothing is asked of it any more
	begun := time.Now()
	x, err := l.throughProxy(p, c, point{})
	if err != nil {
		return err
	}
	c.requests, c.duration = x.requests, time.Since(begun)
	if c.left, err = l.judge(p, cl, c); err != nil {
		return err
	}
	return l.countSyncs(c)
}

func (l *lab) countSyncs(c *prepared) error {
	p, cl, err := l.enter(c.name+"/counted", c.dir)
	if err != nil {
		return err
	}
	defer cl.stop() //nolint:errcheck // nothing is asked of it any more
	t, err := l.underTrace(p, c, point{})
	if err != nil {
		return err
	}
	c.syncs = t.syncs
	return nil
}

// throughProxy runs the command of a chapter by way of a proxy.
func (l *lab) throughProxy(p *program, c *prepared, at point) (*proxy, error) {
	x, done, err := l.proxied(p, c, at)
	if err != nil {
		return nil, err
	}
	defer done()
	defer deadline(x.cmd).Stop()
	return x, x.run()
}

// proxied prepares the command of a chapter with a proxy before its cloud.
func (l *lab) proxied(p *program, c *prepared, at point) (*proxy, func(), error) {
	cmd, done, err := p.command("", c.args...)
	if err != nil {
		return nil, nil, err
	}
	x, err := newProxy(p.url, cmd, at)
	if err != nil {
		done()
		return nil, nil, err
	}
	cmd.Env = append(cmd.Env, "ORCHESTRATE_CLOUD="+x.url)
	return x, func() { x.close(); done() }, nil
}

// throughBoth runs it by way of a proxy, and keeps what it has synced.
func (l *lab) throughBoth(p *program, c *prepared, at point) (*proxy, *tracer, error) {
	x, done, err := l.proxied(p, c, at)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	t, err := trace(x.cmd, p.stateDir(), at, x.hold())
	return x, t, err
}

func (l *lab) underTrace(p *program, c *prepared, at point) (*tracer, error) {
	cmd, done, err := p.command(p.url, c.args...)
	if err != nil {
		return nil, err
	}
	defer done()
	return trace(cmd, p.stateDir(), at, func() {})
}

// deadline kills a command that hangs.
func deadline(cmd *exec.Cmd) *time.Timer {
	return time.AfterFunc(patience, func() {
		if cmd.Process != nil {
			cmd.Process.Kill() //nolint:errcheck // it may have ended
		}
	})
}

// judge checks what a story has left behind.
func (l *lab) judge(p *program, cl *cloud, c *prepared) (*evidence, error) {
	if err := settled(p, c.plan); err != nil {
		return nil, err
	}
	return inspect(p, cl, c.plan == nil)
}

// outcome is what came of one point.
type outcome struct {
	point    point
	killed   bool // false: the command ended before the point came
	commands int  // that it took afterwards
	took     time.Duration
	err      error
	dir      string
}

// play kills the command of a chapter at a point, goes on, and checks.
func (l *lab) play(at point) outcome {
	begun := time.Now()
	o := outcome{point: at}
	p, cl, err := l.enter(at.String(), l.chapters[at.chapter].dir)
	if err != nil {
		o.err = err
		return o
	}
	o.dir = p.dir
	o.err = o.story(l, p, cl)
	o.err = errors.Join(o.err, cl.stop())
	if o.err == nil && !l.keep {
		o.err = os.RemoveAll(p.dir)
	}
	o.took = time.Since(begun)
	return o
}

func (o *outcome) story(l *lab, p *program, cl *cloud) error {
	c := l.chapters[o.point.chapter]
	var err error
	if o.killed, err = l.disturb(p, c, o.point); err != nil {
		return err
	}
	p.note("killed: %v", o.killed)
	if o.killed {
		if o.commands, err = goOn(p, c.again(o.point.n%2 == 1)); err != nil {
			return err
		}
	}
	left, err := l.judge(p, cl, c)
	if err != nil {
		return err
	}
	return left.compare(c.left)
}

func (l *lab) disturb(p *program, c *prepared, at point) (killed bool, err error) {
	if at.at == atRequest && at.when != powerLoss {
		x, err := l.throughProxy(p, c, at)
		return x != nil && x.wasKilled(), err
	}
	var t *tracer
	if at.at == atRequest {
		var x *proxy
		if x, t, err = l.throughBoth(p, c, at); err == nil {
			killed = x.wasKilled()
		}
	} else if t, err = l.underTrace(p, c, at); err == nil {
		killed = t.killed
	}
	if err == nil && killed && at.when == powerLoss {
		err = t.losePower(c.stateAtBeginning)
	}
	return killed, err
}

// goOn runs commands until one ends well, and counts them.
func goOn(p *program, commands [][]string) (int, error) {
	for i, args := range commands {
		code, err := p.run(args...)
		if err != nil {
			return i + 1, err
		}
		if code == 0 {
			return i + 1, nil
		}
	}
	return len(commands), fmt.Errorf("%d commands were not enough to go on", len(commands))
}
