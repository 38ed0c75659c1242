package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// Sizes of a timeline in pixels.
const (
	chartWidth   = 960.0
	chartTop     = 64.0  // above the first lane: title and axis
	chartRight   = 150.0 // beside the chart: durations
	labelMost    = 40    // characters of a name
	roomyLanes   = 300   // up to so many lanes have room
	roomyHeight  = 20.0
	tightHeight  = 13.0
	axisRepeat   = 40 // lanes between two rows of times, so that one is always near
	leastBar     = 2.0
	partFont     = 9.5
	partLeast    = 6 // characters of the name of a sub-step
	mostTicks    = 10
	legendHeight = 74.0
)

// The colours of a timeline can be told from black and from white: the picture
// has no background of its own.
const (
	inkColour      = "#767676"
	criticalColour = "#c2338f"
	failedColour   = "#d9363e"
)

// barColour tells actions apart; what failed is red whatever it was.
func barColour(action string) string {
	switch action {
	case "update":
		return "#c2860f"
	case "delete", "forget":
		return "#8068c4"
	case "create", "import":
		return "#2f9558"
	}
	return inkColour
}

// svg draws the timeline.
func (t *timeline) svg() []byte {
	d := &timelineDrawing{timeline: t, height: roomyHeight, font: 12}
	if len(t.lanes) > roomyLanes {
		d.height, d.font = tightHeight, 9
	}
	longest := 8
	for _, l := range t.lanes {
		longest = max(longest, min(cells(l.node), labelMost))
	}
	d.left = float64(longest)*d.font*0.62 + 24
	d.span = max(t.end.Sub(t.start), time.Millisecond)
	return d.render()
}

// timelineDrawing writes one picture.
type timelineDrawing struct {
	*timeline
	b            strings.Builder
	left         float64 // of the chart
	height, font float64 // of a lane
	span         time.Duration
}

