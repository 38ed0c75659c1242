package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// settingsFile lies in the current folder and is never required.
const settingsFile = "orchestrate.yaml"

// settings are the options that may also be set in the environment and in the
// settings file, under the same name there (cloud:) and as ORCHESTRATE_CLOUD
// here. Options that decide about a single command (--auto-approve, --replace)
// are not among them on purpose.
var settings = []string{"cloud", "emulator-speed", "log", "on-failure", "parallelism", "patience", "stack", "state", "strict-aos", "timeout"}

// variable is the environment variable of a setting.
func variable(setting string) string {
	return "ORCHESTRATE_" + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// applySettings sets each option of the command that the command line does not
// set from the environment, else from the settings file. The file is checked
// whole, whatever the command uses of it.
func (a *app) applySettings(c *cobra.Command) error {
	file, err := readSettings()
	if err != nil {
		return err
	}
	for _, name := range settings {
		flag := c.Flags().Lookup(name)
		if flag == nil || flag.Changed {
			continue
		}
		if value := a.getenv(variable(name)); value != "" {
			if err := flag.Value.Set(value); err != nil {
				return usagef(c, "%s: the setting is %s, and this is %q", variable(name), settingKind(flag.Value.Type()), value)
			}
			continue
		}
		entry, ok := file.values[name]
		if !ok {
			continue
		}
		if err := flag.Value.Set(entry.text); err != nil {
			bad := diag.New("DSL109", entry.at, "The setting %q is %s, and this is %q.", name, settingKind(flag.Value.Type()), entry.text)
			return &invalid{diags: diag.List{bad}, sources: file.sources}
		}
	}
	return nil
}

// settingKind says what a setting takes, by the type of its option.
func settingKind(typ string) string {
	switch typ {
	case "int":
		return "a whole number"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "duration":
		return "a duration such as 60m"
	}
	return "a text"
}

// settingsText is the settings file as it was read.
type settingsText struct {
	values  map[string]settingEntry
	sources map[string][]byte
}

type settingEntry struct {
	text string
	at   diag.Range
}

func readSettings() (settingsText, error) {
	src, err := os.ReadFile(settingsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return settingsText{}, nil
	}
	if err != nil {
		return settingsText{}, fmt.Errorf("read settings: %w", err)
	}
	out := settingsText{values: map[string]settingEntry{}, sources: map[string][]byte{settingsFile: src}}
	root, diags := dsl.ParseData(settingsFile, src)
	out.sources = map[string][]byte{settingsFile: src}
	switch {
	case root == nil || root.Kind == dsl.Null:
	case root.Kind != dsl.Map:
		diags.Add("DSL109", root.Range, "The file is a map from settings to values.")
	default:
		for i := range root.Entries {
			out.add(&root.Entries[i], &diags)
		}
	}
	if diags.HasErrors() {
		return out, &invalid{diags: diags.Sorted(), sources: out.sources}
	}
	return out, nil
}

func (t *settingsText) add(e *dsl.Entry, diags *diag.List) {
	name := e.Key.Text
	switch {
	case !slices.Contains(settings, name):
		diags.Add("DSL107", e.Key.Range, "%q is no setting.%s The settings are %s.", name, didYouMean(name), strings.Join(settings, ", "))
	case e.Value.Scalar == nil:
		diags.Add("DSL109", e.Value.Range, "The setting %q takes a single value.", name)
	default:
		t.values[name] = settingEntry{fmt.Sprint(e.Value.Scalar), e.Value.Range}
	}
}

func didYouMean(name string) string {
	if s := diag.Closest(name, settings); s != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	return ""
}
