package planner

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// next draws a blueprint and asks for it, with the consent to lose any data.
func next(t *rapid.T, label string, st *state.Stack) Request {
	bp := parse(t, draw(t, label, st).text(t))
	req := Request{Stack: "demo", Catalogue: catalogue(), Blueprint: bp, State: st, AllowDataLoss: map[string]bool{}}
	for node := range st.Elements {
		req.AllowDataLoss[node] = true
	}
	for _, n := range bp.Nodes {
		req.AllowDataLoss[n.Name.Text] = true
	}
	return req
}

// must makes a plan without errors. Two are told to people rightly: of what is
// retained in a container that goes, and of changes that take two steps.
func must(t *rapid.T, req Request) *Plan {
	p, diags := Make(req)
	for _, d := range diags {
		if d.Severity == diag.Error && d.Code != CodeCannotRetain && d.Code != CodeCycle {
			t.Fatalf("%v\n%s", diags.Err(), printPlan(p))
		}
	}
	if diags.HasErrors() {
		t.Skip(diags.Err())
	}
	return p
}

// TestPlanAfterApplyIsEmpty moves a stack from one drawn blueprint to another
// and expects that nothing is left to do afterwards, and that planning itself
// changes nothing.
func TestPlanAfterApplyIsEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for _, label := range []string{"first", "second", "third"} {
			req := next(t, label, w.stack)
			p := must(t, req)
			again, _ := Make(req)
			if d := cmp.Diff(printPlan(p), printPlan(again)); d != "" {
				t.Fatalf("the same request gave two plans:\n%s", d)
			}
			was := objects(w.stack)
			w.run(t, p, -1)
			checkObjects(t, p, was, objects(w.stack))
			if after, _ := Make(req); !after.Empty() {
				t.Fatalf("something is left to do:\n%s", printPlan(after))
			}
		}
	})
}

// objects are the IDs of a stack's objects, by node.
func objects(st *state.Stack) map[string]string {
	out := map[string]string{}
	for node, e := range st.Elements {
		out[node] = e.ObjectID
	}
	return out
}

// checkObjects expects a new object exactly for what was created or replaced:
// a renaming never makes one.
func checkObjects(t *rapid.T, p *Plan, before, after map[string]string) {
	for _, s := range p.Steps {
		name := s.Node
		if s.RenamedFrom != "" {
			name = s.RenamedFrom
		}
		b, a := before[name], after[s.Node]
		if b != "" && a != "" && (b != a) != (s.Action == Replace) {
			t.Fatalf("%s %s went from object %s to %s", s.Action, s.Node, b, a)
		}
	}
}

// TestPlanIgnoresOrder expects the same plan however the blueprint orders its
// nodes, also where elements are renamed, replaced and deleted.
func TestPlanIgnoresOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.run(t, must(t, next(t, "first", w.stack)), -1)
		req := next(t, "second", w.stack)
		a, _ := Make(req)
		turned := *req.Blueprint
		turned.Nodes = rapid.Permutation(turned.Nodes).Draw(t, "order of nodes")
		req.Blueprint = &turned
		b, _ := Make(req)
		if d := cmp.Diff(printPlan(a), printPlan(b)); d != "" {
			t.Fatal(d)
		}
	})
}

// TestMakeChangesNothing expects that a plan leaves its request alone, whatever
// kind of plan it is.
func TestMakeChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		first := next(t, "first", w.stack)
		changed := w.run(t, must(t, first), -1)
		req := next(t, "second", w.stack)
		req.Targets = map[string]bool{first.Blueprint.Nodes[0].Name.Text: true}
		back := Request{Stack: "demo", Catalogue: req.Catalogue, State: w.stack, Return: &Return{Elements: changed, Only: true, Own: true}}
		refresh := Request{Stack: "demo", Catalogue: req.Catalogue, State: w.stack, RefreshOnly: true}
		for _, r := range []Request{req, back, refresh} {
			before := dump(t, r)
			Make(r)
			if d := cmp.Diff(before, dump(t, r)); d != "" {
				t.Fatal(d)
			}
		}
	})
}

