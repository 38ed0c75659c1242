package intrinsic

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// Given is a value for an input from outside of the blueprint.
type Given = dsl.Given

const noValue = "NoValue"

// pseudoInputs are the names of section 7.1, without prefix.
var pseudoInputs = []string{"DomainId", noValue, "PeriodNum", "PeriodType", "ProjectId", "Region", "StackName", "UserId"}

// PseudoInputs lists the names of the pseudo inputs without prefix, sorted.
func PseudoInputs() []string { return append([]string(nil), pseudoInputs...) }

// IsPseudo reports whether a name without prefix is that of a pseudo input.
func IsPseudo(name string) bool {
	for _, p := range pseudoInputs {
		if p == name {
			return true
		}
	}
	return false
}

// ResolveInputs gives every declared input its value: the last one given, else
// its default, else null if it is not required. Values are converted to the
// declared types and held to the constraints; all that is wrong is reported at
// once, without showing values of sensitive inputs. pseudo holds values of
// pseudo inputs by name without prefix; the result has them with it.
func ResolveInputs(bp *dsl.Blueprint, given []Given, pseudo map[string]Value) (map[string]Value, diag.List) {
	var diags diag.List
	last := lastGiven(bp, given, &diags)
	out := make(map[string]Value, len(bp.Inputs)+len(pseudo)+2)
	out[bp.Dialect.Prefix+"PeriodType"] = Of("month")
	out[bp.Dialect.Prefix+"PeriodNum"] = Of(1)
	for name, v := range pseudo {
		out[bp.Dialect.Prefix+name] = v
	}
	for _, in := range bp.Inputs {
		v, found := resolve(in, last[in.Name.Text], &diags)
		if in.Sensitive() {
			v = v.MarkSensitive()
		}
		if found {
			out[in.Name.Text] = v
		}
	}
	return out, diags.Sorted()
}

// lastGiven returns the last value given for each declared input.
func lastGiven(bp *dsl.Blueprint, given []Given, diags *diag.List) map[string]*Given {
	declared := make([]string, len(bp.Inputs))
	known := make(map[string]bool, len(bp.Inputs))
	for i, in := range bp.Inputs {
		declared[i], known[in.Name.Text] = in.Name.Text, true
	}
	last := make(map[string]*Given)
	for i := range given {
		g := &given[i]
		switch short, pseudo := strings.CutPrefix(g.Name, bp.Dialect.Prefix); {
		case known[g.Name]:
			if g.Value != nil {
				last[g.Name] = g
			}
		case pseudo && IsPseudo(short):
			undeclared(diags, g, "%s gives the pseudo input %s, whose value can't be chosen.", g.Source, g.Name)
		case len(declared) == 0:
			undeclared(diags, g, "%s gives an input %q, but the blueprint declares none.", g.Source, g.Name)
		default:
			undeclared(diags, g, "%s gives an input %q, which the blueprint does not declare.%s", g.Source, g.Name, diag.DidYouMean(g.Name, declared))
		}
	}
	return last
}

// undeclared reports a value for an input that does not exist, where its name
// stands. The value is concealed: it may be a secret whose name is misspelt.
func undeclared(diags *diag.List, g *Given, format string, args ...any) {
	d := diag.New("DSL402", g.Whole, format, args...)
	d.Concealed = true
	*diags = append(*diags, d)
}

func resolve(in *dsl.Input, g *Given, diags *diag.List) (v Value, found bool) {
	if g == nil {
		return resolveDefault(in, diags)
	}
	v, misfits := Fit(in, *g)
	for _, m := range misfits {
		at := g.Range
		if at.IsZero() {
			at = in.Name.Range
		}
		d := diag.New(m.Code, at, "The value of input %q from %s %s.", in.Name.Text, g.Source, m.Text)
		d.Concealed = in.Sensitive()
		if !g.Range.IsZero() {
			d = d.With(in.Name.Range, "the input is declared here")
		}
		*diags = append(*diags, d)
	}
	return v, len(misfits) == 0
}

func resolveDefault(in *dsl.Input, diags *diag.List) (Value, bool) {
	switch {
	case in.Default != nil:
		v, misfits := Fit(in, Given{Value: in.Default.Plain()})
		for _, m := range misfits {
			d := diag.New("DSL407", in.Default.Range, "The default of input %q %s.", in.Name.Text, m.Text)
			d.Concealed = in.Sensitive()
			*diags = append(*diags, d)
		}
		return v, len(misfits) == 0
	case in.Required != nil && !*in.Required:
		return Value{}, true
	}
	diags.Add("DSL401", in.Name.Range, "The input %q needs a value: it has no default. Give one with --input %s=VALUE or in a file with --inputs.", in.Name.Text, in.Name.Text)
	return Unknown, false
}

// Misfit is one way in which a value does not fit an input. Text completes the
// sentence "The value ...", without a full stop, and shows nothing sensitive.
type Misfit struct {
	Code diag.Code // DSL403 or DSL404
	Text string
}

