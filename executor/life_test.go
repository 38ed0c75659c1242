package executor

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

var (
	lives = flag.Int("lives", 12, "how many random lives TestLives leads")
	life  = flag.Uint64("life", 0, "the one seed that TestLives runs; 0: 1 to -lives")
)

// TestLives leads stacks through random upgrades, renamings, rollbacks and
// deletions, in which answers are lost, steps fail and processes die. After
// each of them the cloud holds what is on record and nothing else, a second
// plan finds nothing to do, and a rollback has brought back what was there.
func TestLives(t *testing.T) {
	first, last := uint64(1), uint64(*lives)
	if *life != 0 {
		first, last = *life, *life
	}
	for seed := first; seed <= last; seed++ {
		inBubble(t, func(t *testing.T, b *bench) {
			l := &liveStack{bench: b, rng: rand.New(rand.NewPCG(seed, 3))}
			for range 4 {
				l.upgrade()
				if len(l.nodes) > 0 && l.rng.IntN(3) == 0 {
					l.goBack()
				}
				l.failed(seed)
			}
			l.delete()
			l.failed(seed)
		})
	}
}

// liveNode is a node template of a random blueprint.
type liveNode struct {
	name, was string
	size      int
	color     string
	uses      []string // keys of other nodes; a key is a name without its first letter
}

func (n liveNode) key() string { return n.name[1:] }

// liveStack is a stack and what its blueprint says.
type liveStack struct {
	*bench
	rng   *rand.Rand
	nodes []liveNode // sorted by key
	next  int        // key of the next new node
	story []string

	earlier  string            // the blueprint before
	snapshot map[string]string // what was there then
	number   int64             // of the first execution since
}

func (l *liveStack) note(format string, args ...any) {
	l.story = append(l.story, fmt.Sprintf(format, args...))
}

// failed ends the test if something is wrong, with all that led to it.
func (l *liveStack) failed(seed uint64) {
	l.t.Helper()
	if !l.t.Failed() {
		return
	}
	all, err := l.store.Executions(context.Background(), "web")
	l.must(err)
	slices.Reverse(all)
	for _, x := range all {
		l.note("%s %s %s", x.ID, x.Lifecycle, x.Phase)
		for _, line := range l.journal(x.ID) {
			l.note("  %s", line)
		}
	}
	l.t.Fatalf("seed %d (run again with -args -life %d):\n%s\n%s\n%s", seed, seed, strings.Join(l.story, "\n"), l.source(), strings.Join(l.cloud.log, "\n"))
}

// source writes the blueprint.
func (l *liveStack) source() string {
	if len(l.nodes) == 0 {
		return header + "  {}\n"
	}
	names := map[string]string{}
	var b strings.Builder
	b.WriteString(header)
	for _, n := range l.nodes {
		names[n.key()] = n.name
		fmt.Fprintf(&b, "  %s:\n    type: HuaweiCloud.Fake.Thing\n", n.name)
		if n.was != "" {
			fmt.Fprintf(&b, "    renamed_from: %s\n", n.was)
		}
		fmt.Fprintf(&b, "    properties:\n      size: %d\n      color: %s\n", n.size, n.color)
		if len(n.uses) > 0 {
			b.WriteString("      uses: {concat: [x")
			for _, key := range n.uses {
				if names[key] != "" {
					fmt.Fprintf(&b, ", {get_attribute: [%s, refID]}", names[key])
				}
			}
			b.WriteString("]}\n")
		}
	}
	return b.String()
}

// change draws another blueprint.
func (l *liveStack) change() {
	kept := l.nodes[:0:0]
	for _, n := range l.nodes {
		n.was = ""
		switch l.rng.IntN(6) {
		case 0:
			n.size++
		case 1:
			n.color += "x"
		case 2:
			n.was, n.name = n.name, map[byte]string{'n': "m", 'm': "n"}[n.name[0]]+n.key()
		case 3: // what others use stays: to take it from them is another blueprint (PLAN004)
			if !slices.ContainsFunc(l.nodes, func(o liveNode) bool { return slices.Contains(o.uses, n.key()) }) {
				continue
			}
		}
		kept = append(kept, n)
	}
	for range 1 + l.rng.IntN(3) {
		n := liveNode{name: fmt.Sprintf("n%02d", l.next), size: l.rng.IntN(5), color: "c"}
		l.next++
		for _, other := range kept {
			if l.rng.IntN(3) == 0 {
				n.uses = append(n.uses, other.key())
			}
		}
		kept = append(kept, n)
	}
	l.nodes = kept
}

// there is what the cloud holds for each node; it checks that this is all.
func (l *liveStack) there() map[string]string {
	l.t.Helper()
	out := map[string]string{}
	st, err := l.store.Stack(context.Background(), "web")
	if errors.Is(err, state.ErrNotFound) {
		st = &state.Stack{}
	} else {
		l.must(err)
	}
	owned := map[string]bool{}
	for node, e := range st.Elements {
		o := l.cloud.objects[e.ObjectID]
		if o == nil || o.deleting || o.polls > 0 || owned[e.ObjectID] {
			l.t.Errorf("%s is on record as %s, in the cloud it is %+v", node, e.ObjectID, o)
			continue
		}
		owned[e.ObjectID] = true
		out[node] = fmt.Sprint(o.properties["size"], o.properties["color"])
	}
	for _, id := range slices.Sorted(maps.Keys(l.cloud.objects)) {
		if !owned[id] {
			l.t.Errorf("%s (%s) is in the cloud, but not on record", id, l.cloud.objects[id].name)
		}
	}
	l.nothingRuns()
	return out
}

