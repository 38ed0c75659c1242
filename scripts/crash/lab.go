//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	if err := errors.Join(l.begin(p, cl, c), cl.stop()); err != nil {
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

// begin leads to where a chapter begins.
func (l *lab) begin(p *program, cl *cloud, c chapter) error {
	for _, args := range c.setup {
		if err := succeed(p, args); err != nil {
			return err
		}
	}
	if c.broken != nil {
		x, err := l.throughProxy(p, &prepared{chapter: chapter{args: c.broken}}, point{at: atChange, n: 4, when: between})
		if err == nil && !x.wasKilled() {
			err = errors.New("the command that was to die has lived")
		}
		if err != nil {
			return err
		}
	}
	if c.offers != "" {
		return cl.set(c.offers)
	}
	return nil
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
	x, err := l.throughProxy(p, c, point{})
	if err != nil {
		return err
	}
	c.requests = x.requests
	if c.left, err = l.judge(p, cl, c); err != nil || !canTrace {
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

// judge checks what a story has left behind.
func (l *lab) judge(p *program, cl *cloud, c *prepared) (*evidence, error) {
	if err := settled(p, c.plan); err != nil {
		return nil, err
	}
	return inspect(p, cl, c.plan == nil)
}
