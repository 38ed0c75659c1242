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
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// ttyView draws an execution on a terminal: what is over scrolls up as lines,
// and below them stands one line per running step, redrawn in place, then what
// the next steps wait for, and a line of counts. It uses no alternate screen,
// so that everything can be read again afterwards.
type ttyView struct {
	w     io.Writer
	size  func() (width, height int)
	style style

	plain   *plainView // keeps the running steps; its lines go to lines
	lines   *lineBuffer
	pending map[string]*planner.Step // not begun yet
	turns   map[string]string        // of those that could begin but for others at work on their object: on which
	over    map[string]bool
	names   []string // of all acting steps, sorted
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
		pending: map[string]*planner.Step{}, turns: map[string]string{}, over: map[string]bool{}}
	for _, s := range actingSteps(p) {
		v.pending[s.Node] = s
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
	switch {
	case e.Kind == executor.StepStart, e.Kind == executor.StepProgress:
		v.plain.track(e) // the live line says it: nothing scrolls
	case e.Kind == executor.StepWaiting:
		v.turns[e.Node] = e.Message
	default:
		v.plain.event(e)
	}
	if e.Kind == executor.StepStart || ends(e.Kind) {
		delete(v.pending, e.Node)
	}
	if ends(e.Kind) {
		v.over[e.Node] = true
	}
	if e.At.Sub(v.painted) >= drawEvery {
		v.draw(v.live())
	}
}

// ends reports whether a step is over after an event of the kind.
func ends(k executor.EventKind) bool {
	switch k {
	case executor.StepComplete, executor.StepErrored, executor.StepSkipped, executor.StepStopped, executor.StepForgotten:
		return true
	}
	return false
}

func (v *ttyView) tick(now time.Time) {
	v.now = now
	v.draw(v.live())
}

func (v *ttyView) close() { v.draw(nil) }

// live are the lines below the scrolled ones: as many as the terminal can hold.
func (v *ttyView) live() []string {
	if len(v.plain.order) == 0 && len(v.pending) == 0 {
		return nil
	}
	_, height := v.size()
	room := max(height-2, 1)
	var out []string
	for _, node := range v.plain.order[:min(room, len(v.plain.order))] {
		out = append(out, v.runningLine(v.plain.running[node]))
	}
	out = append(out, v.waitingLines(room-len(out))...)
	if len(v.names) == 0 {
		return out
	}
	return append(out, fmt.Sprintf("%d of %d done, %d running, %d waiting", len(v.over), len(v.names), len(v.plain.order), len(v.pending)))
}

func (v *ttyView) runningLine(s *runningStep) string {
	line := fmt.Sprintf("  %s: %s... %s", s.last.Node, wordingOf(s.last.Action).doing, short(v.now.Sub(s.start)))
	if what := doingNow(s.last); what != "" {
		line += "  " + what
	}
	return line
}

// waitingLines name what steps that have not begun wait for, at most limit of
// them.
func (v *ttyView) waitingLines(limit int) []string {
	var out []string
	for _, n := range v.names {
		if len(out) >= limit {
			break
		}
		if s := v.pending[n]; s != nil {
			if on := v.waitsFor(s); len(on) > 0 {
				out = append(out, "  "+n+": waits for "+strings.Join(on, ", "))
			} else if turn := v.turns[n]; turn != "" {
				out = append(out, "  "+n+": waits for its turn, "+turn)
			}
		}
	}
	return out
}

func (v *ttyView) waitsFor(s *planner.Step) []string {
	before := s.DependsOn
	if s.Action == planner.Delete {
		before = s.DeleteAfter
	}
	var out []string
	for _, n := range before {
		_, isPending := v.pending[n]
		if isPending || v.plain.running[n] != nil {
			out = append(out, n)
		}
	}
	return out
}

// draw replaces what was drawn last by the lines that are over and then live.
func (v *ttyView) draw(live []string) {
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
	for i, l := range live {
		l = clip(l, columns-1)
		v.drawn = append(v.drawn, cells(l))
		if i == len(live)-1 {
			l = v.style.paint(faint, l)
		}
		b.WriteString(l + "\n")
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
