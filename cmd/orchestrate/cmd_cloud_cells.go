package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// fieldsOf makes a JSON object of a struct by the names in its json tags. Times
// stay what they are, but a zero one becomes null, and so do lists an empty list.
func fieldsOf(v any) object {
	out := object{}
	addFields(out, reflect.ValueOf(v))
	return out
}

func addFields(out object, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			addFields(out, v.Field(i))
			continue
		}
		if name := f.Tag.Get("json"); name != "-" {
			out[name] = plainField(v.Field(i))
		}
	}
}

func plainField(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Time:
		if x.IsZero() {
			return nil
		}
		return x.UTC()
	}
	switch v.Kind() {
	case reflect.Struct:
		return fieldsIn{fieldsOf(v.Interface()), v.Interface()}
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plainField(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// fieldsIn is a struct within another one, which a table shows by its own text.
type fieldsIn struct {
	object
	shown any
}

// MarshalJSON implements json.Marshaler.
func (f fieldsIn) MarshalJSON() ([]byte, error) { return json.Marshal(f.object) }

// cellText is a value as a table shows it.
func lookText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case time.Time:
		return timeText(x)
	case bool:
		return map[bool]string{true: "yes", false: "no"}[x]
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case fieldsIn:
		return fmt.Sprint(x.shown)
	case []any:
		texts := make([]string, len(x))
		for i := range x {
			texts[i] = lookText(x[i])
		}
		return strings.Join(texts, ", ")
	}
	return fmt.Sprint(v)
}
