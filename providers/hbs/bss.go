package hbs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	bss "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bss/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bss/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// orderService is where what HBS sells is paid for and given back.
var orderService = huaweicloud.Service[*bss.BssClient]{Host: "bss", New: bss.NewBssClient, Account: true}

// serviceType is how the order service calls the blockchain service.
const serviceType = "hws.service.type.bcs"

// Statuses of orders that are not over, and the type of those that buy.
const (
	orderInReview = 1
	orderInWork   = 3
	orderUnpaid   = 6

	orderNew = "1"
)

// maxUnsubscribed is how many resources one call lets go.
const maxUnsubscribed = 10

// payOrder pays an order that waits for it. The service lets nobody pay an order
// twice, so it does no harm to send this again.
func (a api) payOrder(ctx context.Context, id string) error {
	_, err := huaweicloud.Change(ctx, a.c, orderService, "PayOrders", (*bss.BssClient).PayOrders,
		&model.PayOrdersRequest{Body: &model.PayCustomerOrderV3Req{OrderId: id, UseCoupon: "NO", UseDiscount: "NO"}})
	return err
}

// cancelOrder gives up an order that waits for payment.
func (a api) cancelOrder(ctx context.Context, id string) error {
	_, err := huaweicloud.Change(ctx, a.c, orderService, "CancelCustomerOrder", (*bss.BssClient).CancelCustomerOrder,
		&model.CancelCustomerOrderRequest{Body: &model.CancelCustomerOrderReq{OrderId: id}})
	return err
}

// unsubscribe lets resources go, by the IDs of their subscriptions, and returns
// the orders that do it. All go, or an error says which did not.
func (a api) unsubscribe(ctx context.Context, subscriptions []string) ([]string, error) {
	reason := "deleted by orchestrate"
	other := int32(5)
	r, err := huaweicloud.Change(ctx, a.c, orderService, "CancelResourcesSubscription", (*bss.BssClient).CancelResourcesSubscription,
		&model.CancelResourcesSubscriptionRequest{Body: &model.UnsubscribeResourcesReq{
			ResourceIds: subscriptions, UnsubscribeType: 1, UnsubscribeReasonType: &other, UnsubscribeReason: &reason,
		}})
	if err != nil {
		return nil, err
	}
	var failed []string
	for _, f := range huaweicloud.Val(r.FailResourceInfos) {
		failed = append(failed, fmt.Sprintf("%s (%s %s)", huaweicloud.Val(f.ResourceId), huaweicloud.Val(f.ErrorCode), huaweicloud.Val(f.ErrorMsg)))
	}
	if len(failed) > 0 {
		return nil, &providers.Error{
			Kind: providers.Failed, Operation: "CancelResourcesSubscription",
			Message: "these subscriptions could not be cancelled: " + strings.Join(failed, ", "),
			Advice:  "Look at them in the billing center of the console, then repeat the command.",
		}
	}
	return huaweicloud.Val(r.OrderIds), nil
}

// order returns an order; nil if there is none of that ID.
func (a api) order(ctx context.Context, id string) (*model.CustomerOrderV2, error) {
	found, err := a.orders(ctx, &model.ListCustomerOrdersRequest{OrderId: &id})
	for i := range found {
		if huaweicloud.Val(found[i].OrderId) == id {
			return &found[i], nil
		}
	}
	return nil, err
}

func (a api) orders(ctx context.Context, q *model.ListCustomerOrdersRequest) ([]model.CustomerOrderV2, error) {
	r, err := huaweicloud.Read(ctx, a.c, orderService, "ListCustomerOrders", (*bss.BssClient).ListCustomerOrders, q)
	if err != nil {
		return nil, err
	}
	return huaweicloud.Val(r.OrderInfos), nil
}

// orderSpan is how far the time of an order may be from that of what it buys.
const orderSpan = time.Minute

// unpaidOrders are the orders of the service that wait for payment and were made
// when something was.
func (a api) unpaidOrders(ctx context.Context, made time.Time) ([]model.CustomerOrderV2, error) {
	if made.IsZero() {
		return nil, nil
	}
	at := func(t time.Time) *string { s := t.UTC().Format(time.RFC3339); return &s }
	status, kind, service := int32(orderUnpaid), orderNew, serviceType
	return a.orders(ctx, &model.ListCustomerOrdersRequest{
		Status: &status, OrderType: &kind, ServiceTypeCode: &service,
		CreateTimeBegin: at(made.Add(-orderSpan)), CreateTimeEnd: at(made.Add(orderSpan)),
	})
}

