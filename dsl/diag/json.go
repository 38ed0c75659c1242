package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// jsonFormatVersion is the version of the shape below, which is that of
// OpenTofu's `validate -json` with code and related beside it.
const jsonFormatVersion = "1.0"

type jsonReport struct {
	FormatVersion string           `json:"format_version"`
	Valid         bool             `json:"valid"`
	ErrorCount    int              `json:"error_count"`
	WarningCount  int              `json:"warning_count"`
	Diagnostics   []JSONDiagnostic `json:"diagnostics"`
}

// JSONDiagnostic is a Diagnostic as JSON output shows it.
type JSONDiagnostic struct {
	Severity Severity      `json:"severity"`
	Code     Code          `json:"code"`
	Summary  string        `json:"summary"`
	Detail   string        `json:"detail"`
	Range    *JSONRange    `json:"range,omitempty"`
	Snippet  *JSONSnippet  `json:"snippet,omitempty"`
	Related  []JSONRelated `json:"related,omitempty"`
}

// JSONRange is a Range with byte offsets.
type JSONRange struct {
	Filename string  `json:"filename"`
	Start    JSONPos `json:"start"`
	End      JSONPos `json:"end"`
}

// JSONPos is a position: line and column from 1, byte from 0.
type JSONPos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// JSONSnippet is the first source line of the subject, unless it is very long. The highlight offsets
// are bytes of code.
type JSONSnippet struct {
	Context              *string  `json:"context"`
	Code                 string   `json:"code"`
	StartLine            int      `json:"start_line"`
	HighlightStartOffset int      `json:"highlight_start_offset"`
	HighlightEndOffset   int      `json:"highlight_end_offset"`
	Values               []string `json:"values"` // always empty: values may be secret
}

// JSONRelated is a Related with byte offsets.
type JSONRelated struct {
	Range   JSONRange `json:"range"`
	Message string    `json:"message"`
}

// WriteJSON writes one JSON object that says whether the list is free of
// errors, and all diagnostics. sources is as for Render.
func WriteJSON(w io.Writer, l List, sources map[string][]byte) error {
	r := jsonReport{FormatVersion: jsonFormatVersion, Valid: !l.HasErrors(), Diagnostics: JSON(l, sources)}
	for _, d := range l {
		if d.Severity == Error {
			r.ErrorCount++
		} else {
			r.WarningCount++
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write diagnostics as JSON: %w", err)
	}
	return nil
}

// JSON gives diagnostics in the shape of JSON output, for streams that carry
// them among other things. The result is never nil.
func JSON(l List, sources map[string][]byte) []JSONDiagnostic {
	files, secret := indexLines(l, sources), secretLines(l)
	out := make([]JSONDiagnostic, 0, len(l))
	for _, d := range l {
		j := JSONDiagnostic{Severity: d.Severity, Code: d.Code, Summary: d.Summary, Detail: d.Detail}
		if !d.Subject.IsZero() {
			r := jsonRange(files, d.Subject)
			j.Range = &r
			if !secret.has(d.Subject) {
				j.Snippet = jsonSnippet(files, d.Subject)
			}
		}
		for _, rel := range d.Related {
			j.Related = append(j.Related, JSONRelated{Range: jsonRange(files, rel.Range), Message: rel.Message})
		}
		out = append(out, j)
	}
	return out
}

func jsonRange(files map[string]*lines, r Range) JSONRange {
	l := files[r.File]
	pos := func(p Pos) JSONPos { return JSONPos{Line: p.Line, Column: p.Column, Byte: l.offset(p)} }
	return JSONRange{Filename: r.File, Start: pos(r.Start), End: pos(r.End)}
}

func jsonSnippet(files map[string]*lines, r Range) *JSONSnippet {
	l := files[r.File]
	line, ok := l.line(r.Start.Line)
	if !ok || !utf8.Valid(line) || len(line) > maxClippedBytes {
		return nil
	}
	begin := l.starts[r.Start.Line-1]
	end := len(line)
	if r.End.Line == r.Start.Line {
		end = min(l.offset(r.End)-begin, len(line))
	}
	return &JSONSnippet{
		Code:                 string(line),
		StartLine:            r.Start.Line,
		HighlightStartOffset: l.offset(r.Start) - begin,
		HighlightEndOffset:   end,
		Values:               []string{},
	}
}
