package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/bcs"
	"github.com/orchestrate-tosca/orchestrate/providers/hbs"
)

// lookFormat is the version of the JSON of `cloud SUBJECT`; see
// schemas/cloud.schema.json.
const lookFormat = "1.0"

// The services that can be looked at, in the order in which they are shown.
const (
	serviceBCS = "bcs"
	serviceHBS = "hbs"
)

// subject is something of an account that can be looked at.
type subject struct {
	name    string // a plural noun
	aliases []string
	short   string
	long    string
	example []string
	columns []string // of the table, by the names of fields in JSON
	options []lookOption
	bcs     reader
	hbs     reader
	single  bool   // of one instance at a time
	newest  string // field by whose time items of both services are sorted and limited; "" for none
}

// reader reads a subject from one service: as a whole, or for each instance. The
// zero reader stands for a service that has nothing of the kind.
type reader struct {
	sample any // of what it reads, empty
	whole  func(ctx context.Context, l eyes, q *lookQuery) ([]any, error)
	each   func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]any, error)
	fits   func(i instanceRef) bool // nil: every instance has it
}

func (r reader) isSet() bool { return r.whole != nil || r.each != nil }

// eyes are the ways to look at the services.
type eyes struct {
	bcs bcs.Look
	hbs hbs.Look
}

// whole makes a reader of what a service has as a whole.
func whole[T any](read func(ctx context.Context, l eyes, q *lookQuery) ([]T, error)) reader {
	return reader{sample: *new(T), whole: func(ctx context.Context, l eyes, q *lookQuery) ([]any, error) { return boxed(read(ctx, l, q)) }}
}

// each makes a reader of what each instance has.
func each[T any](read func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]T, error)) reader {
	return reader{sample: *new(T), each: func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]any, error) {
		return boxed(read(ctx, l, i, q))
	}}
}

// of limits a reader to instances that have what it reads.
func (r reader) of(fits func(i instanceRef) bool) reader {
	r.fits = fits
	return r
}

func boxed[T any](list []T, err error) ([]any, error) {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out, err
}

// only makes a list of the one thing that was read.
func only[T any](v T, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return []T{v}, nil
}

func newCloud(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "cloud SUBJECT [options]",
		Short: "Look at what the account has; nothing is changed",
		Long: `Looks at what the account has in the blockchain services BCS and HBS, whether a
stack has made it or not, and changes nothing. A subject that both have is read from
both; --service narrows it to one. What belongs to an instance is read for each of
them unless --instance names one, by its ID or its name, or --node a node of a stack.
Lists are read to their end. Times are told in UTC.

Exits 1 if something could not be read; what could is printed all the same. Exits 7
if credentials are missing or refused.`,
		Example: examples(
			"orchestrate cloud instances",
			"orchestrate cloud channels --instance ledger",
			"orchestrate cloud operations --stack consortium --node ledger --json",
		),
		Args: cobra.ArbitraryArgs,
	}
	var names []string
	for _, s := range subjects() {
		c.AddCommand(newLook(a, s))
		names = append(append(names, s.name), s.aliases...)
	}
	return command(c, func(_ context.Context, c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		hint := ""
		if s := diag.Closest(args[0], names); s != "" {
			hint = fmt.Sprintf(" Did you mean %q?", s)
		}
		return usagef(c, "there is no subject %q.%s", args[0], hint)
	})
}

func newLook(a *app, s subject) *cobra.Command {
	var asJSON bool
	q := &lookQuery{}
	c := &cobra.Command{
		Use:     s.name + " [options]",
		Aliases: s.aliases,
		Short:   s.short,
		Long:    s.long,
		Example: examples(s.example...),
		Args:    cobra.NoArgs,
	}
	a.addCloudFlags(c)
	if s.bcs.isSet() && s.hbs.isSet() {
		serviceOption(c, q)
	}
	for _, add := range s.options {
		add(c, q)
	}
	if c.Flags().Lookup("node") != nil {
		a.addStackFlags(c)
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, c *cobra.Command, _ []string) error {
		if err := q.check(c, a.now()); err != nil {
			return err
		}
		return a.look(ctx, c, s, q, asJSON)
	})
}

