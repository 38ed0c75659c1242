package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/executor"
)

// auditFormat is the version of the JSON of `audit`; see
// schemas/audit.schema.json.
const auditFormat = "1.0"

func newAudit(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "audit [options]",
		Short: "Account for every object that any execution may have made",
		Long: `Reads the journals of all executions, also of stacks that are gone, looks in the
cloud for everything that they may have made, and says what has become of it:

  element   a stack has it, and it is there
  deleted   an execution has deleted it
  let go    it left its stack on purpose and stayed in the cloud (retain, --force,
            or the plan said that it would be left)
  gone      no stack has it, and it is not there
  open      what came of the last request about it is not known: retry finds out
  missing   a stack has it, but it is not there any more
  orphan    it is there, but no stack has it
  unknown   it could not be looked for

Nothing is changed, neither the record nor the cloud. Exits 0 if all is accounted
for by the first four, else 1.`,
		Example: examples(
			"orchestrate audit --cloud local",
			"orchestrate audit --stack consortium",
			"orchestrate audit --json | jq -r '.objects[] | select(.fate == \"orphan\") | .id'"),
		Args: cobra.NoArgs,
	}
	a.addStateFlag(c)
	a.addCloudFlags(c)
	c.Flags().StringVar(&a.opts.stack, "stack", "", "`NAME` of the only stack to account for (default: all that there are and were)")
	c.Flags().IntVar(&a.opts.parallelism, "parallelism", defaultParallelism, "look for at most `N` objects at once")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, _ *cobra.Command, _ []string) error { return a.runAudit(ctx, asJSON) })
}

func (a *app) runAudit(ctx context.Context, asJSON bool) error {
	s, err := a.openSession(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	if s.store == nil {
		return fmt.Errorf("there is no state in %s; `apply` makes one, --state names another", a.opts.state)
	}
	if err := s.knownStack(ctx); err != nil {
		return err
	}
	if err := s.cloud.reach(ctx, s.cloud.providers.Types()); err != nil {
		return err
	}
	catalogue, err := dsl.LoadCatalogue()
	if err != nil {
		return err
	}
	found, err := looked(ctx, a, func(ctx context.Context) (*executor.Audit, error) {
		return s.engine.Audit(ctx, executor.AuditOptions{
			Stack: a.opts.stack, Place: s.cloud.place(), Parallelism: a.opts.parallelism,
			Bare: func(typ string) bool { return !callsCloud(typ) },
			Stays: func(typ string) string {
				if t := catalogue[typ]; t != nil {
					return t.LeavingAlong()
				}
				return ""
			},
		})
	})
	if err != nil {
		return err
	}
	return s.showAudit(found, asJSON)
}

// knownStack refuses the name of a stack that there never was.
func (s *session) knownStack(ctx context.Context) error {
	name := s.app.opts.stack
	if name == "" {
		return nil
	}
	all, err := s.store.Executions(ctx, name)
	if err != nil {
		return fmt.Errorf("list the executions of %s: %w", name, err)
	}
	if len(all) > 0 {
		return nil
	}
	_, err = s.stackToShow(ctx, name)
	return err
}

func (s *session) showAudit(found *executor.Audit, asJSON bool) error {
	a := s.app
	if asJSON {
		if err := a.printJSON(auditObject(found)); err != nil || found.Settled() {
			return err
		}
		return exitCode{code: exitFailed}
	}
	if len(found.Objects) > 0 {
		writeTable(a.out, []string{"fate", "stack", "node", "type", "id", "made by", "what became of it"}, auditRows(found))
		a.printf("\n")
	}
	if len(found.Running) > 0 {
		a.note("Note: executions that have not ended may change this any moment: %s.", strings.Join(found.Running, ", "))
	}
	if found.Settled() {
		a.printf("%s %s\n", a.outStyle.paint(green, "All is accounted for."), auditSum(found))
		return nil
	}
	a.afterword = s.auditWays(found)
	return exitCode{exitFailed, fmt.Errorf("not all is accounted for: %s", auditSum(found))}
}

func auditRows(found *executor.Audit) [][]string {
	var rows [][]string
	for _, o := range found.Objects {
		made := o.Made.Execution
		if o.Imported {
			made += " (imported)"
		}
		rows = append(rows, []string{string(o.Fate), o.Stack, o.Node, typeLabel(o.Type), o.ID, made, auditText(o)})
	}
	return rows
}

// auditText says what became of an object: by whom, when, and why.
func auditText(o *executor.Accounted) string {
	var parts []string
	if o.Ended.Execution != "" && (o.Fate == executor.FateDeleted || o.Fate == executor.FateLetGo) {
		parts = append(parts, fmt.Sprintf("%s by %s at %s", o.Fate, o.Ended.Execution, timeText(o.Ended.At)))
	}
	if o.Why != "" {
		parts = append(parts, o.Why)
	}
	if len(parts) == 0 && !o.Made.At.IsZero() {
		return "there since " + timeText(o.Made.At)
	}
	return strings.Join(parts, ": ")
}

// auditSum counts the objects by their fates.
func auditSum(found *executor.Audit) string {
	if len(found.Objects) == 0 {
		return "No execution has made anything in a cloud."
	}
	var parts []string
	for _, f := range executor.Fates() {
		if n := found.Count(f); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, f))
		}
	}
	return count(len(found.Objects), "object", "objects") + ": " + strings.Join(parts, ", ") + "."
}

