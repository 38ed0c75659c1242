package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// ttyView draws an execution on a terminal: what is over scrolls up as lines,
// and below them stands one line per running step, redrawn in place, then what
// some of the others wait for, and a line of counts. It uses no alternate screen,
// so that everything can be read again afterwards.
type ttyView struct {
	w     io.Writer
	size  func() (width, height int)
	style style

	plain   *plainView // keeps the running steps; its lines go to lines
	lines   *lineBuffer
	pending map[string]executor.Event // steps that have not begun: what they were last said to wait for
	over    map[string]bool
	done    int      // how many are over
	free    int      // how many of those pending wait for a slot only
	names   []string // of the steps that are pending or were, sorted
	now     time.Time
	painted time.Time // when it was last drawn
	drawn   []int     // widths in cells of the lines below the scrolled ones
}

// lineBuffer collects whole lines until the next drawing.
type lineBuffer struct{ text strings.Builder }

func (b *lineBuffer) Write(p []byte) (int, error) { return b.text.Write(p) }

func (b *lineBuffer) take() []string {
	s := strings.TrimSuffix(b.text.String(), "\n")
	b.text.Reset()
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func newTTYView(w io.Writer, size func() (int, int), st style, p *planner.Plan) *ttyView {
	lines := &lineBuffer{}
	v := &ttyView{w: w, size: size, style: st, plain: newPlainView(lines), lines: lines,
		pending: map[string]executor.Event{}, over: map[string]bool{}}
	for _, s := range actingSteps(p) {
		v.pending[s.Node] = executor.Event{}
	}
	v.names = slices.Sorted(maps.Keys(v.pending))
	return v
}

// actingSteps are the steps of a plan that do something.
func actingSteps(p *planner.Plan) []*planner.Step {
	if p == nil {
		return nil
	}
	var out []*planner.Step
	for _, s := range p.Steps {
		if s.Action != planner.None && s.Action != planner.Read {
			out = append(out, s)
		}
	}
	return out
}

// drawEvery is how often events may redraw. Executions of thousands of steps
// have more of them than a terminal can show.
const drawEvery = 50 * time.Millisecond

func (v *ttyView) event(e executor.Event) {
	v.now = e.At
	switch e.Kind {
	case executor.StepStart, executor.StepProgress:
		v.plain.track(e) // the live line says it: nothing scrolls
	case executor.StepWaiting:
		v.await(e)
	default:
		v.plain.event(e)
	}
	if e.Kind == executor.StepStart || ends(e.Kind) {
		v.begun(e.Node)
		v.know(e.Node, ends(e.Kind))
	}
	if e.At.Sub(v.painted) >= drawEvery {
		v.draw(v.live())
	}
}

// await notes what a step waits for. One whose first phase is over waits for
// the second.
func (v *ttyView) await(e executor.Event) {
	v.begun(e.Node)
	v.pending[e.Node] = e
	if e.Obstacle == state.Slot {
		v.free++
	}
	v.know(e.Node, false)
}

// begun takes a step off the list of those that wait.
func (v *ttyView) begun(node string) {
	if v.pending[node].Obstacle == state.Slot {
		v.free--
	}
	delete(v.pending, node)
}

// know notes whether a step is over, which no plan need have named.
func (v *ttyView) know(node string, over bool) {
	switch was := v.over[node]; {
	case over && !was:
		v.done++
	case was && !over:
		v.done--
	}
	v.over[node] = over
	if i, known := slices.BinarySearch(v.names, node); !known {
		v.names = slices.Insert(v.names, i, node)
	}
}

// ends reports whether a step is over after an event of the kind.
func ends(k executor.EventKind) bool {
	switch k {
	case executor.StepComplete, executor.StepErrored, executor.StepSkipped, executor.StepStopped, executor.StepPaused, executor.StepForgotten:
		return true
	}
	return false
}

func (v *ttyView) tick(now time.Time) {
	v.now = now
	v.draw(v.live())
}

func (v *ttyView) close() { v.draw(nil) }

// mostPending is how many steps are shown with what they wait for.
const mostPending = 8

// liveLine is one of the lines below the scrolled ones.
type liveLine struct {
	text  string
	faint bool
}

// live are the lines below the scrolled ones: as many as the terminal can hold.
// What runs comes first, but leaves some room for what waits.
func (v *ttyView) live() []liveLine {
	if len(v.plain.order) == 0 && len(v.pending) == 0 {
		return nil
	}
	_, height := v.size()
	room := max(height-2, 1)
	waiting := v.waitingLines(min(mostPending, max(room/4, room-len(v.plain.order))))
	var out []liveLine
	for _, node := range v.plain.order[:min(room-len(waiting), len(v.plain.order))] {
		out = append(out, liveLine{text: v.runningLine(v.plain.running[node])})
	}
	for _, text := range waiting {
		out = append(out, liveLine{text, true})
	}
	counts := fmt.Sprintf("%d of %d done, %d running, %d waiting", v.done, len(v.names), len(v.plain.order), len(v.pending))
	return append(out, liveLine{counts, true})
}

func (v *ttyView) runningLine(s *runningStep) string {
	line := fmt.Sprintf("  %s: %s... %s", s.last.Node, wordingOf(s.last.Action).doing, short(v.now.Sub(s.start)))
	if what := v.at(s); what != "" {
		line += "  " + what
	}
	return line
}

// at says what a running step is at: another attempt, or what its operation does.
func (v *ttyView) at(s *runningStep) string {
	switch left := s.again.Sub(v.now); {
	case s.again.IsZero() && s.last.Transfer != nil:
		return s.last.Message + " " + transferBar(s.last.Transfer)
	case s.again.IsZero():
		return doingNow(s.last)
	case left > 0:
		return fmt.Sprintf("attempt %d did not succeed, again in %s: %v", s.attempt, short(left+time.Second-1), s.why)
	}
	return fmt.Sprintf("attempt %d, since attempt %d did not succeed: %v", s.attempt+1, s.attempt, s.why)
}

// waitingLines name what steps that have not begun wait for: first those that
// are next, then others, at most limit lines; of more they say how many.
func (v *ttyView) waitingLines(limit int) []string {
	if limit < 1 {
		return nil
	}
	var next, lines []string
	for _, n := range v.names {
		e, pending := v.pending[n]
		on := v.unmet(e)
		switch {
		case !pending || e.Kind == "" || e.Obstacle == state.Predecessors && len(on) == 0: // or it begins at any moment
		case e.Obstacle == state.Slot && len(next) < mostNames:
			next = append(next, n)
		case e.Obstacle != state.Slot && len(lines) <= limit:
			lines = append(lines, "  "+n+": waits "+waitText(e.Obstacle, on, e.Message))
		}
		if len(lines) > limit && len(next) == min(v.free, mostNames) {
			break
		}
	}
	if v.free > 0 {
		limit--
	}
	if rest := len(v.pending) - v.free - limit + 1; len(lines) > limit && limit > 0 {
		lines = append(lines[:limit-1], fmt.Sprintf("  and %d more wait", rest))
	}
	lines = lines[:min(limit, len(lines))]
	if v.free > 0 {
		lines = slices.Insert(lines, 0, "  "+someNames(next, v.free)+": next, when a slot is free")
	}
	return lines
}

// unmet are those that a step waits for and that are not over.
func (v *ttyView) unmet(e executor.Event) []string {
	var on []string
	for _, n := range e.WaitsFor {
		if !v.over[n] {
			on = append(on, n)
		}
	}
	return on
}

// draw replaces what was drawn last by the lines that are over and then live.
func (v *ttyView) draw(live []liveLine) {
	v.painted = v.now
	columns, _ := v.size()
	var b strings.Builder
	if rows := v.rows(columns); rows > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", rows)
	}
	b.WriteString("\r\x1b[J")
	for _, l := range v.lines.take() {
		b.WriteString(l + "\n")
	}
	v.drawn = v.drawn[:0]
	for _, l := range live {
		text := shorten(l.text, columns-1)
		v.drawn = append(v.drawn, cells(text))
		if l.faint {
			text = v.style.paint(faint, text)
		}
		b.WriteString(text + "\n")
	}
	io.WriteString(v.w, b.String())
}

// rows is how many rows the lines drawn last take up now: a terminal that was
// made narrower has broken them.
func (v *ttyView) rows(columns int) int {
	n := 0
	for _, w := range v.drawn {
		n += max(1, (w+columns-1)/columns)
	}
	return n
}

// cells is the width of a text on a terminal.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

func runeCells(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// clip shortens a line to a number of cells, control characters replaced.
func clip(s string, limit int) string {
	var b strings.Builder
	used := 0
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		if used += runeCells(r); used > limit {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// shorten cuts a text to a number of cells, and shows that it did.
func shorten(text string, room int) string {
	if cells(text) <= room || room < 2 {
		return clip(text, room)
	}
	return clip(text, room-1) + "…"
}
