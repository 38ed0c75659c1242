package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/providers/bcs"
)

// lookQuery is what is asked about a subject: the values of its options.
type lookQuery struct {
	service  string
	instance string // ID or name
	node     string
	at       *instanceRef // what instance and node come to; nil: all instances

	organization  string
	channel       string
	id            string
	status        string
	name          string
	limit         int
	since         string
	until         string
	now           time.Time
	from, to      time.Time // what since and until come to; zero: not given
	search        string
	open, past    bool
	step          time.Duration
	metrics       []string
	plugin        string
	pod           string
	edition       string
	organizations int
	months, years int
	height        int64
	block         int64
	minutes       bool
	report        string
	language      string
}

// lookOption adds an option to the command of a subject.
type lookOption func(c *cobra.Command, q *lookQuery)

func serviceOption(c *cobra.Command, q *lookQuery) {
	c.Flags().StringVar(&q.service, "service", "", "look at one `SERVICE` only: bcs, hbs")
	completeWith(c, "service", serviceBCS, serviceHBS)
}

// instanceOption is for subjects that belong to an instance.
func instanceOption(c *cobra.Command, q *lookQuery) {
	c.Flags().StringVar(&q.instance, "instance", "", "only of this instance, by its `ID` or its name")
	c.Flags().StringVar(&q.node, "node", "", "only of the instance that this `NODE` of the stack is, or belongs to")
	c.MarkFlagsMutuallyExclusive("instance", "node")
}

func organizationOption(c *cobra.Command, q *lookQuery) {
	c.Flags().StringVar(&q.organization, "organization", "", "only the organization of this `NAME`")
}

func channelOption(c *cobra.Command, q *lookQuery) {
	c.Flags().StringVar(&q.channel, "channel", "", "only of the channel of this `NAME`")
}

func idOption(what string) lookOption {
	return func(c *cobra.Command, q *lookQuery) {
		c.Flags().StringVar(&q.id, "id", "", "only "+what+" with this `ID`")
	}
}

func nameOption(what string) lookOption {
	return func(c *cobra.Command, q *lookQuery) {
		c.Flags().StringVar(&q.name, "name", "", "only "+what+" of this `NAME`")
	}
}

func statusOption(c *cobra.Command, q *lookQuery) {
	c.Flags().StringVar(&q.status, "status", "", "only those with this `STATUS`, such as failed")
}

func sinceOption(byDefault string) lookOption {
	return func(c *cobra.Command, q *lookQuery) {
		c.Flags().StringVar(&q.since, "since", byDefault, "only what is younger: a `TIME` such as 2026-11-22T08:00:00Z, or how long ago, such as 2h or 7d")
	}
}

func untilOption(c *cobra.Command, q *lookQuery) {
	c.Flags().StringVar(&q.until, "until", "", "only what is older: a `TIME`, or how long ago")
}

// limitOption is for what may be endless.
func limitOption(byDefault int) lookOption {
	return func(c *cobra.Command, q *lookQuery) {
		c.Flags().IntVar(&q.limit, "limit", byDefault, "at most `N`, the newest; 0 means all")
	}
}

func eventOptions(c *cobra.Command, q *lookQuery) {
	c.Flags().BoolVar(&q.open, "open", false, "only alarms that are open")
	c.Flags().BoolVar(&q.past, "past", false, "only alarms that are over")
	c.Flags().StringVar(&q.search, "search", "", "only those that mention this `TEXT`")
	c.MarkFlagsMutuallyExclusive("open", "past")
}

func stepOption(c *cobra.Command, q *lookQuery) {
	c.Flags().DurationVar(&q.step, "step", 0, "count by steps of this `DURATION`, such as 1h (default: what fits the time)")
}

func metricOptions(c *cobra.Command, q *lookQuery) {
	organizationOption(c, q)
	c.Flags().StringVar(&q.plugin, "plugin", "", "only of the plugin of this `NAME`")
	c.Flags().StringVar(&q.pod, "pod", "", "only of the node of the organization or the plugin whose pod has this `NAME`")
	c.Flags().StringSliceVar(&q.metrics, "metric", nil, "`NAME` of a metric of the instance, such as cpuUsage; repeatable")
	c.MarkFlagsMutuallyExclusive("organization", "plugin")
}

// editions are those of HBS.
var editions = []string{"Professional", "Enterprise", "Platinum"}

func priceOptions(c *cobra.Command, q *lookQuery) {
	c.Flags().StringVar(&q.edition, "edition", "", "only of this `EDITION`: "+strings.Join(editions, ", "))
	c.Flags().IntVar(&q.organizations, "organizations", 1, "of `N` organizations")
	c.Flags().IntVar(&q.months, "months", 1, "for `N` months")
	c.Flags().IntVar(&q.years, "years", 0, "for `N` years")
	c.MarkFlagsMutuallyExclusive("months", "years")
	completeWith(c, "edition", editions...)
}

