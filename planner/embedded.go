package planner

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// Bounds of the comparison inside texts. What lies beyond is compared as text.
const (
	maxEmbeddedBytes   = 256 << 10
	maxEmbeddedChanges = 200
)

// within compares two texts as the documents that they are: the leaves that
// differ, by their paths in the document. It is nil unless both are a map, or
// both a list, written as YAML or JSON. A list that is empty but not nil means
// that they say the same in another form.
func within(before, after intrinsic.Value) []Change {
	b, a := before.Text(), after.Text()
	if !isText(before) || !isText(after) || !looksStructured(b) && !looksStructured(a) {
		return nil
	}
	was, ok := embedded(b)
	if !ok {
		return nil
	}
	is, ok := embedded(a)
	if !ok || isMap(was) != isMap(is) {
		return nil
	}
	d := differ{changes: []Change{}}
	d.parts("", was, is, place{})
	if len(d.changes) > maxEmbeddedChanges {
		return nil
	}
	return d.changes
}

func isText(v intrinsic.Value) bool {
	s, _ := v.Scalar()
	_, ok := s.(string)
	return ok
}

func isMap(v intrinsic.Value) bool { _, ok := v.Map(); return ok }

// looksStructured reports whether a text may hold a document, at no cost for
// those that don't: names, addresses, sizes.
func looksStructured(text string) bool {
	return strings.Contains(text, "\n") || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// embedded reads a text as JSON, or else as YAML; ok is false if it is
// neither a map nor a list of either.
func embedded(text string) (v intrinsic.Value, ok bool) {
	if len(text) > maxEmbeddedBytes {
		return v, false
	}
	plain, ok := decodeJSON(text)
	if !ok {
		data, diags := dsl.ParseData("", []byte(text))
		if data == nil || diags.HasErrors() {
			return v, false
		}
		plain = data.Plain()
	}
	v = intrinsic.Of(plain)
	_, isList := v.List()
	return v, isMap(v) || isList
}

func decodeJSON(text string) (any, bool) {
	if trimmed := strings.TrimLeft(text, " \t\r\n"); !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	_, err := dec.Token()
	return v, err == io.EOF
}
