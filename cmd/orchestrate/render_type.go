package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// textWidth is where running text is wrapped.
const textWidth = 80

// showType prints all that a blueprint's author needs to know of a node type.
func (a *app) showType(t *dsl.NodeType) {
	a.printf("%s", a.outStyle.paint(bold, dsl.TypeLabel(t.Name)))
	if h := dsl.DialectH.Written(t.Name); h != t.Name {
		a.printf("  (%s)", h)
	}
	a.printf("\n%s", wrap(t.Description, ""))
	for _, line := range typeFacts(t) {
		a.printf("%s", wrap(line, "  "))
	}
	a.heading("Properties")
	if t.Properties == nil || len(t.Properties.Properties) == 0 {
		a.printf("  none\n")
	} else {
		a.showProperties(t.Properties, "  ")
	}
	if len(t.Rules) > 0 {
		a.heading("Rules")
		for _, r := range t.Rules {
			a.printf("%s", wrap(r.Message+" "+r.Advice, "  "))
		}
	}
	a.heading("Attributes")
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		a.showProperty(name, t.Attributes[name], attributeFacts(t.Attributes[name]), "  ")
	}
	a.showCalls(t)
	if t.Example != "" {
		a.heading("Example")
		a.printf("%s", indented(strings.TrimRight(t.Example, "\n"), "  ")+"\n")
	}
}

func (a *app) heading(text string) { a.printf("\n%s\n", a.outStyle.paint(bold, text)) }

// leavesOf is what a deletion leaves of an object of a type, with the flags that
// it depends on.
func leavesOf(t *dsl.NodeType) string {
	leaves, _ := t.Leaving(func(string) (set, known bool) { return false, false })
	return leaves
}

// typeFacts says in sentences what sets a type apart.
func typeFacts(t *dsl.NodeType) []string {
	var out []string
	for _, property := range slices.Sorted(maps.Keys(t.Containers)) {
		c := t.Containers[property]
		fact := fmt.Sprintf("Lives in the %s of its property %s", dsl.TypeLabel(c.Type), property)
		if c.DeletedWith {
			fact += ", and is deleted with it"
		}
		if c.Leaves != "" {
			fact += ", which leaves " + c.Leaves
		}
		out = append(out, fact+".")
	}
	if t.HoldsData != "" {
		out = append(out, fmt.Sprintf("Holds data: %s. To destroy or replace it, name its node: --allow-data-loss NODE.", t.HoldsData))
	}
	for _, status := range slices.Sorted(maps.Keys(t.LostAlong)) {
		out = append(out, fmt.Sprintf("Deleted in the state %s with what it lives in, it loses %s. To let that go, name its node: --allow-data-loss NODE.", status, t.LostAlong[status]))
	}
	if l := t.LastOf; l != nil {
		out = append(out, fmt.Sprintf("The last one of a %s holds data: %s. To destroy or replace that, name its node: --allow-data-loss NODE.", dsl.TypeLabel(l.Type), l.HoldsData))
	}
	if t.Forgotten != "" {
		out = append(out, fmt.Sprintf("A delete only forgets it: %s.", t.Forgotten))
	}
	if leaves := leavesOf(t); leaves != "" {
		out = append(out, fmt.Sprintf("A delete leaves %s.", leaves))
	}
	for _, action := range []string{"create", "update", "delete"} {
		if r := t.Undo[action]; r.Why != "" {
			out = append(out, fmt.Sprintf("To %s is %s: %s.", action, r.Kind, r.Why))
		}
	}
	switch t.Serial {
	case "", "refID":
	default:
		out = append(out, fmt.Sprintf("One action at a time runs on everything with the same %s.", t.Serial))
	}
	return out
}

// showProperties prints the properties of an object as a tree, required ones
// first.
func (a *app) showProperties(p *dsl.Property, indent string) {
	names := slices.Sorted(maps.Keys(p.Properties))
	slices.SortStableFunc(names, func(x, y string) int {
		return boolRank(slices.Contains(p.Required, x)) - boolRank(slices.Contains(p.Required, y))
	})
	for _, name := range names {
		part := p.Properties[name]
		a.showProperty(name, part, propertyFacts(part, slices.Contains(p.Required, name)), indent)
		inner := part
		for inner.Items != nil {
			inner = inner.Items
		}
		if inner.Additional != nil && len(inner.Properties) == 0 {
			inner = inner.Additional
		}
		a.showProperties(inner, indent+"    ")
	}
}

// boolRank sorts what holds before what does not.
func boolRank(b bool) int {
	if b {
		return 0
	}
	return 1
}

func (a *app) showProperty(name string, p *dsl.Property, facts []string, indent string) {
	a.printf("%s%s  %s", indent, a.outStyle.paint(bold, name), a.outStyle.paint(cyan, typeText(p)))
	if len(facts) > 0 {
		a.printf(", %s", strings.Join(facts, ", "))
	}
	a.printf("\n%s", wrap(p.Description, indent+"    "))
	if p.File != nil {
		a.printf("%s", wrap("It "+p.File.String()+".", indent+"    "))
	}
	if p.Recorded != "" {
		a.printf("%s", wrap("A change is only recorded: "+p.Recorded+".", indent+"    "))
	}
	if p.Least != nil {
		a.printf("%s", wrap("A change that asks for no more than there is (attribute "+p.Least.Attribute+") is only recorded: "+p.Least.Why+".", indent+"    "))
	}
	if p.OneWay != "" {
		a.printf("%s", wrap("A change can't be undone: "+p.OneWay+".", indent+"    "))
	}
	if p.HoldsData != "" {
		a.printf("%s", wrap("An entry that leaves it is lost: "+p.HoldsData+". To let it go, name the node: --allow-data-loss NODE.", indent+"    "))
	}
	if p.Undo != "" {
		a.printf("%s", wrap("A decrease can't be undone as it was: "+p.Undo+".", indent+"    "))
	}
}

