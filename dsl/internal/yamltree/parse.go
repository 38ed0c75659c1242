package yamltree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"gopkg.in/yaml.v3"
)

// Parse reads one document. The root is nil if the file is empty or can't be
// read at all; otherwise it is usable even when there are diagnostics.
func Parse(file string, src []byte) (*Node, diag.List) {
	return ParseLimited(file, src, defaultLimits)
}

// ParseLimited is Parse under other limits.
func ParseLimited(file string, src []byte, limits Limits) (*Node, diag.List) {
	if l := checkBytes(file, src, limits); l != nil {
		return nil, l
	}
	src = bytes.TrimPrefix(src, utf8BOM)
	if root := parsePieces(file, src, limits, pieceBytes); root != nil {
		return root, nil
	}
	root, _, diags := parseWhole(file, src, limits)
	return root, diags
}

// parseWhole parses what checkBytes let pass, without byte order mark. It also
// returns the tree that yaml.v3 made; nil if there is no root.
func parseWhole(file string, src []byte, limits Limits) (*Node, *yaml.Node, diag.List) {
	doc, second, err := decode(src)
	if err != nil {
		return nil, nil, diag.List{syntaxError(file, src, err)}
	}
	if second != nil {
		return nil, nil, diag.List{severalDocuments(file, src, second)}
	}
	if doc == nil || len(doc.Content) == 0 {
		return nil, nil, nil
	}
	b := builder{file: file, limits: limits, text: newText(src)}
	root, _ := b.node(doc.Content[0], 0)
	if len(b.diags) > maxProblems {
		b.diags = b.diags[:maxProblems]
	}
	return root, doc.Content[0], b.diags
}

// maxProblems bounds how many problems of one document are told.
const maxProblems = 1000

var utf8BOM = []byte("\xef\xbb\xbf")

// decode returns the first document and, if there is more than one, the
// second. The parser of yaml.v3 reports its own faults by panicking; none are
// known in this version, but a panic must not reach those who read untrusted
// files.
func decode(src []byte) (first, second *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src))
	first = new(yaml.Node)
	if err := dec.Decode(first); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil, nil
		}
		return nil, nil, err
	}
	second = new(yaml.Node)
	switch err := dec.Decode(second); {
	case errors.Is(err, io.EOF):
		return first, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return first, second, nil
}

func severalDocuments(file string, src []byte, second *yaml.Node) diag.Diagnostic {
	line := second.Line
	if lines := bytes.Split(src, []byte("\n")); line > len(lines) || !bytes.HasPrefix(lines[line-1], []byte("---")) {
		for line = min(line, len(lines)); line > 1 && !bytes.HasPrefix(lines[line-1], []byte("---")); {
			line--
		}
	}
	at := diag.Range{File: file, Start: diag.Pos{Line: line, Column: 1}, End: diag.Pos{Line: line, Column: 4}}
	return diag.New("DSL105", at, "A second document begins here. Remove the line, or move what follows it to another file.")
}

// builder turns yaml.v3's tree into ours.
type builder struct {
	file   string
	limits Limits
	text   *text
	diags  diag.List
	full   bool // a limit is exceeded, which is said once

	slab    []Node // nodes are handed out of slabs: one allocation for many
	anchors map[*yaml.Node]*anchor
	aliased int
}

// anchor is a node that aliases may stand for. size counts the nodes below it
// with aliases expanded; 0 while it is still being built.
type anchor struct {
	node   *Node
	size   int
	height int
}

const slabNodes = 256

func (b *builder) alloc() *Node {
	if len(b.slab) == 0 {
		b.slab = make([]Node, slabNodes)
	}
	n := &b.slab[0]
	b.slab = b.slab[1:]
	return n
}

// measure is what a subtree costs with aliases expanded.
type measure struct{ size, height int }

func (m *measure) add(child measure) {
	m.size += child.size
	m.height = max(m.height, child.height+1)
}

// node converts one node and all below it.
func (b *builder) node(y *yaml.Node, depth int) (*Node, measure) {
	if y.Kind == yaml.AliasNode {
		return b.alias(y, depth)
	}
	if y.Anchor == "" {
		return b.plainNode(y, depth)
	}
	if b.anchors == nil {
		b.anchors = make(map[*yaml.Node]*anchor)
	}
	a := &anchor{}
	b.anchors[y] = a
	n, m := b.plainNode(y, depth)
	a.node, a.size, a.height = n, m.size, m.height
	return n, m
}

