package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// block writes a value that comes or goes as a whole: every inner line has the
// symbol of the action. indent is that of the line on which the value begins.
func (r *planRenderer) block(v intrinsic.Value, a planner.Action, indent string) string {
	return blockText(v, indent, r.symbol(a)+" ")
}

// plainBlock writes a value that stays, without symbols.
func plainBlock(v intrinsic.Value, indent string) string { return blockText(v, indent, "  ") }

func blockText(v intrinsic.Value, indent, mark string) string {
	if text, ok := leafText(v); ok {
		return text
	}
	inner := indent + "    "
	var b strings.Builder
	if items, ok := v.List(); ok {
		b.WriteString("[\n")
		for _, e := range items {
			b.WriteString(inner + mark + blockText(e, inner, mark) + ",\n")
		}
		return b.String() + indent + "  ]"
	}
	keys := v.Keys()
	width := longest(keys)
	b.WriteString("{\n")
	for _, k := range keys {
		e, _ := v.Get(k)
		fmt.Fprintf(&b, "%s%s%-*s = %s\n", inner, mark, width, k, blockText(e, inner, mark))
	}
	return b.String() + indent + "  }"
}

// leafText writes what fits on one line; ok is false for lists and maps that
// have parts.
func leafText(v intrinsic.Value) (text string, ok bool) {
	switch {
	case v.IsSensitive():
		return intrinsic.SensitiveText, true
	case v.IsUnknown():
		return intrinsic.UnknownText, true
	}
	if items, isList := v.List(); isList {
		return "[]", len(items) == 0
	}
	if isMap(v) {
		return "{}", len(v.Keys()) == 0
	}
	switch s, _ := v.Scalar(); s := s.(type) {
	case nil:
		return "null", true
	case string:
		return strconv.Quote(s), true
	}
	return v.Text(), true
}

// arrow writes a value that changes in place.
func arrow(before, after intrinsic.Value, indent string) string {
	if before.IsSensitive() && after.IsSensitive() {
		return intrinsic.SensitiveText
	}
	return plainBlock(before, indent) + " -> " + plainBlock(after, indent)
}

func isMap(v intrinsic.Value) bool {
	_, ok := v.Map()
	return ok && !v.IsSensitive()
}

func isList(v intrinsic.Value) bool {
	_, ok := v.List()
	return ok && !v.IsSensitive()
}

// get is the entry of a map, or nil.
func get(v intrinsic.Value, key string) *intrinsic.Value {
	if e, ok := v.Get(key); ok {
		return &e
	}
	return nil
}

// partAt is the i-th part of a list, or nil.
func partAt(items []intrinsic.Value, i int) *intrinsic.Value {
	if i < len(items) {
		return &items[i]
	}
	return nil
}

// unionKeys are the keys of both maps, sorted.
func unionKeys(a, b intrinsic.Value) []string {
	keys := append(a.Keys(), b.Keys()...)
	slices.Sort(keys)
	return slices.Compact(keys)
}

func longest(keys []string) int {
	n := 0
	for _, k := range keys {
		n = max(n, len(k))
	}
	return n
}

// count writes a number with the word for one or for several.
func count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + several
}

func outputsCount(n int) string { return fmt.Sprintf("Outputs: %d", n) }

// outputText writes a value as OpenTofu prints outputs: keys quoted, parts
// indented by two.
func outputText(v intrinsic.Value, indent string) string {
	if v.IsSensitive() {
		return "<sensitive>"
	}
	if text, ok := leafText(v); ok {
		return text
	}
	inner := indent + "  "
	var b strings.Builder
	if items, ok := v.List(); ok {
		b.WriteString("[\n")
		for _, e := range items {
			b.WriteString(inner + outputText(e, inner) + ",\n")
		}
		return b.String() + indent + "]"
	}
	b.WriteString("{\n")
	for _, k := range v.Keys() {
		e, _ := v.Get(k)
		fmt.Fprintf(&b, "%s%q = %s\n", inner, k, outputText(e, inner))
	}
	return b.String() + indent + "}"
}

// typeLabel is the full name of a node type, as blueprints write it.
func typeLabel(name string) string { return dsl.TypeLabel(name) }

// shellQuote quotes a word of a command line to copy, where it needs that.
func shellQuote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=@%+") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
