package format

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// printer writes a document line by line.
type printer struct {
	out bytes.Buffer
	// kept tells that the last line ends a block scalar whose trailing blank
	// lines are part of its text: another one would be too.
	kept bool
}

func (d *document) print() []byte {
	p := &printer{}
	for _, c := range d.header {
		p.comment(c, 0)
	}
	if d.root != nil {
		if len(d.header) > 0 && d.header[len(d.header)-1].BeforeBlank {
			p.blank()
		}
		p.root(d.root)
	}
	return p.out.Bytes()
}

func (p *printer) root(n *node) {
	text, inline := n.flow(false)
	if len(n.entries) > 0 && (!inline || !n.Flow || !fits("", text)) {
		if props := n.properties(); props != "" {
			p.line(props)
		}
		p.entries(n, 0)
		return
	}
	p.line(text)
	for _, c := range n.tail {
		p.comment(c, 0)
	}
}

// line writes one line.
func (p *printer) line(text string) {
	p.out.WriteString(text)
	p.out.WriteByte('\n')
	p.kept = false
}

// blank writes a blank line, unless one stands there already.
func (p *printer) blank() {
	if b := p.out.Bytes(); !p.kept && len(b) > 0 && !bytes.HasSuffix(b, []byte("\n\n")) {
		p.out.WriteByte('\n')
	}
}

func (p *printer) comment(c yamltree.Comment, indent int) {
	if c.AfterBlank {
		p.blank()
	}
	p.line(spaces(indent) + c.Text)
}

func spaces(n int) string { return strings.Repeat(" ", n) }

// entries prints the entries of a map or list as a block.
func (p *printer) entries(n *node, indent int) {
	for i, e := range n.entries {
		if i > 0 && (n.apart(i) || len(n.entries[i-1].foot) > 0) {
			p.blank()
		}
		p.entry(e, spaces(indent), indent, i == 0)
	}
	for _, c := range n.tail {
		p.comment(c, indent)
	}
}

// apart reports whether the canonical form itself, and not only the author,
// puts a blank line in front of an entry: around the sections of a blueprint.
func (n *node) apart(i int) bool {
	if n.shape != blueprintShape {
		return false
	}
	return n.entries[i-1].isSection() || n.entries[i].isSection()
}

func (e *entry) isSection() bool {
	if len(e.value.entries) == 0 {
		return false
	}
	_, inline := e.inline(e.prefix(""))
	return !inline
}

// prefix is what stands in front of the value of an entry.
func (e *entry) prefix(before string) string {
	if e.key == nil {
		return before + "-"
	}
	key := e.key.properties()
	if e.key.Form == yamltree.AliasTo {
		return before + "*" + e.key.Text + " :" // without the blank, the colon could be read as part of the name
	}
	return before + join(key, e.key.keyText()) + ":"
}

// entry prints one entry. before is what stands on its first line already:
// blanks, or the dashes of the lists that it is the first of.
func (p *printer) entry(e *entry, before string, indent int, first bool) {
	prefix := e.prefix(before)
	text, inline := e.inline(prefix)
	p.lead(e, before, indent, first)
	switch {
	case inline:
		p.line(join(prefix, text) + e.lineComment())
	case e.value.isCollection():
		p.block(e, prefix, indent)
	default:
		p.longScalar(e, prefix, indent)
	}
	for _, c := range e.foot {
		p.comment(c, indent)
	}
}

// lead prints what stands above an entry. The first entry of a map that begins
// on the line of a dash has no line above: its comments were printed with the
// dash.
func (p *printer) lead(e *entry, before string, indent int, first bool) {
	if strings.TrimLeft(before, " ") != "" {
		return
	}
	above, blank := e.above(indent), e.blank
	if len(e.head) == 0 && len(above) > 0 { // these came from its own line: nothing parts them from it
		above[0].AfterBlank, blank = blank, false
	}
	for i, c := range above {
		if first && i == 0 {
			c.AfterBlank = false
		}
		p.comment(c, indent)
		first = false
	}
	if blank && !first {
		p.blank()
	}
}

