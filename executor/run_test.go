package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// inBubble runs a story on a fake clock.
func inBubble(t *testing.T, story func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		story(t, b)
	})
}

func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (b *bench) stack() *state.Stack {
	b.t.Helper()
	st, err := b.store.Stack(context.Background(), "web")
	b.must(err)
	return st
}

// journal is what is on record of an execution, without its news.
func (b *bench) journal(execution string) []string {
	b.t.Helper()
	records, err := b.store.Journal(context.Background(), execution)
	b.must(err)
	var out []string
	for _, r := range records {
		if r.Kind == state.Progress {
			continue
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Node, r.Action, r.Kind, r.Phase)))
	}
	return out
}

func TestCreate(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		res := b.apply(chain)
		equal(t, "outcome", Succeeded, res.Outcome)
		equal(t, "summary", planner.Summary{Add: 4}, res.Summary)
		equal(t, "outputs", map[string]state.Document{"last": {Value: "id-4"}, "alone": {Value: "web-d"}}, res.Outputs)
		st := b.stack()
		equal(t, "phase", "CreateSucceeded", st.Phase)
		equal(t, "recorded outputs", res.Outputs, st.Outputs)
		equal(t, "dependencies", []string{"b"}, st.Elements["c"].DependsOn)
		equal(t, "element", "id-4 CreateSucceeded 1", fmt.Sprint(st.Elements["c"].ObjectID, " ", st.Elements["c"].Phase, " ", st.Elements["c"].Revision))
		equal(t, "source", "source", string(st.Revision.Blueprint))
		journal := slices.DeleteFunc(b.journal("web-1"), func(line string) bool { return !strings.HasPrefix(line, "a ") })
		equal(t, "journal", []string{
			"a create planned Pending", "a create intent Creating", "a create operation Creating", "a create result CreateSucceeded",
		}, journal)
		if p := b.plan(chain, nil); !p.Empty() {
			t.Errorf("the plan after the apply: %+v", p.Summary())
		}
	})
}

func TestUpgradeAndReplace(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		changed := strings.Replace(chain, "{size: 4}", "{size: 5, color: red}", 1)
		changed = strings.Replace(changed, "{size: 1}", "{size: 2}", 1)
		b.events = nil
		res := b.apply(changed)
		equal(t, "outcome", Succeeded, res.Outcome)
		equal(t, "summary", planner.Summary{Add: 1, Change: 1, Destroy: 1}, res.Summary)
		equal(t, "events of d", []string{"apply_start d delete", "apply_complete d delete", "apply_start d create", "apply_complete d create"},
			slices.DeleteFunc(b.trace(), func(line string) bool { return !strings.Contains(line, " d ") }))
		st := b.stack()
		equal(t, "phase", "UpgradeSucceeded", st.Phase)
		equal(t, "a", "UpgradeSucceeded", st.Elements["a"].Phase)
		equal(t, "object of d", "id-5", st.Elements["d"].ObjectID)
		equal(t, "objects", 4, len(b.cloud.objects))
		x, err := b.store.Execution(context.Background(), "web-2")
		b.must(err)
		i := slices.IndexFunc(x.Steps, func(s state.StepRecord) bool { return s.Node == "d" })
		equal(t, "step of d", "replace CreateSucceeded", x.Steps[i].Action+" "+x.Steps[i].Phase)
	})
}

func TestDelete(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.cloud.log = nil
		res := b.apply("")
		equal(t, "outcome", Succeeded, res.Outcome)
		equal(t, "summary", planner.Summary{Destroy: 4}, res.Summary)
		equal(t, "objects", 0, len(b.cloud.objects))
		begun := slices.DeleteFunc(b.cloud.log, func(line string) bool { return strings.HasSuffix(line, "wait") || strings.Contains(line, " d ") })
		equal(t, "order", []string{"delete c ", "delete b ", "delete a "}, begun)
		if _, err := b.store.Stack(context.Background(), "web"); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("the stack is still there: %v", err)
		}
		x, err := b.store.Execution(context.Background(), "web-2")
		b.must(err)
		equal(t, "phase", "DeleteSucceeded", x.Phase)
	})
}

func TestFailure(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["b"] = []fault{{err: &providers.Error{Kind: providers.Quota, Message: "no room"}}}
		res := b.apply(chain)
		equal(t, "outcome", Failed, res.Outcome)
		equal(t, "summary", planner.Summary{Add: 2}, res.Summary)
		equal(t, "outputs", map[string]state.Document{"alone": {Value: "web-d"}}, res.Outputs)
		if len(res.Errors) != 1 || res.Errors[0].Node != "b" || !isKind(res.Errors[0].Err, providers.Quota) {
			t.Errorf("errors: %v", res.Errors)
		}
		x, err := b.store.Execution(context.Background(), "web-1")
		b.must(err)
		equal(t, "execution", "CreateFailed: b failed: no room", x.Phase+": "+x.Message)
		var steps []string
		for _, s := range x.Steps {
			steps = append(steps, strings.TrimSpace(s.Node+" "+s.Phase+" "+s.Error))
		}
		slices.Sort(steps)
		equal(t, "steps", []string{"a CreateSucceeded", "b CreateFailed no room", "c Pending b failed", "d CreateSucceeded"}, steps)
		// What was not done is what the next run does.
		equal(t, "next summary", planner.Summary{Add: 2}, b.apply(chain).Summary)
	})
}

