package providers

import "context"

// Pricer is a Provider of what is bought: it knows what an action of a plan orders
// or gives back, and can ask what that costs.
type Pricer interface {
	Provider
	// Deal says what an action orders or gives back, as it is known in a preflight;
	// nil if it is neither. It asks nobody.
	Deal(req *Request) *Deal
	// Price asks the service what such an order costs. It changes nothing. Many are
	// asked about at one moment, within one Sharing.
	Price(ctx context.Context, req *Request) (Price, error)
}

// Deal is something that is bought, or given back.
type Deal struct {
	What   string // such as "2 organizations of the edition Enterprise for 1 month"
	Back   bool   // it is given back: what is paid back is not asked for, since no service tells before
	Renews bool   // it is renewed, and paid for again, until somebody ends that
	ByHand bool   // it is ordered, but somebody has to pay for it
}

// Price is what an order costs, in the service's own figures.
type Price struct {
	Amount   float64
	Original float64 // before discounts
	Currency string
}