// above returns the comments that go above an entry: its own, and those for
// which the end of its line has no room.
func (e *entry) above(indent int) []yamltree.Comment {
	if e.onDash(indent) {
		return slices.Concat(e.head, e.line, e.value.entries[0].above(indent+indentation))
	}
	return slices.Concat(e.head, e.line[:max(len(e.line)-1, 0)])
}

// onDash reports whether the entry is an item whose first entry is printed on
// the line of its dash.
func (e *entry) onDash(indent int) bool {
	if e.key != nil || len(e.value.entries) == 0 || e.value.properties() != "" {
		return false
	}
	_, inline := e.inline(e.prefix(spaces(indent)))
	return !inline
}

func (e *entry) lineComment() string {
	if len(e.line) == 0 {
		return ""
	}
	return " " + e.line[len(e.line)-1].Text
}

// block prints a map or list on lines of its own.
func (p *printer) block(e *entry, prefix string, indent int) {
	if !e.onDash(indent) {
		p.line(join(prefix, e.value.properties()) + e.lineComment())
		p.entries(e.value, indent+indentation)
		return
	}
	v := *e.value
	p.entry(v.entries[0], prefix+" ", indent+indentation, true)
	if len(v.entries[0].foot) > 0 {
		p.blank()
	}
	rest := v
	rest.entries = v.entries[1:]
	p.rest(&rest, indent+indentation)
}

// rest prints the entries after the first.
func (p *printer) rest(n *node, indent int) {
	for i, e := range n.entries {
		if i > 0 && len(n.entries[i-1].foot) > 0 {
			p.blank()
		}
		p.entry(e, spaces(indent), indent, false)
	}
	for _, c := range n.tail {
		p.comment(c, indent)
	}
}

// inline returns the value as it stands on the line of its key, ok if it can
// and should: scalars of one line, empty collections, what the author wrote
// between brackets, and calls of functions. Brackets must fit the line.
func (e *entry) inline(prefix string) (text string, ok bool) {
	v := e.value
	switch {
	case v.Form == yamltree.AliasTo:
		return "*" + v.Text, true
	case !v.isCollection():
		if v.isLong() {
			return "", false
		}
		return join(v.properties(), v.scalarText(false)), true
	case !v.Flow && !v.isCall() && len(v.entries) > 0:
		return "", false
	}
	text, ok = v.flow(!v.Flow)
	return text, ok && (len(v.entries) == 0 || fits(prefix, text))
}

func fits(prefix, text string) bool {
	return utf8.RuneCountInString(prefix)+1+utf8.RuneCountInString(text) <= width
}

// isCall reports whether the value is the call of a function.
func (n *node) isCall() bool {
	return n.shape != nil && n.shape.values && n.Form == yamltree.WrittenMap && len(n.entries) == 1 && dsl.IsFunction(n.entries[0].key.Text)
}

// flow returns the value in one line. joined tells that its author did not
// write it so: then texts of several lines, which read better as they are,
// stand against it.
func (n *node) flow(joined bool) (text string, ok bool) {
	switch {
	case n.Form == yamltree.AliasTo:
		return "*" + n.Text, true
	case !n.isCollection():
		if n.isLong() && (joined || n.isBlockScalar()) {
			return "", false
		}
		return join(n.properties(), n.scalarText(true)), true
	case n.commented && len(n.entries) > 0:
		return "", false
	}
	length := 0
	parts := make([]string, len(n.entries))
	for i, e := range n.entries {
		part, ok := e.value.flow(joined)
		if !ok {
			return "", false
		}
		if e.key != nil {
			part = join(e.prefix(""), part)
		}
		parts[i] = part
		if length += len(part); length > 4*width { // bytes; a character has at most 4
			return "", false
		}
	}
	brackets := "[]"
	if n.Form == yamltree.WrittenMap {
		brackets = "{}"
	}
	return join(n.properties(), brackets[:1]+strings.Join(parts, ", ")+brackets[1:]), true
}

// properties are the anchor and the tag.
func (n *node) properties() string {
	if n.Anchor == "" || n.Form == yamltree.AliasTo {
		return n.Tag
	}
	return join("&"+n.Anchor, n.Tag)
}

// join puts a blank between two texts, if there are two.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}
