package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// spot is where in the properties a value stands: a chain up to the node
// template, so that nothing is written down unless there is a problem.
type spot struct {
	parent *spot
	key    string // "" for an item of a list
	index  int

	source *dsl.Value // what the blueprint writes here, or around it
	exact  bool       // source is this value itself, not a function around it
	secret bool       // a sensitive property lies here or above
}

// path renders the spot as in peerOrgs[0].nodeCount.
func (s *spot) path() string {
	if s.parent == nil {
		return ""
	}
	up := s.parent.path()
	switch {
	case s.key == "":
		return up + "[" + strconv.Itoa(s.index) + "]"
	case up == "":
		return s.key
	}
	return up + "." + s.key
}

// entry is the spot of an entry of a map.
func (s *spot) entry(key string) spot {
	part := spot{parent: s, key: key, source: s.source, secret: s.secret}
	if s.source != nil && s.source.Kind == dsl.Map {
		if v := s.source.Get(key); v != nil {
			part.source, part.exact = v, s.exact
		}
	}
	return part
}

// item is the spot of an item of a list that has n items.
func (s *spot) item(i, n int) spot {
	part := spot{parent: s, index: i, source: s.source, secret: s.secret}
	if s.source != nil && s.source.Kind == dsl.List && len(s.source.Items) == n {
		part.source, part.exact = s.source.Items[i], s.exact
	}
	return part
}

// judge walks through the properties of one node template.
type judge struct {
	*checker
	node *dsl.NodeTemplate
	typ  *dsl.NodeType
}

func (c *checker) properties(n *dsl.NodeTemplate, typ *dsl.NodeType, value intrinsic.Value) {
	if typ == nil || typ.Properties == nil {
		return
	}
	j := judge{c, n, typ}
	root := rootOf(n)
	j.object(&root, typ.Properties, value)
	j.rules(&root, typ.Properties, value)
	j.typeRules(&root, value)
}

func (j *judge) add(code diag.Code, at diag.Range, format string, args ...any) {
	j.diags.Add(code, at, format, args...)
}

// addAt reports a problem of the value at s. If the value is secret its source
// line, where it may stand in clear, is not shown.
func (j *judge) addAt(s *spot, code diag.Code, format string, args ...any) {
	d := diag.New(code, s.source.Range, format, args...)
	d.Concealed = s.secret
	j.diags = append(j.diags, d)
}

func (j *judge) value(s *spot, p *dsl.Property, v intrinsic.Value) {
	s.secret = s.secret || p.Sensitive || v.IsSensitive()
	if s.exact && s.source.Kind == dsl.Call {
		j.call(s, p, s.source, v.IsUnknown())
	}
	if v.IsUnknown() {
		return
	}
	if !fits(v, p.Type) {
		j.wrongType(s, p, v)
		return
	}
	if _, ok := v.Map(); ok {
		j.object(s, p, v)
	}
	if items, ok := v.List(); ok && p.Items != nil {
		for i := range items {
			part := s.item(i, len(items))
			item, _ := v.Index(i)
			j.value(&part, p.Items, item)
		}
	}
	j.rules(s, p, v)
}

// fits reports whether a known value has a type of JSON Schema; "" is any.
func fits(v intrinsic.Value, typ string) bool {
	_, isMap := v.Map()
	_, isList := v.List()
	scalar, _ := v.Scalar()
	switch s := scalar.(type) {
	case string:
		return typ == "" || typ == "string"
	case bool:
		return typ == "" || typ == "boolean"
	case int64:
		return typ == "" || typ == "integer" || typ == "number"
	case float64:
		return typ == "" || typ == "number" || typ == "integer" && s == float64(int64(s))
	}
	return typ == "" || isMap && typ == "object" || isList && typ == "array"
}

func (j *judge) wrongType(s *spot, p *dsl.Property, v intrinsic.Value) {
	scalar, _ := v.Scalar()
	is, hint := kindName(v), ""
	switch scalar.(type) {
	case string:
		switch {
		case p.Type == "array":
			hint = " Write [VALUE] for a list of one."
		case s.exact && s.source.Kind == dsl.Call:
			hint = " Declare the input with the type that the property has."
		case p.Type == "integer" || p.Type == "number" || p.Type == "boolean":
			hint = " Write it without quotes."
		}
	case int64, float64, bool:
		if p.Type == "string" {
			hint = " Put it in quotes."
		}
	}
	j.addAt(s, "DSL304", "The property %q%s is %s, but the value is %s.%s", s.path(), j.ofCopy(), typeName(p.Type), is, hint)
}

// typeName names a type of JSON Schema as messages do.
func typeName(t string) string {
	switch t {
	case "string":
		return "a text"
	case "integer":
		return "an integer"
	case "array":
		return "a list"
	case "object":
		return "a map"
	}
	return "a " + t
}

