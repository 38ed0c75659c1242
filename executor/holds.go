package executor

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/internal/sched"
)

// holds are the tasks whose objects keep that of a task from being deleted as
// long as they are there: they name it in their properties, and don't go with it.
func (r *runner) holds(tasks []sched.Task, jobs []*job, task int) (out []int) {
	id := jobs[task].objectID()
	if !tasks[task].Forget || id == "" {
		return nil
	}
	for _, before := range tasks[task].After {
		j := jobs[before]
		if tasks[before].Forget && !j.goesWith(r.plan.Catalogue, jobs[task].typ) && names(j.recordedProperties(), id) {
			out = append(out, before)
		}
	}
	return out
}

// goesWith reports whether an object of a type takes that of the job along.
func (j *job) goesWith(types dsl.Catalogue, container string) bool {
	if typ := types[j.typ]; typ != nil {
		for _, in := range typ.Containers {
			if in.Type == container && in.DeletedWith {
				return true
			}
		}
	}
	return false
}

// names reports whether an ID stands somewhere in a value.
func names(v intrinsic.Value, id string) bool {
	if scalar, ok := v.Scalar(); ok {
		return scalar == id
	}
	items, _ := v.List()
	entries, _ := v.Map()
	for _, key := range v.Keys() {
		items = append(items, entries[key])
	}
	return slices.ContainsFunc(items, func(item intrinsic.Value) bool { return names(item, id) })
}
