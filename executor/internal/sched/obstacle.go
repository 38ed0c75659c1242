package sched

import "slices"

// Obstacle is what keeps a task from beginning.
type Obstacle string

// The obstacles; "" is none: the task has begun or is over.
const (
	Predecessors Obstacle = "predecessors" // tasks that must be done before
	Stage        Obstacle = "stage"        // tasks of lower stages
	Slot         Obstacle = "slot"         // as many tasks run as may
	Turn         Obstacle = "turn"         // tasks with the same key
)

// mostNamed bounds how many tasks are named as those that another one waits
// for, and mostPassed how many without work are looked through to find them:
// people read them.
const (
	mostNamed  = 50
	mostPassed = 500
)

// Obstacle tells what keeps a task from beginning, and the first of the tasks
// that it waits for, in order: those that are not over of its predecessors, as
// Before has them, or those before it in the line for its key. Of a stage or a
// slot none is named.
func (c *Core) Obstacle(task int) (o Obstacle, by []int) {
	t := c.tasks[task]
	switch t.state {
	case Waiting:
		return Predecessors, nearest(t.After, c.predecessors, func(i int) []int { return c.tasks[i].After })
	case Held:
		return Stage, nil
	case Ready:
		return Slot, nil
	case Queued:
		if t.keyed {
			return Slot, nil
		}
		return Turn, c.ahead(t)
	}
	return "", nil
}

// predecessors are those of a task without work; others stand for themselves,
// unless they are over.
func (c *Core) predecessors(i int) (through []int, counts bool) {
	t := c.tasks[i]
	switch {
	case t.state.final():
		return nil, false
	case t.idle():
		return t.After, false
	}
	return nil, true
}

// Before are the tasks with work that a task waits for, by their indexes: the
// first of them, in order. Tasks without work are looked through, and what
// another of them waits for goes without saying.
func Before(tasks []Task, task int) []int {
	return nearest(tasks[task].After, func(i int) ([]int, bool) {
		if t := tasks[i]; idle(t.Action) {
			return t.After, false
		}
		return nil, true
	}, func(i int) []int { return tasks[i].After })
}

// nearest collects the tasks that count, looking through those that do not and
// leaving out those that come before another one of them.
func nearest(from []int, look func(int) (through []int, counts bool), after func(int) []int) []int {
	var out []int
	seen := map[int]bool{}
	for open := from; len(open) > 0 && len(seen) < mostPassed && len(out) < mostNamed; open = open[1:] {
		i := open[0]
		if seen[i] {
			continue
		}
		seen[i] = true
		through, counts := look(i)
		if counts {
			out = append(out, i)
		}
		open = append(open[:len(open):len(open)], through...)
	}
	implied := map[int]bool{}
	for _, i := range out {
		for _, before := range after(i) {
			implied[before] = true
		}
	}
	return slices.DeleteFunc(out, func(i int) bool { return implied[i] })
}

// ahead are the tasks before t in the line for its key; the first has it.
func (c *Core) ahead(t *task) []int {
	var out []int
	for _, other := range c.keys[t.key] {
		if other == t || len(out) == mostNamed {
			break
		}
		out = append(out, other.index)
	}
	return out
}

// Moved are the tasks that have met another obstacle since it was last asked,
// in order. Some may have got over it meanwhile.
func (c *Core) Moved() []int {
	out := c.moved
	c.moved = nil
	return out
}

// blockedAtFirst notes the tasks that wait for others from the beginning on. The
// second phase of a step does not count before the first is over.
func (c *Core) blockedAtFirst() {
	for _, t := range c.tasks {
		if t.state == Waiting && !t.idle() && !c.second(t) {
			c.moved = append(c.moved, t.index)
		}
	}
}

// second reports whether a task is the second phase of its step.
func (c *Core) second(t *task) bool {
	for _, i := range t.After {
		if c.tasks[i].Node == t.Node {
			return true
		}
	}
	return false
}
