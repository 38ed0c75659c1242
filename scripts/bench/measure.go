//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// usage is what one process took.
type usage struct {
	wall time.Duration
	cpu  time.Duration // of all threads, in user and kernel mode
	peak int64         // bytes of memory it had at most
}

// better returns the run that other work on the machine disturbed least.
func (u usage) better(v usage) usage {
	if v.wall < u.wall {
		return v
	}
	return u
}

// measure runs a command in a folder. Its output goes to a file, as it would to
// a pipe of a pipeline; if it fails, the end of it is in the error.
func measure(ctx context.Context, dir string, argv ...string) (usage, error) {
	out, err := os.CreateTemp(dir, "output-")
	if err != nil {
		return usage{}, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = dir, out, out, environment(os.Environ())
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name()) // the error is told with or without it
		return usage{}, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, lastLines(text, 20))
	}
	return usage{
		wall: time.Since(begin),
		cpu:  cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		peak: peakBytes(cmd.ProcessState),
	}, nil
}

// peakBytes is the most memory of a process that has ended. Linux counts in what
// this process had when it started the other, which is why this one holds
// nothing large.
func peakBytes(p *os.ProcessState) int64 {
	r, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(r.Maxrss) // the only one that tells it in bytes
	}
	return int64(r.Maxrss) << 10
}

// environment leaves out what would change what the commands do.
func environment(all []string) []string {
	var out []string
	for _, kv := range all {
		switch name, _, _ := strings.Cut(kv, "="); {
		case strings.HasPrefix(name, "ORCHESTRATE_"), strings.HasPrefix(name, "TF_"), strings.HasPrefix(name, "GO") && name != "GOMAXPROCS":
		default:
			out = append(out, kv)
		}
	}
	return out
}

// lastLines returns the last n lines of a text.
func lastLines(text []byte, n int) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-n):], nil)
}
