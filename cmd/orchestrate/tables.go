package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// writeTable writes rows under headings, columns aligned. Cells hold no
// control characters afterwards.
func writeTable(w io.Writer, headings []string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ToUpper(strings.Join(headings, "\t")))
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, c := range r {
			if cells[i] = strings.Map(printable, c); cells[i] == "" {
				cells[i] = "-"
			}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	t.Flush() // its writer is a stream, which keeps its own error
}

// printable makes a space of what would move the cursor, change the terminal or
// turn the direction of what follows.
func printable(r rune) rune {
	if !unicode.IsGraphic(r) {
		return ' '
	}
	return r
}

// printJSON writes a result as indented JSON.
func (a *app) printJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	a.printf("%s\n", b)
	return nil
}

// timeText is a time as tables show it; "" for none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// timeJSON is a time as JSON shows it; null for none.
func timeJSON(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}
