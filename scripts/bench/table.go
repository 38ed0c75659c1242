//go:build unix

package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// row is one line of the table.
type row struct {
	nodes int
	name  string
	usage
}

// table renders what was measured, by command and size, with the growth from
// the size before: how many times more the time on the clock became, and how
// many times more it would be if it grew as n log n does.
func table(rows []row) string {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b row) int { return order(rows, a.name) - order(rows, b.name) })
	var b strings.Builder
	b.WriteString("| command | nodes | time | CPU time | memory | growth (n log n) |\n| --- | --- | --- | --- | --- | --- |\n")
	for i, r := range rows {
		growth := ""
		if i > 0 && rows[i-1].name == r.name {
			before := rows[i-1]
			growth = fmt.Sprintf("%.1f (%.1f)", r.wall.Seconds()/before.wall.Seconds(), nLogN(r.nodes)/nLogN(before.nodes))
		}
		fmt.Fprintf(&b, "| %s | %s | %.2f s | %.2f s | %d MB | %s |\n", r.name, thousands(r.nodes), r.wall.Seconds(), r.cpu.Seconds(), r.peak/1e6, growth)
	}
	return b.String()
}

// order is the place of a command in the table: that of its first row.
func order(rows []row, name string) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.name == name })
}

func nLogN(n int) float64 { return float64(n) * math.Log(float64(n)) }

// thousands writes 10000 as 10,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
