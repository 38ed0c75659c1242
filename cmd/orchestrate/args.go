package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// normalise lets long options take one dash or two, as OpenTofu's do: -out
// becomes --out. One-letter options stay what they are (they have no
// clusters), and so do "-", everything after "--", and the value that follows
// an option. takesValue tells which options have one.
func normalise(args []string, takesValue map[string]bool) []string {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return args
	}
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		name, _, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") || name == "" {
			out = append(out, arg)
			continue
		}
		if len(name) > 1 && !strings.HasPrefix(arg, "--") {
			arg = "-" + arg
		}
		out = append(out, arg)
		if takesValue[name] && !joined && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out
}

// valueFlags names the options, of whatever command, that take a value. A name
// means the same in all commands; a test holds them to it.
func valueFlags(root *cobra.Command) map[string]bool {
	out := map[string]bool{}
	add := func(f *pflag.Flag) {
		if f.NoOptDefVal == "" {
			out[f.Name] = true
			if f.Shorthand != "" {
				out[f.Shorthand] = true
			}
		}
	}
	eachCommand(root, func(c *cobra.Command) {
		c.LocalFlags().VisitAll(add)
		c.PersistentFlags().VisitAll(add)
	})
	return out
}

// eachCommand visits a command and all below it.
func eachCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		eachCommand(sub, visit)
	}
}
