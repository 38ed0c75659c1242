package yamltree

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"gopkg.in/yaml.v3"
)

// text finds places in the source: yaml.v3 tells only where a node starts, as
// line and column in characters. Ends are found by reading the source from
// there. Nodes come in document order, so a cursor that moves forward keeps
// the whole linear, even for a file of one long line.
type text struct {
	src    []byte
	starts []int // byte offset of each line
	above  int   // lines of the document before src
	cursor point // the last start that was sought
	last   point // the end of the node that was finished last
}

// point is a place in the source; line and column start at 1.
type point struct{ offset, line, column int }

func (p point) pos() diag.Pos { return diag.Pos{Line: p.line, Column: p.column} }

func newText(src []byte) *text {
	t := &text{src: src, cursor: point{0, 1, 1}, starts: make([]int, 1, 1+bytes.Count(src, []byte{'\n'}))}
	if !rareBreaks(src) {
		for i := bytes.IndexByte(src, '\n'); i >= 0; {
			last := t.starts[len(t.starts)-1] + i + 1
			t.starts = append(t.starts, last)
			i = bytes.IndexByte(src[last:], '\n')
		}
		return t
	}
	for i := 0; i < len(src); {
		n := lineBreak(src, i)
		if n > 0 {
			t.starts = append(t.starts, i+n)
		}
		i += max(n, 1)
	}
	return t
}

// rareBreaks reports whether a text has line breaks other than \n.
func rareBreaks(src []byte) bool {
	return bytes.IndexByte(src, '\r') >= 0 || bytes.Contains(src, []byte("\u0085")) || bytes.Contains(src, []byte("\u2028")) || bytes.Contains(src, []byte("\u2029"))
}

// lineBreak returns how many bytes the line break at offset i takes, 0 if
// there is none. Breaks are those that yaml.v3 counts.
func lineBreak(src []byte, i int) int {
	switch src[i] {
	case '\n':
		return 1
	case '\r':
		if i+1 < len(src) && src[i+1] == '\n' {
			return 2
		}
		return 1
	case 0xc2:
		if i+1 < len(src) && src[i+1] == 0x85 {
			return 2
		}
	case 0xe2:
		if i+2 < len(src) && src[i+1] == 0x80 && (src[i+2] == 0xa8 || src[i+2] == 0xa9) {
			return 3
		}
	}
	return 0
}

// seek returns the point at a line of src and a column.
func (t *text) seek(line, column int) point {
	line = min(max(line, 1), len(t.starts))
	p := point{t.starts[line-1], t.above + line, 1}
	if t.cursor.line == p.line && t.cursor.column <= column {
		p = t.cursor
	}
	for p.column < column && p.offset < len(t.src) && lineBreak(t.src, p.offset) == 0 {
		p = t.next(p)
	}
	t.cursor = p
	return p
}

// next moves one character on.
func (t *text) next(p point) point {
	c := t.src[p.offset]
	if c >= utf8.RuneSelf || c == '\n' || c == '\r' {
		if n := lineBreak(t.src, p.offset); n > 0 {
			return point{p.offset + n, p.line + 1, 1}
		}
		_, n := utf8.DecodeRune(t.src[p.offset:])
		return point{p.offset + n, p.line, p.column + 1}
	}
	return point{p.offset + 1, p.line, p.column + 1}
}

// advance moves to a byte offset further on.
func (t *text) advance(p point, offset int) point {
	for p.offset < offset && p.offset < len(t.src) {
		p = t.next(p)
	}
	return p
}

func (t *text) at(p point) byte {
	if p.offset < len(t.src) {
		return t.src[p.offset]
	}
	return 0
}