// typeText names the type of a value.
func typeText(p *dsl.Property) string {
	switch {
	case p.Type == "array" && p.Items != nil && p.Items.Type != "":
		return "list of " + plural(typeText(p.Items))
	case p.Type == "array":
		return "list"
	case p.Type == "object" && p.Additional != nil && len(p.Properties) == 0 && p.Additional.Type != "":
		return "map of " + plural(typeText(p.Additional))
	case p.Type == "object":
		return "map"
	case p.Type == "":
		return "any"
	}
	return p.Type
}

// plural is the plural of the name of a type: lists of strings.
func plural(typ string) string {
	first, rest, more := strings.Cut(typ, " ")
	if more {
		return first + "s " + rest
	}
	return first + "s"
}

// propertyFacts says what holds for a property, a few words each.
func propertyFacts(p *dsl.Property, required bool) []string {
	var out []string
	if required {
		out = append(out, "required")
	}
	if p.Default != nil {
		text, _ := json.Marshal(p.Default) // plain JSON data
		out = append(out, "default "+string(text))
	}
	out = append(out, constraintFacts(p.Constraints())...)
	if p.Items != nil {
		for _, f := range constraintFacts(p.Items.Constraints()) {
			out = append(out, "each "+f)
		}
	}
	if p.Reference != "" {
		out = append(out, "refers to a "+dsl.TypeLabel(p.Reference))
	}
	if p.Sensitive {
		out = append(out, "sensitive")
	}
	if p.Immutable {
		out = append(out, "change forces replacement")
	}
	return out
}

func attributeFacts(p *dsl.Property) []string {
	var out []string
	if p.From != "" {
		out = append(out, "always equals the property "+p.From)
	}
	if p.Volatile {
		out = append(out, "an update may change it")
	}
	if p.Sensitive {
		out = append(out, "sensitive")
	}
	return out
}

// constraintFacts puts the constraints of a value into words.
func constraintFacts(schema json.RawMessage) []string {
	var c map[string]json.RawMessage
	if len(schema) == 0 || json.Unmarshal(schema, &c) != nil {
		return nil
	}
	var out []string
	for _, span := range []struct{ low, high, unit string }{
		{"minLength", "maxLength", "characters"}, {"minimum", "maximum", ""}, {"minItems", "maxItems", "items"},
		{"minProperties", "maxProperties", "entries"},
	} {
		if s := spanText(string(c[span.low]), string(c[span.high]), span.unit); s != "" {
			out = append(out, s)
		}
		delete(c, span.low)
		delete(c, span.high)
	}
	for _, keyword := range slices.Sorted(maps.Keys(c)) {
		out = append(out, constraintText(keyword, c[keyword]))
	}
	return out
}

// spanText says which numbers of something are allowed; "" if all are.
func spanText(low, high, unit string) string {
	text := ""
	switch {
	case low == "1" && high == "" && unit == "characters":
		return "not empty"
	case low != "" && low == high:
		text = "exactly " + low
	case low != "" && high != "":
		text = low + " to " + high
	case low != "":
		text = "at least " + low
	case high != "":
		text = "at most " + high
	default:
		return ""
	}
	if text = text + " " + unit; strings.HasSuffix(text, " 1 "+unit) && !strings.Contains(text, "to") {
		text = strings.TrimSuffix(text, "s")
	}
	return strings.TrimSpace(text)
}

func constraintText(keyword string, value json.RawMessage) string {
	switch keyword {
	case "enum":
		var choices []json.RawMessage
		if json.Unmarshal(value, &choices) == nil {
			texts := make([]string, len(choices))
			for i, x := range choices {
				texts[i] = strings.Trim(string(x), `"`)
				if texts[i] == "" {
					texts[i] = "(empty)"
				}
			}
			return "one of " + strings.Join(texts, "|")
		}
	case "pattern":
		var pattern string
		if json.Unmarshal(value, &pattern) == nil {
			return "matches " + pattern
		}
	case "multipleOf":
		return "a multiple of " + string(value)
	case "format":
		return "written as " + strings.Trim(string(value), `"`)
	case "uniqueItems":
		return "no item twice"
	case "not":
		var not struct{ Const any }
		if json.Unmarshal(value, &not) == nil && not.Const != nil {
			return fmt.Sprintf("not %v", not.Const)
		}
	}
	return keyword + " " + string(value)
}

func (a *app) showCalls(t *dsl.NodeType) {
	var rows [][]string
	for _, r := range []struct {
		action  string
		calls   []string
		timeout string
	}{
		{"create", t.Calls.Create, t.Timeouts.Create}, {"read", t.Calls.Read, ""},
		{"update", t.Calls.Update, t.Timeouts.Update}, {"delete", t.Calls.Delete, t.Timeouts.Delete},
	} {
		if len(r.calls) > 0 {
			rows = append(rows, []string{"  " + r.action, r.timeout, strings.Join(r.calls, ", ")})
		}
	}
	if len(rows) > 0 {
		a.printf("\n")
		writeTable(a.out, []string{"  action", "time-out", "API calls"}, rows)
	}
}

// wrap breaks a text into lines that begin with the indentation; nothing gives
// nothing.
func wrap(text, indent string) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if line != indent && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > textWidth {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	if line != indent {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func indented(text, indent string) string {
	return indent + strings.ReplaceAll(text, "\n", "\n"+indent)
}