// auditWays are what can be done about what is not as it should be, each way
// once.
func (s *session) auditWays(found *executor.Audit) string {
	a := s.app
	var ways []wayOut
	add := func(w wayOut) {
		if !slices.Contains(ways, w) {
			ways = append(ways, w)
		}
	}
	unknown := 0
	for _, o := range found.Objects {
		switch o.Fate {
		case executor.FateOpen:
			add(wayOut{a.stackCommand(o.Stack, "retry"), "find out what is open, and go on"})
		case executor.FateMissing:
			add(wayOut{a.stackCommand(o.Stack, "drift"), "see what is missing; an apply makes it anew"})
		case executor.FateOrphan:
			add(a.orphanWay(o))
		case executor.FateUnknown:
			unknown++
		}
	}
	if unknown > 0 {
		ways = append(ways, wayOut{a.commandLine([]string{"audit", "--cloud", cmp.Or(a.opts.cloud, "huaweicloud")}), "look again, with the credentials, region and project that made them"})
	}
	return "To put it right:\n" + waysText(ways)
}

// orphanWay is what can be done about an object that nobody has. A node that has
// another one can't take it too.
func (a *app) orphanWay(o *executor.Accounted) wayOut {
	if o.Superseded {
		return wayOut{a.importCommand("NEW-NODE", o), fmt.Sprintf("keep it under a node template of its own (%s has another object), or delete it in the console", o.Node)}
	}
	return wayOut{a.importCommand(o.Node, o), "take it into the stack, or delete it in the console"}
}

// importCommand takes an object into the stack that asked for it.
func (a *app) importCommand(node string, o *executor.Accounted) string {
	command := []string{"import", node, o.ID, "--stack", o.Stack}
	if a.opts.cloud != "" && a.opts.cloud != "huaweicloud" {
		command = append(command, "--cloud", a.opts.cloud)
	}
	return a.commandLine(command)
}

func auditObject(found *executor.Audit) object {
	objects := []object{}
	for _, o := range found.Objects {
		one := object{
			"stack": o.Stack, "node": o.Node, "type": typeLabel(o.Type), "id": o.ID, "name": o.Name,
			"fate": string(o.Fate), "made": markObject(o.Made), "imported": o.Imported, "ended": markObject(o.Ended),
		}
		if o.Why != "" {
			one["why"] = o.Why
		}
		objects = append(objects, one)
	}
	counts := object{}
	for _, f := range executor.Fates() {
		counts[string(f)] = found.Count(f)
	}
	return object{
		"format_version": auditFormat, "accounted_for": found.Settled(), "objects": objects, "counts": counts,
		"running": append([]string{}, found.Running...),
	}
}

// markObject is null if nobody is on record.
func markObject(m executor.Mark) any {
	if m.Execution == "" {
		return nil
	}
	return object{"execution": m.Execution, "at": timeJSON(m.At)}
}
