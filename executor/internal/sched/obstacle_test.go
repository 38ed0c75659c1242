package sched

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

// obstacles tells what has come in the way since it was last asked.
func obstacles(c *Core) string {
	var out []string
	for _, i := range c.Moved() {
		o, by := c.Obstacle(i)
		if o == "" {
			continue
		}
		text := fmt.Sprintf("%s: %s", c.tasks[i].name(), o)
		for _, b := range by {
			text += " " + c.tasks[b].name()
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

func TestObstacles(t *testing.T) {
	create := func(node string, stage int, after ...int) Task {
		return Task{Node: node, Action: planner.Create, Call: true, Stage: stage, After: after}
	}
	tasks := []Task{
		0: create("a", 0),
		1: create("b", 0),
		2: {Node: "unchanged", Action: planner.None, After: []int{0, 1}},
		3: create("c", 0, 2, 0),
		4: {Node: "d", Action: planner.Delete, Call: true, After: []int{1}},
		5: create("d", 0, 4, 3),
		6: create("vote", 1),
	}
	c, err := New(tasks, Options{Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when, want string) {
		t.Helper()
		if d := cmp.Diff(strings.TrimSpace(want), obstacles(c)); d != "" {
			t.Errorf("%s (-want +got):\n%s", when, d)
		}
	}
	done := func(i int) {
		c.Handle(0, Advanced{Task: i, Done: true})
		c.Handle(0, Recorded{Task: i})
	}
	if got := Before(tasks, 5); fmt.Sprint(got) != "[4 3]" {
		t.Errorf("the second d comes after %v", got)
	}
	if got := Before(append(tasks, create("e", 0, 0, 3, 4)), 7); fmt.Sprint(got) != "[3 4]" {
		t.Errorf("e comes after %v", got)
	}
	if got := Before(tasks, 3); fmt.Sprint(got) != "[0 1]" {
		t.Errorf("c comes after %v", got)
	}
	c.Start(0)
	expect("at first", "b/create: slot\nvote/create: stage\nc/create: predecessors a/create b/create\nd/delete: predecessors b/create")
	c.Handle(0, Resolved{Task: 0, Key: "k"})
	c.Handle(0, Recorded{Task: 0})
	expect("one is at work", "")
	done(0)
	expect("it is done", "")
	c.Handle(0, Resolved{Task: 1})
	c.Handle(0, Recorded{Task: 1})
	done(1)
	expect("its dependents are free", "d/delete: slot")
	c.Handle(0, Resolved{Task: 3, Key: "k"})
	c.Handle(0, Recorded{Task: 3})
	done(3)
	c.Handle(0, Resolved{Task: 4})
	c.Handle(0, Recorded{Task: 4})
	done(4)
	c.Handle(0, Resolved{Task: 5})
	c.Handle(0, Recorded{Task: 5})
	done(5)
	expect("before the last", "")
	if s := c.State(6); s != Resolving {
		t.Errorf("the last is %s", s)
	}
}

// The second phase of a step waits for others after the first; who waits for
// its turn is told who is before it in the line.
func TestObstaclesOnTheWay(t *testing.T) {
	tasks := []Task{
		0: {Node: "room", Action: planner.Create, Call: true},
		1: {Node: "desk", Action: planner.Delete, Call: true},
		2: {Node: "desk", Action: planner.Create, Call: true, After: []int{0, 1}},
		3: {Node: "lamp", Action: planner.Update, Call: true},
		4: {Node: "door", Action: planner.Update, Call: true},
	}
	c, err := New(tasks, Options{Parallelism: 3})
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	if got := obstacles(c); got != "door/update: slot" {
		t.Errorf("at first %q", got)
	}
	c.Handle(0, Resolved{Task: 0, Key: "k"})
	c.Handle(0, Resolved{Task: 3, Key: "k"})
	c.Handle(0, Resolved{Task: 4, Key: "k"})
	if got := obstacles(c); got != "lamp/update: turn room/create\ndoor/update: turn room/create lamp/update" {
		t.Errorf("in the line: %q", got)
	}
	c.Handle(0, Resolved{Task: 1})
	c.Handle(0, Recorded{Task: 1})
	c.Handle(0, Advanced{Task: 1, Done: true})
	c.Handle(0, Recorded{Task: 1})
	if got := obstacles(c); got != "desk/create: predecessors room/create" {
		t.Errorf("the second phase: %q", got)
	}
}