// look reads a subject and prints it.
func (a *app) look(ctx context.Context, c *cobra.Command, s subject, q *lookQuery, asJSON bool) error {
	if q.node != "" {
		if err := a.takeNode(ctx, c, q); err != nil {
			return err
		}
	}
	cloud, err := a.openCloud(ctx)
	if err != nil {
		return err
	}
	defer cloud.close()
	if err := cloud.missing(); err != nil {
		return err
	}
	if err := cloud.reach(ctx, []string{serviceBCS}); err != nil {
		return err
	}
	v := &viewer{app: a, looks: eyes{bcs.NewLook(cloud.client), hbs.NewLook(cloud.client)}, subject: s, query: q}
	v.services = v.asked(cloud)
	found, err := looked(ctx, a, v.read)
	if err != nil {
		return err
	}
	if asJSON {
		err = a.printJSON(found.document(s))
	} else {
		a.printLook(s, found)
	}
	return errors.Join(err, a.tellMissed(found.missed))
}

// hbsRegion is the only one in which HBS is offered (API reference 2.1.1).
const hbsRegion = "cn-north-4"

// asked are the services to read from.
func (v *viewer) asked(c *cloud) []string {
	var out []string
	for _, service := range []string{serviceBCS, serviceHBS} {
		if v.reader(service).isSet() && (v.query.service == "" || v.query.service == service) {
			out = append(out, service)
		}
	}
	region := c.client.Region()
	if len(out) == 2 && c.name == "huaweicloud" && region != hbsRegion {
		v.app.note("Note: HBS is offered in %s only, and this is %s; --service hbs asks it all the same.", hbsRegion, region)
		return out[:1]
	}
	return out
}

// findings are what was read, and what was not.
type findings struct {
	items  []object
	missed []missed
}

// missed is something that could not be read.
type missed struct {
	service  string
	instance instanceRef // zero: the service as a whole
	err      error
}

func (m missed) Error() string {
	if m.instance.Name == "" {
		return m.err.Error()
	}
	return fmt.Sprintf("instance %q: %v", m.instance.Name, m.err)
}

func (m missed) Unwrap() error { return m.err }

func (f *findings) document(s subject) object {
	problems := []object{}
	for _, m := range f.missed {
		problems = append(problems, object{"service": m.service, "instance": m.instance.Name, "instance_id": m.instance.ID, "message": m.err.Error()})
	}
	items := f.items
	if items == nil {
		items = []object{}
	}
	return object{"format_version": lookFormat, "subject": s.name, "items": items, "problems": problems}
}

func (a *app) printLook(s subject, f *findings) {
	if len(f.items) == 0 {
		if len(f.missed) == 0 {
			a.note("There are no %s.", strings.ReplaceAll(s.name, "-", " "))
		}
		return
	}
	rows := make([][]string, len(f.items))
	for i, item := range f.items {
		for _, name := range s.columns {
			rows[i] = append(rows[i], lookText(item[name]))
		}
	}
	headings := make([]string, len(s.columns))
	for i, name := range s.columns {
		headings[i] = strings.ReplaceAll(name, "_", " ")
	}
	writeTable(a.out, headings, rows)
}

// tellMissed says what could not be read. What has the same cause everywhere, such
// as refused credentials, is told once.
func (a *app) tellMissed(all []missed) error {
	var told []string
	code := exitFailed
	for _, m := range all {
		if codeOf(m.err) == exitRefused {
			code = exitRefused
		}
		if text := m.err.Error(); !slices.Contains(told, text) {
			told = append(told, text)
			list, sources := diagnostics(m)
			if aboutStacks(m.err) {
				list[0].Detail = ""
			}
			a.showProblems(list, sources)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return exitCode{code: code}
}

// aboutStacks reports whether the advice of an error is for those who deploy what it
// is about, rather than look at it.
func aboutStacks(err error) bool {
	var e *providers.Error
	return errors.As(err, &e) && e.Status != 0 && (e.Kind == providers.Invalid || e.Kind == providers.NotFound)
}

// notThere is the error of a name that none of several things has.
func notThere(what, name string, known []string, where string) error {
	detail := "There are none."
	if len(known) > 0 {
		shown, more := known, ""
		if len(known) > mostShown {
			shown, more = known[:mostShown], fmt.Sprintf(" and %d more", len(known)-mostShown)
		}
		detail = "There are: " + listed(shown) + more + "."
	}
	if c := diag.Closest(name, known); c != "" {
		detail = fmt.Sprintf("Did you mean %q? ", c) + detail
	}
	return &providers.Error{Kind: providers.NotFound, Message: fmt.Sprintf("%s %q does not exist", what, name), Advice: detail + " " + where}
}

// listed lists names that others have chosen.
func listed(names []string) string { return strings.Map(printable, strings.Join(names, ", ")) }

// mostShown is how many names a message lists.
const mostShown = 10
