package huaweicloud

import (
	"context"
	"errors"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// The stages of an operation. The zero stage means that nothing was done.
const (
	StageSend = "send" // of a create: the look before is done, the request may leave
	StageWait = "wait" // the request was taken; its end is waited for
)

// noteRepeat in an operation's notes says that the request may have been sent
// before, so that whatever exists now may be its work. Its value is when the
// looking for it began, as long as it lasts, and then repeatSend.
const (
	noteRepeat = "repeat"
	repeatSend = "send"
)

// settle is how long a look that found nothing waits before it looks again.
const settle = 2 * time.Second

// Creation is how every create runs. Nothing is sent before it is recorded
// that the object did not exist, so whatever exists after a lost answer is
// surely ours:
//
//	""  --Look: absent-->  send  --Send-->  wait  --Wait-->  done
//	                       |  ^              ^
//	       answer lost: Find  | nothing      | found
//	                       +--+--------------+
//
// An intent alone, without a recorded operation, has therefore made nothing. If
// several objects are found that did not exist before, it is asked which it is,
// and the work stays where it is until that is answered; see choice.go.
type Creation struct {
	What string // is made, such as "server"
	// Request is what is carried out. While it is Settling, nothing more is sent;
	// its Answer and Holder tell which of the objects that are found it made.
	Request *providers.Request
	// Look fails if the object exists already. Where names are not unique it
	// returns, as notes, what exists under the name instead.
	Look func(ctx context.Context) (notes map[string]string, err error)
	// Send makes the one changing request and returns the handle to wait with;
	// its stage is set for it.
	Send func(ctx context.Context, op providers.Operation) (providers.Operation, error)
	// Find returns what an earlier Send may have made: what is there now with the
	// name and in the place that were asked for.
	Find func(ctx context.Context) ([]Found, error)
	// Wait tells how far the work is.
	Wait func(ctx context.Context, op providers.Operation) (providers.Progress, error)
	// Late is how long a lost request is looked for; see Client.Late.
	Late time.Duration
}

// Advance implements providers.Provider.Advance for a create.
func (c Creation) Advance(ctx context.Context, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch op.Stage {
	case "":
		now := time.Now() // before the look: what it does not see is younger
		notes, err := c.Look(ctx)
		return providers.Progress{Next: providers.Operation{Stage: StageSend, Note: since(notes, now)}}, err
	case StageSend:
		return c.send(ctx, op, resumed)
	}
	if err := c.contradicts(op); err != nil {
		return providers.Progress{}, err
	}
	return c.Wait(ctx, op)
}

func (c Creation) send(ctx context.Context, op providers.Operation, resumed bool) (providers.Progress, error) {
	state := op.Note[noteRepeat]
	repeat := state != ""
	if resumed || repeat {
		found, err := c.found(ctx, op)
		if err != nil || found != nil {
			return deref(found), err
		}
	}
	if state != repeatSend && repeat || resumed {
		return c.lookAgain(op, time.Now().UTC()), nil
	}
	if c.Request.Settling {
		return providers.Progress{Done: true}, nil
	}
	next, err := c.Send(ctx, op)
	if err != nil {
		return c.refused(ctx, op, repeat, err)
	}
	next.Stage = StageWait
	return providers.Progress{Next: next}, nil
}

// lookAgain decides after a look that found nothing. The looking goes on from
// when it began, also after another crash, because nothing is sent before it is
// recorded that it is over.
func (c Creation) lookAgain(op providers.Operation, now time.Time) providers.Progress {
	next := providers.Progress{Next: op, After: settle, Message: "looking for what the lost request made"}
	begun, err := time.Parse(time.RFC3339Nano, op.Note[noteRepeat])
	mark := repeatSend
	switch {
	case err != nil || begun.After(now): // the clock may have been set back
		mark = now.Format(time.RFC3339Nano)
	case now.Sub(begun) < c.Late:
		next.After = min(settle, c.Late-now.Sub(begun))
		return next
	default:
		next.After = 0
	}
	next.Next = noted(op, noteRepeat, mark)
	return next
}

// refused looks once more if a repeated request is refused: the reason may be
// that the first one was carried out.
func (c Creation) refused(ctx context.Context, op providers.Operation, repeat bool, refusal error) (providers.Progress, error) {
	var e *providers.Error
	if !repeat || !errors.As(refusal, &e) {
		return providers.Progress{}, refusal
	}
	switch e.Kind {
	case providers.Conflict, providers.Invalid, providers.Quota, providers.Failed:
	default:
		return providers.Progress{}, refusal // it is sent again, or looked at later
	}
	found, err := c.found(ctx, op)
	switch {
	case err != nil:
		// To end with the refusal would forget what the first request may have
		// made.
		return providers.Progress{}, err
	case found == nil:
		return providers.Progress{}, refusal
	}
	return *found, nil
}

func deref(p *providers.Progress) providers.Progress {
	if p == nil {
		return providers.Progress{}
	}
	return *p
}

// LooksFirst implements providers.Provider.Find for types whose create is a
// Creation or makes nothing in the cloud: an intent without a recorded
// operation has sent nothing, and an object of the same name belongs to
// somebody else. To adopt it would put a stranger's object under this stack's
// delete.
type LooksFirst struct{}

// Find returns nothing.
func (LooksFirst) Find(context.Context, *providers.Request) ([]*providers.Object, error) {
	return nil, nil
}

// Exists is the error of a create whose object is there already.
func Exists(what, name, advice string) error {
	return &providers.Error{
		Kind:    providers.Conflict,
		Message: what + " " + name + " exists already and was not made by this stack",
		Advice:  advice,
	}
}
