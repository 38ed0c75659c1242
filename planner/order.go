package planner

import (
	"errors"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/planner/graph"
)

// acts reports whether the step changes the cloud or the stack; a renaming
// alone does not count.
func (s *Step) acts() bool { return s.Action != None && s.Action != Read }

// deletes reports whether the step has a delete phase.
func (s *Step) deletes() bool { return s.Action == Delete || s.Action == Replace }

// destroys reports whether its delete phase destroys an object.
func (s *Step) destroys() bool { return s.deletes() && !s.Gone && !s.Retained }

// forgets reports whether its delete phase leaves an object to the cloud.
func (s *Step) forgets() bool { return s.deletes() && s.Retained }

// applies reports whether the step has an apply phase.
func (s *Step) applies() bool { return s.Action != Delete }

// orderDeletes fills in DeletedWith and DeleteAfter. Deletions run against the
// recorded dependencies: what was created after a node is out of the way
// before it.
func (m *maker) orderDeletes() {
	if len(m.elements) == 0 {
		return
	}
	nested := m.findContainers()
	m.tieDeletes()
	if !nested {
		return
	}
	if _, err := m.tasks().Order(); err == nil {
		return
	}
	// Two containers whose contents depend on each other can't go as wholes:
	// delete everything one by one.
	for _, s := range m.steps {
		s.DeletedWith = ""
	}
	m.tieDeletes()
}

// findContainers notes for each element that is destroyed whether it goes with
// a container that is destroyed too, and reports whether any does.
func (m *maker) findContainers() (nested bool) {
	doomed := m.destroyed()
	for _, s := range m.steps {
		s.DeletedWith = ""
		if !s.destroys() {
			continue
		}
		if c := m.containerIn(doomed, s, true); c != nil {
			s.DeletedWith, nested = c.Node, true
		}
	}
	return nested
}

// destroyed are the steps that destroy an object, by its type and ID.
func (m *maker) destroyed() map[string]*Step {
	out := map[string]*Step{}
	for _, s := range m.steps {
		if s.destroys() && s.ObjectID != "" {
			out[m.recordedTypeName(s)+"\x00"+s.ObjectID] = s
		}
	}
	return out
}

// containerIn returns the one of these steps whose object contains that of s,
// or nil. With taken, only containers count that take along what is in them.
func (m *maker) containerIn(steps map[string]*Step, s *Step, taken bool) *Step {
	typ := m.req.Catalogue[m.recordedTypeName(s)]
	if typ == nil {
		return nil
	}
	for _, prop := range sortedKeys(typ.Containers) {
		in := typ.Containers[prop]
		id, _ := s.Before.Get(prop)
		if c := steps[in.Type+"\x00"+id.Text()]; c != nil && c != s && (in.DeletedWith || !taken) {
			return c
		}
	}
	return nil
}

// root is the step whose delete call destroys the element of s.
func (m *maker) root(s *Step) *Step {
	for range m.steps { // bounded: containment has no cycles in sane state
		c := m.steps[s.DeletedWith]
		if c == nil {
			return s
		}
		s = c
	}
	return s
}

// inside reports whether s is destroyed with container, at whatever depth.
func (m *maker) inside(s, container *Step) bool {
	for range m.steps {
		if s = m.steps[s.DeletedWith]; s == nil {
			return false
		}
		if s == container {
			return true
		}
	}
	return false
}

// tieDeletes derives DeleteAfter from the recorded dependencies.
func (m *maker) tieDeletes() {
	after := map[string][]string{}
	for name, s := range m.steps {
		e := m.element(name)
		if e == nil {
			continue
		}
		if s.DeletedWith != "" {
			after[name] = append(after[name], s.DeletedWith)
		}
		for _, dep := range e.DependsOn {
			target := m.steps[dep]
			if target == nil || !target.deletes() || !blocksDelete(s, target) || m.inside(s, target) || m.inside(target, s) {
				continue
			}
			after[dep] = append(after[dep], name)
			// The object may be destroyed earlier, with its container.
			if a, b := m.root(s), m.root(target); a != b {
				after[b.Node] = append(after[b.Node], a.Node)
			}
		}
	}
	for name, s := range m.steps {
		list := after[name]
		slices.Sort(list)
		s.DeleteAfter = slices.DeleteFunc(slices.Compact(list), func(n string) bool { return n == name })
		if len(s.DeleteAfter) == 0 {
			s.DeleteAfter = nil
		}
	}
}

// blocksDelete reports whether s, which was created after target, must be dealt
// with before target is destroyed: always if it is destroyed itself; if it
// stays, then only when target goes for good, because an update that follows a
// replacement needs the new object first. It holds for what is retained too: a
// stack that is left half way must not have lost what its elements live in.
func blocksDelete(s, target *Step) bool {
	return s.deletes() || s.Action == Update && target.Action == Delete
}

// tasks is the graph of phases: "node/-" deletes, "node/+" applies.
func (m *maker) tasks() *graph.Graph {
	names := make([]string, 0, len(m.steps))
	for name, s := range m.steps {
		if s.deletes() {
			names = append(names, name+"\x00-")
		}
		if s.applies() {
			names = append(names, name+"\x00+")
		}
	}
	g := graph.New(names)
	for name, s := range m.steps {
		g.Add(name+"\x00-", name+"\x00+")
		for _, dep := range s.DependsOn {
			g.Add(dep+"\x00+", name+"\x00+")
		}
		for _, dep := range s.DeleteAfter {
			if m.steps[dep].deletes() {
				g.Add(dep+"\x00-", name+"\x00-")
			} else {
				g.Add(dep+"\x00+", name+"\x00-")
			}
		}
	}
	return g
}

// sortSteps puts the steps into an order in which they can run: each at the
// place of its last phase.
func (m *maker) sortSteps() {
	g := m.tasks()
	order, err := g.Order()
	if err != nil {
		m.reportDeadlock(err)
		order = nil
	}
	order = m.stage(g, order)
	m.plan.Steps = make([]*Step, 0, len(m.steps))
	for _, task := range order {
		if s, deletes := m.phase(task); !deletes || s.Action == Delete {
			m.plan.Steps = append(m.plan.Steps, s)
		}
	}
	slices.SortFunc(m.plan.Drift, func(a, b Drift) int { return strings.Compare(a.Node, b.Node) })
}

// phase is what a task of the graph stands for: a step, and whether it is the
// delete phase of it.
func (m *maker) phase(task string) (s *Step, deletes bool) {
	name, sign, _ := strings.Cut(task, "\x00")
	return m.steps[name], sign == "-"
}

// reportDeadlock tells of steps that wait for each other although the templates
// don't: what is recorded wants another order than what is wanted.
func (m *maker) reportDeadlock(err error) {
	var cycles *graph.CycleError
	if !errors.As(err, &cycles) {
		m.diags.Add(CodeCycle, diag.Range{}, "%v", err)
		return
	}
	for _, c := range cycles.Cycles {
		var path []string
		for _, task := range append(slices.Clone(c), c[0]) {
			path = append(path, m.taskLabel(task))
		}
		s, _ := m.phase(c[0])
		m.diags.Add(CodeCycle, s.Range, "These steps wait for each other: %s. Make the change in two parts, so that one of them is done before.", strings.Join(path, ", then "))
	}
}

// taskLabel names a phase for people.
func (m *maker) taskLabel(task string) string {
	s, deletes := m.phase(task)
	action := s.Action
	switch {
	case deletes:
		action = Delete
	case s.Action == Replace:
		action = Create
	case s.Action == None:
		return "keep " + s.Node
	}
	return string(action) + " " + s.Node
}
