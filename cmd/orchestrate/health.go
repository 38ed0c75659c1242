package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// healthOptions are those of the commands that can look at the health of a stack.
type healthOptions struct{ json, health, exitCode bool }

// healthText is the part of their help that says what it is.
const healthText = `

With --health the cloud is asked how each element is: its state, its nodes, its
alarms and what is measured. An element is healthy, abnormal, or unknown if nobody
can tell; a stack is as its worst element is. With --exit-code the command exits 1
unless all is healthy.`

func (a *app) addHealthFlags(c *cobra.Command, o *healthOptions) {
	a.addStackFlags(c)
	a.addCloudFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	c.Flags().BoolVar(&o.health, "health", false, "ask the cloud how each element is")
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "with --health: exit 1 unless all elements are healthy")
	c.Flags().IntVar(&a.opts.parallelism, "parallelism", defaultParallelism, "with --health: look at most at `N` elements at once")
}

// openToLook opens what such a command needs, and looks at the health if that is
// asked for; else the Checkup is nil.
func (a *app) openToLook(ctx context.Context, c *cobra.Command, o healthOptions) (*session, *state.Stack, *executor.Checkup, error) {
	if !o.health {
		if o.exitCode {
			return nil, nil, nil, usagef(c, "--exit-code is about the health of a stack: give --health too")
		}
		s, st, err := a.openToShow(ctx)
		return s, st, nil, err
	}
	name, err := a.stackName(".")
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := a.openSession(ctx, false)
	if err != nil {
		return nil, nil, nil, err
	}
	st, err := s.stackToShow(ctx, name)
	var found *executor.Checkup
	if err == nil {
		found, err = s.check(ctx, st)
	}
	if err != nil {
		s.close()
		return nil, nil, nil, err
	}
	return s, st, found, nil
}

// check looks at the health of a stack. A cloud that can't be reached tells
// nothing about it, which is no failure: what is recorded is shown all the same.
func (s *session) check(ctx context.Context, st *state.Stack) (*executor.Checkup, error) {
	if err := s.noteRunning(ctx, st.Name, "abnormal or unknown"); err != nil {
		return nil, err
	}
	other, err := s.elsewhere(ctx, st.Name)
	if err != nil {
		return nil, err
	}
	if other != "" {
		s.app.note("%s stack %s was last worked on in %s, and this command looks at %s.", s.app.errStyle.paint(yellow, "warning:"), st.Name, other, s.cloud.place())
	}
	blind := s.cloud.reach(ctx, typesOf(st))
	var e *providers.Error
	if errors.As(blind, &e) && e.Kind == providers.Auth {
		return nil, blind
	}
	return looked(ctx, s.app, func(ctx context.Context) (*executor.Checkup, error) {
		return s.engine.Check(ctx, st, executor.CheckOptions{
			Parallelism: s.app.opts.parallelism, Blind: blind, Bare: func(typ string) bool { return !callsCloud(typ) },
		})
	})
}

// exit is how a command ends that was asked for the health.
func (o healthOptions) exit(found *executor.Checkup) error {
	if o.exitCode && found.Condition() != providers.Healthy {
		return exitCode{code: exitFailed}
	}
	return nil
}

// healthSum says in a sentence how a stack is.
func healthSum(found *executor.Checkup) string {
	all := len(found.Elements)
	if all == 0 {
		return "the stack has no elements whose health could be told"
	}
	if found.Condition() == providers.Healthy {
		if all == 1 {
			return "its one element is healthy"
		}
		return fmt.Sprintf("all %d elements are healthy", all)
	}
	var parts []string
	for _, c := range []providers.Condition{providers.Abnormal, providers.Unknown} {
		if n := found.Count(c); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, c, nodesIn(found, c)))
		}
	}
	return "of " + count(all, "element", "elements") + " " + strings.Join(parts, ", ")
}

// mostNamed is how many nodes a sum names.
const mostNamed = 5

