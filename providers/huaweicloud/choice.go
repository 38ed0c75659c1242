package huaweicloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdktime"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Found is an object that a lost request may have made, and how it is gone on
// with.
type Found struct {
	providers.Candidate
	Record string // ID of the operation record or job to wait for; "" if there is none
}

// Notes of a creation beside noteRepeat. Lists of IDs are separated by spaces.
const (
	noteSince    = "since"    // when it was looked what exists, before anything was sent
	noteExisting = "existing" // what had the wanted name then, or is known not to be ours
	noteAsked    = "asked"    // the candidates that somebody is asked about
)

// clockSkew is how far the clocks of this machine and of the services may be
// apart: requests of a machine that is further off are refused.
const clockSkew = 15 * time.Minute

// Existing returns the notes of a Look for a type whose names are not unique.
func Existing(all []Found) map[string]string {
	return map[string]string{noteExisting: strings.Join(idsOf(all), " ")}
}

// Moment reads a time of an answer; the zero time if it has none.
func Moment(t *sdktime.SdkTime) time.Time { return time.Time(Val(t)) }

// since notes when it was looked.
func since(notes map[string]string, now time.Time) map[string]string {
	out := map[string]string{noteSince: now.UTC().Format(time.RFC3339Nano)}
	maps.Copy(out, notes)
	return out
}

// noted is an operation with one more note; "" takes it away.
func noted(op providers.Operation, name, text string) providers.Operation {
	notes := map[string]string{}
	maps.Copy(notes, op.Note)
	notes[name] = text
	if text == "" {
		delete(notes, name)
	}
	op.Note = notes
	return op
}

func idsOf(all []Found) []string {
	ids := make([]string, len(all))
	for i, f := range all {
		ids[i] = f.ID
	}
	slices.Sort(ids)
	return ids
}

// choice is what is there that may be what a lost request has made.
type choice struct {
	what   string
	since  time.Time
	fresh  []Found               // sorted by ID
	others []providers.Candidate // known not to be it, sorted by ID
}

// sift tells apart what may be ours from what can't be: what existed when it was
// looked before the request was sent, and what differs from the order in
// something that never changes. What the service says was made earlier is
// doubtful: a time without its zone would be hours off.
func sift(what string, op providers.Operation, all []Found) choice {
	c := choice{what: what}
	c.since, _ = time.Parse(time.RFC3339Nano, op.Note[noteSince])
	before := strings.Fields(op.Note[noteExisting])
	for _, f := range slices.SortedFunc(slices.Values(all), func(a, b Found) int { return strings.Compare(a.ID, b.ID) }) {
		switch {
		case slices.Contains(before, f.ID):
			f.Against = "it existed before the request, or was said not to be it"
		case f.Doubt == "" && !f.Created.IsZero() && !c.since.IsZero() && f.Created.Before(c.since.Add(-clockSkew)):
			f.Doubt = "it was made before the request, if the service's clock is right"
		}
		if f.Against == "" {
			c.fresh = append(c.fresh, f)
		} else {
			c.others = append(c.others, f.Candidate)
		}
	}
	return c
}

// question asks which it is. answer is what was said and does not hold.
func (c choice) question(answer string) error {
	q := &providers.QuestionError{What: c.what, Since: c.since, Others: c.others, Answer: answer}
	for _, f := range c.fresh {
		q.Candidates = append(q.Candidates, f.Candidate)
	}
	return q
}

// held takes out what belongs to other nodes; what may belong to one is doubtful.
func (c choice) held(ctx context.Context, holder func(context.Context, string) (string, providers.Hold)) choice {
	if holder == nil {
		return c
	}
	all := c.fresh
	c.fresh = nil
	for _, f := range all {
		by, hold := holder(ctx, f.ID)
		if hold >= providers.Made {
			f.Against = "it is " + by
			c.others = append(c.others, f.Candidate)
			continue
		}
		if hold == providers.MaybeMade && f.Doubt == "" {
			f.Doubt = "it may be what " + by + " has made, of which that is not known yet"
		}
		c.fresh = append(c.fresh, f)
	}
	return c
}

