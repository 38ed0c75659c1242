// Package format owns the canonical form of blueprints, inputs files and
// settings. The bytes of a document come in; the same document comes out with
// one indentation, one order of keys, no needless quotes, and every comment,
// anchor and alias kept. What a document says is never changed: the result is
// read again and compared before it is returned. Finding and writing files is
// left to the command line.
package format

import (
	"bytes"
	"errors"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// width is how long a line may become by joining what stood on several; the
// author's own long texts are left alone.
const width = 100

// indentation of one level.
const indentation = 2

// errUnsafe is returned when the result would not say the same as the source.
// Nothing is known that leads to it; it is there so that a fault in this
// package can't damage a file.
var errUnsafe = errors.New("the formatted text would not say the same as the file; please report this with the file")

// errUnstable is returned when the comments of a document find no rest.
var errUnstable = errors.New("the comments of the file end up at another place each time it is formatted; put them on lines of their own before what they are about")

// MaxBytes is the size from which on a document is refused, so that nobody
// needs to read more.
func MaxBytes() int64 { return int64(yamltree.DefaultLimits().Bytes) }

// Source returns the canonical form of a document. Diagnostics are those of
// YAML itself: a document that breaks the language is formatted too, since its
// author is still at work. With an error among them, there is no result. An
// error says that the document could not be formatted safely.
func Source(file string, src []byte) ([]byte, diag.List, error) {
	before, syntax, diags := yamltree.ParseSyntax(file, src)
	if diags.HasErrors() {
		return nil, diags, nil
	}
	if r := syntax.Root; r != nil && r.Form != yamltree.WrittenMap && r.Form != yamltree.WrittenList {
		return src, diags, nil // a lone text: nothing of ours
	}
	comments := texts(syntax.Comments)
	out := canonical(syntax)
	for range maxRounds {
		after, printed, problems := yamltree.ParseSyntax(file, out)
		if problems.HasErrors() || !sameValue(before, after) || !slices.Equal(comments, texts(printed.Comments)) {
			return nil, nil, errUnsafe
		}
		again := canonical(printed)
		if bytes.Equal(out, again) {
			return out, diags, nil
		}
		out = again
	}
	return nil, nil, errUnstable
}

// maxRounds is how often a document is brought into its form before it has to
// stay the same. Once is the rule; comments at the edge of what YAML allows
// take more, because their place decides what they belong to.
const maxRounds = 4

// canonical prints a document in its canonical form, which changes syntax.
func canonical(syntax *yamltree.Syntax) []byte {
	doc := newDocument(syntax)
	doc.order()
	doc.settle()
	return doc.print()
}
