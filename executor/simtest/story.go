package simtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// story is what a user wants of a stack, one thing after the other.
type story struct {
	stack    string
	chapters []command
	stranger string // name of an object that somebody else has made; "": none
}

// newStories draws the story of a stack, and now and then that of another one
// in the same state and cloud, with the same names.
func newStories(seed uint64) []*story {
	out := []*story{newStory("web", seeded(seed, 1), 3+int(seed%8))}
	if rng := seeded(seed, 4); rng.IntN(6) == 0 {
		out = append(out, newStory("app", rng, 3))
	}
	return out
}

// newStory draws a story about up to so many nodes.
func newStory(stack string, rng *rand.Rand, most int) *story {
	a := &artist{rng: rng, most: most, secrets: rng.IntN(4) == 0}
	for k := range kinds {
		a.kinds = append(a.kinds, k)
	}
	if a.chance(6) {
		a.kinds = []kind{quick, room, part, lot, pure} // many of a type
	}
	d := a.first()
	drawn := []*drawing{d}
	s := &story{stack: stack, chapters: []command{a.command(d)}}
	for range a.rng.IntN(4) {
		last := d
		switch a.rng.IntN(12) {
		case 0:
			s.chapters = append(s.chapters, a.command(nil))
		case 1:
			c := a.command(nil)
			c.force, c.outside = true, a.deeds(d.nodes, refused, failing, refused, failing, refused, failing, endless)
			s.chapters = append(s.chapters, c)
			return s
		case 2, 3:
			c := a.command(drawn[a.rng.IntN(len(drawn))])
			c.back = true
			s.chapters = append(s.chapters, c)
		case 4:
			c := a.command(d)
			c.refresh, c.outside = true, a.deeds(d.nodes, resized, repaint, deleted)
			s.chapters = append(s.chapters, c)
		case 5:
			d = a.next(d)
			c := a.command(d)
			c.undo = false // what a target drags along is not all told by the half-done execution before
			for range 1 + a.rng.IntN(2) {
				c.targets = append(c.targets, d.nodes[a.rng.IntN(len(d.nodes))].name)
			}
			s.chapters = append(s.chapters, c)
		default:
			d = a.next(d)
			drawn = append(drawn, d)
			s.chapters = append(s.chapters, a.imports(last, d)...)
			s.chapters = append(s.chapters, a.command(d))
		}
		if c := &s.chapters[len(s.chapters)-1]; c.outside == nil && a.chance(6) {
			c.outside = a.deeds(last.nodes, resized, repaint, deleted)
		}
	}
	if n := d.nodes[0]; a.chance(4) {
		s.stranger = n.name
	}
	return s
}

// imports draws that a node that is new gets an object that was made by hand.
func (a *artist) imports(was, d *drawing) []command {
	for _, t := range d.nodes {
		isNew := !slices.ContainsFunc(was.nodes, func(o *template) bool { return o.name == t.name || o.name == t.from })
		if isNew && importable(t) && a.chance(3) {
			c := a.command(d)
			c.take, c.undo = t, false
			return []command{c}
		}
	}
	return nil
}

// mayLeave reports whether a chapter may be left before its goal is reached:
// what comes next must lead to the same all the same. A rollback returns to what
// was found, also to what was found changed by hand, or to nothing if what it is
// to return to was never reached.
func (s *story) mayLeave(at int) bool {
	returns := slices.ContainsFunc(s.chapters, func(c command) bool { return c.back })
	return !s.chapters[at+1].relative() && !(returns && slices.ContainsFunc(s.chapters, command.relative))
}

// relative reports whether what a command leads to depends on what the one
// before it has led to.
func (c command) relative() bool {
	return c.refresh || len(c.targets) > 0 || c.take != nil || c.force || len(c.outside) > 0
}

// tell writes a story out.
func (s *story) tell() []string {
	var out []string
	for i, c := range s.chapters {
		out = append(out, fmt.Sprintf("=== %s, chapter %d: %s", s.stack, i+1, c))
		if c.drawing != nil {
			out = append(out, c.drawing.text)
		}
	}
	return out
}

func (a *artist) command(d *drawing) command {
	c := command{drawing: d, parallelism: 1 + a.rng.IntN(6), seed: a.rng.Uint64() | 1, undo: d != nil && a.chance(4)}
	if a.chance(8) {
		c.timeout = time.Duration(1+a.rng.IntN(200)) * 777 * time.Millisecond
	}
	return c
}

// ending is how a stack is after a chapter.
type ending struct {
	elements map[string]string
	outputs  string
	gone     bool
}

// Report is what came of one seed.
type Report struct {
	Seed     uint64
	Broken   []string // what did not hold
	Trace    []string // only if asked for
	Lives    int      // processes that ran
	Calls    int      // that were carried out
	Died     int      // processes that died
	Changing int      // requests that changed something
	Asked    int      // questions what a lost creation has made
}