// Fit converts a value to the type of an input and tests the constraints.
func Fit(in *dsl.Input, g Given) (Value, []Misfit) {
	v, wanted := convert(in, g)
	if wanted != "" {
		text := "is not " + wanted
		if !in.Sensitive() {
			text = "is not " + wanted + ": " + Show(Of(g.Value))
		}
		return Unknown, []Misfit{{"DSL403", text}}
	}
	if in.Sensitive() {
		v = v.MarkSensitive()
	}
	var out []Misfit
	for _, c := range in.Constraints {
		if text := broken(c, v); text != "" {
			if !in.Sensitive() {
				text += "; it is " + Show(v)
			}
			out = append(out, Misfit{"DSL404", text})
		}
	}
	return v, out
}

// convert returns the value in the declared type, or what was wanted.
func convert(in *dsl.Input, g Given) (v Value, wanted string) {
	given := Of(g.Value)
	switch in.Type.Text {
	case "integer":
		return toInteger(given)
	case "float":
		return toFloat(given)
	case "boolean":
		return toBoolean(given)
	case "enum":
		return toEnum(in, given)
	case "list", "map":
		return toCollection(in, g)
	case "ip":
		if _, err := netip.ParseAddr(given.Text()); err != nil {
			return v, "an IP address"
		}
		return given, ""
	}
	if in.IsText() {
		return toText(given, g.Spelling)
	}
	if g.IsText {
		return untyped(in, given)
	}
	return given, ""
}

// toCollection returns a list or a map whose parts have the type of its items.
// The text of a flag or a variable is read as YAML, of which JSON is a part.
func toCollection(in *dsl.Input, g Given) (Value, string) {
	v, wanted := Of(g.Value), "a list, such as [a, b]"
	if in.Type.Text == "map" {
		wanted = "a map, such as {a: b}"
	}
	if g.IsText {
		data, diags := dsl.ParseData("", []byte(v.Text()))
		if diags.HasErrors() || data == nil {
			return Value{}, wanted
		}
		v = Of(data.Plain())
	}
	item := &dsl.Input{Type: in.Items}
	switch parts := v.v.(type) {
	case []Value:
		if in.Type.Text != "list" {
			return Value{}, wanted
		}
		out := make([]Value, len(parts))
		for i, p := range parts {
			if out[i], wanted = convertPart(item, p); wanted != "" {
				return Value{}, fmt.Sprintf("a list in which every item is %s (item %d is not)", wanted, i)
			}
		}
		return Value{v: out, sensitive: v.sensitive}, ""
	case map[string]Value:
		if in.Type.Text != "map" {
			return Value{}, wanted
		}
		out := make(map[string]Value, len(parts))
		for _, k := range v.Keys() {
			if out[k], wanted = convertPart(item, parts[k]); wanted != "" {
				return Value{}, fmt.Sprintf("a map in which every value is %s (that of %s is not)", wanted, k)
			}
		}
		return Value{v: out, sensitive: v.sensitive}, ""
	}
	return Value{}, wanted
}

// convertPart converts one item of a list or a map; without a declared type
// it is taken as it is.
func convertPart(item *dsl.Input, v Value) (Value, string) {
	if item.Type.Text == "" || v.unknown {
		return v, ""
	}
	out, wanted := convert(item, Given{Value: v})
	out.sensitive = v.sensitive
	return out, wanted
}

func toInteger(v Value) (Value, string) {
	const wanted = "a whole number"
	switch s := v.v.(type) {
	case int64:
		return v, ""
	case float64:
		if s == math.Trunc(s) && math.Abs(s) < 1<<53 {
			return Value{v: int64(s)}, ""
		}
	case string:
		if i, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err == nil {
			return Value{v: i}, ""
		}
	}
	return Value{}, wanted
}

func toFloat(v Value) (Value, string) {
	switch s := v.v.(type) {
	case float64:
		return v, ""
	case int64:
		return Value{v: float64(s)}, ""
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return Value{v: f}, ""
		}
	}
	return Value{}, "a number"
}

func toBoolean(v Value) (Value, string) {
	switch s := v.v.(type) {
	case bool:
		return v, ""
	case string:
		switch strings.ToLower(strings.TrimSpace(s)) {
		case "true":
			return Value{v: true}, ""
		case "false":
			return Value{v: false}, ""
		}
	}
	return Value{}, "true or false"
}

// toEnum returns the declared choice that has the same text, so that the type
// of the choice counts and not how the value was given.
func toEnum(in *dsl.Input, v Value) (Value, string) {
	if _, scalar := v.Scalar(); !scalar || v.IsNull() {
		return Value{}, "one of the choices"
	}
	for _, c := range in.Constraints {
		if c.Operator.Text != "valid_values" {
			continue
		}
		for _, choice := range c.Argument.Items {
			if w := Of(choice.Plain()); w.Text() == v.Text() {
				return w, ""
			}
		}
	}
	return v, "" // its constraint will say so
}

