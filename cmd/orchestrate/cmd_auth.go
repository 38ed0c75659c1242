package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// authFormat is the version of the JSON of `auth show`; see
// schemas/auth.schema.json.
const authFormat = "1.0"

func newAuth(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "auth COMMAND",
		Short:   "Credentials: which are found, and where",
		Example: examples("orchestrate auth show"),
	}
	c.AddCommand(newAuthShow(a))
	return c
}

func newAuthShow(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show [options]",
		Short: "Say where each credential came from, never its value",
		Long: `Says for each credential which variable or which key of which file it was taken
from, and which region and project are called. Keys and tokens are not shown, and
nothing is called: whether the cloud accepts them shows with the first call. Exits
7 if something is missing without which no call can be made.`,
		Example: examples("orchestrate auth show", "orchestrate auth show --cloud local", "orchestrate auth show --json | jq -r '.settings[] | [.name, .source] | @tsv'"),
		Args:    cobra.NoArgs,
	}
	a.addCloudFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, _ *cobra.Command, _ []string) error {
		cloud, err := a.openCloud(ctx)
		if err != nil {
			return err
		}
		defer cloud.close()
		return a.showAuth(cloud, asJSON)
	})
}

// authLine is one setting as auth show tells it.
type authLine struct {
	name    string
	setting huaweicloud.Setting
	shown   bool   // the value is no credential
	instead string // what is done without it
}

// cell is the value in a table.
func (l authLine) cell() string {
	if l.shown || !l.setting.IsSet() {
		return l.setting.String()
	}
	return "(hidden)"
}

// showAuth prints what was found, and fails if that lets nobody in.
func (a *app) showAuth(c *cloud, asJSON bool) error {
	lines, missing := authLines(c), c.missing()
	if asJSON {
		return errors.Join(a.printJSON(authObject(c, lines, missing)), missing)
	}
	var rows [][]string
	for _, l := range lines {
		rows = append(rows, []string{l.name, l.cell(), cmp.Or(l.setting.Source, l.instead)})
	}
	writeTable(a.out, []string{"setting", "value", "from"}, rows)
	return missing
}

// localSource is where the credentials of the local cloud are from.
const localSource = "the local cloud itself"

func authLines(c *cloud) []authLine {
	creds := c.client.Credentials()
	lines := []authLine{
		{"access_key", creds.AccessKey, false, "missing"},
		{"secret_key", creds.SecretKey, false, "missing"},
		{"security_token", creds.SecurityToken, false, "not set; temporary keys need one"},
		{"region", creds.Region, true, regionInstead(c)},
		{"project_id", creds.ProjectID, true, "not set; that of the region is looked up"},
		{"domain_id", creds.DomainID, true, "not set"},
	}
	for i := range lines {
		if c.name == "local" && lines[i].setting.IsSet() {
			lines[i].setting.Source = localSource
		}
	}
	return lines
}

func regionInstead(c *cloud) string {
	if c.needsRegion() {
		return "missing"
	}
	return "not set"
}

// needsRegion reports whether calls find neither their endpoint nor their
// project without a region.
func (c *cloud) needsRegion() bool {
	return c.endpoint == "" || !c.client.Credentials().ProjectID.IsSet()
}

// missing tells why no call can be made with what was found; nil if one can.
func (c *cloud) missing() error {
	if err := c.client.CheckCredentials(); err != nil {
		return err
	}
	if c.needsRegion() && !c.client.Credentials().Region.IsSet() {
		return &providers.Error{Kind: providers.Auth, Message: "no region is set", Advice: "Set HW_REGION_NAME, such as HW_REGION_NAME=cn-north-4."}
	}
	return nil
}

func authObject(c *cloud, lines []authLine, missing error) object {
	settings := []object{}
	for _, l := range lines {
		o := object{"name": l.name, "set": l.setting.IsSet(), "source": nil, "value": nil}
		if l.setting.IsSet() {
			o["source"] = l.setting.Source
		}
		if l.setting.IsSet() && l.shown {
			o["value"] = l.setting.Value()
		}
		settings = append(settings, o)
	}
	out := object{"format_version": authFormat, "cloud": c.name, "settings": settings, "usable": missing == nil, "problem": nil}
	if missing != nil {
		out["problem"] = missing.Error()
	}
	return out
}