// TestFailedCreateLeavesItsObject keeps what was made in the record.
func TestFailedCreateLeavesItsObject(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["d"] = []fault{{}, {err: &providers.Error{Kind: providers.Failed, Message: "it broke"}}}
		equal(t, "outcome", Failed, b.apply(chain).Outcome)
		e := b.stack().Elements["d"]
		if e == nil || e.Phase != "CreateFailed" || b.cloud.objects[e.ObjectID] == nil {
			t.Errorf("element: %+v", e)
		}
	})
}

func TestRetries(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["d"] = []fault{
			{err: &providers.Error{Kind: providers.Throttled, RetryAfter: 90 * time.Second}},
			{err: &providers.Error{Kind: providers.Unavail}},
			{err: &providers.Error{Kind: providers.Busy}},
			{err: &providers.Error{Kind: providers.Ambiguous}, after: true}, // made, but the answer is lost
		}
		start := time.Now()
		equal(t, "outcome", Succeeded, b.apply(chain).Outcome)
		equal(t, "made", 1, b.cloud.made["web-d"])
		if took := time.Since(start); took < 90*time.Second || took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}
		var attempts []int
		for _, e := range b.events {
			if e.Kind == StepRetry {
				attempts = append(attempts, e.Attempt)
			}
		}
		equal(t, "attempts", []int{1, 2, 3, 4}, attempts)
	})
}

func TestOneActionAtATimeOnAnObject(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		var source strings.Builder
		source.WriteString(header)
		for i := range 6 {
			fmt.Fprintf(&source, "  n%d:\n    type: HuaweiCloud.Fake.Thing\n    properties: {parent: p%d}\n", i, i%2)
		}
		equal(t, "outcome", Succeeded, b.apply(source.String()).Outcome)
		if b.cloud.overlap {
			t.Error("two actions ran on one object at once")
		}
	})
}

func TestInterrupt(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		stop := make(chan struct{})
		o := b.options()
		o.Stop = stop
		observe := o.Observe
		o.Observe = func(e Event) {
			observe(e)
			if e.Kind == StepProgress && e.Node == "b" && len(e.Substeps) == 0 {
				close(stop)
			}
		}
		l := b.lease()
		res, err := b.engine.Run(ctx, l, b.plan(chain, nil), o)
		b.must(err)
		b.must(b.store.Release(ctx, l))
		equal(t, "outcome", Interrupted, res.Outcome)
		equal(t, "phase", "CreatePaused", b.stack().Phase)
		if !slices.Contains(b.trace(), "step_stopped b create") || !slices.Contains(b.trace(), "step_skipped c create") {
			t.Errorf("events: %q", b.trace())
		}
		// Another process goes on.
		b.reopen()
		b.events = nil
		l = b.lease()
		rec, err := b.engine.Recover(ctx, l, "web", b.options())
		b.must(err)
		equal(t, "finished", []string{"b"}, rec.Finished)
		equal(t, "b", "id-3 CreateSucceeded", b.stack().Elements["b"].ObjectID+" "+b.stack().Elements["b"].Phase)
		b.must(b.store.Release(ctx, l))
		equal(t, "the rest", planner.Summary{Add: 1}, b.apply(chain).Summary)
		for name, n := range b.cloud.made {
			if n != 1 {
				t.Errorf("%s was made %d times", name, n)
			}
		}
	})
}

// TestAbort cancels the context while a call hangs: the outcome stays open and
// is found out afterwards.
func TestAbort(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.hold["d"] = make(chan struct{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		l := b.lease()
		res, err := b.engine.Run(ctx, l, b.plan(chain, nil), b.options())
		b.must(err)
		equal(t, "outcome", Interrupted, res.Outcome)
		equal(t, "summary", planner.Summary{Add: 3}, res.Summary)
		b.cloud.hold = map[string]chan struct{}{}
		rec, err := b.engine.Recover(context.Background(), l, "web", b.options())
		b.must(err)
		equal(t, "not done", []string{"d"}, rec.NotDone)
		again, err := b.engine.Recover(context.Background(), l, "web", b.options())
		b.must(err)
		if again.Execution != nil {
			t.Error("a second recovery found something to do")
		}
	})
}

func TestTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["a"] = slices.Repeat([]fault{{err: &providers.Error{Kind: providers.Busy}}}, 1000)
		l := b.lease()
		o := b.options()
		o.Timeout = 10 * time.Minute
		start := time.Now()
		res, err := b.engine.Run(context.Background(), l, b.plan(chain, nil), o)
		b.must(err)
		equal(t, "outcome", Interrupted, res.Outcome)
		equal(t, "time", 10*time.Minute, time.Since(start).Round(time.Second))
		equal(t, "message", "its time of 10m0s was over", res.Execution.Message)
		rec, err := b.engine.Recover(context.Background(), l, "web", b.options())
		b.must(err)
		if rec.Execution != nil {
			t.Error("nothing was sent, so nothing is open")
		}
	})
}

