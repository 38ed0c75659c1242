package planner

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// minClear is the length from which a secret counts as standing in a text;
// shorter ones are found everywhere.
const minClear = 4

// ClearSecret names a secret whose value stands in clear in the blueprint of
// the plan or in a file that it uses: a password that is written into a
// property instead of being given as an input. It is "" if there is none.
// Whoever stores these texts has to encrypt them then.
func (p *Plan) ClearSecret() string {
	texts := []string{squeeze(string(p.Source))}
	for _, text := range p.Files {
		texts = append(texts, squeeze(string(text)))
	}
	found := ""
	look := func(name string, v intrinsic.Value) {
		eachSecret(v, false, func(secret string) {
			secret = squeeze(secret)
			for _, text := range texts {
				if found == "" && len(secret) >= minClear && strings.Contains(text, secret) {
					found = name
				}
			}
		})
	}
	for _, s := range p.Steps {
		for _, property := range s.After.Keys() {
			v, _ := s.After.Get(property)
			look("property "+property+" of "+s.Node, v)
		}
	}
	for _, name := range sortedKeys(p.Inputs) {
		look("input "+name, p.Inputs[name])
	}
	return found
}

// squeeze drops what YAML may add to a text or take from it: quotes, escapes
// and the white space of folded lines.
func squeeze(s string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(" \t\r\n'\"\\", c) {
			return -1
		}
		return c
	}, s)
}

func eachSecret(v intrinsic.Value, inside bool, do func(string)) {
	inside = inside || v.IsSensitive()
	if scalar, ok := v.Scalar(); ok {
		if text, ok := scalar.(string); ok && inside {
			do(text)
		}
		return
	}
	items, _ := v.List()
	for _, item := range items {
		eachSecret(item, inside, do)
	}
	entries, _ := v.Map()
	for _, k := range v.Keys() {
		eachSecret(entries[k], inside, do)
	}
}
