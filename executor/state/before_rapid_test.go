package state

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// history is a stack whose executions do what is drawn, with what was there
// before each of them.
type history struct {
	t        *rapid.T
	elements map[string]*Element // as they are
	made     int                 // numbers what is made

	before  []map[string]*Element // all elements, by execution: number 1 first
	touched []map[string]bool     // nodes that it may have changed
	quiet   []map[string]bool     // those of them that it first only noted something of
	removed int                   // number of the last execution that removed the stack
	records []Record              // of the execution that is being drawn
}

// element is what a node has after its next change.
func (h *history) element(node string) *Element {
	h.made++
	e := &Element{
		Node: node, Type: "T", ObjectID: fmt.Sprint("id-", h.made), Phase: "CreateSucceeded", Retain: h.made%3 == 0,
		Properties: Document{Value: map[string]any{"password": fmt.Sprint(secret, h.made)}},
		Created:    t0, Updated: t0.Add(time.Duration(h.made)),
	}
	if h.made%4 == 0 {
		e.Properties.Sensitive = []string{"/password"}
	}
	return e
}

func (h *history) add(r Record) {
	h.records = append(h.records, r)
	if r.Kind == Intent || r.Kind == Result {
		now := len(h.touched) - 1
		h.quiet[now][r.Node] = h.quiet[now][r.Node] || r.Action == "none" && !h.touched[now][r.Node]
		h.touched[now][r.Node] = true
	}
	if r.Remove {
		delete(h.elements, r.Node)
	}
	if r.Element != nil {
		h.elements[r.Node] = r.Element
	}
}

// step draws what is done to a node.
func (h *history) step(node string) {
	found := h.elements[node]
	if found == nil {
		h.apply(node, "create", nil)
		return
	}
	switch action := rapid.SampledFrom([]string{"update", "delete", "replace", "rename", "keep", "skip"}).Draw(h.t, "action"); action {
	case "update":
		h.apply(node, action, found)
	case "delete", "replace":
		h.add(Record{Node: node, Action: "delete", Kind: Intent, Before: found})
		if rapid.Bool().Draw(h.t, "refused") {
			h.add(Record{Node: node, Action: "delete", Kind: Failure})
			return
		}
		h.add(Record{Node: node, Action: "delete", Kind: Result, Remove: true})
		if action == "replace" {
			h.apply(node, "create", found)
		}
	case "rename":
		to := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(h.t, "to")
		if h.elements[to] != nil {
			return
		}
		moved := *found
		moved.Node = to
		h.add(Record{Node: node, Action: "move", Kind: Result, Before: found, Remove: true})
		h.add(Record{Node: to, Action: "move", Kind: Result, Element: &moved})
	case "keep":
		kept := *found
		kept.DependsOn = []string{"other"}
		h.add(Record{Node: node, Action: "none", Kind: Result, Before: found, Element: &kept})
	case "skip":
		h.add(Record{Node: node, Action: "update", Kind: Skipped})
	}
}

// apply is the phase of a step that makes or changes, with every end it can
// have.
func (h *history) apply(node, action string, found *Element) {
	h.add(Record{Node: node, Action: action, Kind: Intent, Before: found})
	h.add(Record{Node: node, Action: action, Kind: Operation, Operation: []byte(`{}`)})
	switch rapid.SampledFrom([]RecordKind{Result, Failure, Halted}).Draw(h.t, "end") {
	case Result:
		h.add(Record{Node: node, Action: action, Kind: Result, Element: h.element(node)})
	case Failure:
		h.add(Record{Node: node, Action: action, Kind: Failure, Element: h.element(node)})
	case Halted:
		h.add(Record{Node: node, Action: action, Kind: Halted})
	}
}

// execute runs a drawn execution: some steps, what a recovery appends after
// its end, or the removal of the stack.
func (h *history) execute(s *SQLite, l *Lease, nodes []string) {
	ctx := context.Background()
	h.before, h.touched = append(h.before, maps.Clone(h.elements)), append(h.touched, map[string]bool{})
	h.quiet = append(h.quiet, map[string]bool{})
	e, err := s.Begin(ctx, l, &Execution{Lifecycle: "upgrade", Phase: "Upgrading"}, nil, nil)
	must(h.t, err)
	remove := rapid.IntRange(0, 5).Draw(h.t, "remove") == 0
	if remove {
		nodes = slices.Sorted(maps.Keys(h.elements))
	}
	for _, node := range nodes {
		if remove {
			h.add(Record{Node: node, Action: "delete", Kind: Intent, Before: h.elements[node]})
			h.add(Record{Node: node, Action: "delete", Kind: Result, Remove: true})
		} else {
			h.step(node)
		}
	}
	h.write(s, l, e)
	must(h.t, s.Finish(ctx, l, e, nil, remove))
	if remove {
		h.removed = int(e.Number)
		return
	}
	if node := rapid.SampledFrom([]string{"a", "b", ""}).Draw(h.t, "recovered"); h.touched[len(h.touched)-1][node] {
		h.add(Record{Node: node, Action: "create", Kind: Result, Before: h.elements[node], Element: h.element(node)})
		h.write(s, l, e)
	}
}

func (h *history) write(s *SQLite, l *Lease, e *Execution) {
	for i := range h.records {
		h.records[i].Execution = e.ID
	}
	must(h.t, s.Append(context.Background(), l, h.records...))
	h.records = nil
}

// want is what Before has to say.
func (h *history) want(number int) map[string]*Element {
	out := map[string]*Element{}
	first := max(number, h.removed+1)
	for n := len(h.before); n >= first; n-- {
		for node := range h.touched[n-1] {
			out[node] = h.before[n-1][node]
			if e := out[node]; e != nil && n > number && h.quiet[n-1][node] {
				found := *e
				found.Attempted = true
				out[node] = &found
			}
		}
	}
	return out
}

// Whatever executions did, Before gives back the elements as they were.
func TestBeforeOfAnyHistory(t *testing.T) {
	s := openTest(t, temp(t), "")
	stacks := 0
	rapid.Check(t, func(t *rapid.T) {
		stacks++
		l := acquire(t, s, fmt.Sprint("stack-", stacks), "a")
		h := &history{t: t, elements: map[string]*Element{}}
		nodes := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "x", "y"}), 1, 4)
		for range rapid.IntRange(1, 4).Draw(t, "executions") {
			h.execute(s, l, nodes.Draw(t, "nodes"))
		}
		for number := range len(h.before) + 1 { // 0 is before all
			got, err := s.Before(context.Background(), l.Stack, int64(number))
			must(t, err)
			if diff := cmp.Diff(h.want(number), got); diff != "" {
				t.Errorf("before execution %d (-want +got):\n%s", number, diff)
			}
		}
	})
}
