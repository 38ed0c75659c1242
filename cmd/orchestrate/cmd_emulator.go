package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

func newEmulator(a *app) *cobra.Command {
	var listen, db, faults string
	var speed float64
	var settings emulator.Settings
	c := &cobra.Command{
		Use:   "emulator [--listen ADDRESS] [--db FILE] [--speed X] [--faults FILE] [--quota NAME=N]",
		Short: "Run the emulated cloud as a server",
		Long: `Serves the vendor's API until it is interrupted. The first line on standard
output is JSON: the URL to give to --cloud, and the variables that let a client in
(env). There are two tenants, so that a consortium can be rehearsed from both sides;
"projects" has the variables of each by its name: emulator (those of env) and partner.

A file of faults says what goes wrong, to rehearse it: a list of rules in YAML or
JSON, of which the first that applies to a call wins.

    - {operation: CreateNewBlockchain, times: 1, status: 429, retry_after: 2s}
    - {operation: BatchCreateChannels, skip: 1, times: 1, lose_reply: true}
    - {operation: UpdateInstance, times: 1, fail_operation: the cluster is full}
    - {service: vpc, method: GET, delay: 500ms}
    - {service: bcs, probability: 0.2, seed: 7, status: 503}

A rule picks calls by service, operation and method, lets skip of them pass, and
then strikes times of them (without times: all that follow). With a probability
it strikes that share of them, chosen by the seed: the same calls come to the
same end each time. They are refused with a status (code, message and retry_after
go with it), begin late (delay), lose their connection after the work is done
(lose_reply) or before (cut_connection), or start work that fails for a reason
(fail_operation).`,
		Example: examples("orchestrate emulator --listen 127.0.0.1:8080 --db cloud.db", "orchestrate emulator --speed 60", "orchestrate emulator --faults bad-day.yaml", "orchestrate emulator --quota instance=1 --flavor s6.large.2=sellout"),
		Args:    cobra.NoArgs,
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "`ADDRESS` to listen on; port 0 takes a free one")
	c.Flags().StringVar(&db, "db", "", "`FILE` that keeps the cloud (default: memory, lost at the end)")
	c.Flags().Float64Var(&speed, "speed", 1000, "divide the durations of the service by `X`")
	c.Flags().StringVar(&faults, "faults", "", "`FILE` of what goes wrong")
	c.Flags().StringToIntVar(&settings.Quotas, "quota", nil, "let the project have `NAME=N`: instance, hbsInstance, vpc, subnet, publicIp, server, core, ram (MB)")
	c.Flags().StringToStringVar(&settings.Flavors, "flavor", nil, "`NAME=STATUS` of a flavor: normal, sellout, abandon")
	return command(c, func(ctx context.Context, c *cobra.Command, _ []string) error {
		if !(speed > 0) {
			return usagef(c, "--speed: %v is not above 0", speed)
		}
		opts := emulator.Options{DB: db, Contracts: schemas.OpenAPI(), Speed: speed, Log: a.logger(), Settings: settings}
		if faults != "" {
			rules, err := readFaults(faults)
			if err != nil {
				return err
			}
			opts.Faults = emulator.NewScript(rules...)
		}
		return a.serveEmulator(ctx, listen, opts)
	})
}

func (a *app) serveEmulator(ctx context.Context, listen string, opts emulator.Options) error {
	cloud, err := emulator.Open(ctx, opts)
	if err != nil {
		return err
	}
	defer cloud.Close()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("open %s: %w", listen, err)
	}
	hello, err := json.Marshal(object{"url": "http://" + l.Addr().String(), "env": cloud.Env(), "projects": cloud.Projects()})
	if err != nil {
		return fmt.Errorf("encode the first line: %w", err)
	}
	a.printf("%s\n", hello)
	if err := cloud.Serve(ctx, l); err != nil {
		return err
	}
	return exitCode{code: exitInterrupted}
}