func dump(t *rapid.T, req Request) string {
	req.Catalogue = nil
	b, err := json.Marshal(req.State)
	if err != nil {
		t.Fatal(err)
	}
	var nodes []*dsl.NodeTemplate
	if req.Blueprint != nil {
		nodes = req.Blueprint.Nodes
	}
	n, err := json.Marshal(nodes)
	if err != nil {
		t.Fatal(err)
	}
	r, err := json.Marshal(req.Return)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + string(n) + string(r)
}

// TestTargetsArePart expects of a plan for targets that each of its steps is
// the one of the whole plan, that it is closed, and that the whole plan leads
// to the same end after it.
func TestTargetsArePart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.run(t, must(t, next(t, "first", w.stack)), -1)
		req := next(t, "second", w.stack)
		whole := must(t, req)
		req.Targets = map[string]bool{}
		for _, s := range whole.Steps {
			if rapid.IntRange(0, 3).Draw(t, "target "+s.Node) == 0 {
				req.Targets[s.Node] = true
			}
		}
		part := must(t, req)
		checkPart(t, whole, part)
		w.run(t, part, -1)
		req.Targets = nil
		w.run(t, must(t, req), -1)
		if after, _ := Make(req); !after.Empty() {
			t.Fatalf("something is left to do:\n%s", printPlan(after))
		}
	})
}

func checkPart(t *rapid.T, whole, part *Plan) {
	steps := map[string]*Step{}
	for _, s := range whole.Steps {
		steps[s.Node] = s
	}
	for _, s := range part.Steps {
		of := steps[s.Node]
		switch {
		case s.Kept && (s.acts() || s.RenamedFrom != ""):
			t.Fatalf("%s is kept but acts", s.Node)
		case s.Kept:
		case of == nil || of.Action != s.Action || of.Reason != s.Reason || !slices.Equal(of.DependsOn, s.DependsOn) || !of.After.Equal(s.After) && !of.After.HasUnknown():
			t.Fatalf("%s differs from the whole plan:\n%s\n%s", s.Node, printPlan(whole), printPlan(part))
		}
		for _, before := range s.DependsOn {
			if i := slices.IndexFunc(part.Steps, func(s *Step) bool { return s.Node == before }); !s.Kept && (i < 0 || part.Steps[i].Kept) {
				t.Fatalf("%s depends on %s, which is not planned for", s.Node, before)
			}
		}
	}
}

// TestStages expects that what can't be undone waits for everything that does
// not need it, and that stages never contradict dependencies.
func TestStages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.run(t, must(t, next(t, "first", w.stack)), -1)
		p := must(t, next(t, "second", w.stack))
		all := phasesOf(p)
		for _, f := range all {
			for _, before := range f.after {
				if b := all[before]; b.stage > f.stage || f.stage%2 == 1 && b.stage == f.stage {
					t.Fatalf("%s (stage %d) waits for %s (stage %d):\n%s", f.step.Node, f.stage, b.step.Node, b.stage, printPlan(p))
				}
			}
		}
		for i, f := range all {
			if late := slices.ContainsFunc(needs(all, i), func(j int) bool { return all[j].stage%2 == 1 }); late != (f.stage > 0) {
				t.Fatalf("%s is of stage %d:\n%s", f.step.Node, f.stage, printPlan(p))
			}
		}
		final := slices.ContainsFunc(p.Steps, func(s *Step) bool { return s.Undo == Irreversible })
		if final != (p.NoReturn != nil) {
			t.Fatalf("the point of no return is %+v:\n%s", p.NoReturn, printPlan(p))
		}
	})
}