func (t *text) blank(p point) bool {
	switch t.at(p) {
	case ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

// skipBlank skips spaces, line breaks and comments.
func (t *text) skipBlank(p point) point {
	for p.offset < len(t.src) {
		switch {
		case t.blank(p):
			p = t.next(p)
		case t.at(p) == '#' && (p.offset == 0 || t.blank(point{offset: p.offset - 1})):
			for p.offset < len(t.src) && lineBreak(t.src, p.offset) == 0 {
				p = t.next(p)
			}
		default:
			return p
		}
	}
	return p
}

// skipProperties skips the anchor and the tag in front of a value.
func (t *text) skipProperties(p point) point {
	for c := t.at(p); c == '&' || c == '!'; c = t.at(p) {
		q := p
		for q.offset < len(t.src) && !t.blank(q) {
			q = t.next(q)
		}
		p = t.skipBlank(q)
	}
	return p
}

// scalarEnd returns the end of the scalar that begins at p.
func (t *text) scalarEnd(p point, y *yaml.Node) point {
	var end point
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0 && t.at(p) == '"':
		end = t.doubleQuotedEnd(p)
	case y.Style&yaml.SingleQuotedStyle != 0 && t.at(p) == '\'':
		end = t.singleQuotedEnd(p)
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		end = t.blockEnd(p, y.Value)
	default:
		end = t.plainEnd(p, y.Value)
	}
	t.last = end
	return end
}

func (t *text) doubleQuotedEnd(p point) point {
	for p = t.next(p); p.offset < len(t.src); p = t.next(p) {
		switch t.at(p) {
		case '\\':
			if p = t.next(p); p.offset >= len(t.src) {
				return p
			}
		case '"':
			return t.next(p)
		}
	}
	return p
}

func (t *text) singleQuotedEnd(p point) point {
	for p = t.next(p); p.offset < len(t.src); p = t.next(p) {
		if t.at(p) != '\'' {
			continue
		}
		if p = t.next(p); t.at(p) != '\'' {
			return p
		}
	}
	return p
}

// plainEnd finds the end of a plain scalar, which may run over several lines:
// its text then differs from the source in blanks only.
func (t *text) plainEnd(p point, value string) point {
	if bytes.HasPrefix(t.src[p.offset:], []byte(value)) {
		return t.advance(p, p.offset+len(value))
	}
	start := p
	for _, c := range value {
		if unicode.IsSpace(c) {
			continue
		}
		for t.blank(p) {
			p = t.next(p)
		}
		if got, _ := utf8.DecodeRune(t.src[p.offset:]); got != c {
			return start // not the text we took it for: say where it starts
		}
		p = t.next(p)
	}
	return p
}

// blockEnd finds the end of a literal or folded scalar: the last line that is
// not blank before the indentation falls below that of the first line. One
// that holds nothing ends with its header: the next lines are not its own.
func (t *text) blockEnd(p point, value string) point {
	end := p
	for end.offset < len(t.src) && lineBreak(t.src, end.offset) == 0 {
		end = t.next(end)
	}
	if strings.Trim(value, " \t\n") == "" {
		return end
	}
	indent := 0
	for line := p.line - t.above; line < len(t.starts); line++ {
		from, to := t.starts[line], len(t.src)
		if line+1 < len(t.starts) {
			to = t.starts[line+1]
		}
		content := bytes.TrimRight(t.src[from:to], " \t\r\n")
		if len(content) == 0 {
			continue
		}
		spaces := len(content) - len(bytes.TrimLeft(content, " "))
		if indent == 0 {
			indent = spaces
		}
		if spaces == 0 || spaces < indent {
			break
		}
		end = t.advance(point{from, t.above + line + 1, 1}, from+len(content))
	}
	return end
}

// closing returns the place after the bracket that closes the flow collection
// which was opened at open and whose last part ends at p.
func (t *text) closing(p, open point) point {
	if p.offset == open.offset {
		p = t.next(p)
	}
	for p = t.skipBlank(p); p.offset < len(t.src); p = t.skipBlank(t.next(p)) {
		switch t.at(p) {
		case ']', '}':
			return t.next(p)
		case ',', ':', '?':
			continue
		}
		return p
	}
	return p
}
