package format

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// document is what is printed: the written tree with each comment at the entry
// that it belongs to, so that it moves along when keys are put in order.
type document struct {
	header []yamltree.Comment // above everything, whatever key comes first
	root   *node              // a map or a list; nil: only comments
}

// node is a written value and its entries.
type node struct {
	*yamltree.Written
	shape   *shape // nil: no rules of the language hold here
	entries []*entry
	tail    []yamltree.Comment // after the last entry
	// commented tells that a comment stands somewhere inside.
	commented bool
}

// entry is one key and value, or one item.
type entry struct {
	key, value *node // key is nil in a list
	head       []yamltree.Comment
	line       []yamltree.Comment // at the end of its line
	foot       []yamltree.Comment // below it, with a blank line after
	blank      bool               // a blank line stands above it
	start, end int
}

func (n *node) isCollection() bool {
	return n.Form == yamltree.WrittenMap || n.Form == yamltree.WrittenList
}

// isBlock reports whether a value is written as a block of entries.
func (n *node) isBlock() bool { return n.isCollection() && !n.Flow && len(n.entries) > 0 }

func newNode(w *yamltree.Written) *node {
	if w == nil {
		return nil
	}
	n := &node{Written: w, entries: make([]*entry, len(w.Entries))}
	for i, e := range w.Entries {
		n.entries[i] = &entry{key: newNode(e.Key), value: newNode(e.Value), blank: e.AfterBlank, start: e.Start, end: e.End}
	}
	return n
}

func newDocument(s *yamltree.Syntax) *document {
	d := &document{root: newNode(s.Root)}
	if d.root == nil {
		d.header = s.Comments
		return d
	}
	d.root.distribute(d.takeHeader(s.Comments))
	return d
}

// takeHeader splits off the comments that stay on top of the document: those
// above the last blank line before the first entry, those on the lines of
// directives, and the line that tells an editor which schema to use.
func (d *document) takeHeader(all []yamltree.Comment) []yamltree.Comment {
	first := d.root.Start
	if len(d.root.entries) > 0 && !d.root.Flow {
		first = d.root.entries[0].start
	}
	n := 0
	for i, c := range all {
		if c.Offset > first {
			break
		}
		if c.BeforeBlank || !c.OwnLine || i == n && strings.HasPrefix(c.Text, "# yaml-language-server:") {
			n = i + 1
		}
	}
	d.header = all[:n]
	return all[n:]
}

// distribute gives each comment within a map or list to the entry that it
// belongs to. The comments are in the order of the document.
func (n *node) distribute(all []yamltree.Comment) {
	inside := make([][]yamltree.Comment, len(n.entries))
	before := 0 // entries that begin before the comment
	open := true
	for i := 0; i < len(all); i++ {
		c := all[i]
		for before < len(n.entries) && n.entries[before].start < c.Offset {
			before++
			open = true
		}
		if before == 0 {
			n.beforeFirst(c)
			continue
		}
		prev := n.entries[before-1]
		if prev.holds(c, n.Column, open) {
			inside[before-1] = append(inside[before-1], c)
			continue
		}
		if !c.OwnLine {
			prev.line = append(prev.line, c)
			continue
		}
		if before == len(n.entries) {
			n.tail = append(n.tail, c)
		} else if feet := footOf(all[i:], n.entries[before].start); open && feet > 0 {
			prev.foot = append(prev.foot, all[i:i+feet]...)
			i += feet - 1
		} else {
			n.entries[before].head = append(n.entries[before].head, c)
		}
		open = false
	}
	for i, e := range n.entries {
		e.distribute(inside[i])
	}
}

func (n *node) beforeFirst(c yamltree.Comment) {
	if len(n.entries) == 0 {
		n.tail = append(n.tail, c)
		return
	}
	n.entries[0].head = append(n.entries[0].head, c)
}

// holds reports whether a comment that begins after the entry lies inside of
// it: before its end, behind its last line, or indented deeper than the map or
// list at the given column, as long as no other comment came between (open).
func (e *entry) holds(c yamltree.Comment, column int, open bool) bool {
	if c.Offset < e.end {
		return true
	}
	return e.value.isBlock() && (!c.OwnLine || open && c.Column > column)
}

// footOf counts the comments, right below an entry and before the next one,
// that a blank line separates from what follows.
func footOf(all []yamltree.Comment, next int) int {
	if all[0].AfterBlank {
		return 0
	}
	for i, c := range all {
		switch {
		case c.Offset > next || !c.OwnLine:
			return 0
		case c.BeforeBlank:
			return i + 1
		}
	}
	return 0
}

// distribute gives the comments that begin inside an entry to its parts.
func (e *entry) distribute(all []yamltree.Comment) {
	if len(e.value.entries) == 0 {
		for _, c := range all {
			if c.OwnLine {
				e.head = append(e.head, c)
			} else {
				e.line = append(e.line, c)
			}
		}
		return
	}
	first := e.value.entries[0].start
	for len(all) > 0 && !all[0].OwnLine && all[0].Offset < first {
		e.line = append(e.line, all[0])
		all = all[1:]
	}
	e.value.distribute(all)
}

// settle finishes the tree once its keys are in order.
func (d *document) settle() {
	if d.root != nil {
		d.root.settle()
	}
}

// settle moves comments and finds out where they are. A map or list that is an
// item begins on the line of its dash, so that the comments above its first
// entry go above the dash.
func (n *node) settle() {
	for _, e := range n.entries {
		e.value.settle()
		if v := e.value; e.key == nil && len(v.entries) > 0 && v.properties() == "" {
			e.head = append(e.head, v.entries[0].head...)
			v.entries[0].head = nil
			v.markCommented()
		}
	}
	n.markCommented()
}

// markCommented tells whether a comment stands somewhere inside; of the entries
// it is known already.
func (n *node) markCommented() {
	n.commented = len(n.tail) > 0
	for _, e := range n.entries {
		n.commented = n.commented || e.value.commented || len(e.head)+len(e.line)+len(e.foot) > 0
	}
}
