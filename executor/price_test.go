package executor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// shop is a fakeCloud that sells things by their size.
type shop struct {
	*fakeCloud
	err error
}

func (s *shop) Deal(req *providers.Request) *providers.Deal {
	switch {
	case req.Action == providers.Delete:
		return &providers.Deal{What: "the rest", Back: true}
	case req.Action == providers.Create:
		return &providers.Deal{What: "one thing for " + req.String("password"), Renews: true}
	}
	return nil
}

func (s *shop) Price(_ context.Context, req *providers.Request) (providers.Price, error) {
	if s.err != nil && req.Node == "b" {
		return providers.Price{}, s.err
	}
	size, _ := req.Properties["size"].(int64)
	return providers.Price{Amount: float64(size), Original: 10, Currency: "CNY"}, nil
}

const shopping = header + `  a:
    type: HuaweiCloud.Fake.Thing
    properties: {size: 3, password: canary-7}
  b:
    type: HuaweiCloud.Fake.Thing
    properties: {size: 4}
  k:
    type: HuaweiCloud.Fake.Key
`

func TestPrices(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		s := &shop{fakeCloud: b.cloud}
		reg := b.cloud.registry()
		reg["Fake.Thing"] = s
		b.engine.Providers = reg
		p := b.plan(shopping, nil)
		b.must(b.engine.Prices(context.Background(), p, nil, 1))
		equal(t, "prices", map[string][]planner.Price{
			"a": {{For: "one thing for (sensitive value)", Amount: 3, Original: 10, Currency: "CNY", Renews: true}},
			"b": {{For: "one thing for ", Amount: 4, Original: 10, Currency: "CNY", Renews: true}},
		}, p.Prices)
		sums, unknown := p.ToPay()
		equal(t, "to pay", []planner.Sum{{Currency: "CNY", Amount: 7, Original: 20, Orders: 2}}, sums)
		equal(t, "not known", 0, len(unknown))

		s.err = &providers.Error{Kind: providers.Unexpected, Operation: "AskPrice", Status: 500, Message: "canary-7 is out of stock"}
		b.must(b.engine.Prices(context.Background(), p, nil, 0))
		_, unknown = p.ToPay()
		equal(t, "not known", []string{"b"}, unknown)
		equal(t, "why", "AskPrice: HTTP 500 (sensitive value) is out of stock", p.Prices["b"][0].Unknown)

		b.must(b.engine.Prices(context.Background(), p, errors.New("nothing answers"), 0))
		_, unknown = p.ToPay()
		equal(t, "not known", []string{"a", "b"}, unknown)
		equal(t, "why", "nothing answers", p.Prices["a"][0].Unknown)

		// What is replaced is given back and bought anew; the document tells both.
		b.apply(shopping)
		req := b.request(strings.Replace(shopping, "size: 3", "size: 5", 1), nil)
		req.Replace = map[string]bool{"a": true}
		p = b.make(req)
		b.must(b.engine.Prices(context.Background(), p, nil, 0))
		five, ten := 5.0, 10.0
		equal(t, "told", []planner.DocumentPrice{
			{For: "the rest", Unknown: "the service tells what it pays back only when that is ordered", Back: true},
			{For: "one thing for (sensitive value)", Amount: &five, Original: &ten, Currency: "CNY", Renews: true},
		}, p.DocumentPrices("a"))
		equal(t, "to pay", &planner.DocumentToPay{Sums: []planner.DocumentSum{{Currency: "CNY", Amount: 5, Original: 10}}, Unknown: []string{}}, p.DocumentToPay())
		equal(t, "of what stays", 0, len(p.DocumentPrices("b")))
	})
}
