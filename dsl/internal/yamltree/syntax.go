package yamltree

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"gopkg.in/yaml.v3"
)

// Syntax is a document as its author wrote it: with styles, anchors, aliases,
// merge keys, comments and blank lines. Formatters need it; everybody else
// takes the Node tree, which costs a part of it.
type Syntax struct {
	Root     *Written  // nil: the document holds nothing but comments
	Comments []Comment // in the order of the document
}

// Form is what a Written node is.
type Form uint8

// The forms of written nodes.
const (
	PlainScalar Form = iota
	SingleQuoted
	DoubleQuoted
	LiteralBlock
	FoldedBlock
	AliasTo // Text is the name of the anchor
	WrittenMap
	WrittenList
)

// Written is a value as it is written. Offsets count bytes of the source
// without a byte order mark.
type Written struct {
	Form   Form
	Flow   bool   // a map or list between brackets
	Anchor string // "" if there is none
	Tag    string // "!!str"; "" if none is written
	Text   string // of a scalar, without quotes and escapes
	Source string // of a scalar, without anchor and tag
	// Start is where the value begins, with anchor and tag. Comments behind it
	// lie after End. A value that is left out lies after its colon or dash.
	Start, End int
	Column     int // of the first entry of a map or list, from 1, in bytes
	Entries    []WrittenEntry
}

// WrittenEntry is an entry of a map, or an item of a list (Key is nil).
type WrittenEntry struct {
	Key, Value *Written
	Start, End int // from the key or the dash to the end of the value
	// AfterBlank tells that the entry begins its line and that the line above
	// is blank.
	AfterBlank bool
}

// Comment is one comment, from its # to the end of the line.
type Comment struct {
	Text    string // without trailing blanks
	Offset  int
	Line    int
	Column  int  // from 1, in bytes
	OwnLine bool // nothing stands before it on its line
	// AfterBlank and BeforeBlank tell that the line above, or below, is blank.
	AfterBlank, BeforeBlank bool
}

// ParseSyntax is Parse that also reads how the document is written. The syntax
// is nil if there is any error.
func ParseSyntax(file string, src []byte) (*Node, *Syntax, diag.List) {
	if l := checkBytes(file, src, defaultLimits); l != nil {
		return nil, nil, l
	}
	src = bytes.TrimPrefix(src, utf8BOM)
	root, doc, diags := parseWhole(file, src, defaultLimits)
	if diags.HasErrors() {
		return nil, nil, diags
	}
	b := writtenBuilder{text: newText(src)}
	s := &Syntax{}
	if doc != nil {
		s.Root = b.node(doc, point{0, 1, 1})
	}
	s.Comments = b.comments()
	return root, s, diags
}

// writtenBuilder turns yaml.v3's tree into the written one.
type writtenBuilder struct {
	text   *text
	opaque [][2]int // byte ranges of scalars, in order: a # in them is text
}

// node converts a node that begins not before from.
func (b *writtenBuilder) node(y *yaml.Node, from point) *Written {
	w := &Written{Form: AliasTo, Anchor: y.Anchor, Text: y.Value}
	if y.Style&yaml.TaggedStyle != 0 {
		w.Tag = y.Tag
	}
	if left := y.Kind == yaml.ScalarNode && y.Value == "" && y.Style&^yaml.TaggedStyle == 0; left {
		return b.leftOut(w, y, from)
	}
	at := b.text.seek(y.Line, y.Column)
	w.Start = at.offset
	if y.Kind == yaml.AliasNode {
		w.End = at.offset + 1 + len(y.Value)
		return w
	}
	for b.ownProperty(y, at) {
		at = b.text.skipBlank(b.property(w, at))
	}
	switch y.Kind {
	case yaml.ScalarNode:
		b.scalar(w, y, at)
	case yaml.SequenceNode:
		w.Form = WrittenList
		b.collection(w, y, at)
	default:
		w.Form = WrittenMap
		b.collection(w, y, at)
	}
	return w
}

// leftOut is a value of which at most an anchor and a tag are written.
func (b *writtenBuilder) leftOut(w *Written, y *yaml.Node, from point) *Written {
	w.Form, w.Start, w.End = PlainScalar, from.offset, from.offset
	if w.Anchor == "" && y.Tag == "!!null" && w.Tag == "" {
		return w
	}
	at := b.text.seek(y.Line, y.Column)
	w.Start, w.End = at.offset, at.offset
	for b.text.at(at) == '&' || b.text.at(at) == '!' {
		end := b.property(w, at)
		w.End = end.offset
		at = b.text.skipBlank(end)
	}
	return w
}

