package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// answers are what the user says about lost creations: by node, the ID of the
// object that was made, or providers.AnswerNone. As an option it is repeatable.
type answers map[string]string

// Set implements pflag.Value.
func (a *answers) Set(text string) error {
	node, id, ok := strings.Cut(text, "=")
	node, id = strings.TrimSpace(node), strings.TrimSpace(id)
	switch {
	case !ok || node == "" || id == "":
		return fmt.Errorf("it has the form NODE=ID, or NODE=%s", providers.AnswerNone)
	case (*a)[node] != "" && (*a)[node] != id:
		return fmt.Errorf("%s is given two answers, %s and %s", node, (*a)[node], id)
	}
	for other, taken := range *a {
		if other != node && taken == id && id != providers.AnswerNone {
			return fmt.Errorf("%s can't be both %s and %s", id, other, node)
		}
	}
	if *a == nil {
		*a = answers{}
	}
	(*a)[node] = id
	return nil
}

// String implements pflag.Value.
func (a *answers) String() string {
	var out []string
	for _, node := range slices.Sorted(maps.Keys(*a)) {
		out = append(out, node+"="+(*a)[node])
	}
	return strings.Join(out, ",")
}

// Type implements pflag.Value.
func (a *answers) Type() string { return "NODE=ID" }

// The option of commands that take up what an earlier execution left open.
func (a *app) addAnswerFlag(c *cobra.Command) {
	c.Flags().Var(&a.opts.answers, "adopt", "say which object the lost creation of a node has made, as `NODE=ID`, or NODE="+providers.AnswerNone+" if it made none of those that were asked about; repeatable")
}

// asked prepares the end of a command that can't go on without answers.
func (a *app) asked(questions []*executor.Question) {
	if len(questions) == 0 {
		return
	}
	text := "To answer, give the command again with\n" + waysText(answersTo(questions))
	if a.afterword != "" {
		text += "\n\n" + a.afterword
	}
	a.afterword = text
}

// answersTo are the options that answer questions.
func answersTo(questions []*executor.Question) []wayOut {
	var out []wayOut
	for _, q := range questions {
		for _, c := range q.Candidates {
			out = append(out, wayOut{"--adopt " + shellQuote(q.Node+"="+c.ID), "this one is " + q.Node})
		}
		out = append(out, wayOut{"--adopt " + shellQuote(q.Node+"="+providers.AnswerNone), "none of them is: the request made nothing"})
	}
	return out
}

// askedIn lists the questions of an execution that failed.
func askedIn(steps []executor.StepError) []*executor.Question {
	var out []*executor.Question
	for _, s := range steps {
		if q := s.Asked(); q != nil {
			out = append(out, q)
		}
	}
	return out
}

// questionProblem shows a question with all that is known.
func questionProblem(q *executor.Question, at diag.Range) diag.Diagnostic {
	detail := fmt.Sprintf("%s (%s): %s", q.Node, typeLabel(q.Type), sentence(q.QuestionError.Error()))
	for _, line := range q.Evidence() {
		detail += "\n  " + line
	}
	return diag.New("EXEC007", at, "%s", detail)
}

// questionProblems shows the questions that keep what an earlier execution left
// from being taken up, and what else does.
func questionProblems(err error) diag.List {
	var list diag.List
	for _, q := range executor.Questions(err) {
		list = append(list, questionProblem(q, diag.Range{}))
	}
	if len(list) > 0 {
		if other := executor.WithoutQuestions(err); other != nil {
			list = append(list, diag.Diagnostic{Severity: diag.Error, Summary: other.Error(), Detail: advice(other)})
		}
	}
	return list
}

// notTakenUp ends a command that could not take up what an earlier execution of
// a stack left.
func (a *app) notTakenUp(stack string, err error) error {
	var nobody *executor.AnswerError
	if errors.As(err, &nobody) {
		return exitCode{exitInvalid, fmt.Errorf("--adopt %s=%s: %w", nobody.Node, nobody.Answer, err)}
	}
	a.asked(executor.Questions(err))
	return fmt.Errorf("take up what an earlier execution of %s left: %w", stack, err)
}
