package hbs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// release is how organizations go: HBS has no call for it, so their subscriptions
// are cancelled, or the order that nobody has paid. An instance goes with its last
// organization.
type release struct {
	instance string
	whole    bool                  // the instance shall go with all of them
	leaves   func(o *orgInfo) bool // which of them go; nil: all
	settling bool                  // nothing is sent any more
}

// noteSent lists in an operation's notes the organizations, by their uid, that a
// cancellation was sent for.
const noteSent = "sent"

// release implements providers.Provider.Advance for a delete. What is to be seen
// decides what is sent, so a lost answer needs no care: work that runs is waited
// for.
//
//	""  --gone--> done
//	    --being deleted, or a cancellation was sent--> wait
//	wait --gone--> done
//	     --over, and some are left that nothing was sent for--> ""
func (a api) release(ctx context.Context, op providers.Operation, r release) (providers.Progress, error) {
	i, err := a.instance(ctx, r.instance)
	if huaweicloud.Gone(err) {
		return providers.Progress{Done: true}, nil
	}
	if err != nil {
		return providers.Progress{}, err
	}
	all, err := a.organizations(ctx, r.instance)
	if huaweicloud.Gone(err) {
		return providers.Progress{Done: true}, nil
	}
	if err != nil {
		return providers.Progress{}, err
	}
	going := slices.DeleteFunc(slices.Clone(all), func(o orgInfo) bool { return r.leaves != nil && !r.leaves(&o) })
	if len(going) == 0 && !r.whole && i.Status != statusOrgDeleting {
		return providers.Progress{Done: true}, nil
	}
	if op.Stage == huaweicloud.StageWait {
		return a.released(ctx, op, i, going)
	}
	next := providers.Operation{Stage: huaweicloud.StageWait, ObjectID: i.ID}
	if i.Status == statusDeleting || i.Status == statusOrgDeleting {
		return providers.Progress{Next: next}, nil
	}
	if r.settling && len(going) > 0 {
		return providers.Progress{}, huaweicloud.Remains(fmt.Sprintf("organizations that are still there: %d", len(going)))
	}
	if err := r.check(all, going); err != nil {
		return providers.Progress{}, err
	}
	return a.letGo(ctx, next, going)
}

// check refuses to take the last organization away from an instance that shall
// stay: the instance would go with it.
func (r release) check(all, going []orgInfo) error {
	if r.whole || len(going) == 0 {
		return nil
	}
	paid := func(list []orgInfo) int {
		n := 0
		for _, o := range list {
			if o.Status != statusUnpaid && o.Status != statusDeleting {
				n++
			}
		}
		return n
	}
	if paid(going) == 0 || paid(going) < paid(all) {
		return nil
	}
	return &providers.Error{
		Kind: providers.Conflict, Operation: "CancelResourcesSubscription",
		Message: "organization " + going[0].Name + " is the last one of its instance, which would be deleted with it",
		Advice:  "Delete the instance itself (HBS.Instance), or add another organization first.",
	}
}

// letGo sends one cancellation: of an order that nobody has paid, or of up to ten
// subscriptions. The organization that leads the consensus goes last.
func (a api) letGo(ctx context.Context, next providers.Operation, going []orgInfo) (providers.Progress, error) {
	for i := range going {
		if going[i].Status == statusUnpaid {
			return a.giveUp(ctx, next, &going[i])
		}
	}
	going = slices.DeleteFunc(going, func(o orgInfo) bool { return o.Status == statusDeleting })
	slices.SortStableFunc(going, func(x, y orgInfo) int { return cmp.Compare(rank(x.Consensus), rank(y.Consensus)) })
	going = going[:min(len(going), maxUnsubscribed)]
	var subscriptions, sent []string
	for _, o := range going {
		if o.Subscription == "" {
			return providers.Progress{}, &providers.Error{
				Kind: providers.Failed, Operation: "ListOrganizations",
				Message: "organization " + o.Name + " has no subscription that could be cancelled",
				Advice:  "Unsubscribe from it in the billing center of the console, then repeat the command.",
			}
		}
		subscriptions, sent = append(subscriptions, o.Subscription), append(sent, o.UID)
	}
	if len(subscriptions) == 0 {
		return providers.Progress{Next: next, After: poll, Message: "the instance is not deleted yet"}, nil
	}
	orders, err := a.unsubscribe(ctx, subscriptions)
	if err != nil && !huaweicloud.Gone(err) { // what the order service does not know HBS may still be deleting
		return providers.Progress{}, err
	}
	if len(orders) > 0 {
		next.ID = orders[0]
	}
	return providers.Progress{Next: noted(next, noteSent, strings.Join(sent, " "))}, nil
}

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

// giveUp cancels the order of what nobody has paid.
func (a api) giveUp(ctx context.Context, next providers.Operation, o *orgInfo) (providers.Progress, error) {
	order, err := a.orderOf(ctx, next, purchaseOf{made: moment(o.Created)})
	if err != nil {
		return providers.Progress{}, err
	}
	if order == nil {
		return providers.Progress{}, &providers.Error{
			Kind: providers.Failed, Operation: "ListCustomerOrders",
			Message: "organization " + o.Name + " was not paid for, and it can't be told which order it belongs to",
			Advice:  "Cancel its order in the billing center of the console, then repeat the command.",
		}
	}
	next.ID = huaweicloud.Val(order.OrderId)
	return providers.Progress{Next: noted(next, noteSent, o.UID)}, a.cancelOrder(ctx, next.ID)
}

// released waits for the end of a cancellation.
func (a api) released(ctx context.Context, op providers.Operation, i *instanceInfo, going []orgInfo) (providers.Progress, error) {
	p := providers.Progress{Next: op, After: poll, Message: "the instance is in state " + i.Status}
	job, err := a.newestJob(ctx, i.ID, i.Name, jobDeleteInstance, jobDeleteOrg)
	if err != nil {
		return p, err
	}
	if atWork(i.Status) {
		if job != nil && job.Status == jobRunning {
			p.Substeps, p.Message = substeps(job), job.text()
		}
		return p, nil
	}
	if op.ID != "" {
		order, err := a.order(ctx, op.ID)
		if err != nil {
			return p, err
		}
		if !ended(order) {
			p.Message = "order " + op.ID + " is being carried out"
			return p, nil
		}
	}
	sent := strings.Fields(op.Note[noteSent])
	stays := func(o orgInfo) bool { return slices.Contains(sent, o.UID) }
	switch {
	case job != nil && job.Status == jobFailed && (len(sent) == 0 || slices.ContainsFunc(going, stays)):
		return p, failure(job)
	case slices.ContainsFunc(going, stays):
		p.Message = fmt.Sprintf("organizations that are still there: %d", len(going))
		return p, nil
	}
	return providers.Progress{Next: providers.Operation{Stage: stageRest, ObjectID: i.ID}}, nil
}

// withMessage is a refusal that says more.
func withMessage(refusal error, more string) error {
	var e *providers.Error
	if !errors.As(refusal, &e) {
		return refusal
	}
	said := *e
	said.Message += more
	return &said
}
