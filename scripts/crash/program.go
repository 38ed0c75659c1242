//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// patience is how long any command may take: what takes longer hangs.
const patience = 3 * time.Minute

// program is orchestrate in a folder of its own: the state lies in it, and all
// that its commands wrote.
type program struct {
	path   string // of the executable
	dir    string
	env    []string // credentials of the cloud
	url    string   // of the cloud
	audits bool     // it has the command audit
}

// stateDir is where the state lies, and nothing else.
func (p *program) stateDir() string { return filepath.Join(p.dir, "state") }

// transcript is the file that all commands write to.
func (p *program) transcript() string { return filepath.Join(p.dir, "transcript") }

// command prepares a command against the cloud at a URL. What it writes goes to
// the transcript, from which it can be read when something is wrong.
func (p *program) command(url string, args ...string) (*exec.Cmd, func(), error) {
	if err := os.MkdirAll(p.stateDir(), 0o700); err != nil {
		return nil, nil, err
	}
	out, err := os.OpenFile(p.transcript(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(out, "\n$ orchestrate %s\n", strings.Join(args, " "))
	cmd := exec.Command(p.path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, out, out
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "CI=true", "GORACE=atexit_sleep_ms=10",
		"ORCHESTRATE_STATE=sqlite:" + filepath.Join(p.stateDir(), "state.db"), "ORCHESTRATE_STACK=" + stack, "ORCHESTRATE_CLOUD=" + url,
	}, p.env...)
	return cmd, func() { out.Close() }, nil
}

// stack is the name of the one stack.
const stack = "net"

// run carries out a command undisturbed and returns its exit code.
func (p *program) run(args ...string) (int, error) {
	cmd, done, err := p.command(p.url, args...)
	if err != nil {
		return 0, err
	}
	defer done()
	return p.finish(cmd, args)
}

// told carries out a command, and returns its exit code and all that it wrote.
func (p *program) told(args ...string) (int, string, error) {
	before, err := os.Stat(p.transcript())
	if err != nil {
		return 0, "", err
	}
	code, err := p.run(args...)
	if err != nil {
		return code, "", err
	}
	text, err := os.ReadFile(p.transcript())
	return code, string(text[min(before.Size(), int64(len(text))):]), err
}

// output carries out a command and returns what it wrote to standard output.
func (p *program) output(args ...string) ([]byte, int, error) {
	cmd, done, err := p.command(p.url, args...)
	if err != nil {
		return nil, 0, err
	}
	defer done()
	var text strings.Builder
	cmd.Stdout = &text
	code, err := p.finish(cmd, args)
	return []byte(text.String()), code, err
}

// finish waits for a command. Exit codes are no errors here.
func (p *program) finish(cmd *exec.Cmd, args []string) (int, error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	late := time.AfterFunc(patience, func() { cmd.Process.Kill() }) //nolint:errcheck // it may have ended
	err := cmd.Wait()
	if !late.Stop() {
		return 0, fmt.Errorf("%s takes more than %s", args[0], patience)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		p.note("exit %d", exit.ExitCode())
		return exit.ExitCode(), nil
	}
	return 0, err
}

// note adds a line to the transcript.
func (p *program) note(format string, args ...any) {
	out, err := os.OpenFile(p.transcript(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return // it only helps to understand a failure
	}
	defer out.Close()
	fmt.Fprintf(out, "# "+format+"\n", args...)
}

// build makes the executable.
func build(ctx context.Context, root, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, "./cmd/orchestrate")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build orchestrate (run this in the root of the repository): %w", err)
	}
	return nil
}

// copyDir copies the files of a folder, and no folders in it, to another one.
func copyDir(from, to string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// contents reads the files of a folder, by name.
func contents(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if out[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return out, nil
}
