package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// inputsFile is read first when it lies beside the blueprint.
const inputsFile = "inputs.yaml"

const inputVariable = "ORCHESTRATE_INPUT_"

// resolveInputs gathers the values of inputs, later sources winning:
// inputs.yaml beside the blueprint, ORCHESTRATE_INPUT_*, --inputs, --input.
// Files add their text to the sources of the blueprint.
func (a *app) resolveInputs(c *cobra.Command, s *source, stack string) (map[string]intrinsic.Value, diag.List, error) {
	given, diags, err := s.inputsBeside()
	if err != nil {
		return nil, nil, err
	}
	given = append(given, a.inputsOfEnvironment(s.blueprint)...)
	for _, file := range a.opts.inputFiles {
		more, found, err := s.inputsOf(file)
		if err != nil {
			return nil, nil, err
		}
		given, diags = append(given, more...), append(diags, found...)
	}
	for _, kv := range a.opts.inputs {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || name == "" {
			return nil, nil, usagef(c, "--input takes NAME=VALUE, and this has no %q", "=")
		}
		given = append(given, dsl.Given{Name: name, Value: value, IsText: true, Source: "--input"})
	}
	resolved, found := intrinsic.ResolveInputs(s.blueprint, given, a.pseudoInputs(stack))
	return resolved, append(diags, found...), nil
}

func (s *source) inputsBeside() ([]dsl.Given, diag.List, error) {
	given, diags, err := s.inputsOf(filepath.Join(s.dir, inputsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	return given, diags, err
}

func (s *source) inputsOf(file string) ([]dsl.Given, diag.List, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, exitCode{exitInvalid, fmt.Errorf("read inputs: %w", err)}
	}
	s.texts[file] = text
	given, diags := dsl.ParseInputs(file, text)
	return given, diags, nil
}

// inputsOfEnvironment finds variables of declared inputs. Shells allow no
// hyphen in a name, so an underscore stands for one. Variables of other inputs
// are left alone: they may be meant for another blueprint.
func (a *app) inputsOfEnvironment(bp *dsl.Blueprint) []dsl.Given {
	var out []dsl.Given
	for _, i := range bp.Inputs {
		for _, name := range []string{inputVariable + strings.ReplaceAll(i.Name.Text, "-", "_"), inputVariable + i.Name.Text} {
			if v, ok := a.env[name]; ok {
				out = append(out, dsl.Given{Name: i.Name.Text, Value: v, IsText: true, Source: name})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
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
		"NoValue":    intrinsic.Of(""),
		"PeriodType": intrinsic.Of("month"),
		"PeriodNum":  intrinsic.Of(1),
	}
}
