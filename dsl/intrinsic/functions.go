package intrinsic

import (
	"encoding/base64"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

func (e *evaluator) concat(v *dsl.Value, key string) Value {
	list := e.eval(v.Argument, key)
	parts, ok := list.List()
	if list.unknown {
		return unknownWith(list)
	}
	if !ok {
		return e.fail(v.Argument, "concat joins the parts of a list; its argument is %s.", describe(list))
	}
	var b strings.Builder
	unknown := false
	for i, p := range parts {
		if p.unknown {
			unknown = true
			continue
		}
		if _, scalar := p.Scalar(); !scalar {
			return e.fail(argument(v, i), "concat joins texts, numbers and booleans; this part is %s.", describe(p))
		}
		if b.WriteString(p.Text()); b.Len() > maxMadeBytes {
			break
		}
	}
	if unknown {
		return unknownWith(list)
	}
	return e.text(v, b.String(), list)
}

// argument returns the i-th item of a list argument for a message; the whole
// argument if a function made the list or left items out.
func argument(v *dsl.Value, i int) *dsl.Value {
	if i < len(v.Argument.Items) {
		return v.Argument.Items[i]
	}
	return v.Argument
}

func (e *evaluator) split(v *dsl.Value, key string) Value {
	delimiter, text := e.eval(v.Argument.Items[0], key), e.eval(v.Argument.Items[1], key)
	if delimiter.unknown || text.unknown {
		return unknownWith(delimiter, text)
	}
	if _, scalar := text.Scalar(); !scalar {
		return e.fail(v.Argument.Items[1], "split takes a text apart; this is %s.", describe(text))
	}
	if delimiter.Text() == "" {
		return e.fail(v.Argument.Items[0], "The delimiter of split is empty.")
	}
	if whole := e.text(v, text.Text()); whole.unknown {
		return whole
	}
	return Of(strings.Split(text.Text(), delimiter.Text())).WithMarksOf(delimiter, text)
}

func (e *evaluator) selectItem(v *dsl.Value, key string) Value {
	at, list := e.eval(v.Argument.Items[0], key), e.eval(v.Argument.Items[1], key)
	if at.unknown || list.unknown {
		return unknownWith(at, list)
	}
	items, ok := list.List()
	if !ok {
		return e.fail(v.Argument.Items[1], "select takes an item of a list; this is %s.", describe(list))
	}
	i, ok := index(at)
	switch {
	case !ok:
		return e.fail(v.Argument.Items[0], "The index of select is a whole number, counted from 0; this is %s.", describe(at))
	case i < 0 || i >= len(items):
		return e.fail(v.Argument.Items[0], "The list has %d items, counted from 0; it has none at %s.", len(items), Show(at))
	}
	item, _ := list.Index(i)
	return item.WithMarksOf(at)
}

func (e *evaluator) listLength(v *dsl.Value, key string) Value {
	list := e.eval(v.Argument, key)
	if list.unknown {
		return unknownWith(list)
	}
	items, ok := list.List()
	if !ok {
		return e.fail(v.Argument, "get_list_length counts the items of a list; this is %s.", describe(list))
	}
	return Value{v: int64(len(items))}.WithMarksOf(list)
}

func (e *evaluator) base64(v *dsl.Value, key string) Value {
	text := e.eval(v.Argument, key)
	if text.unknown {
		return unknownWith(text)
	}
	if _, scalar := text.Scalar(); !scalar {
		return e.fail(v.Argument, "base64_encode takes a text; this is %s.", describe(text))
	}
	return e.text(v, base64.StdEncoding.EncodeToString([]byte(text.Text())), text)
}

// replace fills ${key} in a text. Names that the map does not have stay as
// they are: texts are often scripts with variables of their own.
func (e *evaluator) replace(v *dsl.Value, key string) Value {
	text, values := e.eval(v.Argument.Items[0], key), e.eval(v.Argument.Items[1], key)
	if text.HasUnknown() || values.HasUnknown() {
		return unknownWith(text, values)
	}
	if _, scalar := text.Scalar(); !scalar {
		return e.fail(v.Argument.Items[0], "replace fills a text; this is %s.", describe(text))
	}
	entries, ok := values.Map()
	if !ok {
		return e.fail(v.Argument.Items[1], "replace takes a map of values; this is %s.", describe(values))
	}
	out, bad := fill(text.Text(), entries)
	if bad != "" {
		return e.fail(v.Argument.Items[1], "The value of %q is a list or a map, which can't be put into a text.", bad)
	}
	return e.text(v, out, text, values)
}

// fill replaces in one pass, so that what a value brings in is not replaced
// again. bad names a key whose value is no scalar.
func fill(text string, values map[string]Value) (out, bad string) {
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 || b.Len() > maxMadeBytes {
			break
		}
		n := strings.IndexByte(text[i:], '}')
		if n < 0 {
			break
		}
		name := text[i+2 : i+n]
		v, ok := values[name]
		if !ok {
			b.WriteString(text[:i+2])
			text = text[i+2:]
			continue
		}
		if _, scalar := v.Scalar(); !scalar {
			return "", name
		}
		b.WriteString(text[:i] + v.Text())
		text = text[i+n+1:]
	}
	b.WriteString(text)
	return b.String(), ""
}

// describe names what a value is, without showing it.
func describe(v Value) string {
	switch v.v.(type) {
	case nil:
		return "empty"
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	case string:
		return "a text"
	case []Value:
		return "a list"
	}
	return "a map"
}