func (l *liveStack) executions() int64 {
	all, err := l.store.Executions(context.Background(), "web")
	l.must(err)
	return int64(len(all))
}

// carryOut does what a plan says, however often that has to be begun anew.
func (l *liveStack) carryOut(what string, plan func() *planner.Plan) {
	l.t.Helper()
	l.faults()
	for try := range 20 {
		p := plan()
		if try > 0 && p.Empty() {
			return
		}
		if l.rng.IntN(2) == 0 {
			n, late := 1+l.rng.IntN(15), l.rng.IntN(2) == 0
			died := l.crash(n, late, func(e *Engine, lease *state.Lease) {
				_, _ = e.Run(context.Background(), lease, p, Options{Parallelism: 1 + l.rng.IntN(4)})
			})
			l.note("%s: dies at write %d (late: %v): %v", what, n, late, died)
			l.settle()
			continue
		}
		res := l.run(p, state.Terms{})
		l.note("%s: %s %+v", what, res.Outcome, res.Summary)
		l.settle()
		if res.Outcome == Succeeded {
			return
		}
	}
	l.t.Errorf("%s comes to no end", what)
}

// settle takes up what was left; faults strike here too, but not for ever.
func (l *liveStack) settle() {
	l.t.Helper()
	lease := l.lease()
	defer func() { l.must(l.store.Release(context.Background(), lease)) }()
	var err error
	for range 5 {
		if _, err = l.engine.Recover(context.Background(), lease, "web", Options{}); err == nil {
			return
		}
		l.note("recovery: %v", err)
	}
	l.t.Errorf("recovery comes to no end: %v", err)
}

// faults draws some that strike the next calls.
func (l *liveStack) faults() {
	l.cloud.faults = map[string][]fault{}
	kinds := []fault{
		{err: &providers.Error{Kind: providers.Throttled}},
		{err: &providers.Error{Kind: providers.Ambiguous}},
		{err: &providers.Error{Kind: providers.Ambiguous}, after: true},
		{err: &providers.Error{Kind: providers.Quota}},
		{err: &providers.Error{Kind: providers.Unexpected}, after: true},
		{err: &providers.Error{Kind: providers.Auth}},
		{},
	}
	for _, n := range l.nodes {
		if l.rng.IntN(4) == 0 {
			l.cloud.faults[n.name] = []fault{kinds[l.rng.IntN(len(kinds))], kinds[l.rng.IntN(len(kinds))]}
		}
	}
}

func (l *liveStack) upgrade() {
	l.t.Helper()
	l.earlier, l.snapshot, l.number = l.source(), l.there(), l.executions()+1
	l.change()
	l.carryOut("upgrade", func() *planner.Plan { return l.plan(l.source(), nil) })
	l.cloud.faults = nil
	want := map[string]string{}
	for _, n := range l.nodes {
		want[n.name] = fmt.Sprint(n.size, n.color)
	}
	equal(l.t.(*testing.T), "the cloud after the upgrade", want, l.there())
	if p := l.plan(l.source(), nil); !p.Empty() {
		l.t.Errorf("the plan after the upgrade: %+v", p.Summary())
	}
}

// goBack returns to what was there before the upgrade.
func (l *liveStack) goBack() {
	l.t.Helper()
	if len(l.snapshot) == 0 {
		return
	}
	source := l.earlier
	l.carryOut("rollback", func() *planner.Plan {
		req := l.request(source, nil)
		elements, err := l.store.Before(context.Background(), "web", l.number)
		l.must(err)
		req.Return = &planner.Return{To: 1, Elements: elements}
		return l.make(req)
	})
	l.cloud.faults = nil
	equal(l.t.(*testing.T), "the cloud after the rollback", l.snapshot, l.there())
	l.nodes = nil // what comes next is another blueprint altogether
	for _, name := range slices.Sorted(maps.Keys(l.snapshot)) {
		l.nodes = append(l.nodes, liveNode{name: name, size: l.rng.IntN(5), color: "c"})
	}
	slices.SortFunc(l.nodes, func(a, b liveNode) int { return strings.Compare(a.key(), b.key()) })
	l.carryOut("settle", func() *planner.Plan { return l.plan(l.source(), nil) })
}

func (l *liveStack) delete() {
	l.t.Helper()
	for range 20 {
		if _, err := l.store.Stack(context.Background(), "web"); errors.Is(err, state.ErrNotFound) {
			l.there()
			return
		}
		l.faults()
		l.crash(1+l.rng.IntN(12), l.rng.IntN(2) == 0, func(e *Engine, lease *state.Lease) {
			_, _ = e.Run(context.Background(), lease, l.plan("", nil), Options{})
		})
		l.cloud.faults = nil
		l.settle()
	}
	l.t.Error("the deletion comes to no end")
}
