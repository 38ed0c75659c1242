package huaweicloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// The stages of an operation. The zero stage means that nothing was done.
const (
	StageSend = "send" // of a create: the look before is done, the request may leave
	StageWait = "wait" // the request was taken; its end is waited for
)

// noteRepeat in an operation's notes says that the request may have been sent
// before, so that whatever exists now may be its work. Its value counts the
// looks that have found nothing.
const noteRepeat = "repeat"

// A request whose sender has died may still lie in the queue of a gateway, and
// a service may show late what it has made. So a look that found nothing is
// repeated, settle later and then after twice the time each, until about half
// a minute is over: gateways give up by then.
const (
	settle = 2 * time.Second
	looks  = 4
)

// Creation is how every create runs. Nothing is sent before it is recorded
// that the object did not exist, so whatever exists after a lost answer is
// surely ours:
//
//	""  --Look: absent-->  send  --Send-->  wait  --Wait-->  done
//	                       |  ^              ^
//	       answer lost: Find  | nothing      | found
//	                       +--+--------------+
//
// An intent alone, without a recorded operation, has therefore made nothing.
type Creation struct {
	// Look fails if the object exists already. Where names are not unique it
	// returns, as notes, what exists under the name instead.
	Look func(ctx context.Context) (notes map[string]string, err error)
	// Send makes the one changing request and returns the handle to wait with;
	// its stage is set for it.
	Send func(ctx context.Context, op providers.Operation) (providers.Operation, error)
	// Find returns the handle of what an earlier Send has made, or nil.
	Find func(ctx context.Context, op providers.Operation) (*providers.Operation, error)
	// Wait tells how far the work is.
	Wait func(ctx context.Context, op providers.Operation) (providers.Progress, error)
	// Settling is that of the request: if nothing was made, nothing will be.
	Settling bool
}

// Advance implements providers.Provider.Advance for a create.
func (c Creation) Advance(ctx context.Context, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch op.Stage {
	case "":
		notes, err := c.Look(ctx)
		return providers.Progress{Next: providers.Operation{Stage: StageSend, Note: notes}}, err
	case StageSend:
		return c.send(ctx, op, resumed)
	}
	return c.Wait(ctx, op)
}

func (c Creation) send(ctx context.Context, op providers.Operation, resumed bool) (providers.Progress, error) {
	looked, _ := strconv.Atoi(op.Note[noteRepeat]) // 0: not sent before
	repeat := looked > 0
	if resumed || repeat {
		found, err := c.found(ctx, op)
		if err != nil || found != nil {
			return deref(found), err
		}
	}
	if resumed && looked >= looks {
		looked = 0 // it may have been sent once more
	}
	if resumed || repeat && looked < looks {
		return lookAgain(op, looked), nil
	}
	if c.Settling {
		return providers.Progress{Done: true}, nil
	}
	next, err := c.Send(ctx, op)
	if err != nil {
		return c.refused(ctx, op, repeat, err)
	}
	next.Stage = StageWait
	return providers.Progress{Next: next}, nil
}

// lookAgain waits for the next look after one that found nothing.
func lookAgain(op providers.Operation, looked int) providers.Progress {
	note := map[string]string{}
	maps.Copy(note, op.Note)
	note[noteRepeat] = strconv.Itoa(looked + 1)
	op.Note = note
	return providers.Progress{Next: op, After: settle << looked, Message: "looking for what the lost request made"}
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

func (c Creation) found(ctx context.Context, op providers.Operation) (*providers.Progress, error) {
	next, err := c.Find(ctx, op)
	if err != nil || next == nil {
		return nil, err
	}
	next.Stage = StageWait
	return &providers.Progress{Next: *next, Message: "found what the lost request made"}, nil
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

// noteExisting lists, separated by spaces, the IDs of the objects that had the
// wanted name before anything was sent.
const noteExisting = "existing"

// Existing returns the notes of a Look for a type whose names are not unique.
func Existing(ids []string) map[string]string {
	return map[string]string{noteExisting: strings.Join(ids, " ")}
}

// Newcomer is the Find for such a type: ids are those of the objects that have
// the wanted name now. The one that did not exist before is ours.
func Newcomer(op providers.Operation, what, name string, ids []string) (*providers.Operation, error) {
	before := strings.Fields(op.Note[noteExisting])
	var fresh []string
	for _, id := range ids {
		if !slices.Contains(before, id) {
			fresh = append(fresh, id)
		}
	}
	switch len(fresh) {
	case 0:
		return nil, nil
	case 1:
		return &providers.Operation{ObjectID: fresh[0]}, nil
	}
	return nil, &providers.Error{
		Kind:    providers.Conflict,
		Message: fmt.Sprintf("after an answer was lost there are %d new objects, and any may be the one: %s %s with the IDs %s", len(fresh), what, name, strings.Join(fresh, ", ")),
		Advice:  "Delete those that nobody needs on the console, or give the node another name, then apply again.",
	}
}
