package yamltree

import (
	"bytes"
	"fmt"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// prescan refuses documents that would cost the parser far more than any
// blueprint does. The parser needs some 300 bytes and a microsecond for every
// value, and can't be stopped while it works, so values are counted before:
// lines, commas, the entries of one block, the bytes of one text. It is a
// rough look that knows nothing of quotes in block style; the limits lie far
// above what people or generators write.
func prescan(file string, src []byte, limits Limits) diag.List {
	s := &scan{file: file, limits: limits}
	body := bytes.TrimLeft(src, " \t\r\n")
	if len(body) > 0 && (body[0] == '{' || body[0] == '[') {
		s.flow(src)
	} else {
		s.block(src)
	}
	return s.problem
}

type scan struct {
	file    string
	limits  Limits
	line    int // of the document, from 1
	values  int // an estimate from below
	levels  []level
	text    int // bytes of the run of lines that have no structure
	indent  int // of the header of a block scalar; -1 outside of one
	problem diag.List
}

// level is one indentation and how many lines stand there.
type level struct{ indent, entries int }

func over(n, limit int) bool { return limit > 0 && n > limit }

// exceeded reports that the limit is passed on the current line.
func (s *scan) exceeded(format string, args ...any) {
	at := diag.Range{File: s.file, Start: diag.Pos{Line: s.line, Column: 1}, End: diag.Pos{Line: s.line, Column: 2}}
	s.problem = diag.List{diag.New("DSL104", at, "%s Split the document into several stacks.", fmt.Sprintf(format, args...))}
}

func (s *scan) tooManyValues() {
	s.exceeded("The document has more than %d values, counted up to here.", s.limits.Values)
}

func (s *scan) tooManyEntries() {
	s.exceeded("The map or list to which this line belongs has more than %d entries.", s.limits.Entries)
}

func (s *scan) textTooLong() {
	s.exceeded("The text that ends or goes on here has more than %d bytes.", s.limits.Text)
}

// block looks at a document in block style, line by line.
func (s *scan) block(src []byte) {
	s.indent = -1
	for len(src) > 0 && s.problem == nil {
		s.line++
		line := src
		if n := bytes.IndexByte(src, '\n'); n >= 0 {
			line, src = src[:n], src[n+1:]
		} else {
			src = nil
		}
		if s.values++; over(s.values, s.limits.Values) {
			s.tooManyValues()
			return
		}
		content := bytes.TrimLeft(line, " ")
		if len(bytes.TrimRight(content, " \t\r")) == 0 {
			s.text += len(line) + 1
			if over(s.text, s.limits.Text) {
				s.textTooLong()
			}
			continue
		}
		s.entry(len(line)-len(content), content)
	}
}

// entry looks at one line that is not blank.
func (s *scan) entry(indent int, content []byte) {
	if !s.enter(indent) {
		return
	}
	commas := bytes.Count(content, []byte{','})
	s.values += commas
	if over(commas, s.limits.Entries) {
		s.tooManyEntries()
		return
	}
	inside := s.indent >= 0 && indent > s.indent
	if !inside && structured(content) {
		s.text = 0
	}
	if s.text += len(content); over(s.text, s.limits.Text) {
		s.textTooLong()
		return
	}
	if !inside {
		s.indent = -1
		if opensBlock(content) {
			s.indent = indent
		}
	}
}

// enter counts the line at its indentation; ok is false if a limit is passed.
func (s *scan) enter(indent int) (ok bool) {
	for len(s.levels) > 0 && s.levels[len(s.levels)-1].indent > indent {
		s.levels = s.levels[:len(s.levels)-1]
	}
	if n := len(s.levels); n == 0 || s.levels[n-1].indent < indent {
		s.levels = append(s.levels, level{indent: indent})
	}
	top := &s.levels[len(s.levels)-1]
	top.entries++
	switch {
	case over(top.entries, s.limits.Entries):
		s.tooManyEntries()
	case s.limits.Depth > 0 && len(s.levels) > maxIndents*s.limits.Depth:
		s.exceeded("Maps and lists may be nested %d levels deep; this line is indented %d times.", s.limits.Depth, len(s.levels))
	default:
		return true
	}
	return false
}

// maxIndents is how many times deeper than values lines may be indented: texts
// over several lines are free to.
const maxIndents = 4

// structured reports whether a line begins an entry: what goes on for long
// without such a line is one text.
func structured(content []byte) bool {
	return content[0] == '#' || content[0] == '-' || bytes.IndexByte(content, ':') >= 0
}

// opensBlock reports whether a line ends in the header of a literal or folded
// text.
func opensBlock(content []byte) bool {
	content = bytes.TrimRight(content, " \t\r")
	for n := len(content); n > 0; n-- {
		switch c := content[n-1]; {
		case c == '+' || c == '-' || c >= '0' && c <= '9':
			continue
		case c == '|' || c == '>':
			return n == 1 || content[n-2] == ' '
		}
		return false
	}
	return false
}

// flow looks at a document in flow style, such as JSON, byte by byte: here
// brackets and quotes mean what they say.
func (s *scan) flow(src []byte) {
	var entries []int // of the open brackets
	s.line = 1
	begin := 0 // of the value that goes on
	before := byte(',')
	for i := 0; i < len(src) && s.problem == nil; i++ {
		c := src[i]
		switch {
		case c == '\n':
			s.line++
			continue
		case c == ' ' || c == '\t' || c == '\r':
			continue
		case (c == '"' || c == '\'') && bytes.IndexByte([]byte("[{,:"), before) >= 0:
			end := i + quotedLength(src[i:])
			s.line += bytes.Count(src[i:end], []byte{'\n'})
			i, begin = end-1, i
		case c == '[' || c == '{':
			entries = append(entries, 0)
			begin = i
		case c == ']' || c == '}':
			entries = entries[:max(len(entries)-1, 0)]
			begin = i
		case c == ',' || c == ':':
			begin = i
			if s.values++; c == ',' && len(entries) > 0 {
				entries[len(entries)-1]++
			}
		}
		before = c
		s.flowLimits(entries, i-begin)
	}
}

func (s *scan) flowLimits(entries []int, text int) {
	switch {
	case over(s.values, s.limits.Values):
		s.tooManyValues()
	case over(text, s.limits.Text):
		s.textTooLong()
	case s.limits.Depth > 0 && len(entries) > maxIndents*s.limits.Depth:
		s.exceeded("Maps and lists may be nested %d levels deep; %d are open here.", s.limits.Depth, len(entries))
	case len(entries) > 0 && over(entries[len(entries)-1], s.limits.Entries):
		s.tooManyEntries()
	}
}

// quotedLength returns the length of the quoted text at the beginning of b.
func quotedLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '\\' && b[0] == '"':
			i++
		case b[i] == b[0]:
			return i + 1
		}
	}
	return len(b)
}
