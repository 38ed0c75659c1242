package state

import "time"

// Fold sums up the records of one execution, step by step, in the order in
// which the steps were first named. What is recorded about the element of a
// step before the step begins, such as another name, is no part of its course.
// Of a renaming there are two records, the old name first; the step is that of
// the new one.
func Fold(records []Record) []StepRecord {
	var steps []StepRecord
	var begun []time.Time // by step: its phase at hand
	index := map[string]int{}
	left := map[string]string{} // by type and ID of an object: the name that it has lost
	for _, r := range records {
		was, object := "", r.Type+"\x00"+r.ObjectID
		if r.Action == "move" {
			var come bool
			if was, come = left[object]; !come {
				left[object] = r.Node
				continue
			}
			delete(left, object)
		}
		i, ok := index[r.Node]
		if !ok {
			i = len(steps)
			index[r.Node] = i
			steps = append(steps, StepRecord{Node: r.Node, Type: r.Type, Action: r.Action})
			begun = append(begun, time.Time{})
		}
		switch {
		case r.Kind == Intent:
			begun[i] = r.At
		case r.Kind == Progress && r.At.Before(begun[i]):
			continue // nobody waited for it, so it may come after the beginning that it was before
		}
		if was != "" {
			steps[i].RenamedFrom = was
		}
		if !steps[i].precedes(r) {
			steps[i].apply(r)
		}
	}
	return steps
}

// precedes reports whether a record is only bookkeeping for the node of a step
// that is planned to act.
func (s *StepRecord) precedes(r Record) bool { return quiet(r.Action) && !quiet(s.Action) }

// quiet reports whether the records of an action belong to no call.
func quiet(action string) bool { return action == "none" || action == "read" || action == "move" }

// apply takes one more record in. The delete phase of a replacement ends with
// a result of its own; the intent of the apply phase then opens the step again.
func (s *StepRecord) apply(r Record) {
	if r.Kind == Progress && !s.Ended.IsZero() && !r.At.After(s.Ended) {
		return // or after the end
	}
	s.Phase = r.Phase
	s.Attempts = max(s.Attempts, r.Attempt)
	if r.ObjectID != "" {
		s.ObjectID = r.ObjectID
	}
	if r.Kind == Planned {
		s.WaitsFor = r.DependsOn
	}
	s.Detail = r.Detail // any other record ends what it told
	if s.Started.IsZero() && r.Kind != Planned && r.Kind != Skipped && r.Kind != Progress {
		s.Started = r.At
	}
	s.Error = r.Error
	switch r.Kind {
	case Planned:
	case Intent:
		s.Operation, s.Ended = nil, time.Time{}
	case Operation:
		s.Operation, s.Ended = r.Operation, time.Time{}
	case Progress:
		s.Ended = time.Time{}
	case Result:
		s.Deleted = s.Deleted || r.Action == "delete" || r.Action == "forget"
		s.Ended = r.At // the operation stays: it is what to ask the cloud about
	case Failure, Skipped:
		s.Ended = r.At
	case Halted:
		s.Ended = r.At
	}
}
