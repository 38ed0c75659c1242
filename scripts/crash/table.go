//go:build unix

package main

import (
	"fmt"
	"strings"
	"time"
)

// tally is what came of some points.
type tally struct {
	points, killed, failed int
	commands               map[int]int // how many stories took so many commands after the kill
	longest                time.Duration
}

// table sums outcomes up, in Markdown.
func table(all []outcome, took time.Duration) string {
	var b strings.Builder
	b.WriteString("| killed | points | reached | one command more | two | longest story | wrong |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, chapter := range chapterNames {
		for _, at := range []string{atSync, atRequest} {
			for _, when := range whens[at] {
				t := sum(all, func(p point) bool { return p.chapter == chapter && p.at == at && p.when == when })
				if t.points > 0 {
					b.WriteString(t.row(chapter + ", " + moments[at+when]))
				}
			}
		}
	}
	b.WriteString(sum(all, func(point) bool { return true }).row("all"))
	fmt.Fprintf(&b, "\n%d points in %.0f s\n", len(all), took.Seconds())
	return b.String()
}

func (t tally) row(what string) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %.1f s | %d |\n", what,
		t.points, t.killed, t.commands[1], t.commands[2], t.longest.Seconds(), t.failed)
}

// moments are the kinds of points in words.
var moments = map[string]string{
	atSync + before:     "before a sync",
	atSync + after:      "after a sync",
	atSync + powerLoss:  "before a sync, with loss of power",
	atRequest + before:  "before a request is passed on",
	atRequest + between: "between work and answer",
	atRequest + after:   "after an answer",

	atRequest + powerLoss: "between work and answer, with loss of power",
}

// sum counts the outcomes of those points that belong to it.
func sum(all []outcome, belongs func(point) bool) tally {
	t := tally{commands: map[int]int{}}
	for _, o := range all {
		if !belongs(o.point) {
			continue
		}
		t.points++
		if o.killed {
			t.killed++
		}
		switch {
		case o.err != nil:
			t.failed++
		case o.killed:
			t.commands[o.commands]++
		}
		t.longest = max(t.longest, o.took)
	}
	return t
}