func toText(v Value, spelling string) (Value, string) {
	switch v.v.(type) {
	case string:
		return v, ""
	case bool, int64, float64:
		if spelling == "" {
			spelling = v.Text()
		}
		return Value{v: spelling}, ""
	}
	return Value{}, "a text"
}

// untyped reads a text for an input without type as what its default is, if it
// can be that, else as text.
func untyped(in *dsl.Input, v Value) (Value, string) {
	if in.Default == nil {
		return v, ""
	}
	convert := map[dsl.Kind]func(Value) (Value, string){
		dsl.Int: toInteger, dsl.Float: toFloat, dsl.Bool: toBoolean, dsl.List: parsed, dsl.Map: parsed,
	}[in.Default.Kind]
	if convert == nil {
		return v, ""
	}
	w, wanted := convert(v)
	switch {
	case wanted == "":
		return w, ""
	case in.Default.Kind == dsl.List || in.Default.Kind == dsl.Map:
		return w, wanted
	}
	return v, ""
}

// parsed reads a text as YAML.
func parsed(v Value) (Value, string) {
	data, diags := dsl.ParseData("", []byte(v.Text()))
	if diags.HasErrors() || data == nil || data.Kind != dsl.List && data.Kind != dsl.Map {
		return Value{}, "a list or a map, such as [a, b] or {a: b}"
	}
	return Of(data.Plain()), ""
}

// broken says how a value breaks a constraint (section 4.3), "" if it does not.
// Constraints that are themselves wrong hold: they are reported where they
// are declared.
func broken(c dsl.Constraint, v Value) string {
	op, arg := c.Operator.Text, c.Argument
	switch op {
	case "in_range":
		return outOfRange(arg, v)
	case "valid_values":
		for _, i := range arg.Items {
			if sameText(i, v) {
				return ""
			}
		}
		return "is none of the valid values " + listed(arg.Items)
	case "equal":
		if !sameText(arg, v) {
			return "does not equal " + Show(Of(arg.Plain()))
		}
	case "regex":
		re, err := Pattern(arg.Text())
		if err == nil && !re.MatchString(v.Text()) {
			return fmt.Sprintf("does not match %s as a whole", arg.Text())
		}
	case "greater_or_equal", "greater_than", "less_or_equal", "less_than":
		return outOfOrder(op, arg, v)
	case "min_length", "max_length":
		return outOfLength(op, arg, v)
	}
	return ""
}

// outOfLength counts the characters of a text, the items of a list, or the
// keys of a map.
func outOfLength(op string, arg *dsl.Value, v Value) string {
	limit, ok := arg.Scalar.(int64)
	if !ok {
		return ""
	}
	n, what := int64(utf8.RuneCountInString(v.Text())), "characters"
	switch parts := v.v.(type) {
	case []Value:
		n, what = int64(len(parts)), "items"
	case map[string]Value:
		n, what = int64(len(parts)), "keys"
	}
	switch {
	case op == "min_length" && n < limit:
		return fmt.Sprintf("has %d %s, fewer than %d", n, what, limit)
	case op == "max_length" && n > limit:
		return fmt.Sprintf("has %d %s, more than %d", n, what, limit)
	}
	return ""
}

// Pattern compiles the argument of a regex constraint, which must match as a
// whole.
func Pattern(expr string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(`^(?:` + expr + `)$`)
	if err != nil {
		return nil, fmt.Errorf("compile regex constraint: %w", err)
	}
	return re, nil
}

func sameText(a *dsl.Value, v Value) bool {
	_, scalar := v.Scalar()
	w := Of(a.Plain())
	return scalar && w.Text() == v.Text() || w.Equal(v)
}

func listed(items []*dsl.Value) string {
	const most = 20
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == most {
			b.WriteString("...")
			break
		}
		b.WriteString(Show(Of(item.Plain())))
	}
	return b.String()
}

func number(v Value) (float64, bool) {
	f, wanted := toFloat(v)
	n, _ := f.v.(float64)
	return n, wanted == ""
}

func outOfRange(arg *dsl.Value, v Value) string {
	if len(arg.Items) != 2 {
		return ""
	}
	low, ok1 := number(Of(arg.Items[0].Plain()))
	high, ok2 := number(Of(arg.Items[1].Plain()))
	n, ok := number(v)
	if ok1 && ok2 && (!ok || n < low || n > high) {
		return fmt.Sprintf("is not in the range from %s to %s", Of(arg.Items[0].Plain()).Text(), Of(arg.Items[1].Plain()).Text())
	}
	return ""
}

func outOfOrder(op string, arg *dsl.Value, v Value) string {
	limit, ok := number(Of(arg.Plain()))
	if !ok {
		return ""
	}
	n, ok := number(v)
	holds := false
	switch op {
	case "greater_or_equal":
		holds = n >= limit
	case "greater_than":
		holds = n > limit
	case "less_or_equal":
		holds = n <= limit
	case "less_than":
		holds = n < limit
	}
	if ok && holds {
		return ""
	}
	return fmt.Sprintf("is not %s %s", strings.ReplaceAll(op, "_", " "), Of(arg.Plain()).Text())
}
