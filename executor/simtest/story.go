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
	twins := seeded(seed, 6).IntN(5) == 0
	out := []*story{newStory("web", seeded(seed, 1), 3+int(seed%8), twins)}
	if rng := seeded(seed, 4); rng.IntN(6) == 0 || twins && rng.IntN(2) == 0 {
		out = append(out, newStory("app", rng, 3, twins))
	}
	return out
}

// newStory draws a story about up to so many nodes, of which several may have one
// name.
func newStory(stack string, rng *rand.Rand, most int, twins bool) *story {
	a := &artist{rng: rng, most: most, secrets: rng.IntN(4) == 0, twins: twins}
	for k := range kinds {
		a.kinds = append(a.kinds, k)
	}
	if a.twins || a.chance(6) {
		a.kinds = []kind{quick, room, part, lot, pure} // many of a type
	}
	d := a.first()
	s := &story{stack: stack, chapters: []command{a.command(d)}}
	n := &narrator{artist: a, story: s, now: d, drawn: []*drawing{d}}
	for range a.rng.IntN(4) {
		if !n.goOn() {
			return s
		}
	}
	if n := n.now.nodes[0]; a.chance(4) {
		s.stranger = n.name
	}
	return s
}

// narrator draws the chapters of a story, one after the other.
type narrator struct {
	*artist
	story *story
	now   *drawing   // what the stack is to be by now
	drawn []*drawing // what it was to be as a whole, at any time
}

// goOn draws one more chapter, or two that belong together; false: it is the
// last.
func (n *narrator) goOn() bool {
	last := n.now
	switch n.rng.IntN(12) {
	case 0:
		n.add(n.command(nil))
	case 1:
		c := n.command(nil)
		c.force, c.outside = true, n.deeds(last.nodes, refused, failing, refused, failing, refused, failing, endless)
		n.add(c)
		if !slices.ContainsFunc(last.nodes, func(t *template) bool { return t.kind == named }) {
			n.add(n.command(last)) // the name of the stack is free again, and no other is taken
		}
		return false
	case 2, 3:
		c := n.command(n.drawn[n.rng.IntN(len(n.drawn))])
		if c.back = true; n.chance(3) {
			c.skip = n.some(slices.Concat(c.drawing.nodes, last.nodes))
		}
		n.add(c)
	case 4:
		c := n.command(last)
		c.refresh, c.outside = true, n.deeds(last.nodes, resized, repaint, deleted)
		n.add(c)
	case 5:
		n.now = n.next(last)
		n.add(n.targeted())
	default:
		n.now = n.next(last)
		n.drawn = append(n.drawn, n.now)
		n.add(n.imports(last, n.now)...)
		n.add(n.command(n.now))
	}
	if c := &n.story.chapters[len(n.story.chapters)-1]; c.outside == nil && n.chance(6) {
		c.outside = n.deeds(last.nodes, resized, repaint, deleted)
	}
	return true
}

func (n *narrator) add(c ...command) { n.story.chapters = append(n.story.chapters, c...) }

// targeted draws an apply for some nodes. It is not undone: what a target drags
// along is not all told by an execution that stopped half way.
func (n *narrator) targeted() command {
	c := n.command(n.now)
	c.undo = false
	c.targets = n.some(n.now.nodes)
	return c
}

// some draws the names of one or two nodes.
func (a *artist) some(nodes []*template) (names []string) {
	for range 1 + a.rng.IntN(2) {
		names = append(names, nodes[a.rng.IntN(len(nodes))].name)
	}
	return names
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
	return !s.chapters[at].force && !s.chapters[at+1].relative() && !(returns && slices.ContainsFunc(s.chapters, command.relative))
}

// relative reports whether what a command leads to depends on what the one
// before it has led to.
func (c command) relative() bool {
	return c.refresh || len(c.targets)+len(c.skip) > 0 || c.take != nil || c.force || len(c.outside) > 0
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

// ending is how a stack is now: as recorded, or as it is where nothing was
// executed because all is as it should be, which is not recorded then.
func (w *world) ending(stack string, asRecorded bool) ending {
	st, err := w.store.stack(stack)
	if err != nil {
		return ending{gone: true}
	}
	for _, el := range st.Elements {
		if o := w.cloud.byID(el.ObjectID); o != nil && !asRecorded {
			read := o.object()
			properties := maps.Clone(entries(el.Properties))
			maps.Copy(properties, read.Properties)
			el.Properties.Value, el.Attributes.Value = properties, read.Attributes
		}
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
