package planner

import (
	"maps"
	"slices"
)

// Price is what an order of a step costs.
type Price struct {
	For      string  // what is ordered or given back
	Amount   float64 // as the service tells it, in whatever unit of the currency
	Original float64 // before discounts
	Currency string
	Unknown  string // why the amount is not known; "": it is
	Back     bool   // it is given back
	Renews   bool   // it is renewed, and paid for again, until somebody ends that
	ByHand   bool   // somebody has to pay for it
}

// Sum is what several orders cost together.
type Sum struct {
	Currency         string
	Amount, Original float64
	Orders           int
}

// ToPay adds up what the plan buys, by currency, and lists the nodes of which the
// price is not known, sorted. Both are empty if it buys nothing, or nobody has
// asked.
func (p *Plan) ToPay() (sums []Sum, unknown []string) {
	by := map[string]*Sum{}
	for _, node := range slices.Sorted(maps.Keys(p.Prices)) {
		for _, price := range p.Prices[node] {
			switch {
			case price.Back:
			case price.Unknown != "":
				unknown = append(unknown, node)
			default:
				if by[price.Currency] == nil {
					by[price.Currency] = &Sum{Currency: price.Currency}
				}
				s := by[price.Currency]
				s.Amount, s.Original, s.Orders = s.Amount+price.Amount, s.Original+price.Original, s.Orders+1
			}
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(by)) {
		sums = append(sums, *by[currency])
	}
	return sums, slices.Compact(unknown)
}

// DocumentPrice is what an order of a step costs.
type DocumentPrice struct {
	For      string   `json:"for"`
	Amount   *float64 `json:"amount"` // null: not known
	Original *float64 `json:"original_amount"`
	Currency string   `json:"currency,omitempty"`
	Unknown  string   `json:"unknown,omitempty"` // why
	Back     bool     `json:"back,omitempty"`
	Renews   bool     `json:"renews,omitempty"`
	ByHand   bool     `json:"by_hand,omitempty"`
}

// DocumentToPay is what the plan buys.
type DocumentToPay struct {
	Sums    []DocumentSum `json:"sums"`
	Unknown []string      `json:"unknown"` // nodes of which the price is not known
}

// DocumentSum is what all orders in a currency cost.
type DocumentSum struct {
	Currency string  `json:"currency"`
	Amount   float64 `json:"amount"`
	Original float64 `json:"original_amount"`
}

// DocumentPrices are the prices of a node.
func (p *Plan) DocumentPrices(node string) []DocumentPrice { return documentPrices(p.Prices[node]) }

func documentPrices(all []Price) []DocumentPrice {
	var out []DocumentPrice
	for _, price := range all {
		d := DocumentPrice{For: price.For, Currency: price.Currency, Unknown: price.Unknown, Back: price.Back, Renews: price.Renews, ByHand: price.ByHand}
		if price.Unknown == "" {
			d.Amount, d.Original = &price.Amount, &price.Original
		}
		out = append(out, d)
	}
	return out
}

// DocumentToPay is nil if the plan buys nothing, or nobody has asked.
func (p *Plan) DocumentToPay() *DocumentToPay {
	sums, unknown := p.ToPay()
	if len(sums) == 0 && len(unknown) == 0 {
		return nil
	}
	d := &DocumentToPay{Sums: []DocumentSum{}, Unknown: append([]string{}, unknown...)}
	for _, s := range sums {
		d.Sums = append(d.Sums, DocumentSum{Currency: s.Currency, Amount: s.Amount, Original: s.Original})
	}
	return d
}
