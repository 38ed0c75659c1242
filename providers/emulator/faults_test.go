package emulator_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// struck asks a script of rules about n calls and returns the statuses that it
// refuses them with, 0 for those that pass.
func struck(t *testing.T, n int, rules ...emulator.Rule) []int {
	s := emulator.NewScript(rules...)
	var out []int
	for range n {
		out = append(out, s.Fault(t.Context(), emulator.Call{Service: "bcs", Operation: "ListQuotas"}).Status)
	}
	return out
}

func by(seed uint64, probability float64, status int) emulator.Rule {
	return emulator.Rule{Probability: probability, Seed: seed, Fault: emulator.Fault{Status: status}}
}

func TestChance(t *testing.T) {
	rules := []emulator.Rule{by(7, 0.1, 500), by(7, 0.1, 503)}
	first := struck(t, 10_000, rules...)
	if diff := cmp.Diff(first, struck(t, 10_000, rules...)); diff != "" {
		t.Errorf("the same seed gives other faults:\n%s", diff)
	}
	if cmp.Equal(first, struck(t, 10_000, by(8, 0.1, 500), by(8, 0.1, 503))) {
		t.Error("another seed gives the same faults")
	}
	count := map[int]int{}
	for _, status := range first {
		count[status]++
	}
	// The second rule is asked about what the first lets pass: 9 % of all.
	for status, want := range map[int]int{500: 1000, 503: 900} {
		if got := count[status]; got < want-100 || got > want+100 {
			t.Errorf("%d of 10,000 calls answered with %d, want about %d", got, status, want)
		}
	}
}

// Calls that pass by skip are not drawn for, so that it moves what happens and
// changes nothing of it; times counts the calls that are struck.
func TestChanceWithSkipAndTimes(t *testing.T) {
	rule := by(3, 0.3, 500)
	all := struck(t, 50, rule)
	rule.Skip = 5
	if diff := cmp.Diff(append(make([]int, 5), all[:45]...), struck(t, 50, rule)); diff != "" {
		t.Error(diff)
	}
	rule.Skip, rule.Times = 0, 2
	var want []int
	left := 2
	for _, status := range all {
		if status != 0 {
			left--
		}
		if left < 0 {
			status = 0
		}
		want = append(want, status)
	}
	if diff := cmp.Diff(want, struck(t, 50, rule)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{500, 500}, struck(t, 2, by(1, 1, 500))); diff != "" {
		t.Errorf("probability 1 strikes always:\n%s", diff)
	}
}

// To the client a connection that is cut before the work looks like one that is
// cut after it.
func TestCutConnection(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	c.faults.Add(emulator.Rule{Operation: "CreateNewBlockchain", Times: 1, Fault: emulator.CutConnection()})
	_, err := api.CreateNewBlockchain(orderOf("ledger"))
	var refused *sdkerr.ServiceResponseError
	if err == nil || errors.As(err, &refused) {
		t.Fatalf("a cut connection came as %v", err)
	}
	if there := must(api.ListBlockchains(&model.ListBlockchainsRequest{}))(t); len(*there.Blockchains) > 0 {
		t.Errorf("the work was done: %v", there)
	}
	want := []emulator.Change{{
		Seq: 1, Service: "bcs", Operation: "CreateNewBlockchain", Method: "POST",
		Path: "/v2/" + emulator.DefaultProjectID + "/blockchains", Lost: true,
	}}
	if diff := cmp.Diff(want, must(c.Changes(t.Context()))(t), cmpopts.IgnoreFields(emulator.Change{}, "Time", "Body", "RequestID")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}
