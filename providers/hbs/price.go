package hbs

import (
	"context"
	"fmt"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// What is bought are organizations, for a time; an instance costs what its
// organizations cost (API reference 2.5.1.2).

// dealOf is an order of some organizations of an edition, "" if that is not known.
func (o orderProperties) dealOf(orgs int, edition string, paid bool) *providers.Deal {
	w := o.wire()
	what := counted(orgs, "organization")
	if edition != "" {
		what += " of the edition " + edition
	}
	unit := "month"
	if w.PeriodType == unitYear {
		unit = "year"
	}
	return &providers.Deal{What: what + " for " + counted(int(w.PeriodNum), unit), Renews: w.AutoRenew, ByHand: !w.AutoPay && !paid}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// price asks what organizations of an edition cost.
func (o orderProperties) price(ctx context.Context, a api, orgs int, edition string) (providers.Price, error) {
	w := o.wire()
	r, err := showResourcePrice.read(ctx, a, &priceRequest{&priceQuestion{
		Edition: edition, Orgs: orgs, ChargeMode: int(w.ChargeMode), PeriodType: int(w.PeriodType), PeriodNum: int(w.PeriodNum),
		Promotion: w.Promotion, DiscountPlan: w.DiscountPlan,
	}})
	if err != nil {
		return providers.Price{}, err
	}
	if r.Amount == "" || r.Currency == "" {
		return providers.Price{}, huaweicloud.Senseless("ShowResourcePrice", "the answer holds no price")
	}
	p := providers.Price{Amount: r.Amount.Number(), Original: r.Original.Number(), Currency: r.Currency}
	if r.Original == "" {
		p.Original = p.Amount
	}
	return p, nil
}

// ordered is how many organizations an action on an instance orders: all of a new
// one, and those that join one that exists.
func (p instanceProperties) ordered(req *providers.Request) int {
	if req.Action == providers.Create {
		return len(p.Orgs)
	}
	before, err := instanceOf(req.Prior)
	if err != nil {
		return 0
	}
	return without(p.Orgs, before.Orgs)
}

// left is how many of the organizations of an instance an update lets go.
func (p instanceProperties) left(req *providers.Request) int {
	before, err := instanceOf(req.Prior)
	if err != nil {
		return 0
	}
	return without(before.Orgs, p.Orgs)
}

// without is how many of some organizations are not among others.
func without(orgs, others []orgName) int {
	n := 0
	for _, name := range names(orgs) {
		if !slices.Contains(names(others), name) {
			n++
		}
	}
	return n
}

// givenBack is the cancellation of the subscriptions of organizations.
func givenBack(orgs string) *providers.Deal {
	return &providers.Deal{What: "the rest of the time that " + orgs + " paid for", Back: true}
}

// Deal implements providers.Pricer.
func (p instance) Deal(req *providers.Request) *providers.Deal {
	if req.Action == providers.Delete {
		return givenBack("its organizations are")
	}
	want, err := instanceOf(req.Properties)
	if err != nil {
		return nil // what is not known yet can't be priced
	}
	if n := want.ordered(req); n > 0 {
		return want.Order.dealOf(n, want.Edition, want.PayOrder)
	}
	if req.Action == providers.Update && want.left(req) > 0 {
		return givenBack("what leaves is")
	}
	return nil
}

// Price implements providers.Pricer.
func (p instance) Price(ctx context.Context, req *providers.Request) (providers.Price, error) {
	want, err := instanceOf(req.Properties)
	if err != nil {
		return providers.Price{}, err
	}
	return want.Order.price(ctx, p.api, want.ordered(req), want.Edition)
}

// Deal implements providers.Pricer. What goes with its instance goes with the
// deal of that.
func (p organization) Deal(req *providers.Request) *providers.Deal {
	switch {
	case req.Action == providers.Update, req.Along:
		return nil
	case req.Action == providers.Delete:
		return givenBack("it is")
	}
	var want orgProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return nil
	}
	return want.Order.dealOf(1, editionAhead(req), want.PayOrder)
}

// editionAhead is the edition of the instance that the same plan makes for an
// organization; "" if it makes none.
func editionAhead(req *providers.Request) string {
	if ordered := req.Refers["instanceId"]; ordered != nil {
		return ordered.String("edition")
	}
	return ""
}

// Price implements providers.Pricer: by the edition of the instance.
func (p organization) Price(ctx context.Context, req *providers.Request) (providers.Price, error) {
	var want orgProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Price{}, err
	}
	edition := editionAhead(req)
	if edition == "" && want.Instance != "" {
		i, err := p.instance(ctx, want.Instance)
		if err != nil {
			return providers.Price{}, err
		}
		edition = i.Edition
	}
	if edition == "" {
		return providers.Price{}, &providers.Error{Kind: providers.Invalid, Operation: "ShowResourcePrice", Message: "the edition of its instance is not known yet"}
	}
	return want.Order.price(ctx, p.api, 1, edition)
}