// ownProperty reports whether an anchor or a tag of the node itself begins at
// p, and not one of the first key of a map.
func (b *writtenBuilder) ownProperty(y *yaml.Node, p point) bool {
	if c := b.text.at(p); c != '&' && c != '!' {
		return false
	}
	return y.Kind != yaml.MappingNode || len(y.Content) == 0 || y.Content[0].Line != p.line || y.Content[0].Column != p.column
}

// property reads the anchor or the tag that begins at p and returns where it
// ends. The tag that consists of a mark only is in no tree of yaml.v3, but it
// makes a text of what follows.
func (b *writtenBuilder) property(w *Written, p point) point {
	end := b.afterProperty(p)
	if end.offset == p.offset+1 && b.text.at(p) == '!' {
		w.Tag = "!"
	}
	return end
}

// afterProperty is the point after the anchor or the tag that begins at p.
func (b *writtenBuilder) afterProperty(p point) point {
	anchor := b.text.at(p) == '&'
	for p = b.text.next(p); p.offset < len(b.text.src) && !b.text.blank(p); p = b.text.next(p) {
		c := b.text.at(p)
		if letter := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '-'; anchor && !letter {
			break // yaml.v3 takes these letters only
		}
		if c == ',' || c == ']' || c == '}' {
			break
		}
	}
	return p
}

func (b *writtenBuilder) scalar(w *Written, y *yaml.Node, at point) {
	w.Form = formOf(y.Style)
	switch w.Form {
	case LiteralBlock, FoldedBlock:
		b.block(w, y, at)
		return
	case DoubleQuoted:
		w.End = b.text.doubleQuotedEnd(at).offset
	case SingleQuoted:
		w.End = b.text.singleQuotedEnd(at).offset
	default:
		w.End = b.text.plainEnd(at, y.Value).offset
	}
	w.Source = string(b.text.src[at.offset:w.End])
	b.opaque = append(b.opaque, [2]int{at.offset, w.End})
}

func formOf(style yaml.Style) Form {
	switch {
	case style&yaml.DoubleQuotedStyle != 0:
		return DoubleQuoted
	case style&yaml.SingleQuotedStyle != 0:
		return SingleQuoted
	case style&yaml.LiteralStyle != 0:
		return LiteralBlock
	case style&yaml.FoldedStyle != 0:
		return FoldedBlock
	}
	return PlainScalar
}

// block reads a literal or folded scalar. Its end is found by its text, since
// lines may be indented less than the first one.
func (b *writtenBuilder) block(w *Written, y *yaml.Node, at point) {
	header := at
	for header.offset < len(b.text.src) && !b.text.blank(header) {
		header = b.text.next(header)
	}
	b.opaque = append(b.opaque, [2]int{at.offset, header.offset})
	w.End = header.offset
	body := strings.TrimRight(y.Value, "\n")
	if body != "" && at.line < len(b.text.starts) {
		first := point{b.text.starts[at.line], at.line + 1, 1}
		if w.Form == LiteralBlock {
			w.End = b.lineEnd(first.line + strings.Count(body, "\n"))
		} else {
			w.End = b.foldedEnd(first, body)
		}
		b.opaque = append(b.opaque, [2]int{first.offset, w.End})
	}
	w.Source = string(b.text.src[at.offset:w.End])
}

// lineEnd is where the text of a line ends, before its line break.
func (b *writtenBuilder) lineEnd(line int) int {
	i := b.text.starts[min(line, len(b.text.starts))-1]
	for i < len(b.text.src) && lineBreak(b.text.src, i) == 0 {
		i++
	}
	return i
}

// foldedEnd is where the last character of a folded text stands: the source
// differs from the text in blanks only.
func (b *writtenBuilder) foldedEnd(p point, body string) int {
	end := p
	for _, c := range body {
		if unicode.IsSpace(c) {
			continue
		}
		for b.text.blank(p) {
			p = b.text.next(p)
		}
		if got, _ := utf8.DecodeRune(b.text.src[p.offset:]); got != c {
			return b.lineEnd(end.line)
		}
		p = b.text.next(p)
		end = p
	}
	return b.lineEnd(end.line)
}

