package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Question is what has to be answered before a node goes on: which object its
// lost creation has made. Options.Answers answers.
type Question struct {
	Node, Type string
	*providers.QuestionError
}

// Error names the node and what is asked.
func (q *Question) Error() string { return q.Node + ": " + q.QuestionError.Error() }

// Unwrap returns the question without its node.
func (q *Question) Unwrap() error { return q.QuestionError }

// Questions lists the questions that an error of Recover holds, by node.
func Questions(err error) []*Question {
	var out []*Question
	switch e := err.(type) {
	case nil:
	case *Question:
		out = append(out, e)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			out = append(out, Questions(inner)...)
		}
	default:
		out = Questions(errors.Unwrap(err))
	}
	slices.SortStableFunc(out, func(a, b *Question) int { return strings.Compare(a.Node, b.Node) })
	return out
}

// Asked returns the question that keeps a step from going on; nil if it is
// something else that does.
func (e StepError) Asked() *Question {
	var q *providers.QuestionError
	if !errors.As(e.Err, &q) {
		return nil
	}
	return &Question{Node: e.Node, Type: e.Type, QuestionError: q}
}

// AnswerError tells that an answer was given which nobody waits for.
type AnswerError struct {
	Node, Answer string
	Open         []string // nodes whose creation is open, sorted
}

// Error says what is open instead.
func (e *AnswerError) Error() string {
	open := "no creation of this stack is open"
	if len(e.Open) > 0 {
		open = "the creations that are open are those of " + strings.Join(e.Open, ", ")
	}
	return fmt.Sprintf("nobody asks which object belongs to %s: %s", e.Node, open)
}

// checkAnswers refuses answers that nobody waits for, before anything is
// settled: a misspelt name would leave its question open. An answer that was
// taken already may be given again, with the same command line.
func (r *recovery) checkAnswers(ctx context.Context, stack string, open []*job) error {
	if len(r.options.Answers) == 0 {
		return nil
	}
	var asked []string
	for _, j := range open {
		if j.action == planner.Create {
			asked = append(asked, j.node)
		}
	}
	slices.Sort(asked)
	for _, node := range slices.Sorted(maps.Keys(r.options.Answers)) {
		answer := r.options.Answers[node]
		if slices.Contains(asked, node) {
			continue
		}
		taken, err := r.taken(ctx, stack, node, answer)
		if err != nil {
			return err
		}
		if !taken {
			return &AnswerError{Node: node, Answer: answer, Open: asked}
		}
	}
	return nil
}

// taken reports whether the record is as an answer says.
func (r *recovery) taken(ctx context.Context, stack, node, answer string) (bool, error) {
	if answer == providers.AnswerNone {
		return r.created[node], nil
	}
	st, err := r.engine.Store.Stack(ctx, stack)
	var sealed *state.SealedError
	switch {
	case errors.Is(err, state.ErrNotFound):
		return false, nil
	case err != nil && !(errors.As(err, &sealed) && st != nil):
		return false, fmt.Errorf("read stack %s: %w", stack, err)
	}
	e := st.Elements[node]
	return e != nil && e.ObjectID == answer, nil
}

// choose applies the answer of a job to what was found of it without a handle
// on record; nil if nothing was made.
func choose(j *job, found []*providers.Object) (*providers.Object, error) {
	answer := j.req.Answer
	if answer == providers.AnswerNone {
		return nil, nil
	}
	i := slices.IndexFunc(found, func(o *providers.Object) bool { return o.ID == answer })
	switch {
	case answer != "" && i >= 0:
		return found[i], nil
	case answer == "" && len(found) == 0:
		return nil, nil
	case answer == "" && len(found) == 1:
		return found[0], nil
	}
	q := &providers.QuestionError{Answer: answer}
	for _, o := range found {
		q.Candidates = append(q.Candidates, providers.Candidate{ID: o.ID, Name: providers.Text(o.Attributes["refName"]), Work: o.Evidence})
	}
	return nil, &Question{Node: j.node, Type: j.typ, QuestionError: q}
}

// answered is a request without the answer that went with its last Advance.
func answered(req *providers.Request) *providers.Request {
	if req.Answer == "" {
		return req
	}
	plain := *req
	plain.Answer = ""
	return &plain
}

// WithoutQuestions is what an error of Recover holds beside questions; nil if
// there is nothing.
func WithoutQuestions(err error) error {
	switch e := err.(type) {
	case *Question:
		return nil
	case interface{ Unwrap() []error }:
		var rest []error
		for _, inner := range e.Unwrap() {
			rest = append(rest, WithoutQuestions(inner))
		}
		return errors.Join(rest...)
	}
	if inner := errors.Unwrap(err); len(Questions(inner)) > 0 {
		return WithoutQuestions(inner)
	}
	return err
}