// nodesIn names the nodes in a condition.
func nodesIn(found *executor.Checkup, c providers.Condition) string {
	var names []string
	for _, el := range found.Elements {
		if el.Condition() == c {
			names = append(names, el.Node)
		}
	}
	if more := len(names) - mostNamed; more > 0 {
		names = append(names[:mostNamed], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// paintCondition shows a condition in its colour.
func (a *app) paintCondition(c providers.Condition) string {
	return a.outStyle.paint(conditionColour(c), string(c))
}

func conditionColour(c providers.Condition) string {
	switch c {
	case providers.Abnormal:
		return red
	case providers.Unknown:
		return yellow
	}
	return green
}

// listHealth writes how the elements are: a table, and what was found.
func (a *app) listHealth(found *executor.Checkup) {
	var rows [][]string
	for _, el := range found.Elements {
		rows = append(rows, []string{el.Node, typeLabel(el.Type), string(el.Condition()), figuresText(el.Figures)})
	}
	if len(rows) > 0 {
		writeTable(a.out, []string{"node", "type", "health", "measured"}, rows)
	}
	a.listSymptoms(found)
}

// listSymptoms writes what was found, the worst of each element first.
func (a *app) listSymptoms(found *executor.Checkup) {
	for _, el := range found.Elements {
		if len(el.Symptoms) == 0 {
			continue
		}
		a.printf("\n# %s (%s) is %s\n", el.Node, typeLabel(el.Type), a.paintCondition(el.Condition()))
		for _, s := range worstFirst(el.Symptoms) {
			a.printf("  %s %s\n", a.symptomSymbol(s.Condition), plainLine(s.Message))
			if from := symptomSource(s); from != "" {
				a.printf("    %s\n", from)
			}
			if s.Advice != "" {
				a.printf("    %s\n", plainLine(s.Advice))
			}
		}
	}
}

func (a *app) symptomSymbol(c providers.Condition) string {
	symbol := map[providers.Condition]string{providers.Abnormal: "!", providers.Unknown: "?"}[c]
	if symbol == "" {
		return "-"
	}
	return a.outStyle.paint(conditionColour(c), symbol)
}

// plainLine is a text of the cloud on one line.
func plainLine(text string) string { return strings.Map(printable, text) }

// symptomSource says since when something is so, and who told it.
func symptomSource(s providers.Symptom) string {
	var parts []string
	if !s.Since.IsZero() {
		parts = append(parts, "since "+timeText(s.Since))
	}
	if s.Operation != "" {
		parts = append(parts, "told by "+s.Operation)
	}
	return strings.Join(parts, ", ")
}

func worstFirst(all []providers.Symptom) []providers.Symptom {
	return slices.SortedStableFunc(slices.Values(all), func(x, y providers.Symptom) int {
		switch {
		case x.Condition == y.Condition:
			return 0
		case x.Condition.Worse(y.Condition) == x.Condition:
			return -1
		}
		return 1
	})
}

func figuresText(all []providers.Figure) string {
	parts := make([]string, len(all))
	for i, f := range all {
		switch {
		case f.Of > 0:
			parts[i] = f.Name + " " + numeral(f.Value) + "/" + numeral(f.Of)
		case f.Unit == "%":
			parts[i] = fmt.Sprintf("%s %.1f %%", f.Name, f.Value)
		default:
			parts[i] = strings.TrimSpace(f.Name + " " + numeral(f.Value) + " " + f.Unit)
		}
	}
	return strings.Join(parts, ", ")
}

// numeral writes a number in full.
func numeral(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// aosStatus is the status of a stack that is so, in AOS's words.
func aosStatus(c providers.Condition) string {
	switch c {
	case providers.Healthy:
		return statusRunning
	case providers.Abnormal:
		return statusAbnormal
	}
	return statusUnknown
}

// stackHealthObject is the health of a stack as AOS shows it (health, and
// object.status.healthyStatus; blueprint language, section 13.10).
func stackHealthObject(found *executor.Checkup) object {
	at := found.At.UTC().Format(time.RFC3339)
	elements := object{}
	for _, el := range found.Elements {
		elements[el.Node] = object{
			"status": string(el.Condition()), "message": healthMessage(el.Symptoms),
			"runtimes": object{"instanceCount": strconv.Itoa(max(el.Nodes, 1)), "timestamp": at},
		}
	}
	return object{
		"healthy": found.Condition() == providers.Healthy, "message": healthSum(found), "status": string(found.Condition()),
		"healthyStatus": object{"healthyCheckTimestamp": at, "status": aosStatus(found.Condition()), "elements": elements},
	}
}

// healthMessage tells all that makes an element other than healthy.
func healthMessage(all []providers.Symptom) string {
	var parts []string
	for _, s := range worstFirst(all) {
		if s.Condition != providers.Healthy {
			parts = append(parts, s.Message)
		}
	}
	return strings.Join(parts, " ")
}

// healthObject is the health of an element with all that is known of it.
func healthObject(el *executor.Checked) object {
	findings, figures := []object{}, []object{}
	for _, s := range worstFirst(el.Symptoms) {
		findings = append(findings, object{
			"status": string(s.Condition), "message": s.Message, "since": timeJSON(s.Since), "operation": s.Operation, "advice": s.Advice,
		})
	}
	for _, f := range el.Figures {
		one := object{"name": f.Name, "value": f.Value, "unit": f.Unit, "operation": f.Operation, "of": nil}
		if f.Of > 0 {
			one["of"] = f.Of
		}
		figures = append(figures, one)
	}
	return object{"status": string(el.Condition()), "message": healthMessage(el.Symptoms), "findings": findings, "figures": figures}
}

// addHealth puts the health into the document of a command that shows a stack.
func addHealth(document object, found *executor.Checkup) {
	if found == nil {
		return
	}
	document["health"] = stackHealthObject(found)
	elements, _ := document["elements"].([]object)
	for _, e := range elements {
		if el := found.Of(fmt.Sprint(e["node"])); el != nil {
			e["health"] = healthObject(el)
		}
	}
}
