package diag

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSnippetColumns is how wide a shown source line may be, in terminal cells;
// longer ones are cut around the subject.
const maxSnippetColumns = 100

// Render writes diagnostics for a person: for each one the place, the source
// line with the subject underlined, the detail, and the related places.
// sources holds the text of files by the names that ranges use; a file that is
// absent is shown without its line. color asks for ANSI colours.
func Render(w io.Writer, l List, sources map[string][]byte, color bool) error {
	r := renderer{files: indexLines(l, sources), secret: secretLines(l), color: color}
	for i, d := range l {
		if i > 0 {
			r.out.WriteByte('\n')
		}
		r.diagnostic(d)
	}
	if _, err := w.Write(r.out.Bytes()); err != nil {
		return fmt.Errorf("write diagnostics: %w", err)
	}
	return nil
}

// Text is Render into a string, without colours.
func Text(l List, sources map[string][]byte) string {
	r := renderer{files: indexLines(l, sources), secret: secretLines(l)}
	for i, d := range l {
		if i > 0 {
			r.out.WriteByte('\n')
		}
		r.diagnostic(d)
	}
	return r.out.String()
}

type renderer struct {
	out    bytes.Buffer
	files  map[string]*lines
	secret lineSet
	color  bool
}

// lineSet names lines of files.
type lineSet map[lineOfFile]bool

type lineOfFile struct {
	file string
	line int
}

// secretLines returns the lines on which secrets may stand. They are shown for
// no other problem either. Of long secrets the first lines are taken: only the
// first line of a subject is ever shown.
func secretLines(l List) lineSet {
	const most = 1000
	var out lineSet
	for _, d := range l {
		if !d.Concealed {
			continue
		}
		if out == nil {
			out = make(lineSet)
		}
		for line := d.Subject.Start.Line; line <= min(d.Subject.End.Line, d.Subject.Start.Line+most); line++ {
			out[lineOfFile{d.Subject.File, line}] = true
		}
	}
	return out
}

func (s lineSet) has(r Range) bool { return s[lineOfFile{r.File, r.Start.Line}] }

func (r *renderer) diagnostic(d Diagnostic) {
	if !d.Subject.IsZero() {
		r.out.WriteString(r.paint("1", visible(d.Subject.String())) + ": ")
	}
	hue := "1;31"
	if d.Severity == Warning {
		hue = "1;33"
	}
	r.out.WriteString(r.paint(hue, fmt.Sprintf("%s[%s]", d.Severity, d.Code)) + ": " + r.paint("1", visible(d.Summary)) + "\n")
	if !r.secret.has(d.Subject) {
		r.snippet(d.Subject, hue)
	}
	if d.Detail != "" {
		r.out.WriteString(visible(d.Detail) + "\n")
	}
	for _, rel := range d.Related {
		fmt.Fprintf(&r.out, "  %s: %s\n", visible(rel.Range.String()), visible(rel.Message))
	}
}

// snippet shows the first line of a range with carets under the subject.
func (r *renderer) snippet(at Range, hue string) {
	line, ok := r.files[at.File].line(at.Start.Line)
	if !ok {
		return
	}
	if len(line) > maxClippedBytes {
		file := r.files[at.File]
		line, at = nearby(line, at, file.offset(at.Start)-file.starts[at.Start.Line-1])
	}
	shown, pad, width := clip(line, at)
	number := strconv.Itoa(at.Start.Line)
	gutter := strings.Repeat(" ", len(number)) + " |"
	r.out.WriteString(r.paint("2", gutter) + "\n")
	r.out.WriteString(r.paint("2", number+" |") + " " + shown + "\n")
	r.out.WriteString(r.paint("2", gutter) + " " + strings.Repeat(" ", pad) + r.paint(hue, strings.Repeat("^", width)) + "\n")
}