// needs are a phase and all that it waits for, directly or not.
func needs(all []phase, of int) []int {
	seen := map[int]bool{}
	for todo := []int{of}; len(todo) > 0; {
		i := todo[0]
		todo = todo[1:]
		if !seen[i] {
			seen[i] = true
			todo = append(todo, all[i].after...)
		}
	}
	var out []int
	for i := range seen {
		out = append(out, i)
	}
	return out
}

// TestRollbackReturns upgrades a stack and rolls it back: its elements are
// those of before, and what still exists of them is kept.
func TestRollbackReturns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		first := next(t, "first", w.stack)
		w.run(t, must(t, first), -1)
		was, names := normal(w.stack.Elements), objects(w.stack)
		then := w.run(t, must(t, next(t, "second", w.stack)), -1)
		checkReturn(t, w, rollback(w, first, &Return{To: 1, Elements: then}), was, names)
		if after, _ := Make(first); !after.Empty() {
			t.Fatalf("something is left to do:\n%s", printPlan(after))
		}
	})
}

// TestUndoReturns leaves an upgrade at a drawn point and undoes it, perhaps in
// two tries: its elements are those of before, no question is asked about what
// the upgrade has made, and nothing of that is left in the cloud.
func TestUndoReturns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		first := next(t, "first", w.stack)
		w.run(t, must(t, first), -1)
		was, names, start := normal(w.stack.Elements), objects(w.stack), maps.Clone(w.stack.Elements)
		made := w.made
		leaveHalfway(t, w, must(t, retaining(t, next(t, "second", w.stack))))
		if rapid.Bool().Draw(t, "two tries") {
			leaveHalfway(t, w, must(t, undoing(t, w, first, start)))
		}
		req := undoing(t, w, first, start)
		checkReturn(t, w, req, was, names)
		known := objects(w.stack)
		for id := range w.live {
			if in := slices.Contains(slices.Collect(maps.Values(known)), id); !in && w.newer(id, made) {
				t.Fatalf("%s was made and is left in the cloud", id)
			}
		}
	})
}

// TestRollbackSkips leaves drawn nodes out of a rollback, with those that the
// plan says have to be left out too: their elements are what they were, their
// objects are there with what they live in, and the rest is as the plan says.
func TestRollbackSkips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		first := next(t, "first", w.stack)
		w.run(t, must(t, first), -1)
		then := w.run(t, must(t, next(t, "second", w.stack)), -1)
		req := rollback(w, first, &Return{To: 1, Elements: then, Only: rapid.Bool().Draw(t, "only")})
		for node := range w.stack.Elements {
			req.AllowDataLoss[node] = true
		}
		whole := must(t, req)
		req.Skip = set(whole.Skipping(someOfTheActing(t, whole)...))
		p, diags := Make(req)
		if refused := diags.HasErrors(); refused {
			refusedToSkip(t, p, diags)
			return
		}
		was := maps.Clone(w.stack.Elements)
		w.run(t, p, -1)
		for _, s := range p.Steps {
			if e := w.stack.Elements[s.Node]; req.Skip[s.Node] && !s.Kept || s.Kept && req.Skip[s.Node] && was[w.was(s)].ObjectID != e.ObjectID {
				t.Fatalf("%s was to be left as it is:\n%s", s.Node, printPlan(p))
			}
		}
		for node, e := range w.stack.Elements {
			chain, _ := value(e.Properties).Get("chainId")
			if _, lives := w.live[e.ObjectID]; !lives || chain.Text() != w.live[e.ObjectID] {
				t.Fatalf("%s has lost its object, or what that is in:\n%s", node, printPlan(p))
			}
		}
	})
}

// was is the name under which the element of a step was on record.
func (w *world) was(s *Step) string {
	if s.RenamedFrom != "" {
		return s.RenamedFrom
	}
	return s.Node
}

