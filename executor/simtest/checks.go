package simtest

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// goal is what processes try to reach, one after the other, until one does.
type goal struct {
	doomed map[string]bool // objects that the first plan destroys, by ID; nil: no plan yet
}

// wrong notes from a goroutine of a process that something does not hold.
func (p *process) wrong(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faulty = append(p.faulty, fmt.Sprintf(format, args...))
}

// course is what the last execution has recorded of one phase of a step.
type course struct {
	begun     bool   // an intent without an end
	operation []byte // that was recorded last
	done      bool   // the last record is a result
}

// courseOf reads the journal. A phase that a crash left open is closed by the
// recovery, in the same journal.
func (w *world) courseOf(stack, node, action string) course {
	var c course
	x := w.store.last(stack)
	if x == nil {
		return c
	}
	for _, r := range w.store.records(x.ID) {
		if r.Node != node || r.Action != action && !(action == "delete" && r.Action == "forget") {
			continue
		}
		switch r.Kind {
		case state.Intent:
			c = course{begun: true}
		case state.Operation:
			c.operation = r.Operation
		case state.Result:
			c = course{done: true}
		case state.Failure, state.Skipped:
			c = course{}
		}
	}
	return c
}

// checkAdvance holds that an intent is on record before anything is asked, and
// an operation before it is gone on with; and that nothing is asked any more
// after a stop.
func (w *world) checkAdvance(p *process, req *providers.Request, op providers.Operation) {
	if p.isDead() {
		return
	}
	p.mu.Lock()
	stopped := p.stopped && !p.stalled
	p.mu.Unlock()
	if stopped {
		p.wrong("%s of %s goes on after the stop", req.Action, req.Node)
	}
	c := w.courseOf(req.Stack, req.Node, string(req.Action))
	if !c.begun {
		p.wrong("%s of %s is begun, but no intent is on record", req.Action, req.Node)
	}
	if given := text(op); string(c.operation) != given && !(len(c.operation) == 0 && given == "{}") {
		p.wrong("%s of %s goes on with %s, on record is %s", req.Action, req.Node, given, c.operation)
	}
}

// checkChange holds, at the moment when a changing request takes effect, that
// its process owns the stack, that it does not only settle, and that everything
// is done that comes before.
func (w *world) checkChange(p *process, req *providers.Request, op providers.Operation) {
	if !w.store.held(p.lease) {
		w.violate(p, "%s of %s is sent by a process that has lost the stack", req.Action, req.Node)
	}
	if o := w.cloud.byID(req.ObjectID); o != nil && o.stranger {
		w.violate(p, "%s of %s is about %s, which somebody else has made", req.Action, req.Node, o.id)
	}
	c := w.courseOf(req.Stack, req.Node, string(req.Action))
	if !c.begun {
		w.violate(p, "%s of %s is sent, but no intent is on record", req.Action, req.Node)
	}
	if req.Action == providers.Create && !strings.Contains(string(c.operation), `"stage":"send"`) {
		w.violate(p, "%s is created, but it is not on record that it may be: %s, %+v", req.Node, c.operation, op)
	}
	run := p.run
	switch {
	case req.Settling || run == nil || run.settling:
		w.violate(p, "%s of %s is sent while an earlier execution is settled", req.Action, req.Node)
	default:
		w.checkOrder(p, run.plan, req)
	}
}

