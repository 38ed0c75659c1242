//go:build unix

package main

import (
	"fmt"
	"strings"
	"time"
)

// tally is what came of the points of one kind in one chapter.
type tally struct {
	points, killed, failed int
	commands               map[int]int // how many stories took so many commands after the kill
	longest                time.Duration
}

// table sums outcomes up, in Markdown.
func table(l *lab, all []outcome) string {
	var b strings.Builder
	b.WriteString("| killed | points | reached | one command more | two | more | longest story | wrong |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, chapter := range []string{"create", "upgrade", "delete", "recovery"} {
		for _, at := range []string{atSync, atRequest} {
			for _, when := range whens[at] {
				t := sum(all, chapter, at, when)
				if t.points == 0 {
					continue
				}
				fmt.Fprintf(&b, "| %s, %s | %d | %d | %d | %d | %d | %.1f s | %d |\n", chapter, moments[at+when], t.points, t.killed,
					t.commands[1], t.commands[2], t.killed-t.failed-t.commands[1]-t.commands[2], t.longest.Seconds(), t.failed)
			}
		}
	}
	return b.String()
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

func sum(all []outcome, chapter, at, when string) tally {
	t := tally{commands: map[int]int{}}
	for _, o := range all {
		if o.point.chapter != chapter || o.point.at != at || o.point.when != when {
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
