// Package intrinsic owns what values become: the evaluated Value with its
// marks unknown and sensitive, the functions of the language, the references
// between nodes, and the resolution of inputs. Expressions and a Scope come
// in, Values and diagnostics come out. It knows nothing of plans or clouds.
package intrinsic

import (
	"encoding/json"
	"math"
	"sort"
	"strconv"
	"strings"
)

// Value is an evaluated datum: null, boolean, integer, float, text, list or map,
// or not yet known. Each part of a list or map carries its own marks. The zero
// Value is null. Values are immutable.
type Value struct {
	v         any // nil, bool, int64, float64, string, []Value, map[string]Value
	unknown   bool
	sensitive bool
	// absent marks what the pseudo input NoValue gives: the property, key or
	// item that receives it is left out. It never leaves an evaluation.
	absent bool
}

// Unknown is a value that only the run will tell.
var Unknown = Value{unknown: true}

// Of turns plain JSON data into a Value without marks. Integers of any Go type
// become int64; json.Number becomes int64 or float64; what is not JSON data
// becomes null.
func Of(v any) Value {
	switch v := v.(type) {
	case Value:
		return v
	case nil, bool, int64, string:
		return Value{v: v}
	case int:
		return Value{v: int64(v)}
	case int32:
		return Value{v: int64(v)}
	case float32:
		return Of(float64(v))
	case float64:
		return Value{v: v}
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return Value{v: i}
		}
		f, err := v.Float64()
		if err != nil {
			return Value{v: v.String()}
		}
		return Value{v: f}
	case []any:
		out := make([]Value, len(v))
		for i := range v {
			out[i] = Of(v[i])
		}
		return Value{v: out}
	case []Value:
		return Value{v: v}
	case []string:
		out := make([]Value, len(v))
		for i := range v {
			out[i] = Of(v[i])
		}
		return Value{v: out}
	case map[string]any:
		out := make(map[string]Value, len(v))
		for k, e := range v {
			out[k] = Of(e)
		}
		return Value{v: out}
	case map[string]Value:
		return Value{v: v}
	}
	return Value{}
}

// IsUnknown reports whether the value as a whole is not yet known.
func (v Value) IsUnknown() bool { return v.unknown }

// IsSensitive reports whether the value as a whole must not be shown.
func (v Value) IsSensitive() bool { return v.sensitive }

// IsNull reports whether the value is known to be null.
func (v Value) IsNull() bool { return v.v == nil && !v.unknown }

// MarkSensitive returns v marked as sensitive.
func (v Value) MarkSensitive() Value { v.sensitive = true; return v }

// WithMarksOf returns v, sensitive if any of the others is, at any depth.
func (v Value) WithMarksOf(others ...Value) Value {
	for _, o := range others {
		if o.HasSensitive() {
			v.sensitive = true
		}
	}
	return v
}

// List returns the parts of a list; ok is false for anything else.
func (v Value) List() (items []Value, ok bool) { items, ok = v.v.([]Value); return }

// Map returns the parts of a map; ok is false for anything else. The map must
// not be changed.
func (v Value) Map() (entries map[string]Value, ok bool) {
	entries, ok = v.v.(map[string]Value)
	return
}

// Scalar returns nil, bool, int64, float64 or string; ok is false for lists,
// maps and unknown values.
func (v Value) Scalar() (scalar any, ok bool) {
	switch v.v.(type) {
	case []Value, map[string]Value:
		return nil, false
	}
	return v.v, !v.unknown
}

// Text renders a known scalar as the language's concat writes it; lists, maps
// and unknown values give "".
func (v Value) Text() string {
	switch s := v.v.(type) {
	case string:
		return s
	case bool:
		return strconv.FormatBool(s)
	case int64:
		return strconv.FormatInt(s, 10)
	case float64:
		if s == math.Trunc(s) && math.Abs(s) < 1e15 {
			return strconv.FormatFloat(s, 'f', -1, 64)
		}
		return strconv.FormatFloat(s, 'g', -1, 64)
	}
	return ""
}

