package check

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// typeRules holds the properties of a node template to the rules between them.
// What depends on a value that is not known yet is left for when it is.
func (j *judge) typeRules(root *spot, v intrinsic.Value) {
	var plain any
	for _, r := range j.typ.Rules {
		switch {
		case r.Network != nil:
			j.network(root, r, v)
			continue
		case undecided(r.When, v), undecided(r.Then, v):
			continue
		}
		if plain == nil {
			n := 0
			plain = standIn(v, &n)
		}
		holds, err := r.Holds(plain)
		if err != nil {
			j.add("DSL307", j.node.Name.Range, "%s", err)
		} else if !holds {
			j.breaks(root, r, v, "")
		}
	}
}

// breaks reports a broken rule at the first of its properties that is written.
func (j *judge) breaks(root *spot, r *dsl.Rule, v intrinsic.Value, detail string) {
	j.diags = append(j.diags, j.broken(root, r, v, detail))
}

func (j *judge) broken(root *spot, r *dsl.Rule, v intrinsic.Value, detail string) diag.Diagnostic {
	at, secret := root.source.Range, false
	for _, path := range r.At {
		if s, ok := j.written(root, path, v); ok {
			at, secret = s.source.Range, s.secret
			break
		}
	}
	d := diag.New("DSL307", at, "%s%s%s %s", r.Message, j.inCopy(), detail, r.Advice)
	d.Concealed = secret
	return d
}

// inCopy names the node where its template stands for several.
func (j *judge) inCopy() string {
	if of := j.ofCopy(); of != "" {
		return " That is not so" + strings.Replace(of, " of ", " in ", 1) + "."
	}
	return ""
}

// written follows a dotted path through what the blueprint writes; of a list it
// takes the whole.
func (j *judge) written(root *spot, path string, v intrinsic.Value) (spot, bool) {
	at, p := *root, j.typ.Properties
	for _, key := range strings.Split(path, ".") {
		up := at
		at = up.entry(key)
		if at.source == up.source {
			return at, false
		}
		if p = p.Properties[key]; p == nil {
			return at, false
		}
		v, _ = v.Get(key)
		at.secret = at.secret || p.Sensitive || v.HasSensitive()
	}
	return at, true
}

// undecided reports whether it depends on an unknown part of v if v fits a
// schema.
func undecided(schema any, v intrinsic.Value) bool {
	s, ok := schema.(map[string]any)
	if !ok || len(s) == 0 {
		return false
	}
	if v.IsUnknown() {
		return true
	}
	for keyword, part := range s {
		if undecidedBy(keyword, part, v) {
			return true
		}
	}
	return false
}

func undecidedBy(keyword string, part any, v intrinsic.Value) bool {
	switch keyword {
	case "properties":
		named, _ := part.(map[string]any)
		entries, _ := v.Map()
		for name, sub := range named {
			if e, ok := entries[name]; ok && undecided(sub, e) {
				return true
			}
		}
	case "required":
		names, _ := part.([]any)
		entries, _ := v.Map()
		for _, name := range names {
			if text, ok := name.(string); ok && entries[text].IsUnknown() {
				return true
			}
		}
	case "items", "contains":
		items, _ := v.List()
		for _, item := range items {
			if undecided(part, item) {
				return true
			}
		}
	case "allOf", "anyOf", "oneOf":
		all, _ := part.([]any)
		for _, sub := range all {
			if undecided(sub, v) {
				return true
			}
		}
	case "not", "if", "then", "else":
		return undecided(part, v)
	case "const", "enum", "uniqueItems":
		return v.HasUnknown()
	}
	return false
}
