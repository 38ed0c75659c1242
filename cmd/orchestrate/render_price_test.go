package main

import (
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

func TestPriceRemarks(t *testing.T) {
	for want, p := range map[string]planner.Price{
		"it costs CNY 36000: a chain":                                                            {For: "a chain", Amount: 36000, Original: 36000, Currency: "CNY"},
		"it costs CNY 0.5 instead of CNY 1: a chain, then renewed by itself":                     {For: "a chain", Amount: 0.5, Original: 1, Currency: "CNY", Renews: true},
		"it costs CNY 12345678: a chain":                                                         {For: "a chain", Amount: 12345678, Currency: "CNY"},
		"what it costs is not known: nobody answers (a chain; the order has to be paid by hand)": {For: "a chain", Unknown: "nobody answers", ByHand: true},
		"given back: a chain; nobody knows":                                                      {For: "a chain", Unknown: "nobody knows", Back: true},
	} {
		if got := priceRemark(&p); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// Whoever is asked is told what it costs.
func TestQuestionTellsTheSum(t *testing.T) {
	p := &planner.Plan{Stack: "s", Lifecycle: lifecycleCreate}
	if q := question(p, "yes"); strings.Contains(q, "pay") {
		t.Errorf("what costs nothing: %s", q)
	}
	p.Prices = map[string][]planner.Price{
		"a": {{Back: true, Unknown: "x"}, {Amount: 1, Currency: "CNY"}}, "b": {{Amount: 2, Currency: "CNY"}, {Amount: 3, Currency: "EUR"}},
		"c": {{Unknown: "x"}, {Unknown: "y"}}, "d": {{Unknown: "x"}},
	}
	want := "\nDo you want to perform these actions?\n  To pay: CNY 3, and EUR 3, and what is not known of c, d.\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: "
	if q := question(p, "yes"); q != want {
		t.Errorf("got %q", q)
	}
}
