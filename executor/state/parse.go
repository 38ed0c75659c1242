package state

import (
	"bytes"
	"strconv"
)

// quick reads JSON as encode writes it most of the time: texts without escapes,
// integers, no blanks. It gives up on everything else, right or wrong, which is
// then left to encoding/json; a stack of 10,000 elements holds 20,000 documents,
// and encoding/json reads each of them three times over.
type quick struct{ rest []byte }

// quickDepth is how deep lists and maps may lie in one another.
const quickDepth = 50

// decodeQuick decodes a whole text; ok is false if it is left to encoding/json.
func decodeQuick(text []byte) (v any, ok bool) {
	q := quick{rest: text}
	v, ok = q.value(quickDepth)
	return v, ok && len(q.rest) == 0
}

func (q *quick) value(depth int) (v any, ok bool) {
	if len(q.rest) == 0 || depth == 0 {
		return nil, false
	}
	switch q.rest[0] {
	case '"':
		return q.text()
	case '{':
		return q.object(depth)
	case '[':
		return q.list(depth)
	case 'n':
		return nil, q.skip("null")
	case 't':
		return true, q.skip("true")
	case 'f':
		return false, q.skip("false")
	}
	return q.integer()
}

// skip passes over what comes next, if it is that.
func (q *quick) skip(what string) (ok bool) {
	if ok = len(q.rest) >= len(what) && string(q.rest[:len(what)]) == what; ok {
		q.rest = q.rest[len(what):]
	}
	return ok
}

func (q *quick) text() (v any, ok bool) {
	s, ok := q.plain()
	return s, ok
}

// plain reads a text that needs no escape.
func (q *quick) plain() (s string, ok bool) {
	if !q.skip(`"`) {
		return "", false
	}
	end := bytes.IndexByte(q.rest, '"')
	if end < 0 {
		return "", false
	}
	s = string(q.rest[:end])
	q.rest = q.rest[end+1:]
	return s, plainText(s)
}

// integer reads a number that is surely an int64: the comma, bracket or end that
// follows its digits is left to the caller.
func (q *quick) integer() (v any, ok bool) {
	n := 0
	for n < len(q.rest) && (q.rest[n] >= '0' && q.rest[n] <= '9' || n == 0 && q.rest[n] == '-') {
		n++
	}
	digits := string(q.rest[:n])
	q.rest = q.rest[n:]
	i, err := strconv.ParseInt(digits, 10, 64)
	return i, err == nil && strconv.FormatInt(i, 10) == digits
}

func (q *quick) list(depth int) (v any, ok bool) {
	q.skip("[")
	list := []any{}
	if q.skip("]") {
		return list, true
	}
	for {
		item, ok := q.value(depth - 1)
		if !ok {
			return nil, false
		}
		list = append(list, item)
		if !q.skip(",") {
			return list, q.skip("]")
		}
	}
}

func (q *quick) object(depth int) (v any, ok bool) {
	q.skip("{")
	object := map[string]any{}
	if q.skip("}") {
		return object, true
	}
	for {
		key, ok := q.plain()
		if !ok || !q.skip(":") {
			return nil, false
		}
		if object[key], ok = q.value(depth - 1); !ok {
			return nil, false
		}
		if !q.skip(",") {
			return object, q.skip("}")
		}
	}
}