func (d *timelineDrawing) printf(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

// x is where a moment stands.
func (d *timelineDrawing) x(at time.Time) float64 {
	share := float64(at.Sub(d.start)) / float64(d.span)
	return d.left + chartWidth*min(max(share, 0), 1)
}

// y is the top of a lane.
func (d *timelineDrawing) y(i int) float64 { return chartTop + float64(i)*d.height }

func (d *timelineDrawing) render() []byte {
	w, bottom := d.left+chartWidth+chartRight, d.y(len(d.lanes))
	h := bottom + 24 + legendHeight
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="Helvetica,Arial,sans-serif" font-size="%g" fill="%s">`+"\n", w, h, w, h, d.font, inkColour)
	d.printf("<title>%s</title>\n", xmlText(d.title()))
	d.printf(`<text x="12" y="24" font-size="15" font-weight="bold">%s</text>`+"\n", xmlText(d.title()))
	d.axis(bottom)
	d.path()
	for i, l := range d.lanes {
		d.lane(l, d.y(i))
	}
	d.legend(bottom + 40)
	return []byte(d.b.String() + "</svg>\n")
}

// axis draws the times, above, below, and every so many lanes.
func (d *timelineDrawing) axis(bottom float64) {
	step := tickStep(d.span)
	for at := time.Duration(0); at <= d.span; at += step {
		x := d.x(d.start.Add(at))
		d.printf(`<path d="M%.1f %.1fV%.1f" stroke="%s" stroke-opacity="0.3"/>`+"\n", x, chartTop-6, bottom+4, inkColour)
		d.printf(`<text x="%.1f" y="%.1f" text-anchor="middle" font-size="11">%s</text>`+"\n", x, chartTop-12, tickText(at))
		d.printf(`<text x="%.1f" y="%.1f" text-anchor="middle" font-size="11">%s</text>`+"\n", x, bottom+17, tickText(at))
		for i := axisRepeat; i < len(d.lanes)-axisRepeat/2; i += axisRepeat {
			d.printf(`<text x="%.1f" y="%.1f" font-size="9" opacity="0.6">%s</text>`+"\n", x+2, d.y(i)-1, tickText(at))
		}
	}
}

// tickStep is the least round duration of which few enough fit.
func tickStep(span time.Duration) time.Duration {
	for _, unit := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond} {
		for _, n := range []time.Duration{1, 2, 5} {
			if span/(n*unit) < mostTicks {
				return n * unit
			}
		}
	}
	for _, unit := range []time.Duration{time.Second, time.Minute} {
		for _, n := range []time.Duration{1, 2, 5, 10, 15, 30} {
			if span/(n*unit) < mostTicks {
				return n * unit
			}
		}
	}
	hours := math.Ceil(span.Hours() / mostTicks)
	return time.Duration(max(hours, 1)) * time.Hour
}

// tickText is a round duration, without the units of which it has none.
func tickText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// path connects the steps of the critical path.
func (d *timelineDrawing) path() {
	row := map[string]float64{}
	for i, l := range d.lanes {
		row[l.node] = d.y(i) + d.height/2
	}
	for _, l := range d.links {
		d.printf(`<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-opacity="0.6"/>`+"\n",
			d.x(l.from), row[l.fromNode], d.x(l.to), row[l.toNode], criticalColour)
	}
}

func (d *timelineDrawing) lane(l *lane, top float64) {
	base := top + d.height/2 + d.font*0.36
	label, weight, colour := l.node, "normal", inkColour
	if l.critical {
		weight, colour = "bold", criticalColour
	}
	if cells(label) > labelMost {
		runes := []rune(label)
		label = string(runes[:labelMost/2-1]) + "…" + string(runes[len(runes)-labelMost/2:])
	}
	d.printf(`<g><title>%s</title><text x="%.1f" y="%.1f" text-anchor="end" font-weight="%s" fill="%s">%s</text>`+"\n",
		xmlText(d.story(l)), d.left-10, base, weight, colour, xmlText(label))
	if len(l.spans) == 0 {
		d.notBegun(l, base)
	} else {
		d.waiting(l, top)
		for _, s := range l.spans {
			d.bar(s, top)
		}
		d.parts(l, top, base)
		for _, at := range l.handles() {
			x := d.x(at)
			d.printf(`<path d="M%.1f %.1fV%.1f" stroke="#fff" stroke-opacity="0.85"/>`+"\n", x, top+4, top+d.height-4)
		}
		d.printf(`<text x="%.1f" y="%.1f">%s</text>`+"\n", d.x(l.finish())+6, base, xmlText(l.remark()))
	}
	d.b.WriteString("</g>\n")
}

// notBegun says so where the bar would be.
func (d *timelineDrawing) notBegun(l *lane, base float64) {
	text := "waits"
	if on := d.stays(l); len(on) > 0 {
		text += " " + waitText(on[len(on)-1].obstacle, d.open(on[len(on)-1].on), "")
	}
	if l.fate == fateSkipped {
		text = "not begun"
		if l.why != "" {
			text += ": " + l.why
		}
	}
	d.printf(`<text x="%.1f" y="%.1f" font-style="italic" opacity="0.8">%s</text>`+"\n", d.left+4, base, xmlText(clip(text, 120)))
}

// open are those of some nodes whose steps have not ended.
func (d *timelineDrawing) open(nodes []string) []string {
	var out []string
	for _, n := range nodes {
		if l := d.byNode[n]; l != nil && d.unfinished([]*lane{l}) && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// waitStyle is how the time is drawn in which a step waited.
func waitStyle(o state.Obstacle) string {
	switch o {
	case state.Stage:
		return fmt.Sprintf(`stroke="%s" stroke-dasharray="8 4"`, inkColour)
	case state.Turn:
		return fmt.Sprintf(`stroke="%s" stroke-dasharray="2 3"`, inkColour)
	case state.Slot:
		return fmt.Sprintf(`stroke="%s" stroke-dasharray="1 6" stroke-width="2"`, inkColour)
	case again:
		return fmt.Sprintf(`stroke="%s" stroke-dasharray="2 3"`, failedColour)
	}
	return fmt.Sprintf(`stroke="%s" stroke-opacity="0.45"`, inkColour)
}

// waiting draws the times in which a step waited.
func (d *timelineDrawing) waiting(l *lane, top float64) {
	y := top + d.height/2
	for _, s := range d.stays(l) {
		if from, to := d.x(s.from), d.x(s.to); to-from > 1 {
			d.printf(`<path d="M%.1f %.1fH%.1f" %s/>`+"\n", from, y, to, waitStyle(s.obstacle))
		}
	}
}

func (d *timelineDrawing) bar(s span, top float64) {
	x := d.x(s.from)
	width := max(d.x(s.to)-x, leastBar)
	fill, opacity, stroke := barColour(s.action), "0.9", ""
	switch s.fate {
	case fateFailed:
		fill = failedColour
	case fateHalted, fateRunning:
		opacity, stroke = "0.45", fmt.Sprintf(` stroke="%s" stroke-dasharray="4 2"`, fill)
	}
	if s.critical && (s.fate != fateFailed || width > 3*leastBar) { // an attempt that failed at once stays red
		stroke = fmt.Sprintf(` stroke="%s" stroke-width="2"`, criticalColour)
	}
	d.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2" fill="%s" fill-opacity="%s"%s/>`+"\n", x, top+3, width, d.height-6, fill, opacity, stroke)
}