func (r *renderer) paint(code, s string) string {
	if !r.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// clip returns what is shown of a line, how many cells stand before the
// subject, and how many the subject takes on the line (at least one).
func clip(line []byte, at Range) (shown string, pad, width int) {
	runes := []rune(string(line))
	start := min(max(at.Start.Column-1, 0), len(runes))
	end := len(runes)
	if at.End.Line == at.Start.Line {
		end = min(max(at.End.Column-1, start), len(runes))
	}
	from, to := 0, len(runes)
	if cells(runes) > maxSnippetColumns {
		from, to = window(runes, start)
	}
	end = min(end, to)
	before, after := "", ""
	if from > 0 {
		before = "…"
	}
	if to < len(runes) {
		after = "…"
	}
	pad = cells([]rune(before)) + cells(runes[from:start])
	return before + printable(runes[from:to]) + after, pad, max(cells(runes[start:end]), 1)
}

// maxClippedBytes is how long a line may be before only the part around the
// subject is looked at: a file may be one line of megabytes.
const maxClippedBytes = 4096

// nearby returns the part of a long line around the start of a range, and the
// range as it lies in that part. start is the range's start in bytes of line.
func nearby(line []byte, at Range, start int) ([]byte, Range) {
	from, kept := start, 0
	for from > 0 && kept < maxSnippetColumns {
		_, n := utf8.DecodeLastRune(line[:from])
		from, kept = from-n, kept+1
	}
	shift := max(at.Start.Column-1-kept, 0)
	at.Start.Column -= shift
	at.End.Column -= shift
	return line[from:min(len(line), start+maxClippedBytes)], at
}

// window chooses the part of a long line to show: some text before the subject
// for orientation, the rest from it on.
func window(runes []rune, start int) (from, to int) {
	from = start
	for n := 0; from > 0 && n < maxSnippetColumns*2/5; from-- {
		n += cell(runes[from-1])
	}
	to = from
	for n := 0; to < len(runes) && n < maxSnippetColumns; to++ {
		n += cell(runes[to])
	}
	return from, to
}

func printable(runes []rune) string {
	var b strings.Builder
	for _, c := range runes {
		switch {
		case c == '\t':
			b.WriteString(strings.Repeat(" ", tabCells))
		case !unicode.IsPrint(c):
			b.WriteRune('·')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// visible replaces what could steer a terminal in text that comes from files.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' || unicode.IsPrint(c) {
			return c
		}
		return '·'
	}, s)
}

const tabCells = 4

func cells(runes []rune) int {
	n := 0
	for _, c := range runes {
		n += cell(c)
	}
	return n
}

// cell is how many terminal cells a character takes: two for East Asian wide
// and full-width ones, none for marks that combine with their predecessor.
func cell(c rune) int {
	switch {
	case c == '\t':
		return tabCells
	case c < 0x300:
		return 1
	case unicode.In(c, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, c):
		return 2
	}
	return 1
}

// wide holds the blocks of Unicode Standard Annex 11 whose characters take two
// cells, as far as they occur in practice.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x2e80, 0x303e, 1}, {0x3041, 0x33ff, 1}, {0x3400, 0x4dbf, 1}, {0x4e00, 0x9fff, 1},
		{0xa000, 0xa4cf, 1}, {0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe30, 0xfe6f, 1}, {0xff00, 0xff60, 1},
		{0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{{0x1f300, 0x1f64f, 1}, {0x1f900, 0x1f9ff, 1}, {0x20000, 0x3fffd, 1}},
}

// lines finds the lines of one file.
type lines struct {
	text   []byte
	starts []int // byte offset of each line

	// The position that was sought last, and its offset: diagnostics come in
	// order, so the next is mostly a little further on the same line.
	last   Pos
	lastAt int
}

// byteOrderMark may begin a text; it is no character of the first line.
var byteOrderMark = []byte("\xef\xbb\xbf")

// indexLines finds the lines up to the last one that a diagnostic names: the
// rest of a large file is not worth the memory.
func indexLines(l List, sources map[string][]byte) map[string]*lines {
	last := make(map[string]int, len(sources))
	name := func(r Range) { last[r.File] = max(last[r.File], r.Start.Line, r.End.Line) }
	for _, d := range l {
		name(d.Subject)
		for _, rel := range d.Related {
			name(rel.Range)
		}
	}
	out := make(map[string]*lines, len(sources))
	for name, text := range sources {
		begin := len(text) - len(bytes.TrimPrefix(text, byteOrderMark))
		l := &lines{text: text, starts: []int{begin}}
		for i := begin; len(l.starts) <= last[name]; {
			n := bytes.IndexByte(text[i:], '\n')
			if n < 0 {
				break
			}
			i += n + 1
			l.starts = append(l.starts, i)
		}
		out[name] = l
	}
	return out
}

// line returns the text of a line, counted from 1, without its end.
func (l *lines) line(n int) ([]byte, bool) {
	if l == nil || n < 1 || n > len(l.starts) {
		return nil, false
	}
	end := len(l.text)
	if n < len(l.starts) {
		end = l.starts[n] - 1
	}
	return bytes.TrimSuffix(l.text[l.starts[n-1]:end], []byte("\r")), true
}

// offset returns the byte offset of a position, as near as the file allows.
func (l *lines) offset(p Pos) int {
	line, ok := l.line(p.Line)
	if !ok {
		return 0
	}
	column, at := 1, 0
	if l.last.Line == p.Line && l.last.Column <= p.Column {
		column, at = l.last.Column, l.lastAt
	}
	for ; column < p.Column && at < len(line); column++ {
		_, n := utf8.DecodeRune(line[at:])
		at += n
	}
	l.last, l.lastAt = Pos{p.Line, column}, at
	return l.starts[p.Line-1] + at
}
