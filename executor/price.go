package executor

import (
	"context"

	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Prices asks what a plan costs, parallelism orders at a time (0 means 10), and
// notes it in the plan. It changes nothing else. What can't be found out is noted
// as not known: no plan fails for that. blind says why nobody can be asked; nil:
// somebody can.
func (e *Engine) Prices(ctx context.Context, p *planner.Plan, blind error, parallelism int) error {
	before, err := e.typesBefore(ctx, p)
	if err != nil {
		return err
	}
	ctx = providers.Sharing(ctx)
	var deals []*deal
	for _, l := range e.planned(p, before, func(p providers.Provider) bool { _, ok := p.(providers.Pricer); return ok }) {
		pricer := e.Providers[l.typ].(providers.Pricer)
		for _, req := range l.reqs {
			if d := pricer.Deal(req); d != nil {
				deals = append(deals, &deal{Deal: *d, pricer: pricer, req: req, redact: &l.redact})
			}
		}
	}
	atOnce(parallelism, deals, func(d *deal) { d.ask(ctx, blind) })
	p.Prices = map[string][]planner.Price{}
	for _, d := range deals {
		p.Prices[d.req.Node] = append(p.Prices[d.req.Node], d.price)
	}
	return nil
}

// deal is something that a step orders or gives back.
type deal struct {
	providers.Deal
	pricer providers.Pricer
	req    *providers.Request
	redact *redactor
	price  planner.Price
}

// ask finds out what an order costs.
func (d *deal) ask(ctx context.Context, blind error) {
	d.price = planner.Price{For: d.redact.text(d.What), Back: d.Back, Renews: d.Renews, ByHand: d.ByHand}
	if d.Back {
		d.price.Unknown = "the service tells what it pays back only when that is ordered"
		return
	}
	err := blind
	if err == nil {
		var told providers.Price
		told, err = look(ctx, func(ctx context.Context) (providers.Price, error) { return d.pricer.Price(ctx, d.req) })
		d.price.Amount, d.price.Original, d.price.Currency = told.Amount, told.Original, told.Currency
	}
	if err != nil {
		d.price.Unknown = d.redact.err(err).Error()
	}
}
