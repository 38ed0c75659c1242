package expand

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// The limits of AOS.Batch (section 5.3).
const (
	maxItems  = 10
	maxRounds = 500
	maxStep   = 100
)

// batchItem is one entry of items.
type batchItem struct {
	element    dsl.Name
	properties *dsl.Value
	values     map[string]intrinsic.Value
}

// buildBatch makes the rounds of a batch. Round k is NAME[k], its part for the
// j-th item NAME[k]/j.
func (s *space) buildBatch(g *group, n *dsl.NodeTemplate) {
	g.kind = counted
	g.byKey, g.all, g.size = map[string]*instance{}, map[string]*dsl.Value{}, map[string]int{}
	if n.Each != nil {
		s.diags.Add("DSL222", n.Each.Range, "A batch makes copies itself, so it has neither count nor for_each.")
		return
	}
	before := len(s.diags)
	sub := substitution{space: s, static: true}
	limit := s.wholeNumber(n, "limit", sub, 1, maxRounds, 0)
	step := s.wholeNumber(n, "step", sub, 1, maxStep, limit)
	shared := s.batchValues(n.Property("values"), sub)
	items := s.batchItems(n, sub)
	if len(s.diags) > before {
		return
	}
	for k := range limit {
		round := &instance{name: fmt.Sprintf("%s%s[%d]", s.prefix, n.Name.Text, k), key: strconv.Itoa(k), template: n, space: s}
		if k >= step {
			round.after = g.copies[k-step]
		}
		s.rename(round)
		s.inherit(round, s.within)
		g.copies = append(g.copies, round)
		g.byKey[round.key] = round
		for j, item := range items {
			values := map[string]intrinsic.Value{"item": intrinsic.Of(j), "limit": intrinsic.Of(limit), "offset": intrinsic.Of(k)}
			for _, from := range []map[string]intrinsic.Value{shared, item.values} {
				for name, v := range from {
					values[name] = v
				}
			}
			s.batchPart(round, j, item, values)
		}
		if s.full || len(s.diags) > before {
			return // the other rounds would repeat it
		}
	}
}

func (s *space) batchPart(round *instance, j int, item batchItem, values map[string]intrinsic.Value) {
	filled, ok := s.fillIn(item.properties, values)
	if !ok {
		return
	}
	props, diags := dsl.ParseProperties(filled, item.properties.Range, s.bp.Dialect)
	s.diags = append(s.diags, diags...)
	t := &dsl.NodeTemplate{
		Name: dsl.Name{Text: fmt.Sprintf("%s/%d", round.name, j), Range: item.element.Range}, Type: item.element,
		Properties: props, Range: round.template.Range,
	}
	s.diags = append(s.diags, dsl.ResolveType(t, s.stack.bp, s.Catalogue)...)
	if t.TypeName == dsl.TypeBatch || t.TypeName == dsl.TypeExternal {
		s.diags.Add("DSL135", item.element.Range, "A batch can't hold elements of type %s.", item.element.Text)
		return
	}
	part := &instance{name: t.Name.Text, template: t, space: s, round: round}
	if round.former != nil {
		part.former = inside(round.former, strconv.Itoa(j))
	}
	s.inherit(part, round.within)
	round.parts = append(round.parts, part)
	s.fill(part)
}

// wholeNumber evaluates a property of a batch; otherwise stands for one that is
// not given, 0 for one that is needed.
func (s *space) wholeNumber(n *dsl.NodeTemplate, name string, sub substitution, low, high, otherwise int) int {
	v := n.Property(name)
	if v == nil || v.Kind == dsl.Null {
		if otherwise == 0 {
			s.diags.Add("DSL303", n.Name.Range, "The type %s needs the property %q.", n.Type.Text, name)
		}
		return max(otherwise, 1)
	}
	known := s.eval(sub.value(v, name))
	scalar, _ := known.Scalar()
	number, ok := scalar.(int64)
	if !ok || number < int64(low) || number > int64(high) {
		s.diags.Add("DSL222", v.Range, "%s is a whole number from %d to %d, known before the deployment; this is %s.", name, low, high, intrinsic.Show(known))
		return 1
	}
	return int(number)
}

