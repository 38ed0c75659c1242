package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestNormalise(t *testing.T) {
	root := newRoot(newApp(process{}))
	for name, c := range map[string]struct{ args, want []string }{
		"one dash":        {[]string{"plan", "-out", "f", "-json"}, []string{"plan", "--out", "f", "--json"}},
		"joined":          {[]string{"plan", "-out=f", "-refresh=false"}, []string{"plan", "--out=f", "--refresh=false"}},
		"two dashes":      {[]string{"plan", "--out", "f"}, []string{"plan", "--out", "f"}},
		"short":           {[]string{"apply", "-y", "-C", "d", "-h"}, []string{"apply", "-y", "-C", "d", "-h"}},
		"value":           {[]string{"plan", "--input", "-k=v", "-stack", "-s"}, []string{"plan", "--input", "-k=v", "--stack", "-s"}},
		"after two":       {[]string{"plan", "--", "-json"}, []string{"plan", "--", "-json"}},
		"a lone dash":     {[]string{"plan", "-"}, []string{"plan", "-"}},
		"value at an end": {[]string{"plan", "-out"}, []string{"plan", "--out"}},
		"completion":      {[]string{"__complete", "plan", "-o"}, []string{"__complete", "plan", "-o"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, normalise(c.args, valueFlags(root))); d != "" {
				t.Error(d)
			}
		})
	}
}

// A name must mean the same everywhere, or normalise could not know whether a
// value follows it.
func TestOptionsOfOneNameAreOfOneKind(t *testing.T) {
	kinds := map[string]string{}
	eachCommand(newRoot(newApp(process{})), func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if was, ok := kinds[f.Name]; ok && was != f.Value.Type() {
				t.Errorf("--%s is %s and %s", f.Name, was, f.Value.Type())
			}
			kinds[f.Name] = f.Value.Type()
		})
	})
	for _, s := range settings {
		if kinds[s] == "" {
			t.Errorf("no command has an option for the setting %q", s)
		}
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	eachCommand(newRoot(newApp(process{})), func(c *cobra.Command) {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s has no short text or no example", c.CommandPath())
		}
	})
}
