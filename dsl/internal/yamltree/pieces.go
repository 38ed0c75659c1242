package yamltree

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"

	"gopkg.in/yaml.v3"
)

// A long document is cut into pieces which are parsed side by side: the parser
// takes longer than everything that comes after it, and what it builds of one
// piece is garbage before it begins the next.
//
// A cut stands before an entry of the document's map, or of a map that is a
// value in it, where the entry's key begins its line. There the parser forgets
// all that came before but the indentations it is in, provided that no flow
// collection and no scalar goes on across the cut. Those that did would leave
// the piece before it unfinished:
//   - a flow collection or a quoted scalar is then an error;
//   - a block scalar or a plain one ends at a line that is indented no deeper
//     than the map it belongs to, which is what a cut wants. That this map is
//     there is looked up in what the piece before became.
//
// So pieces vouch for each other from the beginning of the document on. With
// the least doubt, and with every problem, the document is parsed as a whole:
// pieces never decide what is wrong with it.

// pieceBytes is how long a piece is at least, but for the last one of a map.
const pieceBytes = 128 << 10

// piece is a run of whole lines.
type piece struct {
	src    []byte
	above  int // lines before it
	indent int // of its keys: 0 in the document's map, else in a value of it
}

// parsed is what a piece became.
type parsed struct {
	root *Node
	// inner is the indentation of the map that is the value of the last key; -1:
	// it is no map in block style.
	inner int
}

// parsePieces parses a document in pieces. The root is nil if it can't be cut,
// or if anything at all is to be said about it.
func parsePieces(file string, src []byte, limits Limits, size int) *Node {
	pieces := cut(src, size)
	if len(pieces) < 2 {
		return nil
	}
	results := make([]parsed, len(pieces))
	var next atomic.Int64
	var failed atomic.Bool
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(pieces)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(pieces)) && !failed.Load(); i = next.Add(1) - 1 {
				var ok bool
				if results[i], ok = pieces[i].parse(file, limits, i == 0); !ok {
					failed.Store(true)
				}
			}
		})
	}
	workers.Wait()
	if failed.Load() {
		return nil
	}
	return join(pieces, results)
}

// cut returns the pieces of a document, or nil if it has lines that only the
// parser understands.
func cut(src []byte, size int) []piece {
	if rareBreaks(src) {
		return nil // they are not counted here
	}
	var pieces []piece
	now := piece{src: src}
	from, line := 0, 0          // where the piece begins; the line to come
	inner, started := -1, false // of the current value of the document's map
	for at := 0; at < len(src); line++ {
		end := len(src)
		if n := bytes.IndexByte(src[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		indent, content := indented(src[at:end])
		long := at-from >= size
		switch {
		case len(content) == 0 || content[0] == '#':
			at = end
			continue
		case indent > 0 && inner < 0:
			inner, long = indent, false // with the first entry it shows that it is a map
		case indent > 0:
			long = long && indent == inner && beginsKey(content)
		case beginsKey(content):
			inner, long = -1, long || now.indent > 0
		case started || !bytes.HasPrefix(content, []byte("---")):
			return nil
		default:
			long = false
		}
		if long && started {
			now.src = src[from:at]
			pieces, now, from = append(pieces, now), piece{above: line, indent: indent}, at
		}
		started = started || beginsKey(content)
		at = end
	}
	now.src = src[from:]
	return append(pieces, now)
}

// indented splits a line into the number of spaces it begins with and the rest
// without blanks at its end.
func indented(line []byte) (indent int, content []byte) {
	content = bytes.TrimLeft(line, " ")
	return len(line) - len(content), bytes.TrimRight(content, " \t\n")
}

// beginsKey reports whether a line can only begin a scalar, such as a key.
func beginsKey(content []byte) bool {
	c := content[0]
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '"' || c == '\''
}

// parse parses one piece. ok is false if it is not one map in block style at
// the indentation of the piece, from its first line on, without any problem,
// or holds what other pieces could matter for.
func (p piece) parse(file string, limits Limits, first bool) (out parsed, ok bool) {
	doc, second, err := decode(p.src)
	if err != nil || second != nil || doc == nil || len(doc.Content) == 0 {
		return out, false
	}
	y := doc.Content[0]
	if blockMap(y) != p.indent || y.Line != 1 && !first {
		return out, false
	}
	out.inner = blockMap(y.Content[len(y.Content)-1])
	b := builder{file: file, limits: limits, text: newText(p.src)}
	b.text.above = p.above
	depth := 0
	if p.indent > 0 {
		depth = 1
	}
	out.root, _ = b.node(y, depth)
	// What ends behind the last line is a value that is left out after "? key":
	// yaml.v3 takes it to stand where the next key does.
	open := b.text.last.offset == len(p.src) && bytes.HasSuffix(p.src, []byte("\n"))
	return out, len(b.diags) == 0 && b.anchors == nil && !open
}

// blockMap returns the indentation of a map in block style whose entries are
// all its own; -1 for everything else.
func blockMap(y *yaml.Node) int {
	if y.Kind != yaml.MappingNode || y.Style&(yaml.FlowStyle|yaml.TaggedStyle) != 0 || y.Anchor != "" || len(y.Content) == 0 {
		return -1
	}
	for i := 0; i < len(y.Content); i += 2 {
		if y.Content[i].Tag == "!!merge" {
			return -1
		}
	}
	return y.Column - 1
}

// join makes one tree of what the pieces became; nil if one does not continue
// the one before, or if a key stands in two of them.
func join(pieces []piece, results []parsed) *Node {
	root := results[0].root
	inner := results[0].inner
	var section *joined
	top := newJoined(root)
	for i, r := range results[1:] {
		if p := pieces[i+1]; p.indent == 0 {
			section, inner = nil, r.inner
			if !top.add(r.root) {
				return nil
			}
			continue
		} else if p.indent != inner {
			return nil
		}
		if section == nil {
			section = newJoined(root.Pairs[len(root.Pairs)-1].Value)
		}
		if !section.add(r.root) {
			return nil
		}
		root.End = r.root.End
	}
	return root
}

// joined is a map that the maps of later pieces are added to.
type joined struct {
	node *Node
	keys map[string]bool
}

func newJoined(n *Node) *joined {
	j := &joined{node: n, keys: make(map[string]bool, len(n.Pairs))}
	for i := range n.Pairs {
		j.keys[n.Pairs[i].Key.Text] = true
	}
	return j
}

// add appends the entries of a map; ok is false if it has one already.
func (j *joined) add(more *Node) (ok bool) {
	for i := range more.Pairs {
		key := more.Pairs[i].Key.Text
		if j.keys[key] {
			return false
		}
		j.keys[key] = true
	}
	j.node.Pairs = append(j.node.Pairs, more.Pairs...)
	j.node.End = more.End
	return true
}
