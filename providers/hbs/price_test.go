package hbs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

const inquiry = "POST huaweicloudchain/inquiry"

func named(names ...string) []any {
	var out []any
	for _, n := range names {
		out = append(out, map[string]any{"name": n})
	}
	return out
}

func TestDeals(t *testing.T) {
	_, reg := start(t, nil) // nobody is asked
	month := map[string]any{"periodNum": int64(1)}
	chain := func(order map[string]any, names ...string) map[string]any {
		return map[string]any{"edition": "Enterprise", "orgs": named(names...), "orgOrderInfo": order, "payOrder": true}
	}
	for name, tt := range map[string]struct {
		typ  string
		req  providers.Request
		want *providers.Deal
	}{
		"an instance": {"HBS.Instance", providers.Request{Action: providers.Create, Properties: chain(map[string]any{"periodType": int64(2), "periodNum": int64(3), "isAutoRenew": true}, "a", "b")},
			&providers.Deal{What: "2 organizations of the edition Enterprise for 3 months", Renews: true}},
		"an instance that nobody pays": {"HBS.Instance", providers.Request{Action: providers.Create, Properties: map[string]any{"edition": "Platinum", "orgs": named("a"), "orgOrderInfo": map[string]any{"periodType": int64(3)}}},
			&providers.Deal{What: "1 organization of the edition Platinum for 1 year", ByHand: true}},
		"what joins": {"HBS.Instance", providers.Request{Action: providers.Update, Prior: chain(month, "a"), Properties: chain(month, "b", "a")},
			&providers.Deal{What: "1 organization of the edition Enterprise for 1 month"}},
		"what leaves": {"HBS.Instance", providers.Request{Action: providers.Update, Prior: chain(month, "a", "b"), Properties: chain(month, "a")},
			&providers.Deal{What: "the rest of the time that what leaves is paid for", Back: true}},
		"another engine": {"HBS.Instance", providers.Request{Action: providers.Update, Prior: chain(month, "a"), Properties: chain(month, "a")}, nil},
		"its end": {"HBS.Instance", providers.Request{Action: providers.Delete, Properties: chain(month, "a")},
			&providers.Deal{What: "the rest of the time that its organizations are paid for", Back: true}},
		"an organization of what is made too": {"HBS.Organization", providers.Request{
			Action: providers.Create, Properties: map[string]any{"name": "c"}, Refers: map[string]*providers.Request{"instanceId": {Properties: map[string]any{"edition": "Professional"}}},
		}, &providers.Deal{What: "1 organization of the edition Professional for 1 month", ByHand: true}},
		"an organization of what there is": {"HBS.Organization", providers.Request{Action: providers.Create, Properties: map[string]any{"instanceId": id, "orgOrderInfo": map[string]any{"isAutoPay": true}}},
			&providers.Deal{What: "1 organization for 1 month"}},
		"that leaves":          {"HBS.Organization", providers.Request{Action: providers.Delete}, &providers.Deal{What: "the rest of the time that it is paid for", Back: true}},
		"that goes with it":    {"HBS.Organization", providers.Request{Action: providers.Delete, Along: true}, nil},
		"that stays as it is":  {"HBS.Organization", providers.Request{Action: providers.Update}, nil},
		"what is not sold":     {"HBS.Organization", providers.Request{Action: providers.Create, Properties: map[string]any{"orgOrderInfo": "?"}}, nil},
		"what is not sold too": {"HBS.Instance", providers.Request{Action: providers.Create, Properties: map[string]any{"orgs": "?"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, reg[tt.typ].(providers.Pricer).Deal(&tt.req)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPrices(t *testing.T) {
	told := `{"amount":14400,"original_amount":18000,"currency":"CNY"}`
	s, reg := start(t, map[string][]string{inquiry: {told}, show: {instance("Available")}})
	promoted := map[string]any{"edition": "Professional", "orgs": named("a", "b"), "orgOrderInfo": map[string]any{"periodType": int64(3), "promotionId": "P1", "discountPlanId": "D1"}}
	join := map[string]any{"instanceId": id, "name": "c"}
	for _, req := range []*providers.Request{
		{Action: providers.Create, Type: "HBS.Instance", Properties: promoted}, {Action: providers.Create, Type: "HBS.Organization", Properties: join},
	} {
		p, err := reg[req.Type].(providers.Pricer).Price(t.Context(), req)
		if d := cmp.Diff(providers.Price{Amount: 14400, Original: 18000, Currency: "CNY"}, p); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
	}
	want := []string{
		`{"edition":"Professional","org_num":2,"charge_mode":0,"period_type":3,"period_num":1,"promotion_id":"P1","discount_plan_id":"D1"}`,
		`{"edition":"Enterprise","org_num":1,"charge_mode":0,"period_type":2,"period_num":1}`,
	}
	if d := cmp.Diff(want, s.Bodies()); d != "" {
		t.Error(d)
	}
}

// What can't be found out is said, and never guessed.
func TestPricesThatNobodyKnows(t *testing.T) {
	for name, tt := range map[string]struct {
		req     *providers.Request
		answers map[string][]string
		kind    providers.Kind
	}{
		"refused":          {&providers.Request{Type: "HBS.Instance", Properties: map[string]any{"edition": "Enterprise"}}, map[string][]string{inquiry: {"4006014"}}, providers.Invalid},
		"nothing told":     {&providers.Request{Type: "HBS.Instance", Properties: map[string]any{"edition": "Enterprise"}}, map[string][]string{inquiry: {`{}`}}, providers.Unexpected},
		"edition unknown":  {&providers.Request{Type: "HBS.Organization", Properties: map[string]any{}}, nil, providers.Invalid},
		"instance is gone": {&providers.Request{Type: "HBS.Organization", Properties: map[string]any{"instanceId": id}}, map[string][]string{show: {"4001011"}}, providers.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, reg := start(t, tt.answers)
			tt.req.Action = providers.Create
			_, err := reg[tt.req.Type].(providers.Pricer).Price(t.Context(), tt.req)
			if got := providertest.Failure(t, err).Kind; got != tt.kind {
				t.Errorf("%s: %v", got, err)
			}
		})
	}
}