// checkOrder holds that a phase comes after those before it.
func (w *world) checkOrder(p *process, plan *planner.Plan, req *providers.Request) {
	steps := map[string]*planner.Step{}
	for _, s := range plan.Steps {
		steps[s.Node] = s
	}
	s := steps[req.Node]
	if s == nil {
		w.violate(p, "%s of %s is not planned", req.Action, req.Node)
		return
	}
	if s.Action != planner.Action(req.Action) && (s.Action != planner.Replace || req.Action == providers.Update) {
		w.violate(p, "%s of %s is sent, but what is planned is: %s", req.Action, req.Node, s.Action)
	}
	stage := s.ApplyStage
	if req.Action == providers.Delete {
		stage = s.DeleteStage
		for _, before := range s.DeleteAfter {
			w.checkBefore(p, req, steps[before], true)
		}
	} else {
		if s.Action == planner.Replace && !w.courseOf(req.Stack, s.Node, "delete").done {
			w.violate(p, "%s is made anew before it is deleted", s.Node)
		}
		for _, before := range s.DependsOn {
			w.checkBefore(p, req, steps[before], false)
		}
	}
	if stage%2 == 0 {
		return
	}
	for _, other := range plan.Steps {
		if other.Action != planner.None && other.ApplyStage < stage && other.Action != planner.Delete {
			w.checkBefore(p, req, other, false)
		}
		if (other.Action == planner.Delete || other.Action == planner.Replace) && other.DeleteStage < stage {
			w.checkBefore(p, req, other, true)
		}
	}
}

// checkBefore holds that a step is over: its deletion if that counts and it has
// one, else its application.
func (w *world) checkBefore(p *process, req *providers.Request, s *planner.Step, deletion bool) {
	if s == nil || s.Action == planner.None || s.Action == planner.Read {
		return
	}
	action := "create"
	switch {
	case s.Action == planner.Delete && !deletion:
		return
	case (s.Action == planner.Delete || s.Action == planner.Replace) && deletion:
		action = "delete"
	case s.Action == planner.Update:
		action = "update"
	}
	if !w.courseOf(req.Stack, s.Node, action).done {
		w.violate(p, "%s of %s is sent before the %s of %s is done", req.Action, req.Node, action, s.Node)
	}
}

// checkTwice holds that nothing is made twice for a node. An object that has
// moved to another one stays the one that was made for the first.
func (w *world) checkTwice(p *process, made *object) {
	w.note(p, "  made %s (%s)", made.id, made.name)
	moved := map[string]bool{}
	for node, e := range w.elements(made.stack) {
		moved[e.ObjectID] = node != made.node
	}
	for _, o := range w.cloud.live() {
		if o != made && o.stack == made.stack && o.node == made.node && !w.unmanaged[o.id] && !moved[o.id] {
			w.violate(p, "%s is made twice: %s exists already when %s is made", made.node, o.id, made.id)
		}
	}
}

// checkRecords holds of records that were just written that they are true.
func (w *world) checkRecords(p *process, records []state.Record) {
	for _, r := range records {
		if r.Kind != state.Result {
			continue
		}
		if r.Element != nil { // it may have been let go, and come back
			delete(w.unmanaged, r.Element.ObjectID)
		}
		o := w.cloud.byID(r.ObjectID)
		switch {
		case r.Action == "move" || r.Action == "none": // nobody has looked at the object for that
		case r.Remove && (r.Action == "forget" || r.Error != "" || kindOf(r.Type) == key):
			w.unmanaged[r.ObjectID] = true
			p.checkForce(r)
			if s := p.step(r.Node); s == nil || !s.Retained && s.Forgotten == "" && !p.run.forced {
				w.violate(p, "%s is forgotten, but nobody wants that", r.Node)
			}
		case r.Remove && o != nil && r.ObjectID != "":
			w.violate(p, "%s is recorded as deleted, but %s exists", r.Node, r.ObjectID)
		case r.Element != nil && !w.cloud.exists(r.Element.ObjectID):
			w.violate(p, "%s is recorded as %s, which does not exist", r.Node, r.Element.ObjectID)
		case r.Action == "create" && o != nil && (o.stack != p.track.stack || o.node != r.Node):
			w.violate(p, "%s is recorded as %s, which was made for %s of %s", r.Node, o.id, o.node, o.stack)
		case r.Action == "import":
			o.stranger, o.stack, o.node = false, p.track.stack, r.Node
		}
	}
}

// heard notes the last answer to each request.
func (p *process) heard(what string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[what] = err
}