// ended tells whether an order is over: completed, cancelled, or gone. What is in
// review, in work or unpaid is not.
func ended(o *model.CustomerOrderV2) bool {
	if o == nil {
		return true
	}
	switch huaweicloud.Val(o.Status) {
	case orderInReview, orderInWork, orderUnpaid:
		return false
	}
	return true
}

// Notes of an operation about its order.
const (
	noteOrder = "order" // its ID
	notePaid  = "paid"  // it was paid by us
)

// purchaseOf is what waits for payment.
type purchaseOf struct {
	what string    // such as "instance ledger"
	made time.Time // when the service made it
	pay  bool      // it is to be paid by us
}

// payment is what is done about something that waits for payment: its order is
// paid if that was asked for. Else the work stops, and goes on when it is paid;
// nothing is forgotten, and nothing is bought a second time.
func (a api) payment(ctx context.Context, req *providers.Request, op providers.Operation, p purchaseOf) (providers.Progress, error) {
	o, err := a.orderOf(ctx, op, p)
	if err != nil {
		return providers.Progress{}, err
	}
	wait := providers.Progress{Next: op, After: poll}
	switch {
	case o == nil:
		return wait, p.unpaid(req.Settling, "", "")
	case huaweicloud.Val(o.Status) != orderUnpaid:
		wait.Message = "order " + huaweicloud.Val(o.OrderId) + " is being carried out"
		return wait, nil
	case op.Note[notePaid] != "":
		wait.Message = "the payment of order " + huaweicloud.Val(o.OrderId) + " does not show yet"
		return wait, nil
	}
	id, price := huaweicloud.Val(o.OrderId), priceOf(o)
	if !p.pay || req.Settling {
		return wait, p.unpaid(req.Settling, id, price)
	}
	if err := a.payOrder(ctx, id); err != nil {
		return wait, p.unpayable(err, id, price)
	}
	wait.Next = noted(noted(op, noteOrder, id), notePaid, "yes")
	wait.Message = "order " + id + " is paid"
	return wait, nil
}

// orderOf finds the order that something waits for: the one that was noted, or
// the only one that was made together with it. nil: it can't be told.
func (a api) orderOf(ctx context.Context, op providers.Operation, p purchaseOf) (*model.CustomerOrderV2, error) {
	if id := op.Note[noteOrder]; id != "" {
		return a.order(ctx, id)
	}
	found, err := a.unpaidOrders(ctx, p.made)
	if err != nil || len(found) != 1 {
		return nil, err
	}
	return &found[0], nil
}

func priceOf(o *model.CustomerOrderV2) string {
	if o.AmountAfterDiscount == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%v %s", *o.AmountAfterDiscount, huaweicloud.Val(o.Currency)))
}

// unpaid is why the work on something stops that nobody has paid. The outcome is
// open: when it is paid, the next command goes on. While an earlier execution is
// settled, it has failed, so that no command waits for a payment that may never
// come: the next plan goes on with it (goesOn in the catalogue), and to delete it
// cancels the order.
func (p purchaseOf) unpaid(settling bool, order, price string) *providers.Error {
	e := &providers.Error{Kind: providers.Unexpected, Operation: "ListCustomerOrders"}
	if order == "" {
		order = "its order"
	} else {
		order = "order " + order
	}
	if price != "" {
		price = " (" + price + ")"
	}
	e.Message = fmt.Sprintf("the %s waits for the payment of %s%s", p.what, order, price)
	e.Advice = "Pay it in the billing center of the console, then repeat the command: it goes on from here. " +
		"Or cancel it there. To have orders paid, set payOrder or isAutoPay of orgOrderInfo to true."
	if settling {
		e.Kind = providers.Failed
		e.Message = fmt.Sprintf("the %s was ordered, but nobody has paid %s%s", p.what, order, price)
	}
	return e
}

// unpayable says why an order could not be paid, if that is the last word.
func (p purchaseOf) unpayable(err error, order, price string) error {
	var refusal *providers.Error
	if !errors.As(err, &refusal) {
		return err
	}
	switch refusal.Kind {
	case providers.Invalid, providers.Conflict, providers.Quota, providers.Failed, providers.NotFound:
	default:
		return err // it may be sent again
	}
	e := p.unpaid(false, order, price)
	e.Operation, e.Status, e.Code, e.RequestID = refusal.Operation, refusal.Status, refusal.Code, refusal.RequestID
	e.Message += ", which was refused: " + refusal.Message
	e.Advice = "Look at the balance of the account, pay it in the billing center of the console, then repeat the command: it goes on from here. Or cancel it there."
	return e
}

// noted is an operation with one more note.
func noted(op providers.Operation, name, text string) providers.Operation {
	notes := map[string]string{name: text}
	for k, v := range op.Note {
		if k != name {
			notes[k] = v
		}
	}
	op.Note = notes
	return op
}
