package planner

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/planner/graph"
)

// deletes reports whether the step has a delete phase.
func (s *Step) deletes() bool { return s.Action == Delete || s.Action == Replace }

// applies reports whether the step has an apply phase.
func (s *Step) applies() bool { return s.Action != Delete }

// orderDeletes fills in DeletedWith and DeleteAfter. Deletions run against the
// recorded dependencies: what was created after a node is out of the way
// before it.
func (m *maker) orderDeletes() {
	if m.req.State == nil {
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
	byID := map[string]*Step{}
	for _, s := range m.steps {
		if s.deletes() && !s.Gone && s.ObjectID != "" {
			byID[s.Type+"\x00"+s.ObjectID] = s
		}
	}
	for _, s := range m.steps {
		typ := m.req.Catalogue[s.Type]
		if !s.deletes() || s.Gone || typ == nil {
			continue
		}
		for _, prop := range sortedKeys(typ.Containers) {
			c := typ.Containers[prop]
			id, _ := s.Before.Get(prop)
			if container := byID[c.Type+"\x00"+id.Text()]; c.DeletedWith && container != nil && container != s {
				s.DeletedWith, nested = container.Node, true
				break
			}
		}
	}
	return nested
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
// replacement needs the new object first.
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
	order, err := m.tasks().Order()
	if err != nil {
		m.reportCycles(err)
		order = nil
	}
	m.plan.Steps = make([]*Step, 0, len(m.steps))
	for _, task := range order {
		s := m.steps[task[:len(task)-2]]
		if task[len(task)-1] == '+' || s.Action == Delete {
			m.plan.Steps = append(m.plan.Steps, s)
		}
	}
	slices.SortFunc(m.plan.Drift, func(a, b Drift) int {
		if a.Node < b.Node {
			return -1
		}
		return 1
	})
}
