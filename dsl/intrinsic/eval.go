package intrinsic

import (
	"strconv"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// Eval evaluates an expression. What can't be evaluated is reported and
// Unknown; parts that only the run will tell are Unknown without a report.
func Eval(v *dsl.Value, s *Scope) (Value, diag.List) {
	e := evaluator{scope: s}
	out := e.eval(v, "")
	if out.absent {
		out = Value{}
	}
	return out, e.diags
}

// Deployed reports whether a node template is deployed: it was not trimmed,
// and it has no condition, or its condition holds. A condition that can't be
// evaluated is reported.
func Deployed(n *dsl.NodeTemplate, s *Scope) (bool, diag.List) {
	if n.Trimmed != "" {
		return false, nil
	}
	if n.Condition == nil {
		return true, nil
	}
	e := evaluator{scope: s}
	v := e.named(*n.Condition)
	holds, known := v.v.(bool)
	if !known && len(e.diags) == 0 {
		e.diags.Add("DSL306", n.Condition.Range, "The condition %q depends on a value that is not known before the deployment.", n.Condition.Text)
	}
	return holds, e.diags
}

// evaluator carries one evaluation. key is everywhere the name of the property
// that receives a value, which get_reference needs.
type evaluator struct {
	scope  *Scope
	diags  diag.List
	active []string         // conditions that are being evaluated
	truths map[string]Value // of conditions that have been
	made   int              // bytes of text made so far
}

// maxMadeBytes bounds the text that the functions of one evaluation may make
// in total: nested functions and aliases would else multiply a small blueprint
// into a large memory.
const maxMadeBytes = 64 << 20

// text returns a text that a function made at v from others, with their marks.
func (e *evaluator) text(v *dsl.Value, s string, from ...Value) Value {
	if e.made += len(s); e.made > maxMadeBytes {
		return e.fail(v, "The functions of this value make more than %d bytes of text.", maxMadeBytes)
	}
	return Value{v: s}.WithMarksOf(from...)
}

func (e *evaluator) eval(v *dsl.Value, key string) Value {
	if v == nil {
		return Value{}
	}
	switch v.Kind {
	case dsl.List:
		return Value{v: e.items(v.Items, key)}
	case dsl.Map:
		out := make(map[string]Value, len(v.Entries))
		for i := range v.Entries {
			name := v.Entries[i].Key.Text
			if p := e.eval(v.Entries[i].Value, name); !p.absent {
				out[name] = p
			}
		}
		return Value{v: out}
	case dsl.Call:
		return e.call(v, key)
	}
	return Value{v: v.Scalar}
}

func (e *evaluator) items(items []*dsl.Value, key string) []Value {
	out := make([]Value, 0, len(items))
	for _, i := range items {
		if p := e.eval(i, key); !p.absent {
			out = append(out, p)
		}
	}
	return out
}

func (e *evaluator) call(v *dsl.Value, key string) Value {
	switch v.Function.Text {
	case dsl.GetInput:
		return e.getInput(v.Argument)
	case dsl.GetAttribute:
		return e.getAttribute(v.Argument.Items, key)
	case dsl.GetReference:
		return e.attribute(v.Argument, ReferenceAttribute(key))
	case dsl.GetInMap:
		return e.getInMap(v.Argument.Items, key)
	case dsl.Concat:
		return e.concat(v, key)
	case dsl.Split:
		return e.split(v, key)
	case dsl.Select:
		return e.selectItem(v, key)
	case dsl.GetListLength:
		return e.listLength(v, key)
	case dsl.Base64Encode:
		return e.base64(v, key)
	case dsl.Replace:
		return e.replace(v, key)
	case dsl.CondIf:
		return e.condIf(v.Argument.Items, key)
	case dsl.FitInput, dsl.MarkSensitive, dsl.StepInto, dsl.NotKnown, dsl.GetEach:
		return e.expanded(v, key)
	}
	return e.truth(v)
}

// expanded evaluates the functions that an expansion put in.
func (e *evaluator) expanded(v *dsl.Value, key string) Value {
	switch v.Function.Text {
	case dsl.FitInput:
		return e.fitInput(v, key)
	case dsl.MarkSensitive:
		return e.eval(v.Argument, key).MarkSensitive()
	case dsl.StepInto:
		args := v.Argument.Items
		out := e.eval(args[0], key)
		for _, a := range args[1:] {
			out = step(out, e.eval(a, key))
		}
		return out
	}
	return Unknown // also get_each, before the copies are made
}

// fitInput gives a value the type of an input, as far as it is known.
func (e *evaluator) fitInput(v *dsl.Value, key string) Value {
	in, _ := v.Scalar.(*dsl.Input)
	out := e.eval(v.Argument, key)
	if in == nil {
		return out
	}
	if in.Sensitive() {
		out = out.MarkSensitive()
	}
	if out.HasUnknown() || out.absent {
		return out
	}
	fitted, misfits := Fit(in, Given{Value: out})
	for _, m := range misfits {
		d := diag.New(m.Code, v.Range, "The value of input %q %s.", in.Name.Text, m.Text)
		d.Concealed = out.HasSensitive()
		e.diags = append(e.diags, d)
	}
	fitted.sensitive = out.sensitive
	return fitted
}

// fail reports a function that can't be evaluated.
func (e *evaluator) fail(v *dsl.Value, format string, args ...any) Value {
	e.diags.Add("DSL306", v.Range, format, args...)
	return Unknown
}

// unknownWith is Unknown with the marks of what it was made from.
func unknownWith(from ...Value) Value { return Unknown.WithMarksOf(from...) }

func (e *evaluator) getInput(arg *dsl.Value) Value {
	name := arg.Text()
	if v, ok := e.scope.Inputs[name]; ok {
		return v
	}
	bp := e.scope.Blueprint
	if bp == nil || bp.Input(name) != nil {
		return Unknown // its missing value is reported with the inputs
	}
	short, pseudo := strings.CutPrefix(name, bp.Dialect.Prefix)
	switch {
	case pseudo && short == noValue:
		return Value{absent: true}
	case pseudo && IsPseudo(short):
		e.diags.Add("DSL401", arg.Range, "The pseudo input %s has no value here: it is known only when a cloud and its credentials are.", name)
	default:
		e.diags.Add("DSL201", arg.Range, "The blueprint declares no input named %q.", name)
	}
	return Unknown
}

func (e *evaluator) getAttribute(args []*dsl.Value, key string) Value {
	v := e.attribute(args[0], args[1].Text())
	for _, a := range args[2:] {
		if v = step(v, e.eval(a, key)); v.IsNull() {
			return v
		}
	}
	return v
}

// attribute reads an attribute of a node.
func (e *evaluator) attribute(node *dsl.Value, name string) Value {
	if e.scope.Attribute == nil {
		return Unknown
	}
	v, deployed := e.scope.Attribute(node.Text(), name)
	if !deployed {
		e.diags.Add("DSL209", node.Range, "The node template %q is not deployed (its condition does not hold, or it is trimmed), so it has no attributes. Use cond_if to choose another value.", node.Text())
		return Unknown
	}
	return v
}

// step goes one key or index deeper into an attribute. What does not exist is
// null (section 7.2).
func step(v, key Value) Value {
	if v.unknown || key.unknown {
		return unknownWith(v, key)
	}
	if _, isList := v.List(); isList {
		i, ok := index(key)
		if !ok {
			return Value{}.WithMarksOf(v, key)
		}
		part, _ := v.Index(i)
		return part.WithMarksOf(key)
	}
	part, _ := v.Get(key.Text())
	return part.WithMarksOf(key)
}

// index reads a value as an index of a list.
func index(v Value) (int, bool) {
	switch s := v.v.(type) {
	case int64:
		return int(s), true
	case float64:
		return int(s), s == float64(int(s))
	case string:
		i, err := strconv.Atoi(s)
		return i, err == nil
	}
	return 0, false
}

func (e *evaluator) getInMap(args []*dsl.Value, key string) Value {
	object, attr := e.eval(args[1], key), e.eval(args[2], key)
	if object.unknown || attr.unknown {
		return unknownWith(object, attr)
	}
	var m *dsl.Mapping
	if e.scope.Blueprint != nil {
		m = e.scope.Blueprint.Mapping(args[0].Text())
	}
	if m == nil {
		e.diags.Add("DSL203", args[0].Range, "The blueprint has no mapping named %q.", args[0].Text())
		return Unknown
	}
	o := m.Objects.Get(object.Text())
	if o == nil {
		e.diags = append(e.diags, diag.New("DSL203", args[1].Range, "The mapping %q has no object named %s. It has: %s.", m.Name.Text, Show(object), keys(m.Objects)).
			With(m.Name.Range, "declared here"))
		return unknownWith(object, attr)
	}
	v := o.Get(attr.Text())
	if v == nil {
		e.diags = append(e.diags, diag.New("DSL203", args[2].Range, "The object %s of mapping %q has no attribute named %s. It has: %s.", Show(object), m.Name.Text, Show(attr), keys(o)).
			With(m.Name.Range, "declared here"))
		return unknownWith(object, attr)
	}
	return e.eval(v, key).WithMarksOf(object, attr)
}

// keys lists the keys of a map for a message.
func keys(m *dsl.Value) string {
	const most = 10
	var names []string
	for i := range m.Entries {
		if i == most {
			names = append(names, "...")
			break
		}
		names = append(names, m.Entries[i].Key.Text)
	}
	return strings.Join(names, ", ")
}

// Show renders a value for a message: quoted if it is a text, never in clear
// if it is sensitive, cut if it is long.
func Show(v Value) string {
	switch {
	case v.HasSensitive():
		return SensitiveText
	case v.unknown:
		return UnknownText
	}
	switch s := v.v.(type) {
	case nil:
		return "null"
	case string:
		const most = 60
		if r := []rune(s); len(r) > most {
			s = string(r[:most]) + "…"
		}
		return strconv.Quote(s)
	case []Value:
		return "a list of " + strconv.Itoa(len(s)) + " items"
	case map[string]Value:
		return "a map of " + strconv.Itoa(len(s)) + " keys"
	}
	return v.Text()
}
