package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/cmd/orchestrate/internal/starter"
)

// initFormat is the version of the JSON of `init`; see schemas/init.schema.json.
const initFormat = "1.0"

func newInit(a *app) *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init [DIR] [options]",
		Short: "Start a blueprint repository",
		Long: `Writes what a repository begins with into DIR (default: the current folder): a
small blueprint that plans and applies at once, its inputs, the settings, a
README, a .gitignore that leaves the state out, and a pipeline that validates,
plans, and applies the plan. No other command needs any of it.

Nothing is written over: if one of the files is there already, all those in the
way are told and none is written. Only a .gitignore gets the lines that it lacks,
and a README stays as it is.`,
		Example: examples(
			"orchestrate init shop",
			"orchestrate init --ci gitlab",
			"orchestrate init shop --stack shop-production --ci none",
			"orchestrate -C shop plan --cloud local"),
		Args: cobra.MaximumNArgs(1),
	}
	pipelines := []string{string(starter.GitHub), string(starter.GitLab), string(starter.NoPipeline)}
	c.Flags().StringVar(&o.pipeline, "ci", pipelines[0], "write the pipeline of this `SERVICE`: "+strings.Join(pipelines, ", "))
	_ = c.RegisterFlagCompletionFunc("ci", cobra.FixedCompletions(pipelines, cobra.ShellCompDirectiveNoFileComp)) // fails for unknown options only
	c.Flags().StringVar(&o.stack, "stack", "", "`NAME` of the stack (default: after the folder)")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return command(c, func(_ context.Context, c *cobra.Command, args []string) error {
		if err := oneOf(c, "ci", o.pipeline, pipelines...); err != nil {
			return err
		}
		if pathArg(args) == "" {
			return usagef(c, "DIR is empty; give the name of a folder, or leave it out for the current one")
		}
		if !c.Flags().Changed("stack") {
			o.stack = "" // a setting names the stack of this folder, not of another one
		}
		return a.runInit(c, filepath.Clean(pathArg(args)), o)
	})
}

type initOptions struct {
	pipeline, stack string
	json            bool
}

func (a *app) runInit(c *cobra.Command, dir string, o initOptions) error {
	stack, err := newStackName(c, dir, o.stack)
	if err != nil {
		return err
	}
	files, err := starter.Files(stack, starter.Pipeline(o.pipeline))
	if err != nil {
		return err
	}
	b, err := lookAround(dir, files)
	if err != nil {
		return err
	}
	if err := b.write(); err != nil {
		return err
	}
	if o.json {
		err = a.printJSON(b.object(stack))
	} else {
		a.showBeginning(b)
	}
	a.warnOfRepository(b)
	return err
}

// noStackLetters are what a name of a folder may hold, and a name of a stack not.
var noStackLetters = regexp.MustCompile(`[^a-z0-9]+`)

// newStackName names the stack of a folder: as asked for, or after the folder as
// closely as the rule for names allows.
func newStackName(c *cobra.Command, dir, asked string) (string, error) {
	if asked != "" {
		if !stackNames.MatchString(asked) {
			return "", usagef(c, "--stack: %q is no name for a stack: 1 to 64 lower-case letters, digits and hyphens, a letter first, no hyphen last", asked)
		}
		return asked, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the current folder: %w", err)
	}
	name := strings.Trim(noStackLetters.ReplaceAllString(strings.ToLower(filepath.Base(abs)), "-"), "-")
	if !stackNames.MatchString(name) {
		return "", usagef(c, "no name for a stack can be made of that of the folder %q (lower-case letters, digits and hyphens, a letter first): name the stack with --stack NAME", filepath.Base(abs))
	}
	return name, nil
}

// The fates of the files of a new repository.
const (
	fileCreated  = "created"
	fileExtended = "extended"
	fileKept     = "kept"
)

// beginning is a repository that is about to begin in a folder.
type beginning struct {
	dir   string
	files []startedFile
}

type startedFile struct {
	starter.File
	path string // where it is to lie
	fate string
	text []byte // what it is to hold; nil: it stays as it is
}

// lookAround finds out what becomes of each file. It fails if one is in the way,
// with all of them.
func lookAround(dir string, files []starter.File) (*beginning, error) {
	b := &beginning{dir: dir}
	var inTheWay []string
	for _, f := range files {
		s := startedFile{File: f, path: filepath.Join(dir, filepath.FromSlash(f.Path)), fate: fileCreated, text: f.Text}
		_, err := os.Lstat(s.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case f.Found == starter.Kept:
			s.fate, s.text = fileKept, nil
		case f.Found == starter.Extended:
			there, err := readBounded(s.path)
			if err != nil {
				return nil, err
			}
			if s.fate, s.text = fileExtended, f.Extend(there); s.text == nil {
				s.fate = fileKept
			}
		default:
			inTheWay = append(inTheWay, s.path)
		}
		b.files = append(b.files, s)
	}
	if len(inTheWay) > 0 {
		return nil, fmt.Errorf("nothing is written, since this is there already:\n  %s\nMove it away or choose another folder. No command needs what init writes", strings.Join(inTheWay, "\n  "))
	}
	return b, nil
}

// write writes the files, those last that others have begun. If one can't be
// written, what was made before it goes again.
func (b *beginning) write() error {
	made, err := b.create()
	for _, f := range b.files {
		if err == nil && f.fate == fileExtended {
			err = replaceFile(f.path, f.text)
		}
	}
	if err != nil {
		for _, path := range made {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

// create writes the files that are not there, and returns those that it has made.
func (b *beginning) create() (made []string, err error) {
	for _, f := range b.files {
		if f.fate != fileCreated {
			continue
		}
		if err := createFile(f.path, f.text); err != nil {
			return made, err
		}
		made = append(made, f.path)
	}
	return made, nil
}

// createFile writes a file that is not there, with the folders that it lies in.
func createFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (b *beginning) object(stack string) object {
	files := []object{}
	for _, f := range b.files {
		files = append(files, object{"path": f.Path, "action": f.fate, "description": f.About})
	}
	return object{"format_version": initFormat, "folder": b.dir, "stack": stack, "files": files}
}

// showBeginning lists the files, and what comes next.
func (a *app) showBeginning(b *beginning) {
	var rows [][]string
	for _, f := range b.files {
		rows = append(rows, []string{f.Path, f.fate, f.About})
	}
	writeTable(a.out, []string{"file", "action", "what it is for"}, rows)
	there := "orchestrate "
	if dir := filepath.Join(a.opts.dir, b.dir); dir != "." {
		there += "-C " + shellQuote(dir) + " "
	}
	a.printf("\nTo try it in an emulator of the cloud, without an account:\n    %[1]splan --cloud local\n    %[1]sapply --cloud local\n", there)
}

// warnOfRepository tells of a file that counts only at the root of the git
// repository, which is further up.
func (a *app) warnOfRepository(b *beginning) {
	for _, f := range b.files {
		if root := above(b.dir); f.AtRoot && root != "" {
			a.note("Note: %s counts only at the root of the repository, which is %s. Move it there, and give its commands the folder: orchestrate -C DIR.", f.Path, root)
		}
	}
}

// above is the root of the git repository that a folder lies in; "" if it is one
// itself, or lies in none.
func above(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil && at != abs {
			return at
		} else if err == nil || at == filepath.Dir(at) {
			return ""
		}
	}
}
