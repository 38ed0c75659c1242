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
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// story is what a user wants, one thing after the other.
type story struct {
	chapters []command
	stranger string // name of an object that somebody else has made; "": none
}

// newStory draws a story.
func newStory(seed uint64) *story {
	a := &artist{rng: seeded(seed, 1), most: 3 + int(seed%8)}
	d := a.first()
	drawn := []*drawing{d}
	s := &story{chapters: []command{a.command(d)}}
	for range a.rng.IntN(4) {
		switch a.rng.IntN(6) {
		case 0:
			s.chapters = append(s.chapters, a.command(nil))
		case 1:
			c := a.command(drawn[a.rng.IntN(len(drawn))])
			c.back = true
			s.chapters = append(s.chapters, c)
		default:
			d = a.next(d)
			drawn = append(drawn, d)
			s.chapters = append(s.chapters, a.command(d))
		}
	}
	if n := d.nodes[0]; a.chance(4) {
		s.stranger = n.name
	}
	return s
}

// tell writes a story out.
func (s *story) tell() []string {
	var out []string
	for i, c := range s.chapters {
		out = append(out, fmt.Sprintf("=== chapter %d: %s", i+1, c))
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
}

// Run plays the story of a seed twice, once undisturbed and once with all that
// can go wrong, and checks both.
func Run(t *testing.T, seed uint64, verbose bool) *Report {
	r := &Report{Seed: seed}
	synctest.Test(t, func(*testing.T) {
		s, cat := newStory(seed), catalogue()
		parsed := map[string]*dsl.Blueprint{}
		if verbose {
			r.Trace = s.tell()
		}
		calm := newWorld(newKernel(seed, 2, verbose), cat)
		calm.parsed = parsed
		endings := calm.play(s, false, nil)
		r.add("undisturbed", calm)
		if len(r.Broken) > 0 {
			return
		}
		wild := newWorld(newKernel(seed, 3, verbose), cat)
		wild.parsed = parsed
		wild.play(s, true, endings)
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

// play lives through a story. known are the endings of the undisturbed one, to
// which a disturbed one has to come as well; nil: not known.
func (w *world) play(s *story, disturbed bool, known []ending) []ending {
	if s.stranger != "" {
		w.cloud.objects = append(w.cloud.objects, &object{id: "strange", name: stackName + "-" + s.stranger, properties: map[string]any{}, stranger: true})
	}
	var endings []ending
	for i, c := range s.chapters {
		if known != nil && i == len(known) {
			break // the undisturbed one got stuck here
		}
		w.goal = &goal{}
		w.note(nil, "CHAPTER %d", i+1)
		reached := w.chapter(c, disturbed, i == len(s.chapters)-1 || known != nil && i == len(known)-1)
		if len(w.broken) > 0 || w.stuck {
			return endings
		}
		if e := w.ending(); reached && known != nil {
			w.compare(known[i], e)
		} else {
			endings = append(endings, e)
		}
	}
	return endings
}

// chapter runs processes until one has reached the goal, or until the user
// loses patience and wants something else. It reports whether it was reached.
func (w *world) chapter(c command, disturbed, last bool) bool {
	for try := 0; ; try++ {
		var t trouble
		w.faults = faults{}
		if disturbed && try < maxWild {
			t, w.faults = w.drawTrouble(), w.drawFaults()
		} else {
			w.denied = time.Time{}
			c.timeout = 0
		}
		p := w.launch(c, t)
		w.drive()
		if len(w.broken) == 0 {
			w.checkRest()
		}
		switch {
		case len(w.broken) > 0:
			return false
		case p.err == nil && p.outcome == executor.Succeeded && !p.dead && w.whole():
			return true
		case p.refused(planner.CodeCycle, planner.CodeCannotRetain):
			w.stuck = true
			return false
		case p.refused(planner.CodeImpossibleRename):
			c.drawing = c.drawing.plain()
		case p.refused(planner.CodeCannotReturn):
			c.back = false
		case !last && disturbed && w.chance(4):
			return false
		case try >= maxWild+maxCalm:
			w.violate(nil, "there is no end: %s %v", p.outcome, p.err)
			return false
		}
		time.Sleep(time.Until(w.moment(w.between(time.Second, 2*time.Minute))))
	}
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

// ending is how the stack is now.
func (w *world) ending() ending {
	st, err := w.store.stack(stackName)
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