func heightOption(c *cobra.Command, q *lookQuery) {
	heightFlag(c, &q.height, "height", "only the block of this `HEIGHT`")
}

func blockOption(c *cobra.Command, q *lookQuery) {
	heightFlag(c, &q.block, "block", "only of the block of this `HEIGHT`")
}

// heightFlag adds an option that is below 0 unless it is given, which no help tells.
func heightFlag(c *cobra.Command, value *int64, name, usage string) {
	c.Flags().Int64Var(value, name, -1, usage)
	c.Flags().Lookup(name).DefValue = "0"
}

func minutesOption(c *cobra.Command, q *lookQuery) {
	c.Flags().BoolVar(&q.minutes, "minutes", false, "by five minutes instead of by the hour")
}

func reportOptions(c *cobra.Command, q *lookQuery) {
	c.Flags().StringVar(&q.report, "report", "", "with --name: write what the scan of the contract has found to this `FILE`, a zip archive")
	c.Flags().StringVar(&q.language, "language", "en-us", "`LANGUAGE` of the report: en-us, zh-cn")
	completeWith(c, "language", "en-us", "zh-cn")
}

// completeWith lets a shell complete an option.
func completeWith(c *cobra.Command, option string, values ...string) {
	_ = c.RegisterFlagCompletionFunc(option, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // fails for unknown options only
}

// check refuses values that no service can make sense of, and works out times.
func (q *lookQuery) check(c *cobra.Command, now time.Time) (err error) {
	if q.service != "" {
		if err := oneOf(c, "service", q.service, serviceBCS, serviceHBS); err != nil {
			return err
		}
	}
	if q.edition != "" {
		if err := oneOf(c, "edition", q.edition, editions...); err != nil {
			return err
		}
	}
	if err := oneOf(c, "language", cmp.Or(q.language, "en-us"), "en-us", "zh-cn"); err != nil {
		return err
	}
	for _, option := range []string{"instance", "node", "organization", "channel", "id", "name", "plugin", "pod", "report"} {
		if f := c.Flags().Lookup(option); f != nil && f.Changed && f.Value.String() == "" {
			return usagef(c, "--%s is empty; leave the option out to see all", option)
		}
	}
	switch {
	case q.limit < 0:
		return usagef(c, "--limit: %d is below 0", q.limit)
	case c.Flags().Changed("height") && q.height < 0, c.Flags().Changed("block") && q.block < 0:
		return usagef(c, "the height of a block is 0 or more")
	case c.Flags().Changed("step") && q.step < time.Minute:
		return usagef(c, "--step: %s is below a minute", q.step)
	case c.Flags().Lookup("organizations") != nil && (q.organizations < 1 || q.months < 1 || q.years < 0):
		return usagef(c, "a price is that of at least one organization for at least one month")
	case q.report != "" && q.name == "":
		return usagef(c, "--report is about one contract: give its --name")
	case q.pod != "" && q.organization == "" && q.plugin == "":
		return usagef(c, "--pod needs the --organization or the --plugin that it belongs to")
	}
	q.now = now
	if q.from, err = pastTime(q.since, now); err != nil {
		return usagef(c, "--since: %w", err)
	}
	if q.to, err = pastTime(q.until, now); err != nil {
		return usagef(c, "--until: %w", err)
	}
	if !q.to.IsZero() && !q.from.Before(q.to) {
		return usagef(c, "--until is not after --since")
	}
	return nil
}

// pastTime reads a time, or how long ago it is; the zero time for "".
func pastTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	ago, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n int
		if n, err = strconv.Atoi(days); n > mostDays {
			err = strconv.ErrRange
		}
		ago = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || ago <= 0 {
		return time.Time{}, fmt.Errorf("%q is neither a time such as 2026-11-22T08:00:00Z nor how long ago, such as 2h or 7d", text)
	}
	return now.Add(-ago), nil
}

// mostDays is how far back a number of days may go.
const mostDays = 36_500

// within tells whether something happened in the time that was asked for.
func (q *lookQuery) within(at time.Time) bool {
	return (q.from.IsZero() || !at.Before(q.from)) && (q.to.IsZero() || at.Before(q.to))
}

// events is what is asked about events. Without an end, the service's own clock
// counts how far back it goes.
func (q *lookQuery) events() bcs.EventFilter {
	f := bcs.EventFilter{Last: q.now.Sub(q.from), Search: q.search, Step: q.step}
	if !q.to.IsZero() {
		f.From, f.To = q.from, q.to
	}
	switch {
	case q.open:
		f.Only = bcs.OpenAlarms
	case q.past:
		f.Only = bcs.PastAlarms
	}
	return f
}