func kindName(v intrinsic.Value) string {
	if _, ok := v.Map(); ok {
		return "a map"
	}
	if _, ok := v.List(); ok {
		return "a list"
	}
	scalar, _ := v.Scalar()
	switch scalar.(type) {
	case nil:
		return "empty"
	case string:
		return "a text"
	case bool:
		return "a boolean"
	}
	return "a number"
}

// object checks the keys of a map and the values under them.
func (j *judge) object(s *spot, p *dsl.Property, v intrinsic.Value) {
	entries, _ := v.Map()
	var meant []string // by misspelled keys: not missing besides
	for _, key := range v.Keys() {
		q := p.Properties[key]
		if q == nil {
			q = p.Additional
		}
		if q == nil {
			if !p.Open && p.Type != "" {
				meant = append(meant, j.unknownProperty(s, p, key))
			}
			continue
		}
		part := s.entry(key)
		j.value(&part, q, entries[key])
	}
	for _, key := range p.Required {
		if _, ok := entries[key]; !ok && !slices.Contains(meant, key) {
			j.missing(s, key)
		}
	}
}

// unknownProperty returns the property that was meant, or "".
func (j *judge) unknownProperty(s *spot, p *dsl.Property, key string) string {
	at, part := s.source.Range, s.entry(key)
	if s.source.Kind == dsl.Map {
		for i := range s.source.Entries {
			if s.source.Entries[i].Key.Text == key {
				at = s.source.Entries[i].Key.Range
			}
		}
	}
	names := slices.Sorted(maps.Keys(p.Properties))
	hint := diag.DidYouMean(key, names)
	if hint == "" && key == "instances" { // section 12
		hint = " Write count beside type and properties, which makes copies of any type."
	} else if hint == "" && len(names) > 0 {
		hint = " Known here: " + strings.Join(names, ", ") + "."
	}
	j.add("DSL302", at, "The type %s has no property %q.%s", j.node.Type.Text, part.path(), hint)
	return diag.Closest(key, names)
}

func (j *judge) missing(s *spot, key string) {
	at, part, empty := s.source.Range, s.entry(key), ""
	if s.source.Kind == dsl.Map {
		for i := range s.source.Entries {
			if e := &s.source.Entries[i]; e.Key.Text == key {
				at, empty = e.Key.Range, ", which is empty here"
			}
		}
	}
	j.add("DSL303", at, "The type %s needs the property %q%s.", j.node.Type.Text, part.path(), empty)
}

// rules holds a known value to the constraints of its property. Parts that
// are unknown are stood in for by distinct texts, which no constraint of a
// whole list or map looks into.
func (j *judge) rules(s *spot, p *dsl.Property, v intrinsic.Value) {
	if !p.Constrained() {
		return
	}
	plain := v.Plain()
	if v.HasUnknown() {
		n := 0
		plain = standIn(v, &n)
	}
	for _, broken := range p.Violations(plain) {
		s.secret = s.secret || v.HasSensitive()
		j.addAt(s, "DSL305", "The property %s%s%s: %s.", subject(s), j.ofCopy(), shownScalar(v, s.secret), ruleText(p, broken, s.secret))
	}
}

func subject(s *spot) string {
	if s.parent == nil {
		return "map as a whole"
	}
	return strconv.Quote(s.path())
}

// ofCopy names the node where its template stands for several.
func (j *judge) ofCopy() string {
	if name := j.node.Name.Text; strings.ContainsAny(name, "[/") {
		return fmt.Sprintf(" of %q", name)
	}
	return ""
}

// shownScalar tells the value, which need not be what the blueprint writes.
func shownScalar(v intrinsic.Value, secret bool) string {
	if _, scalar := v.Scalar(); !scalar || secret {
		return ""
	}
	return " is " + intrinsic.Show(v)
}

func standIn(v intrinsic.Value, n *int) any {
	if v.IsUnknown() {
		*n++
		return fmt.Sprintf("\x00unknown %d", *n)
	}
	if items, ok := v.List(); ok {
		out := make([]any, len(items))
		for i := range items {
			out[i] = standIn(items[i], n)
		}
		return out
	}
	if entries, ok := v.Map(); ok {
		out := make(map[string]any, len(entries))
		for _, k := range v.Keys() {
			out[k] = standIn(entries[k], n)
		}
		return out
	}
	return v.Plain()
}

// ruleText says which constraint is broken; of a secret value it tells the
// constraint only.
func ruleText(p *dsl.Property, broken schemas.Violation, secret bool) string {
	if !secret {
		message, _, _ := strings.Cut(broken.Message, " but found ") // the value, which is told already
		return message
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(p.Constraints(), &all); err == nil && all[broken.Keyword] != nil {
		return fmt.Sprintf("the value breaks the rule %s %s", broken.Keyword, all[broken.Keyword])
	}
	return "the value breaks a rule of the type"
}