func TestLeaseLost(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		b.cloud.hold["d"] = make(chan struct{})
		l := b.lease()
		p := b.plan(chain, nil)
		ended := make(chan error)
		go func() {
			_, err := b.engine.Run(ctx, l, p, b.options())
			ended <- err
		}()
		// The heartbeat keeps it alive well beyond its time.
		<-time.After(5 * LeaseTTL)
		thief, err := state.OpenSQLite(ctx, b.path, nil)
		b.must(err)
		defer thief.Close()
		_, err = thief.Acquire(ctx, "web", state.Owner{ID: "thief", Host: "other"}, LeaseTTL)
		var held *state.HeldError
		if !errors.As(err, &held) {
			t.Fatalf("the lease was not kept: %v", err)
		}
		b.must(thief.Release(ctx, l)) // as unlock does
		_, err = thief.Acquire(ctx, "web", state.Owner{ID: "thief", Host: "other"}, time.Hour)
		b.must(err)
		before := b.journal("web-1")
		if err := <-ended; !errors.Is(err, state.ErrLeaseLost) {
			t.Errorf("Run: %v", err)
		}
		equal(t, "journal", before, b.journal("web-1"))
	})
}

func TestRefresh(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		b.apply(chain)
		delete(b.cloud.objects, b.stack().Elements["d"].ObjectID)
		b.cloud.faults["read a"] = []fault{{err: &providers.Error{Kind: providers.Throttled}}}
		seen, err := b.engine.Refresh(ctx, b.stack(), fakeCatalogue(), 2)
		b.must(err)
		for node, gone := range map[string]bool{"a": false, "b": false, "c": false, "d": true} {
			equal(t, node, gone, seen[node].Gone)
		}
		if token, _ := seen["a"].Attributes.Get("token"); !token.IsSensitive() {
			t.Error("a sensitive attribute is not marked")
		}
		for _, kind := range []providers.Kind{providers.Auth, providers.Unexpected} {
			b.cloud.faults["read c"] = []fault{{err: &providers.Error{Kind: kind, Message: "refused"}}}
			if _, err := b.engine.Refresh(ctx, b.stack(), fakeCatalogue(), 2); !isKind(err, kind) {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}

const secretSource = `tosca_definitions_version: huaweicloud_tosca_version_1_0
inputs:
  pass: {type: password}
node_templates:
  a:
    type: HuaweiCloud.Fake.Thing
    properties: {password: {get_input: pass}}
  b:
    type: HuaweiCloud.Fake.Thing
    properties: {uses: {concat: ["x", {get_attribute: [a, echo]}]}}
outputs:
  leak:
    value: {get_attribute: [b, refName]}
  token:
    value: {get_attribute: [a, token]}
`

func TestSecrets(t *testing.T) {
	const canary = "canary-5c1d"
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["b"] = []fault{{err: &providers.Error{Kind: providers.Invalid, Message: "bad value x" + canary, Err: errors.New(canary)}}}
		l := b.lease()
		inputs := map[string]intrinsic.Value{"pass": intrinsic.Of(canary).MarkSensitive()}
		res, err := b.engine.Run(context.Background(), l, b.plan(secretSource, inputs), b.options())
		b.must(err)
		st := b.stack()
		equal(t, "sensitive properties", []string{"/password"}, st.Elements["a"].Properties.Sensitive)
		equal(t, "sensitive attributes", []string{"/echo", "/token"}, st.Elements["a"].Attributes.Sensitive)
		equal(t, "sensitive output", []string{""}, st.Outputs["token"].Sensitive)
		if text := fmt.Sprintf("%v %+v", res.Errors, res.Errors[0].Err); strings.Contains(text, canary) || !strings.Contains(text, intrinsic.SensitiveText) {
			t.Errorf("error: %s", text)
		}
		for _, e := range b.events {
			if strings.Contains(fmt.Sprintf("%+v", e), canary) {
				t.Errorf("event: %+v", e)
			}
		}
		for _, file := range []string{b.path, b.path + "-wal"} {
			content, err := os.ReadFile(file)
			b.must(err)
			for _, text := range []string{canary, "token-of-id"} {
				if strings.Contains(string(content), text) {
					t.Errorf("%s holds %q", filepath.Base(file), text)
				}
			}
		}
	})
}

func TestFirstCause(t *testing.T) {
	refused := func(node string) error {
		return fmt.Errorf("read %s: %w", node, &providers.Error{Kind: providers.Auth, Status: 401})
	}
	broken := fmt.Errorf("read c: %w", &providers.Error{Kind: providers.Unexpected})
	err := firstCause([]error{nil, refused("a"), context.Canceled, refused("b"), broken, broken})
	want := "read a: HTTP 401 auth, and so for 1 more\nread c: unexpected\nread c: unexpected"
	if err.Error() != want || !isKind(err, providers.Auth) {
		t.Errorf("%v", err)
	}
	if err := firstCause([]error{nil, nil}); err != nil {
		t.Error(err)
	}
}
