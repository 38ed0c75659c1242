package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// news is what is on record of what steps are at, one line each.
func (b *bench) news(execution string) []string {
	b.t.Helper()
	records, err := b.store.Journal(context.Background(), execution)
	b.must(err)
	var out []string
	for _, r := range records {
		if r.Kind == state.Progress {
			out = append(out, newsText(r))
		}
	}
	return out
}

func newsText(r state.Record) string {
	d := r.Detail
	text := fmt.Sprintf("%s %s %s", r.Node, r.Action, r.Phase)
	if d.Obstacle != "" {
		return strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", text, d.Obstacle, strings.Join(d.WaitsFor, " "), d.Message))
	}
	text += fmt.Sprintf(" %d: %s", r.Attempt, d.Message)
	for _, s := range d.Substeps {
		text += fmt.Sprintf(" %s=%s (%s)", s.Name, s.Status, s.Detail)
	}
	if r.Error != "" {
		text += fmt.Sprintf(" again in %s: %s", d.Wait.Truncate(time.Minute), r.Error)
	}
	return text
}

// planned is what is on record of what steps wait for before they begin.
func (b *bench) planned(execution string) string {
	b.t.Helper()
	x, err := b.store.Execution(context.Background(), execution)
	b.must(err)
	var out []string
	for _, s := range x.Steps {
		out = append(out, strings.TrimSpace(s.Node+" <- "+strings.Join(s.WaitsFor, " ")))
	}
	return strings.Join(out, ", ")
}

func TestNews(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["a"] = []fault{{err: &providers.Error{Kind: providers.Throttled, RetryAfter: 3 * time.Minute, Message: "slow down"}}}
		equal(t, "outcome", Succeeded, b.apply(chain).Outcome)
		equal(t, "planned", "a <-, b <- a, c <- b, d <-", b.planned("web-1"))
		at := func(node string, attempt int) []string {
			return []string{
				fmt.Sprintf("%s create Creating %d: working", node, attempt),
				fmt.Sprintf("%s create Creating %d: working build=processing (1)", node, attempt),
			}
		}
		want := append([]string{"a create Creating 1:  again in 3m0s: slow down"}, at("a", 2)...)
		want = append(append(want, at("b", 1)...), at("c", 1)...)
		got := slices.DeleteFunc(b.news("web-1"), func(line string) bool { return strings.HasPrefix(line, "d ") }) // at any time
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	})
}

func TestNewsOfWhatWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		source := header + `  one:
    type: HuaweiCloud.Fake.Thing
    properties: {parent: p}
  two:
    type: HuaweiCloud.Fake.Thing
    properties: {parent: p}
  vote:
    type: HuaweiCloud.Fake.Key
`
		equal(t, "outcome", Succeeded, b.apply(source).Outcome)
		var waits []string
		for _, line := range b.news("web-1") {
			if strings.Contains(line, "Pending") {
				waits = append(waits, line)
			}
		}
		equal(t, "waits", []string{"two create Pending: turn one one change at a time on p", "vote create Pending: stage"}, waits)
		var told []string
		for _, e := range b.events {
			if e.Kind == StepWaiting {
				told = append(told, fmt.Sprint(e.Node, " ", e.Obstacle, " ", e.WaitsFor))
			}
		}
		equal(t, "told", []string{"two turn [one]", "vote stage []"}, told)
	})
}

// The second phase of a replacement waits for other steps than the first, and
// what a replacement waits for is found through steps that do nothing.
func TestNewsOfReplacements(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		source := func(color, size string) string {
			return header + `  room:
    type: HuaweiCloud.Fake.Thing
    properties: {color: ` + color + `}
  desk:
    type: HuaweiCloud.Fake.Thing
    properties: {parent: {get_attribute: [room, refID]}, color: ` + color + `}
  first:
    type: HuaweiCloud.Fake.Thing
    properties: {size: ` + size + `}
  between:
    type: HuaweiCloud.Fake.Thing
    properties: {uses: {get_attribute: [first, refName]}}
  last:
    type: HuaweiCloud.Fake.Thing
    properties: {uses: {get_attribute: [between, refName]}, size: ` + size + `}
`
		}
		b.apply(source("red", "1"))
		b.events = nil
		equal(t, "outcome", Succeeded, b.apply(source("blue", "2")).Outcome)
		equal(t, "planned", "first <-, last <- first, room <- desk, desk <-", b.planned("web-2"))
		var told []string
		for _, e := range b.events {
			if e.Kind == StepWaiting {
				told = append(told, fmt.Sprint(e.Node, " ", e.Action, " ", e.Obstacle, " ", e.WaitsFor))
			}
		}
		equal(t, "told", []string{"last update predecessors [first]", "room delete predecessors [desk]", "desk create predecessors [room]"}, told)
	})
}

