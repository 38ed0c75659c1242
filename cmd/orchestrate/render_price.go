package main

import (
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

// amountText is an amount in a currency, as the service tells it.
func amountText(amount float64, currency string) string {
	return strings.TrimSpace(currency + " " + numeral(amount))
}

// priceRemark says what an order costs.
func priceRemark(p *planner.Price) string {
	what := p.For
	if p.Renews {
		what += ", then renewed by itself"
	}
	if p.ByHand {
		what += "; the order has to be paid by hand"
	}
	switch {
	case p.Back:
		return "given back: " + what + "; " + p.Unknown
	case p.Unknown != "":
		return "what it costs is not known: " + p.Unknown + " (" + what + ")"
	case p.Original > p.Amount:
		return fmt.Sprintf("it costs %s instead of %s: %s", amountText(p.Amount, p.Currency), amountText(p.Original, p.Currency), what)
	}
	return fmt.Sprintf("it costs %s: %s", amountText(p.Amount, p.Currency), what)
}

// toPay says in a few words what a plan costs; "" if it buys nothing, or nobody has
// asked.
func toPay(p *planner.Plan) string {
	sums, unknown := p.ToPay()
	var parts []string
	for _, s := range sums {
		parts = append(parts, amountText(s.Amount, s.Currency))
	}
	if len(unknown) > 0 {
		parts = append(parts, "what is not known of "+strings.Join(unknown, ", "))
	}
	return strings.Join(parts, ", and ")
}

// toPay writes what the plan costs, after the summary.
func (r *planRenderer) toPay(p *planner.Plan) {
	text := toPay(p)
	if text == "" {
		return
	}
	r.printf("%s %s.\n", r.paint(bold, "To pay:"), text)
	if sums, _ := p.ToPay(); len(sums) > 0 {
		r.printf("(The service's own figures: it does not say in which unit of the currency. What is charged by use is not in it.)\n")
	}
}