func (b *builder) plainNode(y *yaml.Node, depth int) (*Node, measure) {
	n := b.alloc()
	at := b.text.seek(y.Line, y.Column)
	n.Start = at.pos()
	at = b.text.skipProperties(at)
	b.checkTag(y, n)
	m := measure{size: 1}
	switch y.Kind {
	case yaml.ScalarNode:
		end := b.text.scalarEnd(at, y)
		n.End = end.pos()
		b.scalar(n, y)
		return n, m
	case yaml.SequenceNode:
		n.Kind = List
	default:
		n.Kind = Map
	}
	if depth >= b.limits.Depth {
		b.exceeded(n, "Maps and lists may be nested %d levels deep; this one lies deeper.", b.limits.Depth)
		n.End = n.Start
		return n, m
	}
	if n.Kind == List {
		m = b.list(n, y, depth, m)
	} else {
		m = b.mapping(n, y, depth, m)
	}
	end := at
	if b.text.last.offset > end.offset {
		end = b.text.last
	}
	if y.Style&yaml.FlowStyle != 0 {
		end = b.text.closing(end, at)
	}
	b.text.last = end
	n.End = end.pos()
	return n, m
}

func (b *builder) list(n *Node, y *yaml.Node, depth int, m measure) measure {
	n.Items = make([]*Node, 0, len(y.Content))
	for _, c := range y.Content {
		item, cm := b.node(c, depth+1)
		m.add(cm)
		n.Items = append(n.Items, item)
		if b.full {
			break
		}
	}
	return m
}

func (b *builder) mapping(n *Node, y *yaml.Node, depth int, m measure) measure {
	n.Pairs = make([]Pair, 0, len(y.Content)/2)
	var merged []*Node
	seen := newKeySet(len(y.Content) / 2)
	for i := 0; i+1 < len(y.Content) && !b.full; i += 2 {
		yk := y.Content[i]
		key, km := b.node(yk, depth+1)
		value, vm := b.node(y.Content[i+1], depth+1)
		m.add(km)
		m.add(vm)
		if yk.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if !b.checkKey(key) {
			continue
		}
		if at := seen.add(key.Text, len(n.Pairs)); at >= 0 {
			first := n.Pairs[at].Key
			b.diags = append(b.diags, diag.New("DSL103", key.Range(b.file), "The key %q stands in this map already, at %s. Remove one of the two.", key.Text, first.Range(b.file)).
				With(first.Range(b.file), "first here"))
			continue
		}
		n.Pairs = append(n.Pairs, Pair{Key: b.asKey(key), Value: value})
	}
	for _, v := range merged {
		b.merge(n, v, seen)
	}
	return m
}

// asKey makes a String of a key, without changing a node that may be shared.
func (b *builder) asKey(key *Node) *Node {
	if key.Kind == String {
		return key
	}
	k := b.alloc()
	*k = *key
	k.Kind = String
	return k
}

func (b *builder) checkKey(key *Node) bool {
	switch {
	case key.Kind == Map || key.Kind == List:
		b.diags.Add("DSL101", key.Range(b.file), "A key must be a plain text. If this was meant as a value with braces or brackets, put it in quotes.")
	case key.Kind == Null && key.Text == "":
		b.diags.Add("DSL101", key.Range(b.file), "A key is missing here.")
	default:
		return true
	}
	return false
}

// merge adds the entries of a merge key's value that n does not state itself.
func (b *builder) merge(n, from *Node, seen *keySet) {
	switch from.Kind {
	case List:
		for _, i := range from.Items {
			if i.Kind == List {
				b.diags.Add("DSL101", i.Range(b.file), "A merge key takes a map or a list of maps.")
				continue
			}
			b.merge(n, i, seen)
		}
	case Map:
		for _, p := range from.Pairs {
			if seen.add(p.Key.Text, len(n.Pairs)) < 0 {
				n.Pairs = append(n.Pairs, p)
			}
		}
	default:
		b.diags.Add("DSL101", from.Range(b.file), "A merge key takes a map or a list of maps.")
	}
}

