package simtest

import (
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// track is the story of one stack, as far as it was lived through.
type track struct {
	*story
	known   []ending // of the undisturbed one; nil: not known
	endings []ending
	at      int     // chapter
	command command // of the chapter, as far as it had to be changed
	try     int
	goal    *goal
	asked   []string           // nodes of which it was asked what a lost creation has made
	done    int64              // number of the last execution before the chapter
	found   map[string]finding // by execution
	mixed   bool               // the stack is not what one blueprint says
	loose   bool               // it may be otherwise: it was rolled back to what may be what somebody changed by hand, or something was dragged along
	dragged bool               // in this chapter, by what was left of the creation of a target
	process *process           // that runs, or ran last
	stuck   bool               // what is wanted can't be done at once: its steps wait for each other
}

// meddled reports whether anything was done by hand until a chapter.
func (t *track) meddled(until int) bool {
	return slices.ContainsFunc(t.chapters[:min(until+1, len(t.chapters))], func(c command) bool { return len(c.outside) > 0 })
}

// note keeps what an execution has found.
func (p *process) note(x *state.Execution, f finding) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	f.mixed = p.track.mixed
	p.track.found[x.ID] = f
	if p.outcome == executor.Succeeded {
		whole := x.Lifecycle == "create" || x.Lifecycle == "upgrade"
		p.track.mixed = !whole && (p.track.mixed || p.track.meddled(len(p.track.chapters)-1)) || len(x.Terms.Targets)+len(x.Terms.Skip) > 0
	}
}

// play lives through stories, all at once. known are the endings of the
// undisturbed ones, to which disturbed ones have to come as well; nil: not
// known.
func (w *world) play(stories []*story, disturbed bool, known [][]ending) [][]ending {
	for i, s := range stories {
		t := &track{story: s, found: map[string]finding{}}
		if known != nil {
			t.known = known[i]
		}
		w.tracks = append(w.tracks, t)
		if s.stranger != "" {
			w.cloud.objects = append(w.cloud.objects, &object{id: "strange-" + s.stack, name: s.stack + "-" + s.stranger, properties: map[string]any{}, stranger: true})
		}
		w.turn(t)
	}
	for len(w.broken) == 0 && w.round(disturbed) {
		time.Sleep(time.Until(w.moment(w.between(time.Second, 2*time.Minute))))
	}
	var endings [][]ending
	for _, t := range w.tracks {
		endings = append(endings, t.endings)
	}
	return endings
}

// round runs a process for every story that is not at its end; false: all are.
func (w *world) round(disturbed bool) bool {
	var running []*track
	for _, t := range w.tracks {
		if t.at < t.end() {
			w.start(t, disturbed)
			running = append(running, t)
		}
	}
	if len(running) == 0 {
		return false
	}
	w.drive()
	if len(w.broken) == 0 {
		w.checkRest()
	}
	for _, t := range running {
		if len(w.broken) == 0 {
			w.judge(t, disturbed)
		}
	}
	return true
}

// end is how many chapters there are to play: where the undisturbed story got
// stuck, the disturbed one ends too.
func (t *track) end() int {
	switch {
	case t.stuck:
		return t.at
	case t.known != nil:
		return len(t.known)
	}
	return len(t.chapters)
}

// turn begins the chapter that a track is at.
func (w *world) turn(t *track) {
	t.try, t.goal, t.dragged = 0, &goal{}, false
	if t.at < t.end() {
		t.command, t.done = t.chapters[t.at], 0
		if x := w.store.last(t.stack); x != nil {
			t.done = x.Number
		}
		w.note(nil, "CHAPTER %d of %s", t.at+1, t.stack)
		w.meddle(t)
	}
}

// start runs one process towards the goal of a chapter.
func (w *world) start(t *track, disturbed bool) {
	var trouble trouble
	var faults faults
	c := t.command
	if disturbed && t.try < maxWild {
		trouble, faults = w.drawTrouble(), w.drawFaults()
	} else {
		c.timeout = 0
	}
	c.force = c.force && t.try > 0
	c.again = t.try > 0 && (len(c.targets) > 0 || disturbed && t.try < maxWild && w.chance(3)) // what a target has dragged along is the retry's to finish
	c.answers = w.answers(t, disturbed && t.try < maxWild)
	t.process = w.launch(t, c, trouble, faults)
}

// judge sees what came of a process. The chapter ends when one has reached its
// goal, or when the user loses patience and wants something else.
func (w *world) judge(t *track, disturbed bool) {
	p := t.process
	t.try++
	t.asked = p.asked
	w.questions += len(p.asked)
	switch {
	case p.err == nil && p.outcome == executor.Succeeded && !p.dead && w.whole(t.stack):
		w.reach(t)
	case p.refused(planner.CodeCycle, planner.CodeCannotRetain): // its steps wait for each other
		t.stuck = true
	case p.refused(planner.CodeImpossibleRename):
		t.command.drawing = t.command.drawing.plain()
	case len(t.command.skip) > 0 && p.refused(planner.CodeCannotSkip, planner.CodeNoNode):
		t.command.skip = p.skipping
	case t.try > maxWild && p.outcome == executor.Failed && w.misses(t.stack, p.leftOut): // what was left out is gone, and something needs it
		t.command.skip = nil
	case p.refused(planner.CodeCannotReturn):
		t.command.back = false
	case disturbed && t.at < t.end()-1 && t.mayLeave(t.at) && w.chance(4):
		t.at++
		w.turn(t)
	case t.try > maxWild+maxCalm:
		w.violate(nil, "there is no end of %s: %s %v", t.stack, p.outcome, p.err)
	}
}

// misses reports whether one of these nodes has an element but no object.
func (w *world) misses(stack string, nodes []string) bool {
	elements := w.elements(stack)
	return slices.ContainsFunc(nodes, func(node string) bool { return elements[node] != nil && !w.cloud.exists(elements[node].ObjectID) })
}

// reach ends a chapter whose goal was reached.
func (w *world) reach(t *track) {
	x := w.store.last(t.stack)
	executed := x != nil && x.Owner.ID == t.process.owner.ID
	e := w.ending(t.stack, executed || len(t.command.targets) > 0 || t.command.take != nil || t.command.refresh)
	absolute := !t.command.back && !t.command.relative()
	t.loose = !absolute && (t.loose || t.dragged || t.process.unskipped || t.command.back && t.meddled(t.at))
	if t.known != nil && !t.loose {
		w.compare(t.known[t.at], e)
	}
	if len(t.command.targets) == 0 && t.command.take == nil {
		w.checkThere(t.stack, executed, t.process.leftOut)
	}
	t.endings = append(t.endings, e)
	t.at++
	w.turn(t)
}

// refused reports whether a process ended because of an error in its plan: what
// a user wants can't always be done at once.
func (p *process) refused(codes ...diag.Code) bool {
	return p.err != nil && slices.ContainsFunc(codes, func(c diag.Code) bool { return strings.Contains(p.err.Error(), string(c)) })
}