// pick is the one that it is: the one that was named, or the only one that is as
// it was ordered; nil if nothing is there. One that is not is asked about, even if
// it is the only one.
func (c choice) pick(answer string) (*Found, error) {
	if answer != "" && answer != providers.AnswerNone {
		i := slices.IndexFunc(c.fresh, func(f Found) bool { return f.ID == answer })
		if i < 0 {
			return nil, c.question(answer)
		}
		return &c.fresh[i], nil
	}
	var fits []*Found
	for i := range c.fresh {
		if c.fresh[i].Doubt == "" {
			fits = append(fits, &c.fresh[i])
		}
	}
	switch {
	case len(c.fresh) == 0:
		return nil, nil
	case len(fits) == 1:
		return fits[0], nil
	}
	return nil, c.question("")
}

// Pick chooses what a request has made that was taken but did not say what it
// made; nil if nothing is there yet.
func Pick(ctx context.Context, what string, op providers.Operation, req *providers.Request, all []Found) (*Found, error) {
	return sift(what, op, all).held(ctx, req.Holder).pick(req.Answer)
}

// Fresh are those that a request may have made that was sent under a handle: what
// providers.Searcher returns.
func Fresh(op providers.Operation, all []Found) []providers.Candidate {
	var out []providers.Candidate
	for _, f := range sift("", op, all).fresh {
		out = append(out, f.Candidate)
	}
	return out
}

// found goes on with what a lost request has made; nil if there is nothing.
func (c Creation) found(ctx context.Context, op providers.Operation) (*providers.Progress, error) {
	all, err := c.Find(ctx)
	if err != nil {
		return nil, err
	}
	asked := op.Note[noteAsked]
	if c.Request.Answer == providers.AnswerNone && asked != "" {
		return noneOf(op, time.Now()), nil
	}
	is := sift(c.What, op, all).held(ctx, c.Request.Holder)
	ours, err := is.pick(c.Request.Answer)
	var q *providers.QuestionError
	if ids := strings.Join(idsOf(is.fresh), " "); errors.As(err, &q) && q.Answer == "" && ids != asked {
		return asking(op, ids, time.Now()), nil
	}
	if ours == nil || err != nil {
		return nil, err
	}
	return &providers.Progress{
		Next:    providers.Operation{Stage: StageWait, ID: ours.Record, ObjectID: ours.ID},
		Message: "found what the lost request made",
	}, nil
}

// asking notes what is going to be asked before it is, so that an answer is
// about nothing else. What comes next looks again, after a while: another node
// that makes one of the same name may know by then which is its own.
func asking(op providers.Operation, ids string, now time.Time) *providers.Progress {
	op = noted(op, noteAsked, ids)
	if op.Note[noteRepeat] == "" {
		op = noted(op, noteRepeat, now.UTC().Format(time.RFC3339Nano))
	}
	return &providers.Progress{Next: op, After: settle, Message: "several objects may be what the lost request made"}
}

// noneOf notes that none of those that were asked about is it, and has the
// looking begin anew.
func noneOf(op providers.Operation, now time.Time) *providers.Progress {
	before := append(strings.Fields(op.Note[noteExisting]), strings.Fields(op.Note[noteAsked])...)
	op = noted(op, noteExisting, strings.Join(before, " "))
	op = noted(op, noteAsked, "")
	op = noted(op, noteRepeat, now.UTC().Format(time.RFC3339Nano))
	return &providers.Progress{Next: op, Message: "looking for what the lost request made"}
}

// contradicts refuses an answer about a creation whose object is known.
func (c Creation) contradicts(op providers.Operation) error {
	answer := c.Request.Answer
	if answer == "" || op.ObjectID == "" || answer == op.ObjectID {
		return nil
	}
	return &providers.Error{
		Kind:    providers.Unexpected,
		Message: fmt.Sprintf("it is known that its request made %s; the answer %s does not fit", op.ObjectID, answer),
		Advice:  "Leave the answer out.",
	}
}
