package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// encode writes plain JSON data so that decode gives back the same Go values:
// object keys are sorted, and a float64 always shows a point or an exponent,
// which keeps it apart from an int64.
func encode(v any) ([]byte, error) { return appendJSON(nil, v) }

func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case float64:
		return appendFloat(b, v)
	case string:
		return appendText(b, v)
	case []any:
		return appendList(b, v)
	case map[string]any:
		return appendMap(b, v)
	}
	return appendForeign(b, v)
}

func appendFloat(b []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is not a JSON number", f)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'g', -1, 64)
	if !bytes.ContainsAny(b[start:], ".e") {
		b = append(b, ".0"...)
	}
	return b, nil
}

func appendText(b []byte, s string) ([]byte, error) {
	if plainText(s) {
		return append(append(append(b, '"'), s...), '"'), nil
	}
	text, err := json.Marshal(s)
	return append(b, text...), err
}

// plainText reports whether s needs no escape, which spares most texts a
// detour through encoding/json.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func appendList(b []byte, list []any) (_ []byte, err error) {
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, e); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendMap(b []byte, m map[string]any) (_ []byte, err error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendText(b, k); err != nil {
			return nil, err
		}
		if b, err = appendJSON(append(b, ':'), m[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendForeign brings other Go types into the plain form first.
func appendForeign(b []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	plain, err := decode(text)
	if err != nil {
		return nil, err
	}
	return appendJSON(b, plain)
}

// decode is the inverse of encode.
func decode(text []byte) (any, error) {
	if v, ok := decodeQuick(text); ok {
		return v, nil
	}
	return decodeSlowly(text)
}

func decodeSlowly(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return numbers(v), nil
}

// numbers turns each json.Number in v into an int64 or a float64, in place.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v.String())
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k, e := range v {
			v[k] = numbers(e)
		}
	}
	return v
}

func number(text string) any {
	if !strings.ContainsAny(text, ".eE") {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // what overflows becomes infinite, as nothing else fits
	return f
}

// MarshalJSON writes the document with its secrets in clear, numbers keeping
// their kind. Seal it first when the text leaves the process.
func (d Document) MarshalJSON() ([]byte, error) {
	if d.Value == nil && len(d.Sensitive) == 0 {
		return []byte(`{"value":null}`), nil
	}
	b, err := appendJSON([]byte(`{"value":`), d.Value)
	if err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	if len(d.Sensitive) > 0 {
		list, err := json.Marshal(d.Sensitive)
		if err != nil {
			return nil, fmt.Errorf("encode document: %w", err)
		}
		b = append(append(b, `,"sensitive":`...), list...)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (d *Document) UnmarshalJSON(text []byte) error {
	v, err := decode(text)
	if err != nil {
		return fmt.Errorf("decode document: %w", err)
	}
	object, ok := v.(map[string]any)
	sensitive, listed := texts(object["sensitive"])
	if !listed || !ok && v != nil {
		return errors.New("decode document: it is not a value with the places of its secrets")
	}
	d.Value, d.Sensitive = object["value"], sensitive
	return nil
}

// texts returns the texts of a list; ok is false if it holds anything else. No
// list is an empty one.
func texts(v any) (out []string, ok bool) {
	list, ok := v.([]any)
	for _, item := range list {
		s, isText := item.(string)
		ok = ok && isText
		out = append(out, s)
	}
	return out, ok || v == nil
}
