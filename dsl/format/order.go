package format

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// shape says what the language knows of a map or list at some place.
type shape struct {
	// keys is the order of the known keys; the others follow as the author
	// wrote them. nil: the author's order counts.
	keys []string
	// parts are the shapes of the values by key; rest is that of all others,
	// and of the items of a list.
	parts map[string]*shape
	rest  *shape
	// values tells that functions may stand here and everywhere below.
	values bool
}

// The shapes of a blueprint. The orders are those in which a reader asks: what
// is it, when is it there, what does it say, what does it need.
var (
	valueShape = &shape{values: true}
	// valuesShape is a map from names to values: its own keys name no function.
	valuesShape = &shape{rest: valueShape}

	inputShape = &shape{keys: []string{
		"type", "items", "default", "required", "label", "description", "constraints", "entries", "keys", "values",
		"properties", "advanced", "immutable", "invisible",
	}}
	requirementShape  = &shape{keys: []string{"node", "relationship"}}
	requirementsShape = &shape{rest: &shape{rest: requirementShape}}
	nodeShape         = &shape{
		keys: []string{
			"type", "renamed_from", "condition", "deploy", "count", "for_each", "retain", "properties", "requirements", "metadata",
		},
		parts: map[string]*shape{
			"deploy": valueShape, "count": valueShape, "for_each": valueShape,
			"properties": valuesShape, "requirements": requirementsShape,
		},
	}
	outputShape = &shape{keys: []string{"description", "value"}, parts: map[string]*shape{"value": valueShape}}
	policyShape = &shape{keys: []string{"type", "targets", "properties"}, parts: map[string]*shape{"properties": valuesShape}}
	sections    = map[string]*shape{
		"inputs":         {rest: inputShape},
		"conditions":     valuesShape,
		"node_templates": {rest: nodeShape},
		"policies":       {rest: policyShape},
		"outputs":        {rest: outputShape},
	}
	compositeShape = &shape{
		keys: []string{"description", "inputs", "conditions", "node_templates", "attributes"},
		parts: map[string]*shape{
			"inputs": sections["inputs"], "conditions": sections["conditions"], "node_templates": sections["node_templates"],
			"attributes": sections["outputs"],
		},
	}
	blueprintShape = &shape{
		keys: []string{
			versionKey, "description", "metadata", "imports", "node_types", "inputs", "mappings", "conditions", "node_templates",
			"policies", "outputs",
		},
		parts: map[string]*shape{
			"inputs": sections["inputs"], "conditions": sections["conditions"], "node_templates": sections["node_templates"],
			"policies": sections["policies"], "outputs": sections["outputs"], "node_types": {rest: compositeShape},
		},
	}
)

// versionKey tells a blueprint from every other document.
const versionKey = "tosca_definitions_version"

// mergeKey stands first in its map: what is merged is the base of the rest.
const mergeKey = "<<"

// order puts the keys of a blueprint into the canonical order. Documents of
// other kinds keep theirs.
func (d *document) order() {
	if d.root == nil || d.root.Form != yamltree.WrittenMap {
		return
	}
	if d.isBlueprint() {
		d.root.take(blueprintShape)
	}
}

// isBlueprint reports whether the document is a blueprint, or a part that one
// imports: it has node types and nothing that a part can't have.
func (d *document) isBlueprint() bool {
	part := false
	for _, e := range d.root.entries {
		switch e.key.Text {
		case versionKey:
			return true
		case "node_types":
			part = true
		}
	}
	return part && !slices.ContainsFunc(d.root.entries, func(e *entry) bool {
		return !slices.Contains([]string{"imports", "node_types", "mappings", "conditions"}, e.key.Text)
	})
}

// take gives a value its shape, and orders it and all below.
func (n *node) take(s *shape) {
	if s == nil || !n.isCollection() {
		return
	}
	n.shape = s
	for _, e := range n.entries {
		e.value.take(s.of(e))
	}
	if s.keys != nil && n.Form == yamltree.WrittenMap {
		n.sort(s.keys)
	}
}

func (s *shape) of(e *entry) *shape {
	if s.values {
		return s
	}
	if e.key != nil {
		if part, ok := s.parts[e.key.Text]; ok {
			return part
		}
	}
	return s.rest
}

// sort orders the entries of a map by a list of keys, unless that would move
// an alias in front of its anchor or let it stand for another one.
func (n *node) sort(keys []string) {
	rank := func(e *entry) int {
		if e.key.Form == yamltree.PlainScalar && e.key.Text == mergeKey {
			return -1
		}
		if i := slices.Index(keys, e.key.Text); i >= 0 {
			return i
		}
		return len(keys)
	}
	sorted := slices.Clone(n.entries)
	slices.SortStableFunc(sorted, func(a, b *entry) int { return rank(a) - rank(b) })
	if slices.Equal(anchored(n.entries), anchored(sorted)) {
		n.entries = sorted
	}
}

// anchored returns the entries that hold anchors or aliases. As long as these
// keep their order, every alias stands for what it stood for.
func anchored(entries []*entry) []*entry {
	var out []*entry
	for _, e := range entries {
		if e.key.hasAnchors() || e.value.hasAnchors() {
			out = append(out, e)
		}
	}
	return out
}

func (n *node) hasAnchors() bool {
	if n.Anchor != "" || n.Form == yamltree.AliasTo {
		return true
	}
	for _, e := range n.entries {
		if e.key != nil && e.key.hasAnchors() || e.value.hasAnchors() {
			return true
		}
	}
	return false
}
