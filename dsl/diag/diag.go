// Package diag owns source ranges, diagnostics, the table of their codes, and
// how they are shown. Problems of any layer come in; text, JSON and one Go
// error come out. It knows nothing of blueprints or clouds.
package diag

import (
	"fmt"
	"sort"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// Pos is a place in a text file. Line and Column start at 1; Column counts
// characters (runes), not bytes.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Before reports whether p lies before q.
func (p Pos) Before(q Pos) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Column < q.Column
}

// Range is a span of one file. End is exclusive: the position after the last
// character. The zero Range means that no place is known.
type Range struct {
	File  string `json:"filename"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// Variable is how ranges name an environment variable, whose value is their
// text. Ranges in the command line have the option as their file, such as
// --input, and the occurrence as their line.
func Variable(name string) string { return "$" + name }

// InFile reports whether the range lies in a file, and not in an option or a
// variable.
func (r Range) InFile() bool {
	return r.File != "" && !strings.HasPrefix(r.File, "--") && !strings.HasPrefix(r.File, "$")
}

// IsZero reports whether the range names no place.
func (r Range) IsZero() bool { return r.File == "" && r.Start.Line == 0 }

// String returns "file:line:column", or only the file when the line is unknown.
func (r Range) String() string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Start.Line, r.Start.Column)
}

// Severity says whether a diagnostic stops the command.
type Severity string

// The two severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Code names one kind of problem, such as DSL204. Codes are never reused.
type Code string

// Related points to another place that takes part in a problem.
type Related struct {
	Range   Range  `json:"range"`
	Message string `json:"message"`
}

// Diagnostic is one problem. Summary is constant for a code; Detail says in
// sentences what is wrong, why, and what to do.
type Diagnostic struct {
	Severity Severity
	Code     Code
	Summary  string
	Detail   string
	Subject  Range
	Related  []Related
	// Concealed tells that a secret may stand in clear on the source line of
	// the subject, so that the line is not shown.
	Concealed bool
}

// New returns a diagnostic of the given code: severity and summary come from
// the table of codes, the detail from format and args. An unknown code is a
// programming error that the tests of the table catch; it still gives a usable
// diagnostic.
func New(code Code, subject Range, format string, args ...any) Diagnostic {
	d := Diagnostic{Severity: Error, Code: code, Summary: string(code), Subject: subject, Detail: fmt.Sprintf(format, args...)}
	if e, ok := Lookup(code); ok {
		d.Severity, d.Summary = e.Severity, e.Summary
	}
	return d
}

// With returns d with one more related range.
func (d Diagnostic) With(r Range, format string, args ...any) Diagnostic {
	d.Related = append(d.Related[:len(d.Related):len(d.Related)], Related{Range: r, Message: fmt.Sprintf(format, args...)})
	return d
}

// Error gives the diagnostic as one line, so that it can travel as an error.
func (d Diagnostic) Error() string {
	s := fmt.Sprintf("%s[%s]: %s", d.Severity, d.Code, d.Summary)
	if !d.Subject.IsZero() {
		s = d.Subject.String() + ": " + s
	}
	if d.Detail != "" {
		s += ": " + d.Detail
	}
	return s
}

// List holds the problems that one run found.
type List []Diagnostic

// Add appends a diagnostic made by New.
func (l *List) Add(code Code, subject Range, format string, args ...any) {
	*l = append(*l, New(code, subject, format, args...))
}

// HasErrors reports whether any diagnostic is an error.
func (l List) HasErrors() bool {
	for _, d := range l {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Sorted returns the list ordered by file, position, code and detail, each
// problem once.
func (l List) Sorted() List {
	out := append(List(nil), l...)
	sort.SliceStable(out, func(i, j int) bool { return less(out[i], out[j]) })
	kept := out[:0]
	for i, d := range out {
		if i > 0 && same(kept[len(kept)-1], d) {
			continue
		}
		kept = append(kept, d)
	}
	return kept
}

func less(a, b Diagnostic) bool {
	switch {
	case a.Subject.File != b.Subject.File:
		return a.Subject.File < b.Subject.File
	case a.Subject.Start != b.Subject.Start:
		return a.Subject.Start.Before(b.Subject.Start)
	case a.Code != b.Code:
		return a.Code < b.Code
	}
	return a.Detail < b.Detail
}

func same(a, b Diagnostic) bool {
	return a.Code == b.Code && a.Subject == b.Subject && a.Detail == b.Detail
}

// Err returns nil when the list holds no error, else a *multierror.Error with
// one entry per error.
func (l List) Err() error {
	var all *multierror.Error
	for _, d := range l {
		if d.Severity == Error {
			all = multierror.Append(all, d)
		}
	}
	return all.ErrorOrNil()
}
