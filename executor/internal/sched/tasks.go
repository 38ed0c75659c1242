package sched

import (
	"time"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

// Of turns the steps of a plan into tasks, in the order of the plan, the
// deletion of a replacement before its creation. at gives the step of each
// task by its index in the plan. limit says how long a task may take.
func Of(p *planner.Plan, limit func(*planner.Step, planner.Action) time.Duration) (tasks []Task, at []int) {
	deletes, applies := make(map[string]int, len(p.Steps)), make(map[string]int, len(p.Steps))
	tasks, at = make([]Task, 0, len(p.Steps)), make([]int, 0, len(p.Steps))
	for i, s := range p.Steps {
		if s.Action == planner.Delete || s.Action == planner.Replace {
			deletes[s.Node] = len(tasks)
			tasks = append(tasks, Task{
				Node: s.Node, Action: planner.Delete, Limit: limit(s, planner.Delete), Stage: s.DeleteStage,
				Call: s.DeletedWith == "" && s.Forgotten == "" && !s.Gone && !s.Retained,
			})
			at = append(at, i)
		}
		if s.Action != planner.Delete {
			applies[s.Node] = len(tasks)
			tasks = append(tasks, apply(s, limit))
			at = append(at, i)
		}
	}
	for _, s := range p.Steps {
		order(tasks, s, deletes, applies)
	}
	return tasks, at
}

func apply(s *planner.Step, limit func(*planner.Step, planner.Action) time.Duration) Task {
	action := s.Action
	if action == planner.Replace {
		action = planner.Create
	}
	call := action == planner.Create || action == planner.Update
	t := Task{Node: s.Node, Action: action, Call: call, Stage: s.ApplyStage}
	if call {
		t.Limit = limit(s, action)
	}
	return t
}

// order fills in the predecessors of the tasks of s. What the plan has no task
// for is as it should be already.
func order(tasks []Task, s *planner.Step, deletes, applies map[string]int) {
	if d, ok := deletes[s.Node]; ok {
		for _, before := range s.DeleteAfter {
			if p, ok := deletes[before]; ok {
				tasks[d].After = append(tasks[d].After, p)
			} else if p, ok := applies[before]; ok {
				tasks[d].After = append(tasks[d].After, p)
			}
		}
	}
	a, ok := applies[s.Node]
	if !ok {
		return
	}
	if d, ok := deletes[s.Node]; ok {
		tasks[a].After = append(tasks[a].After, d)
	}
	for _, before := range s.DependsOn {
		if p, ok := applies[before]; ok {
			tasks[a].After = append(tasks[a].After, p)
		}
	}
}