func (b *writtenBuilder) collection(w *Written, y *yaml.Node, at point) {
	w.Flow = y.Style&yaml.FlowStyle != 0
	w.End = at.offset
	w.Column = b.columnOf(at)
	step := 1
	if w.Form == WrittenMap {
		step = 2
	}
	last := at
	for i := 0; i+step <= len(y.Content); i += step {
		e := b.entry(w, y.Content[i:i+step], last)
		w.Entries = append(w.Entries, e)
		last = b.pointAt(max(last.offset, e.End))
	}
	w.End = last.offset
	if c := b.text.at(at); w.Flow && (c == '[' || c == '{') {
		w.End = b.text.closing(last, at).offset
	}
}

func (b *writtenBuilder) entry(w *Written, parts []*yaml.Node, last point) WrittenEntry {
	var e WrittenEntry
	switch {
	case len(parts) == 2:
		e.Key = b.node(parts[0], last)
		e.Value = b.node(parts[1], b.afterColon(e.Key.End))
		e.Start = e.Key.Start
		if len(w.Entries) == 0 && !w.Flow {
			w.Column = b.columnOf(b.pointAt(e.Start))
		}
	case w.Flow:
		e.Value = b.node(parts[0], last)
		e.Start = e.Value.Start
	default:
		dash := b.text.skipBlank(last)
		e.Start = dash.offset
		e.Value = b.node(parts[0], b.text.next(dash))
	}
	e.End = max(e.Value.End, e.Start)
	e.AfterBlank = b.beginsLine(e.Start) && b.blankLine(b.lineAt(e.Start)-1)
	return e
}

// afterColon is the point after the colon of a key, or after the key if it has
// none.
func (b *writtenBuilder) afterColon(keyEnd int) point {
	end := b.pointAt(keyEnd)
	if colon := b.text.skipBlank(end); b.text.at(colon) == ':' {
		return b.text.next(colon)
	}
	return end
}

// comments finds every comment: a # at the beginning of a line or after a
// blank, outside of scalars.
func (b *writtenBuilder) comments() []Comment {
	var out []Comment
	src, opaque := b.text.src, b.opaque
	for i := 0; i < len(src); i++ {
		for len(opaque) > 0 && opaque[0][1] <= i {
			opaque = opaque[1:]
		}
		if len(opaque) > 0 && i >= opaque[0][0] {
			i = opaque[0][1] - 1
			continue
		}
		if src[i] != '#' || i > 0 && !b.text.blank(point{offset: i - 1}) {
			continue
		}
		end := i
		for end < len(src) && lineBreak(src, end) == 0 {
			end++
		}
		line := b.lineAt(i)
		out = append(out, Comment{
			Text: strings.TrimRight(string(src[i:end]), " \t"), Offset: i, Line: line, Column: i - b.text.starts[line-1] + 1,
			OwnLine: b.beginsLine(i), AfterBlank: b.blankLine(line - 1), BeforeBlank: b.blankLine(line + 1),
		})
		i = end - 1
	}
	return out
}

// lineAt is the number of the line that holds an offset, from 1.
func (b *writtenBuilder) lineAt(offset int) int {
	lo, hi := 0, len(b.text.starts)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; b.text.starts[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1
}

// pointAt is the point of an offset. Nobody asks for its column, which would
// cost a walk along the line.
func (b *writtenBuilder) pointAt(offset int) point {
	return point{offset: offset, line: b.lineAt(offset), column: 1}
}

func (b *writtenBuilder) columnOf(p point) int { return p.offset - b.text.starts[p.line-1] + 1 }

func (b *writtenBuilder) beginsLine(offset int) bool {
	start := b.text.starts[b.lineAt(offset)-1]
	return len(bytes.Trim(b.text.src[start:offset], " \t")) == 0
}

// blankLine reports whether a line exists and holds only blanks.
func (b *writtenBuilder) blankLine(line int) bool {
	if line < 1 || line >= len(b.text.starts) {
		return false
	}
	return len(bytes.TrimSpace(b.text.src[b.text.starts[line-1]:b.text.starts[line]])) == 0
}