func (b *builder) alias(y *yaml.Node, depth int) (*Node, measure) {
	at := b.text.seek(y.Line, y.Column)
	end := b.text.advance(at, at.offset+1+len(y.Value))
	b.text.last = end
	stub := b.alloc()
	stub.Start, stub.End = at.pos(), end.pos()
	a := b.anchors[y.Alias]
	switch {
	case a == nil || a.size == 0:
		b.diags.Add("DSL101", stub.Range(b.file), "The alias *%s stands inside the value that it names, so the value would contain itself.", y.Value)
		return stub, measure{size: 1}
	case depth+a.height > b.limits.Depth:
		b.exceeded(stub, "Maps and lists may be nested %d levels deep; this alias stands for deeper ones.", b.limits.Depth)
		return stub, measure{size: 1}
	}
	if b.aliased += a.size; b.aliased > b.limits.Aliased {
		b.exceeded(stub, "Aliases of this document stand for more than %d values. Write some of them out, or split the file.", b.limits.Aliased)
		return stub, measure{size: 1}
	}
	return a.node, measure{size: a.size, height: a.height}
}

func (b *builder) exceeded(n *Node, format string, args ...any) {
	if !b.full {
		b.diags.Add("DSL104", n.Range(b.file), format, args...)
	}
	b.full = true
}

// checkTag refuses tags that are not part of YAML's core schema.
func (b *builder) checkTag(y *yaml.Node, n *Node) {
	if y.Style&yaml.TaggedStyle == 0 {
		return
	}
	switch y.Tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		return
	}
	at := n.Range(b.file)
	at.End = diag.Pos{Line: at.Start.Line, Column: at.Start.Column + len(y.Tag)}
	b.diags.Add("DSL101", at, "The tag %s is not part of the blueprint language. Functions are written as maps, such as {get_input: name}.", y.Tag)
}

// scalar sets kind, style and text.
func (b *builder) scalar(n *Node, y *yaml.Node) {
	n.Text = y.Value
	switch {
	case y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		n.Style = Quoted
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		n.Style = Block
	}
	n.Kind = kindOfTag(y.Tag)
	if y.Style&yaml.TaggedStyle != 0 && !fitsTag(n) {
		b.diags.Add("DSL101", n.Range(b.file), "The text %q is no value of the tag %s.", n.Text, y.Tag)
		n.Kind = String
	}
	if n.Kind == Float {
		if f, _ := n.Float(); math.IsInf(f, 0) || math.IsNaN(f) {
			b.diags.Add("DSL101", n.Range(b.file), "The number %s is not finite. If a text is meant, put it in quotes.", n.Text)
		}
	}
}

func kindOfTag(tag string) Kind {
	switch tag {
	case "!!null":
		return Null
	case "!!bool":
		return Bool
	case "!!int":
		return Int
	case "!!float":
		return Float
	}
	return String // dates are texts too: JSON has no type for them
}

func fitsTag(n *Node) bool {
	ok := true
	switch n.Kind {
	case Bool:
		_, ok = n.Bool()
	case Int:
		_, ok = n.Int()
	case Float:
		_, ok = n.Float()
	}
	return ok
}

// Bool returns the value of a Bool.
func (n *Node) Bool() (value, ok bool) {
	switch n.Text {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

// Int returns the value of an Int; ok is false if it needs more than 64 bits.
func (n *Node) Int() (value int64, ok bool) {
	value, err := strconv.ParseInt(n.Text, 0, 64)
	if err != nil {
		value, err = strconv.ParseInt(strings.ReplaceAll(n.Text, "_", ""), 0, 64)
	}
	return value, err == nil
}

// Float returns the value of a Float, or of an Int that needs more than 64 bits.
func (n *Node) Float() (value float64, ok bool) {
	s := strings.ReplaceAll(n.Text, "_", "")
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case ".inf":
		if strings.HasPrefix(s, "-") {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	case ".nan":
		return math.NaN(), true
	}
	value, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		u, uerr := strconv.ParseUint(s, 0, 64)
		return float64(u), uerr == nil
	}
	return value, err == nil
}

// keySet finds duplicate keys; small maps, which are nearly all, need no hash.
type keySet struct {
	small []string
	large map[string]int
}

const smallMap = 12

func newKeySet(n int) *keySet {
	if n > smallMap {
		return &keySet{large: make(map[string]int, n)}
	}
	return &keySet{}
}

// add returns the index under which the key was added before, or -1. Indexes
// are given in ascending order from 0, one for each new key.
func (s *keySet) add(key string, index int) int {
	if s.large == nil && len(s.small) < smallMap {
		for i, k := range s.small {
			if k == key {
				return i
			}
		}
		s.small = append(s.small, key)
		return -1
	}
	if s.large == nil {
		s.large = make(map[string]int, 2*smallMap)
		for i, k := range s.small {
			s.large[k] = i
		}
	}
	if i, ok := s.large[key]; ok {
		return i
	}
	s.large[key] = index
	return -1
}
