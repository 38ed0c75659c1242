package planner

import (
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// minClear is the length from which a secret counts as standing in a text;
// shorter ones are found everywhere.
const minClear = 4

// SecretInText reports whether the value of a secret stands in clear in the
// blueprint of the plan or in a file that it uses: a password that is written
// into a property, or the default of an input. Whoever stores these texts has
// to encrypt them then.
func (p *Plan) SecretInText() bool {
	texts := []string{squeeze(string(p.Source))}
	for _, text := range p.Files {
		texts = append(texts, squeeze(string(text)))
	}
	found := false
	look := func(secret string) {
		secret = squeeze(secret)
		found = found || len(secret) >= minClear && slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, secret) })
	}
	for _, s := range p.Steps {
		eachSecret(s.After, false, look)
	}
	for _, v := range p.Inputs {
		eachSecret(v, false, look)
	}
	p.eachWritten(look)
	return found
}

// eachWritten visits the secrets that the blueprint states and this plan does
// not use: the default of an input that was given, a property of a node that is
// not planned for; also in what it was expanded from.
func (p *Plan) eachWritten(do func(string)) {
	if p.Blueprint == nil {
		return
	}
	w := writtenSecrets{plan: p, nested: map[string]bool{}, do: do}
	all := append([]*dsl.Blueprint{p.Blueprint}, p.Blueprint.Written...)
	for _, bp := range all {
		for _, i := range bp.Inputs {
			if i.Sensitive() {
				w.nested[i.Name.Text] = true
			}
		}
	}
	for _, bp := range all {
		w.blueprint(bp)
	}
}

// writtenSecrets visits the secrets that blueprints state.
type writtenSecrets struct {
	plan *Plan
	// nested are the sensitive inputs of all blueprints. Which of these a nested
	// stack deploys need not be known: a text that is encrypted in vain does no
	// harm.
	nested map[string]bool
	do     func(string)
}

func (w *writtenSecrets) blueprint(bp *dsl.Blueprint) {
	for _, i := range bp.Inputs {
		if i.Sensitive() {
			eachText(i.Default, w.do)
		}
	}
	for _, n := range bp.Nodes {
		w.node(n)
	}
	for _, t := range bp.Types {
		w.blueprint(t.Body)
	}
}

func (w *writtenSecrets) node(n *dsl.NodeTemplate) {
	switch typ := w.plan.Catalogue[n.TypeName]; {
	case n.Composite != nil:
		for _, e := range n.Properties {
			if i := n.Composite.Body.Input(e.Key.Text); i != nil && i.Sensitive() {
				eachText(e.Value, w.do)
			}
		}
	case n.TypeName == dsl.TypeStack:
		if given := n.Property("inputs"); given != nil {
			for _, e := range given.Entries {
				if w.nested[e.Key.Text] {
					eachText(e.Value, w.do)
				}
			}
		}
	case typ != nil && typ.Properties != nil:
		for _, e := range n.Properties {
			eachSensitive(e.Value, typ.Properties.Properties[e.Key.Text], w.do)
		}
	}
}

// eachSensitive visits the texts in an expression where its property says that
// they are secret.
func eachSensitive(v *dsl.Value, p *dsl.Property, do func(string)) {
	switch {
	case v == nil || p == nil:
	case p.Sensitive:
		eachText(v, do)
	default:
		for _, item := range v.Items {
			eachSensitive(item, p.Items, do)
		}
		for _, e := range v.Entries {
			part := p.Properties[e.Key.Text]
			if part == nil {
				part = p.Additional
			}
			eachSensitive(e.Value, part, do)
		}
	}
}

// names reports whether a function's arguments are names and no secrets. What is
// read from a mapping stands in the blueprint itself, so its keys speak for it.
func names(v *dsl.Value) bool {
	if v.Kind != dsl.Call {
		return false
	}
	switch v.Function.Text {
	case dsl.GetInput, dsl.GetAttribute, dsl.GetReference, dsl.GetEach:
		return true
	}
	return false
}

// eachText visits the texts of an expression, also those that functions make
// something of.
func eachText(v *dsl.Value, do func(string)) {
	if v == nil || names(v) {
		return
	}
	if text, ok := v.Scalar.(string); ok {
		do(text)
	}
	eachText(v.Argument, do)
	for _, item := range v.Items {
		eachText(item, do)
	}
	for _, e := range v.Entries {
		eachText(e.Value, do)
	}
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