// parts draws the sub-steps inside the bars: every second one darker, with its
// name where there is room.
func (d *timelineDrawing) parts(l *lane, top, base float64) {
	for i, p := range l.parts {
		x, width := d.x(p.from), d.x(p.to)-d.x(p.from)
		if width < leastBar {
			continue
		}
		if i%2 == 1 {
			d.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#000" fill-opacity="0.15"/>`+"\n", x, top+4, width, d.height-8)
		}
		if room := int((width - 8) / (partFont * 0.56)); room >= partLeast && d.height == roomyHeight {
			d.printf(`<text x="%.1f" y="%.1f" font-size="%g" fill="#fff">%s</text>`+"\n", x+4, base-0.5, partFont, xmlText(shorten(p.name, room)))
		}
	}
}

// remark stands beside the bar.
func (l *lane) remark() string {
	took := l.finish().Sub(l.spans[0].from)
	text := tookText(took)
	if l.attempts > 1 {
		text += fmt.Sprintf(", %d attempts", l.attempts)
	}
	switch l.fate {
	case fateFailed:
		text += ", failed"
	case fateHalted:
		text += ", left open"
	case fateRunning:
		text += ", runs"
	case fateSkipped:
		text += ", not done"
	}
	return text
}

// tookText is a duration with as many digits as matter.
func tookText(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// handles are the moments at which work was handed to the cloud, unless its
// sub-steps are drawn.
func (l *lane) handles() []time.Time {
	if len(l.parts) > 0 {
		return nil
	}
	return l.marks
}

// story is what a viewer shows when it is pointed at a lane.
func (d *timelineDrawing) story(l *lane) string {
	lines := []string{l.node + " (" + typeLabel(l.typ) + "): " + l.action}
	for _, s := range d.stays(l) {
		if s.to.Sub(s.from) < d.span/500 {
			continue
		}
		what := "waits for the next attempt"
		if s.obstacle != again {
			what = "waits " + waitText(s.obstacle, s.on, "")
		}
		lines = append(lines, d.during(s.from, s.to)+" "+what)
	}
	for _, s := range l.spans {
		line := d.during(s.from, s.to) + " " + s.action
		if s.attempt > 1 {
			line += fmt.Sprintf(", attempt %d", s.attempt)
		}
		if s.why != "" {
			line += ": " + s.why
		}
		lines = append(lines, line)
	}
	for _, p := range l.parts {
		lines = append(lines, d.during(p.from, p.to)+"   "+p.name)
	}
	if l.why != "" {
		lines = append(lines, l.why)
	}
	return strings.Join(lines, "\n")
}

// during is a time, from the beginning of the execution on.
func (d *timelineDrawing) during(from, to time.Time) string {
	return tookText(from.Sub(d.start)) + " to " + tookText(to.Sub(d.start)) + ":"
}

// legend explains colours and lines: a row for the bars, a row for what is
// between them.
func (d *timelineDrawing) legend(top float64) {
	box := func(colour string) string { return `<rect width="24" height="10" rx="2" fill="` + colour + `"/>` }
	d.legendRow(top, [][2]string{
		{"create", box(barColour("create"))}, {"update", box(barColour("update"))}, {"delete", box(barColour("delete"))},
		{"failed", box(failedColour)},
		{"runs, or left open", `<rect width="24" height="10" rx="2" fill="` + inkColour + `" fill-opacity="0.45" stroke="` + inkColour + `" stroke-dasharray="4 2"/>`},
		{"critical path", `<rect width="24" height="10" rx="2" fill="none" stroke="` + criticalColour + `" stroke-width="2"/>`},
	})
	d.legendRow(top+20, [][2]string{
		{"waits for steps before it", waitMark(state.Predecessors)}, {"for its turn", waitMark(state.Turn)},
		{"for all others", waitMark(state.Stage)}, {"for a slot", waitMark(state.Slot)}, {"for another attempt", waitMark(again)},
	})
}

func (d *timelineDrawing) legendRow(top float64, items [][2]string) {
	x := 12.0
	for _, item := range items {
		d.printf(`<g transform="translate(%.0f %.0f)">%s<text x="30" y="9" font-size="11">%s</text></g>`+"\n", x, top, item[1], item[0])
		x += 52 + float64(len(item[0]))*5.2
	}
}

func waitMark(o state.Obstacle) string { return `<path d="M0 5H24" ` + waitStyle(o) + `/>` }
