package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is set by the linker when a release is built.
var release string

// version is the release, else what the Go tool recorded about the build.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "0.0.0-dev"
	}
	return info.Main.Version
}

func newVersion(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "version [--json]",
		Short:   "Print the version",
		Example: examples("orchestrate version", "orchestrate version --json"),
		Args:    cobra.NoArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(context.Context, *cobra.Command, []string) error {
		platform := runtime.GOOS + "_" + runtime.GOARCH
		if asJSON {
			return a.printJSON(object{"orchestrate_version": version(), "platform": platform, "go_version": runtime.Version()})
		}
		a.printf("orchestrate %s\non %s\n", version(), platform)
		return nil
	})
}