// Run plays the stories of a seed twice, once undisturbed and once with all that
// can go wrong, and checks both.
func Run(t *testing.T, seed uint64, verbose bool) *Report {
	r := &Report{Seed: seed}
	synctest.Test(t, func(*testing.T) {
		stories, cat := newStories(seed), catalogue()
		parsed := map[string]*dsl.Blueprint{}
		if verbose {
			for _, s := range stories {
				r.Trace = append(r.Trace, s.tell()...)
			}
		}
		calm := newWorld(newKernel(seed, 2, verbose), cat)
		calm.parsed = parsed
		endings := calm.play(stories, false, nil)
		r.add("undisturbed", calm)
		if len(r.Broken) > 0 {
			return
		}
		wild := newWorld(newKernel(seed, 3, verbose), cat)
		wild.parsed = parsed
		wild.play(stories, true, endings)
		r.add("disturbed", wild)
	})
	return r
}

func (r *Report) add(name string, w *world) {
	for _, b := range w.broken {
		r.Broken = append(r.Broken, name+": "+b)
	}
	if w.verbose {
		r.Trace = append(append(r.Trace, "=== "+name), w.trace...)
	}
	r.Lives += w.launched
	r.Calls += w.moments
	r.Died += w.deaths
	r.Changing += len(w.cloud.changes)
	r.Asked += w.questions
}

// String is the report of a failure.
func (r *Report) String() string {
	return fmt.Sprintf("seed %d:\n  %s\n\n%s", r.Seed, strings.Join(r.Broken, "\n  "), strings.Join(r.Trace, "\n"))
}

// maxWild is how many processes in a row may be disturbed, maxCalm how many
// undisturbed ones it may then take to reach a goal.
const (
	maxWild = 3
	maxCalm = 4
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
	process *process           // that runs, or ran last
	stuck   bool               // what is wanted can't be done at once: its steps wait for each other
}

// note keeps what an execution has found.
func (p *process) note(x *state.Execution, f finding) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	f.mixed = p.track.mixed
	p.track.found[x.ID] = f
	if p.outcome == executor.Succeeded && x.Lifecycle != "rollback" && len(x.Terms.Targets) == 0 {
		p.track.mixed = false
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
	t.try, t.goal = 0, &goal{}
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
	case p.refused(planner.CodeCannotReturn):
		t.command.back = false
	case disturbed && t.at < t.end()-1 && t.mayLeave(t.at) && w.chance(4):
		t.at++
		w.turn(t)
	case t.try > maxWild+maxCalm:
		w.violate(nil, "there is no end of %s: %s %v", t.stack, p.outcome, p.err)
	}
}

// reach ends a chapter whose goal was reached.
func (w *world) reach(t *track) {
	e := w.ending(t.stack)
	if t.known != nil {
		w.compare(t.known[t.at], e)
	}
	if !t.command.relative() {
		w.checkThere(t.stack)
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

func (w *world) drawTrouble() trouble {
	kinds := []string{dieBefore, dieAfter, dieBefore, dieAfter, interrupt, abort, cancelling, losing, challenge, ""}
	return trouble{kind: kinds[w.rng.IntN(len(kinds))], at: 1 + w.rng.IntN(1+w.rng.IntN(90))}
}

func (w *world) drawFaults() faults {
	rate := func(r *rand.Rand, list ...int) int { return list[r.IntN(len(list))] }
	return faults{
		cloud: rate(w.rng, 0, 0, 5, 15, 50), store: rate(w.rng, 0, 0, 0, 60, 200), slow: rate(w.rng, 0, 0, 10, 40), work: rate(w.rng, 0, 0, 10, 30), denial: rate(w.rng, 0, 0, 0, 0, 100),
	}
}

// ending is how a stack is now.
func (w *world) ending(stack string) ending {
	st, err := w.store.stack(stack)
	if err != nil {
		return ending{gone: true}
	}
	e := ending{elements: normal(st.Elements)}
	names := map[string]string{}
	for node, el := range st.Elements {
		names[el.ObjectID] = node
	}
	for _, name := range slices.Sorted(maps.Keys(st.Outputs)) {
		v := st.Outputs[name].Value
		if id, ok := v.(string); ok {
			v = names[id]
		}
		e.outputs += fmt.Sprintf("%s=%s ", name, text(v))
	}
	return e
}

// compare holds that a disturbed chapter ends as the undisturbed one.
func (w *world) compare(want, got ending) {
	switch {
	case want.gone != got.gone:
		w.violate(nil, "the stack is gone: %t; undisturbed: %t", got.gone, want.gone)
	case got.outputs != want.outputs:
		w.violate(nil, "the outputs are %s; undisturbed: %s", got.outputs, want.outputs)
	default:
		if d := difference(want.elements, got.elements); d != "" {
			w.violate(nil, "it did not end as the undisturbed one: %s", d)
		}
	}
}