// slowStore takes its time to record news, or fails to; it counts what is under
// way at once.
type slowStore struct {
	state.Store
	take time.Duration
	err  error

	mu           sync.Mutex
	now, most, n int
}

func (s *slowStore) Append(ctx context.Context, l *state.Lease, records ...state.Record) error {
	if records[0].Kind != state.Progress {
		return s.Store.Append(ctx, l, records...)
	}
	s.mu.Lock()
	s.n++
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	time.Sleep(s.take)
	s.mu.Lock()
	s.now--
	s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return s.Store.Append(ctx, l, records...)
}

// News are never in the way: a store that is slow to take them holds up no step,
// and one that refuses them fails none. What comes meanwhile is written together.
func TestNewsHoldUpNothing(t *testing.T) {
	took := func(t *testing.T, s *slowStore) (d time.Duration) {
		inBubble(t, func(t *testing.T, b *bench) {
			s.Store, b.engine.Store = b.engine.Store, s
			start := time.Now()
			b.engine.Store = s
			equal(t, "outcome", Succeeded, b.apply(chain).Outcome)
			last := b.events[len(b.events)-1]
			equal(t, "last event", StepComplete, last.Kind)
			d = last.At.Sub(start)
		})
		return d
	}
	quick, slow, failing := &slowStore{}, &slowStore{take: 10 * time.Second}, &slowStore{err: errors.New("no room")}
	want := took(t, quick)
	equal(t, "time with a slow store", want, took(t, slow))
	equal(t, "time with a failing store", want, took(t, failing))
	if slow.most != 1 || slow.n != 2 || quick.n < 4 {
		t.Errorf("%d writes at once, %d of a slow store, %d of a quick one", slow.most, slow.n, quick.n)
	}
}

// A step without news writes none.
func TestNoNews(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		s := &slowStore{Store: b.store}
		b.engine.Store, b.engine.Providers = s, providers.Registry{"Fake.Thing": noop{}}
		equal(t, "outcome", Succeeded, b.apply(chain).Outcome)
		equal(t, "writes", 0, s.n)
	})
}

// tattler repeats a secret in what its sub-steps are called.
type tattler struct {
	noop
	secret string
}

func (p tattler) Advance(_ context.Context, req *providers.Request, op providers.Operation, _ bool) (providers.Progress, error) {
	if op.Stage == "" {
		return providers.Progress{Next: providers.Operation{Stage: "s", ID: "1"}, Message: "with " + p.secret, After: time.Second,
			Substeps: []providers.Substep{{Name: "for " + p.secret, Status: "processing", Detail: p.secret}}}, nil
	}
	return noop{}.Advance(context.Background(), req, op, false)
}

func TestNewsHoldNoSecrets(t *testing.T) {
	const canary = "canary-77aa"
	inBubble(t, func(t *testing.T, b *bench) {
		b.engine.Providers = providers.Registry{"Fake.Thing": tattler{secret: canary}}
		b.apply(header + "  a:\n    type: HuaweiCloud.Fake.Thing\n    properties: {password: " + canary + "}\n")
		news := b.news("web-1")
		if len(news) != 1 || strings.Contains(news[0], canary) || !strings.Contains(news[0], "for (sensitive") {
			t.Errorf("news: %q", news)
		}
		for _, e := range b.events {
			if strings.Contains(fmt.Sprintf("%+v", e), canary) {
				t.Errorf("event: %+v", e)
			}
		}
	})
}

// Of a step of which too much is told the last is kept.
func TestLatestNews(t *testing.T) {
	var all []state.Record
	for i := range 6 {
		all = append(all, state.Record{Node: fmt.Sprint("n", i%2), Action: string(planner.Create), Attempt: i, Detail: &state.Detail{}})
	}
	var got []string
	for _, r := range latest(all) {
		got = append(got, newsText(r))
	}
	equal(t, "kept", []string{"n0 create  4:", "n1 create  5:"}, []string{strings.TrimSpace(got[0]), strings.TrimSpace(got[1])})
}

// TestNewsOfThousands keeps the last news of each step, and looks for older ones
// now and then only.
func TestNewsOfThousands(t *testing.T) {
	var n news
	drops, was := 0, 0
	for i := range 40_000 {
		n.add(state.Record{Node: fmt.Sprint("n", i%10_000), Attempt: i})
		if len(n.pending) <= was {
			drops++
		}
		was = len(n.pending)
	}
	if last := latest(n.pending); len(last) != 10_000 || last[9_999].Attempt != 39_999 || len(n.pending) > 20_000 || drops > 10 {
		t.Errorf("%d pending of %d steps after dropping %d times", len(n.pending), len(last), drops)
	}
}
