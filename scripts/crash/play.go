//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

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

// disturb runs the command of a chapter and kills it at a point. A command that
// ends before has to end well.
func (l *lab) disturb(p *program, c *prepared, at point) (killed bool, err error) {
	switch {
	case at.at == atRequest && at.when == powerLoss:
		x, t, err := l.throughBoth(p, c, at)
		if err != nil || !x.wasKilled() {
			return false, err
		}
		return true, t.losePower(c.stateAtBeginning)
	case at.at == atRequest:
		x, err := l.throughProxy(p, c, at)
		return err == nil && x.wasKilled(), err
	}
	t, err := l.underTrace(p, c, at)
	if err == nil && t.killed && at.when == powerLoss {
		err = t.losePower(c.stateAtBeginning)
	}
	return err == nil && t.killed, err
}

// goOn runs commands until one ends well, and counts them. The only one that may
// not end well is a retry that finds nothing to do.
func goOn(p *program, commands [][]string) (int, error) {
	for i, args := range commands {
		code, said, err := p.told(args...)
		switch {
		case err != nil:
			return i + 1, err
		case code == 0:
			return i + 1, nil
		case i == len(commands)-1 || !slices.ContainsFunc(idle, func(s string) bool { return strings.Contains(said, s) }):
			return i + 1, fmt.Errorf("to go on, %s exits %d", args[0], code)
		}
	}
	return 0, errors.New("there is no command to go on with")
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