var variableName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// batchValues evaluates the variables of a batch or of an item.
func (s *space) batchValues(v *dsl.Value, sub substitution) map[string]intrinsic.Value {
	if v == nil || v.Kind == dsl.Null {
		return nil
	}
	if v.Kind != dsl.Map {
		s.diags.Add("DSL109", v.Range, "The values of a batch are a map from variables to values; this is %s.", v.Kind)
		return nil
	}
	out := map[string]intrinsic.Value{}
	for _, e := range v.Entries {
		if !variableName.MatchString(e.Key.Text) {
			s.diags.Add("DSL135", e.Key.Range, "%q can't be the name of a variable: letters, digits and \"_\", with no digit first.", e.Key.Text)
			continue
		}
		known := s.eval(sub.value(e.Value, e.Key.Text))
		switch _, scalar := known.Scalar(); {
		case known.HasUnknown():
			s.diags.Add("DSL222", e.Value.Range, "The variable %q depends on a value that is known only after the deployment.", e.Key.Text)
		case known.HasSensitive():
			s.diags.Add("DSL135", e.Value.Range, "The variable %q is secret, and texts that are filled in are not kept so. Use get_input in the properties instead.", e.Key.Text)
		case !scalar || known.IsNull() || strings.ContainsAny(known.Text(), "\n\r"):
			s.diags.Add("DSL135", e.Value.Range, "The variable %q must be a text of one line, a number or a boolean; it is %s.", e.Key.Text, intrinsic.Show(known))
		default:
			out[e.Key.Text] = known
		}
	}
	return out
}

func (s *space) batchItems(n *dsl.NodeTemplate, sub substitution) []batchItem {
	v := n.Property("items")
	if v == nil || v.Kind != dsl.List || len(v.Items) == 0 || len(v.Items) > maxItems {
		at := n.Name.Range
		if v != nil {
			at = v.Range
		}
		s.diags.Add("DSL109", at, "The items of a batch are a list of 1 to %d maps with the keys element, properties and values.", maxItems)
		return nil
	}
	var out []batchItem
	for _, i := range v.Items {
		element, props := i.Get("element"), i.Get("properties")
		switch {
		case i.Kind != dsl.Map || element == nil || element.Kind != dsl.String:
			s.diags.Add("DSL108", i.Range, "An item of a batch names the type of its nodes: element: TYPE.")
			continue
		case props != nil && props.Kind != dsl.String:
			s.diags.Add("DSL109", props.Range, "The properties of an item are a YAML text, such as a block after |; this is %s.", props.Kind)
			continue
		case props == nil:
			props = text("", i.Range)
		}
		for _, e := range i.Entries {
			if k := e.Key.Text; k != "element" && k != "properties" && k != "values" {
				s.diags.Add("DSL107", e.Key.Range, "%q is no key of an item of a batch.%s Known keys: element, properties, values.", k, diag.DidYouMean(k, []string{"element", "properties", "values"}))
			}
		}
		out = append(out, batchItem{dsl.Name{Text: element.Text(), Range: element.Range}, props, s.batchValues(i.Get("values"), sub)})
	}
	return out
}

// fillIn replaces {{ name }} in a text. Nothing else of Jinja is understood.
func (s *space) fillIn(v *dsl.Value, values map[string]intrinsic.Value) (string, bool) {
	source := v.Text()
	refuse := func(format string, args ...any) (string, bool) {
		s.diags.Add("DSL135", v.Range, format, args...)
		return "", false
	}
	for _, mark := range []string{"{%", "{#"} {
		if strings.Contains(source, mark) {
			return refuse("The text holds %s: statements and comments of Jinja are not understood, only {{ name }}.", mark)
		}
	}
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(source, "{{")
		b.WriteString(before)
		if !open {
			return b.String(), true
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return refuse("A {{ is not closed.")
		}
		name = strings.TrimSpace(name)
		value, known := values[name]
		switch {
		case !variableName.MatchString(name):
			return refuse("{{ %s }} is no variable: filters, dots and operators of Jinja are not understood.", name)
		case !known:
			return refuse("No variable is named %q.%s", name, diag.DidYouMean(name, sortedNames(values)))
		}
		b.WriteString(value.Text())
		source = after
	}
}