// checkForce holds that what is forgotten by force is what the cloud has refused
// to delete, or does not delete in its time: missing rights, throttling and an
// endpoint that can't be reached say nothing about an object.
func (p *process) checkForce(r state.Record) {
	if r.Error == "" || strings.Contains(r.Error, "it was not done after") {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, what := range []string{"DELETE ", "wait for the delete of "} {
		var e *providers.Error
		if !errors.As(p.answers[what+r.Node], &e) {
			continue
		}
		if e.Kind == providers.Auth || e.Kind == providers.Throttled || e.Kind == providers.Unavail {
			p.w.violate(p, "%s is forgotten, but the cloud has not refused to delete it: %v", r.Node, e)
		}
	}
}

// step is that of the plan which a process carries out; nil if there is none.
func (p *process) step(node string) *planner.Step {
	if p.run == nil || p.run.plan == nil {
		return nil
	}
	for _, s := range p.run.plan.Steps {
		if s.Node == node {
			return s
		}
	}
	return nil
}

// restart forgets what the first plan destroyed, because the objects are others
// by now.
func (p *process) restart() {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.track.goal.doomed = nil
}

// checkDestroys holds that whatever happened on the way to a goal, later plans
// destroy nothing that the first one did not, but for what a failed creation has
// left behind.
func (w *world) checkDestroys(p *process, st *state.Stack, plan *planner.Plan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	goal := p.track.goal
	if !w.whole(p.track.stack) { // what was made for an object that vanishes goes with it
		goal.doomed = nil
	}
	first := goal.doomed == nil
	if first {
		goal.doomed = map[string]bool{}
	}
	for _, s := range plan.Steps {
		if p.command.back && p.track.meddled(p.track.at) {
			continue // what was found changed by hand it may keep at one time and not at another
		}
		destroys := (s.Action == planner.Delete || s.Action == planner.Replace) && !s.Gone && !s.Retained
		if !destroys || plan.Lifecycle == "delete" {
			continue
		}
		if plan.Targeted && leftBehind(st) {
			p.track.dragged = true
		}
		if first || plan.Targeted && leftBehind(st) {
			goal.doomed[s.ObjectID] = true // what is tied to the remains of a creation goes with them, target or not
		}
		was := st.Elements[s.Node]
		if s.RenamedFrom != "" {
			was = st.Elements[s.RenamedFrom]
		}
		if !goal.doomed[s.ObjectID] && (was == nil || was.Phase != "CreateFailed") {
			p.wrong("after an interruption %s (%s) is to be destroyed: %s", s.Node, s.ObjectID, s.Reason)
		}
	}
}

// leftBehind reports whether a failed creation has left an element.
func leftBehind(st *state.Stack) bool {
	for _, e := range st.Elements {
		if e.Phase == "CreateFailed" {
			return true
		}
	}
	return false
}

// checkUndone holds that a stack is what it was before the execution that was
// undone. Where that went on with what another had left half done, or with what
// was left of undoing such a one, or something had vanished, the earlier blueprint
// does not tell all of what was, and so nothing is held.
func (w *world) checkUndone(p *process, undone string, diags diag.List) {
	found, known := p.track.found[undone]
	if known && !found.whole() {
		p.track.mixed = true
	}
	if !known || !found.whole() || found.mixed {
		return
	}
	for _, d := range diags {
		if d.Code == planner.CodeNotMadeAgain {
			return // and that was told
		}
	}
	st, err := w.store.stack(p.track.stack)
	if err != nil {
		p.wrong("after an undoing the stack can't be read: %v", err)
		return
	}
	recorded, read := map[string]*state.Element{}, map[string]*state.Element{}
	if found.stack != nil {
		recorded = found.stack.Elements
		read = found.read()
	}
	d := difference(normal(recorded), normal(st.Elements))
	if d != "" && differs(normal(recorded), normal(read), st.Elements) {
		p.wrong("the undoing did not bring back what was: %s", d)
	}
}

// differs reports whether there is anything that is neither as recorded nor as it
// was read. What uses something that was changed by hand follows that.
func differs(recorded, read map[string]string, got map[string]*state.Element) bool {
	changed := func(node string) bool { return recorded[node] != read[node] }
	for node, is := range normal(got) {
		if is != recorded[node] && is != read[node] && !slices.ContainsFunc(got[node].DependsOn, changed) {
			return true
		}
	}
	return len(got) != len(recorded)
}

// normal is what elements amount to, without what depends on the course of
// things: an ID is written as the name of its node, and so are the IDs that are
// no element's.
func normal(elements map[string]*state.Element) map[string]string {
	var ids []string
	for _, node := range slices.Sorted(maps.Keys(elements)) {
		ids = append(ids, fmt.Sprintf("%q", elements[node].ObjectID), fmt.Sprintf("%q", "ID of "+node))
	}
	r := strings.NewReplacer(ids...)
	out := map[string]string{}
	for node, e := range elements {
		after := slices.DeleteFunc(slices.Clone(e.DependsOn), func(n string) bool { return elements[n] == nil })
		level, _ := e.Attributes.Value.(map[string]any)
		out[node] = strangeID.ReplaceAllString(r.Replace(fmt.Sprintf("%s %s level=%s retain=%t after %v", e.Type, text(withoutNulls(e)), text(level["level"]), e.Retain, after)), `"another ID"`)
	}
	return out
}

// withoutNulls are the properties that an element has: null stands for what it
// need not have.
func withoutNulls(e *state.Element) map[string]any {
	out := maps.Clone(entries(e.Properties))
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

// strangeID is an ID that is no element's.
var strangeID = regexp.MustCompile(`"(id|hand|entry|twin|a)-[^"]*"`)

// difference tells where two normal forms differ; "" if they do not.
func difference(want, got map[string]string) string {
	var out []string
	for _, node := range slices.Sorted(maps.Keys(want)) {
		if got[node] != want[node] {
			out = append(out, fmt.Sprintf("%s is %q, not %q", node, got[node], want[node]))
		}
	}
	for _, node := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[node]; !ok {
			out = append(out, fmt.Sprintf("%s should not be there: %q", node, got[node]))
		}
	}
	return strings.Join(out, "; ")
}

// elements are those of a stack; none if it does not exist.
func (w *world) elements(stack string) map[string]*state.Element {
	if st, err := w.store.stack(stack); err == nil {
		return st.Elements
	}
	return nil
}

// checkRest holds what is true while nothing runs: cloud and state agree, but
// for what is open on record, and the journals tell what the state is.
func (w *world) checkRest() {
	w.cloud.tick()
	owned, open := map[string]string{}, map[[2]string]bool{}
	for _, t := range w.tracks {
		w.checkElements(t.stack, owned, open)
	}
	for _, o := range w.cloud.live() {
		if owned[o.id] == "" && !w.unmanaged[o.id] && !open[[2]string{o.stack, o.node}] {
			w.violate(nil, "%s (%s) exists, but is forgotten", o.id, o.name)
		}
	}
}

// checkElements holds that the elements of a stack exist and are its own, and
// notes what it owns and which of its nodes are open.
func (w *world) checkElements(stack string, owned map[string]string, open map[[2]string]bool) {
	elements, unsettled := w.elements(stack), w.openNodes(stack)
	for _, node := range slices.Sorted(maps.Keys(elements)) {
		e := elements[node]
		if other := owned[e.ObjectID]; other != "" {
			w.violate(nil, "%s and %s are both %s", stack+"/"+node, other, e.ObjectID)
		}
		owned[e.ObjectID] = stack + "/" + node
		if !w.cloud.exists(e.ObjectID) && !unsettled[node] && !w.vanishes(e.ObjectID) && !w.cloud.lost[e.ObjectID] {
			w.violate(nil, "%s is recorded as %s, which does not exist", node, e.ObjectID)
		}
	}
	for node := range unsettled {
		open[[2]string{stack, node}] = true
	}
	w.checkReplay(stack, elements)
}

// checkThere holds that every element of a stack exists, and, if it was just
// executed, that it is what is on record of it: a plan without changes records
// nothing. Of what a rollback leaves out nothing is held.
func (w *world) checkThere(stack string, executed bool, leftOut []string) {
	elements := w.elements(stack)
	for _, node := range slices.Sorted(maps.Keys(elements)) {
		if slices.Contains(leftOut, node) {
			continue
		}
		e := elements[node]
		if !w.cloud.exists(e.ObjectID) {
			w.violate(nil, "%s is recorded as %s, which is gone, although all is as it should be", node, e.ObjectID)
		}
		o, recorded := w.cloud.byID(e.ObjectID), entries(e.Properties)
		if o == nil || !executed {
			continue
		}
		for name, is := range o.object().Properties {
			if text(is) != text(recorded[name]) {
				w.violate(nil, "%s is recorded with %s %s, but has %s", node, name, text(recorded[name]), text(is))
			}
		}
	}
}

func entries(d state.Document) map[string]any {
	m, _ := d.Value.(map[string]any)
	return m
}

// vanishes reports whether an object goes, or is gone, because of a deletion
// whose answer was lost: as long as it was still there it counted as not
// deleted. The next plan finds it gone.
func (w *world) vanishes(id string) bool {
	for _, o := range w.cloud.objects {
		if o.id == id {
			return o.doomed && (o.gone || o.work == "deletion")
		}
	}
	return false
}

// whole reports whether every element of a stack is there to stay.
func (w *world) whole(stack string) bool {
	for _, e := range w.elements(stack) {
		if w.vanishes(e.ObjectID) {
			return false
		}
	}
	return true
}

// openNodes are those with a phase that the last execution has left open, and,
// unless it succeeded, those that went with their room and are still on record.
func (w *world) openNodes(stack string) map[string]bool {
	out := map[string]bool{}
	x := w.store.last(stack)
	if x == nil {
		return out
	}
	for _, r := range w.store.records(x.ID) {
		if r.Kind == state.Intent && w.courseOf(stack, r.Node, r.Action).begun {
			out[r.Node] = true
		}
	}
	if succeeded(x) && x.Terms.Undoes == "" { // an undo leaves alone what its execution has not touched, there or not
		return out
	}
	for node, e := range w.elements(stack) {
		properties, _ := e.Properties.Value.(map[string]any)
		if kindOf(e.Type) == part && w.cloud.byID(providers.Text(properties["room"])) == nil {
			out[node] = true
		}
	}
	return out
}

// checkReplay holds that the journals, from the beginning, tell which elements
// there are.
func (w *world) checkReplay(stack string, elements map[string]*state.Element) {
	told := map[string]string{}
	for _, x := range slices.Backward(w.store.all(stack)) {
		for _, r := range w.store.records(x.ID) {
			switch {
			case r.Kind == state.Result && (r.Action == "delete" || r.Action == "forget" || r.Remove):
				delete(told, r.Node)
			case r.Kind == state.Result:
				told[r.Node] = r.ObjectID
			case r.Kind == state.Failure && r.Action == "create" && r.Element != nil:
				told[r.Node] = r.Element.ObjectID
			}
		}
		for _, s := range state.Fold(w.store.records(x.ID)) {
			if succeeded(x) && !strings.HasSuffix(s.Phase, "Succeeded") && s.Phase != "" && s.Action != "none" && s.Action != "move" && s.Action != "read" {
				w.violate(nil, "execution %s succeeded, but its step %s is %s", x.ID, s.Node, s.Phase)
			}
		}
		if x.Final {
			clear(told)
		}
	}
	is := map[string]string{}
	for node, e := range elements {
		is[node] = e.ObjectID
	}
	if d := difference(told, is); d != "" {
		w.violate(nil, "the journal does not tell what the state is: %s", d)
	}
}
