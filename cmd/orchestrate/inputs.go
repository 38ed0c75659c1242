package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// inputsFile is read first when it lies beside the blueprint.
const inputsFile = "inputs.yaml"

const inputVariable = "ORCHESTRATE_INPUT_"

// resolveInputs gathers the values of inputs, later sources winning:
// inputs.yaml beside the blueprint, ORCHESTRATE_INPUT_*, --inputs, --input-file,
// --input. What the values were read from joins the sources of the blueprint,
// so that problems can show it.
func (a *app) resolveInputs(c *cobra.Command, s *source, stack string) (map[string]intrinsic.Value, diag.List, error) {
	g := gathering{source: s}
	err := g.beside()
	a.inputsOfEnvironment(&g)
	for _, file := range a.opts.inputFiles {
		if err == nil {
			err = g.file(file)
		}
	}
	if err == nil {
		err = g.inputTexts(c, a.opts.inputTexts)
	}
	if err == nil {
		err = g.options(c, a.opts.inputs)
	}
	if err != nil {
		return nil, nil, err
	}
	resolved, found := intrinsic.ResolveInputs(s.blueprint, g.given, a.pseudoInputs(stack))
	return resolved, append(g.diags, found...), nil
}

// gathering collects the values that are given for the inputs of a blueprint.
type gathering struct {
	source *source
	given  []dsl.Given
	diags  diag.List
}

// beside reads the inputs file of the package, if it has one.
func (g *gathering) beside() error {
	if g.source.files == nil {
		return nil
	}
	text, err := fs.ReadFile(g.source.files, inputsFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return exitCode{exitInvalid, fmt.Errorf("read inputs: %w", err)}
	}
	g.values(g.source.shown(inputsFile), text)
	return nil
}

// file reads a file of inputs. Pipes will do, so that a decrypted file need not
// touch the disk.
func (g *gathering) file(file string) error {
	text, err := readUpTo(file, maxInputsBytes)
	if err != nil {
		return exitCode{exitInvalid, fmt.Errorf("read inputs: %w", err)}
	}
	g.values(file, text)
	return nil
}

// values takes the values of an inputs file. Where it is not even YAML, it
// can't be told which lines hold secrets, so none is shown if some input is one.
func (g *gathering) values(file string, text []byte) {
	g.source.texts[file] = text
	given, diags := dsl.ParseInputs(file, text)
	if g.declares(func(i *dsl.Input) bool { return i.Sensitive() }) {
		for i := range diags {
			diags[i].Concealed = true
		}
	}
	g.given, g.diags = append(g.given, given...), append(g.diags, diags...)
}

func (g *gathering) declares(what func(*dsl.Input) bool) bool {
	return slices.ContainsFunc(g.source.blueprint.Inputs, what)
}

const (
	maxInputsBytes = 64 << 20
	maxValueBytes  = 1 << 20 // of an input that is read from a file
)

// readUpTo reads a file or a pipe of bounded length.
func readUpTo(file string, most int) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(text) > most {
		err = &fs.PathError{Op: "read", Path: file, Err: fmt.Errorf("it has more than %d bytes", most)}
	}
	return text, err
}

// inputTexts reads each value of NAME=PATH options from its file.
func (g *gathering) inputTexts(c *cobra.Command, options []string) error {
	for i, kv := range options {
		name, file, ok := strings.Cut(kv, "=")
		if !ok || name == "" || file == "" {
			return usagef(c, "--input-file takes NAME=PATH, and this is %q", kv)
		}
		text, err := readUpTo(file, maxValueBytes)
		if err != nil {
			return exitCode{exitInvalid, fmt.Errorf("read input %s: %w", name, err)}
		}
		value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
		if !utf8.ValidString(value) {
			return exitCode{exitInvalid, fmt.Errorf("read input %s: %s is not UTF-8 text", name, file)}
		}
		g.option("--input-file", i, name, file, value)
	}
	return nil
}

// options takes the values of NAME=VALUE options.
func (g *gathering) options(c *cobra.Command, options []string) error {
	for i, kv := range options {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || name == "" {
			return usagef(c, "--input takes NAME=VALUE, and this has no %q", "=")
		}
		shown := value
		if !g.declares(func(i *dsl.Input) bool { return i.Name.Text == name && !i.Sensitive() }) {
			shown = "..." // a secret, or perhaps one whose name is misspelt
		}
		g.option("--input", i, name, shown, value)
	}
	return nil
}

// option takes the value of the option that is the i-th of its kind. Its text
// becomes a line of a source that has the option's name, so that problems point
// into the command line as they do into files. shown stands after the name.
func (g *gathering) option(flag string, i int, name, shown, value string) {
	line := oneLine(name + "=" + shown)
	g.source.texts[flag] = append(append(g.source.texts[flag], line...), '\n')
	from := utf8.RuneCountInString(name) + 2
	whole := diag.Range{File: flag, Start: diag.Pos{Line: i + 1, Column: 1}, End: diag.Pos{Line: i + 1, Column: utf8.RuneCountInString(line) + 1}}
	at := whole
	at.Start.Column = from
	g.given = append(g.given, dsl.Given{Name: name, Value: value, IsText: true, Source: flag, Range: at, Whole: whole})
}

func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "?"))
}

// inputsOfEnvironment finds variables of declared inputs. Shells allow no
// hyphen in a name, so an underscore stands for one. Variables of other inputs
// are left alone: they may be meant for another blueprint.
func (a *app) inputsOfEnvironment(g *gathering) {
	var names []string
	byName := map[string]dsl.Given{}
	for _, i := range g.source.blueprint.Inputs {
		for _, name := range []string{inputVariable + strings.ReplaceAll(i.Name.Text, "-", "_"), inputVariable + i.Name.Text} {
			v, ok := a.env[name]
			if !ok {
				continue
			}
			file := diag.Variable(name)
			if !i.Sensitive() {
				g.source.texts[file] = []byte(oneLine(v))
			}
			at := diag.Range{File: file, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: utf8.RuneCountInString(v) + 1}}
			names = append(names, i.Name.Text)
			byName[i.Name.Text] = dsl.Given{Name: i.Name.Text, Value: v, IsText: true, Source: name, Range: at}
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		g.given = append(g.given, byName[name])
	}
}

// pseudoInputs are those that every blueprint may use without declaring them,
// by name without the dialect's prefix (blueprint language, section 7.1).
func (a *app) pseudoInputs(stack string) map[string]intrinsic.Value {
	env := a.getenv
	if a.opts.cloud == "local" {
		env = localEnvironment
	}
	first := func(names ...string) intrinsic.Value {
		for _, n := range names {
			if v := env(n); v != "" {
				return intrinsic.Of(v)
			}
		}
		return intrinsic.Of("")
	}
	return map[string]intrinsic.Value{
		"StackName":  intrinsic.Of(stack),
		"ProjectId":  first("HW_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"),
		"DomainId":   first("HW_DOMAIN_ID", "HUAWEICLOUD_SDK_DOMAIN_ID"),
		"Region":     first("HW_REGION_NAME", "HUAWEICLOUD_SDK_REGION"),
		"UserId":     first("HW_USER_ID"),
		"PeriodType": intrinsic.Of("month"),
		"PeriodNum":  intrinsic.Of(1),
	}
}
