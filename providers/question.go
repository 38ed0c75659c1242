package providers

import (
	"fmt"
	"strings"
	"time"
)

// Candidate is an object that a lost Create may have made, with what is known
// of it.
type Candidate struct {
	ID      string
	Name    string
	Parent  string    // what it is in, such as "VPC 5f2b4c1e-..."; "" if it is in nothing
	Created time.Time // zero: the service does not say
	Work    string    // the operation record on it: which, of which type, when; "" if there is none
	// Against says why it can't be what the request made, such as "it existed
	// before"; "": nothing does.
	Against string
	// Doubt says why it hardly is, such as a value that is not the one that was
	// asked for, but may have been changed since; "": nothing does.
	Doubt string
}

// AnswerNone is the answer to a question that none of the candidates is what
// the lost request has made.
const AnswerNone = "none"

// QuestionError is the error of a Create whose answer was lost when it can't be
// told by evidence what came of it: somebody has to say which of the candidates
// it made. The work stays open until then, and Request.Answer answers.
type QuestionError struct {
	What       string    // what is looked for, such as "server"
	Since      time.Time // when it was looked what exists, before the request was sent; zero: not known
	Candidates []Candidate
	Others     []Candidate // that have the name too, but can't be it; Against says why
	Answer     string      // that was given, and is not among the candidates; "": there was none
}

// Error tells in one line what is asked.
func (e *QuestionError) Error() string {
	ids := make([]string, len(e.Candidates))
	for i, c := range e.Candidates {
		ids[i] = c.ID
	}
	list := strings.Join(ids, ", ")
	switch {
	case e.Answer != "" && len(ids) == 0:
		return fmt.Sprintf("%s is not what the lost request made: nothing is there that it may have made", e.Answer)
	case e.Answer != "":
		return fmt.Sprintf("%s is none of those that the lost request may have made, which are %s", e.Answer, list)
	}
	if len(ids) == 1 {
		return fmt.Sprintf("the answer to its creation was lost, and what is there now may be what it made, but need not be: %s", list)
	}
	return fmt.Sprintf("the answer to its creation was lost, and each of %d may be what it made: %s", len(ids), list)
}

// Evidence is what speaks for and against each object, a line each.
func (e *QuestionError) Evidence() []string {
	var out []string
	for _, c := range e.Candidates {
		out = append(out, c.ID+": "+e.describe(c))
	}
	for _, c := range e.Others {
		out = append(out, c.ID+": "+e.describe(c)+"; it is not it, because "+c.Against)
	}
	return out
}

func (e *QuestionError) describe(c Candidate) string {
	parts := []string{strings.TrimSpace(e.What + " " + c.Name)}
	if c.Parent != "" {
		parts = append(parts, "in "+c.Parent)
	}
	if !c.Created.IsZero() {
		parts = append(parts, "made "+c.Created.UTC().Format(time.RFC3339)+e.distance(c.Created))
	}
	if c.Work != "" {
		parts = append(parts, c.Work)
	}
	if c.Against == "" && !e.Since.IsZero() {
		parts = append(parts, "not there when the request was prepared")
	}
	if c.Doubt != "" {
		parts = append(parts, "but "+c.Doubt)
	}
	return strings.Join(parts, ", ")
}

// distance says how long after the request was prepared something was made.
func (e *QuestionError) distance(at time.Time) string {
	if e.Since.IsZero() {
		return ""
	}
	d := at.Sub(e.Since).Round(time.Second)
	if d < 0 {
		return fmt.Sprintf(" (%s before the request was prepared)", -d)
	}
	return fmt.Sprintf(" (%s after the request was prepared)", d)
}