// someOfTheActing draws nodes for which a plan does something.
func someOfTheActing(t *rapid.T, p *Plan) []string {
	var out []string
	for _, s := range p.Steps {
		if s.acts() && rapid.IntRange(0, 3).Draw(t, "skip "+s.Node) == 0 {
			out = append(out, s.Node)
		}
	}
	return out
}

// refusedToSkip expects that a plan is refused for nothing but what it leaves
// out.
func refusedToSkip(t *rapid.T, p *Plan, diags diag.List) {
	for _, d := range diags {
		if d.Severity == diag.Error && d.Code != CodeCannotSkip && d.Code != CodeCycle {
			t.Fatalf("%v\n%s", d.Error(), printPlan(p))
		}
	}
}

// retaining draws which objects stay in the cloud by the wish of the user.
func retaining(t *rapid.T, req Request) Request {
	p, _ := Make(req)
	req.Retain = map[string]bool{}
	for _, s := range p.Steps {
		if s.deletes() && rapid.IntRange(0, 3).Draw(t, "retain "+s.Node) == 0 {
			req.Retain[s.Node] = true
		}
	}
	return req
}

// leaveHalfway carries a plan out to a drawn point. A creation that comes next
// may fail and leave its object behind.
func leaveHalfway(t *rapid.T, w *world, p *Plan) {
	w.fails = rapid.IntRange(0, 3).Draw(t, "fails") == 0
	w.run(t, p, rapid.IntRange(0, len(phasesOf(p))).Draw(t, "phases"))
	w.fails = false
}

// undoing asks for what was there at the start.
func undoing(t *rapid.T, w *world, first Request, start map[string]*state.Element) Request {
	req := rollback(w, first, &Return{To: 1, Elements: w.changed(start), Only: true, Own: true})
	req.AllowDataLoss, req.Observed = nil, w.observe()
	if foundNothing(req) {
		t.Skip("it would be taken for another cloud")
	}
	return req
}

func rollback(w *world, to Request, r *Return) Request {
	to.State, to.Return, r.There = w.stack, r, map[string]Observed{}
	for node, e := range r.Elements {
		if e != nil && e.LetGo && !r.Only {
			_, there := w.live[e.ObjectID]
			r.There[node] = Observed{Gone: !there, Properties: intrinsic.Unknown}
		}
	}
	return to
}

func checkReturn(t *rapid.T, w *world, req Request, was, names map[string]string) {
	if req.AllowDataLoss != nil {
		for node := range w.stack.Elements {
			req.AllowDataLoss[node] = true
		}
	}
	p := must(t, req)
	there := map[string]bool{}
	for _, e := range w.stack.Elements {
		_, there[e.ObjectID] = w.live[e.ObjectID]
	}
	for node, e := range req.Return.Elements {
		if e != nil && e.LetGo {
			_, there[names[node]] = w.live[names[node]]
		}
	}
	live := maps.Clone(w.live)
	w.run(t, p, -1)
	if d := cmp.Diff(was, normal(w.stack.Elements)); d != "" {
		t.Fatalf("the stack is not as it was:\n%s\n%s", d, printPlan(p))
	}
	for _, s := range p.Steps {
		id := names[s.Node]
		_, lived := live[id]
		_, lives := w.live[id]
		if req.Return.Only && lived && !lives && s.Action != Replace {
			t.Fatalf("%s of %s is destroyed:\n%s", id, s.Node, printPlan(p))
		}
		if there[id] && s.Action != Replace && !madeOfOthers(w, s, names) && w.stack.Elements[s.Node].ObjectID != id {
			t.Fatalf("%s is another object, though %s was there:\n%s", s.Node, id, printPlan(p))
		}
	}
}

// madeOfOthers reports whether the object of a step can't be taken back as it
// was, because something that it was made from is another one now: another is
// made, or was by an earlier try.
func madeOfOthers(w *world, s *Step, names map[string]string) bool {
	return slices.ContainsFunc(s.DependsOn, func(node string) bool {
		return w.stack.Elements[node].ObjectID != names[node]
	})
}