// Keys returns the sorted keys of a map.
func (v Value) Keys() []string {
	m, _ := v.Map()
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Get returns the part under a key of a map. Parts of an unknown value are
// unknown; the parts of a sensitive one are sensitive.
func (v Value) Get(key string) (Value, bool) {
	if v.unknown {
		return v, true
	}
	m, _ := v.Map()
	e, ok := m[key]
	if ok && v.sensitive {
		e.sensitive = true
	}
	return e, ok
}

// Index returns the i-th part of a list, under the same rules as Get.
func (v Value) Index(i int) (Value, bool) {
	if v.unknown {
		return v, true
	}
	l, _ := v.List()
	if i < 0 || i >= len(l) {
		return Value{}, false
	}
	e := l[i]
	if v.sensitive {
		e.sensitive = true
	}
	return e, true
}

// HasUnknown reports whether the value or any part of it is unknown.
func (v Value) HasUnknown() bool {
	return v.any(func(p Value) bool { return p.unknown })
}

// HasSensitive reports whether the value or any part of it is sensitive.
func (v Value) HasSensitive() bool {
	return v.any(func(p Value) bool { return p.sensitive })
}

func (v Value) any(is func(Value) bool) bool {
	if is(v) {
		return true
	}
	switch p := v.v.(type) {
	case []Value:
		for _, e := range p {
			if e.any(is) {
				return true
			}
		}
	case map[string]Value:
		for _, e := range p {
			if e.any(is) {
				return true
			}
		}
	}
	return false
}

// Plain returns the value as plain JSON data, secrets in clear, unknown parts
// as nil. It is for providers and for the store, never for output.
func (v Value) Plain() any {
	switch p := v.v.(type) {
	case []Value:
		out := make([]any, len(p))
		for i := range p {
			out[i] = p[i].Plain()
		}
		return out
	case map[string]Value:
		out := make(map[string]any, len(p))
		for k, e := range p {
			out[k] = e.Plain()
		}
		return out
	}
	return v.v
}

// SensitivePaths returns the JSON pointers (RFC 6901) of the sensitive parts,
// sorted; "" is the whole value.
func (v Value) SensitivePaths() []string {
	var out []string
	v.collect("", &out)
	sort.Strings(out)
	return out
}

func (v Value) collect(at string, out *[]string) {
	if v.sensitive {
		*out = append(*out, at)
		return
	}
	switch p := v.v.(type) {
	case []Value:
		for i := range p {
			p[i].collect(at+"/"+strconv.Itoa(i), out)
		}
	case map[string]Value:
		for k, e := range p {
			e.collect(at+"/"+escapePointer.Replace(k), out)
		}
	}
}

var (
	escapePointer   = strings.NewReplacer("~", "~0", "/", "~1")
	unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")
)

// OfMarked is the inverse of Plain and SensitivePaths: plain data with the
// parts at the given JSON pointers marked sensitive. Pointers that lead
// nowhere are ignored.
func OfMarked(plain any, sensitive []string) Value {
	v := Of(plain)
	for _, p := range sensitive {
		v = v.mark(strings.Split(p, "/")[1:], p == "")
	}
	return v
}

func (v Value) mark(path []string, here bool) Value {
	if here || len(path) == 0 {
		return v.MarkSensitive()
	}
	key, rest := unescapePointer.Replace(path[0]), path[1:]
	switch p := v.v.(type) {
	case []Value:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(p) {
			return v
		}
		out := append([]Value(nil), p...)
		out[i] = out[i].mark(rest, len(rest) == 0)
		v.v = out
	case map[string]Value:
		e, ok := p[key]
		if !ok {
			return v
		}
		out := make(map[string]Value, len(p))
		for k, x := range p {
			out[k] = x
		}
		out[key] = e.mark(rest, len(rest) == 0)
		v.v = out
	}
	return v
}

// Equal reports whether two values are known to be the same. Marks of
// sensitivity do not count; anything unknown is equal to nothing. An integer
// equals a float of the same number.
func (v Value) Equal(o Value) bool {
	if v.unknown || o.unknown {
		return false
	}
	switch a := v.v.(type) {
	case []Value:
		b, ok := o.v.([]Value)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !a[i].Equal(b[i]) {
				return false
			}
		}
		return true
	case map[string]Value:
		b, ok := o.v.(map[string]Value)
		if !ok || len(a) != len(b) {
			return false
		}
		for k := range a {
			e, ok := b[k]
			if !ok || !a[k].Equal(e) {
				return false
			}
		}
		return true
	case int64:
		if f, ok := o.v.(float64); ok {
			return float64(a) == f
		}
	case float64:
		if i, ok := o.v.(int64); ok {
			return a == float64(i)
		}
	}
	switch o.v.(type) {
	case []Value, map[string]Value:
		return false
	}
	return v.v == o.v
}

// SensitiveText stands for a sensitive value in everything that is shown.
const SensitiveText = "(sensitive value)"

// UnknownText stands for an unknown value in everything that is shown.
const UnknownText = "(known after apply)"
