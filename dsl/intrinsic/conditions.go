package intrinsic

import (
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// truth evaluates a condition (section 7.5): a boolean, the name of a
// condition, or a function. The result is a boolean or Unknown.
func (e *evaluator) truth(v *dsl.Value) Value {
	switch v.Kind {
	case dsl.Bool:
		return Value{v: v.Scalar}
	case dsl.String:
		return e.named(dsl.Name{Text: v.Text(), Range: v.Range})
	case dsl.Call:
		switch v.Function.Text {
		case dsl.CondEq:
			return equal(e.eval(v.Argument.Items[0], ""), e.eval(v.Argument.Items[1], ""))
		case dsl.CondNot:
			return not(e.truth(v.Argument))
		case dsl.CondAnd:
			return e.chain(v.Argument.Items, false)
		case dsl.CondOr:
			return e.chain(v.Argument.Items, true)
		case dsl.CondIf:
			return e.asBool(v, e.condIf(v.Argument.Items, ""))
		}
		return e.asBool(v, e.call(v, ""))
	}
	return e.fail(v, "A condition is a boolean, the name of a condition, or a function that gives a boolean.")
}

func (e *evaluator) asBool(at *dsl.Value, v Value) Value {
	if v.unknown {
		return v
	}
	switch s := v.v.(type) {
	case bool:
		return v
	case string:
		switch strings.ToLower(s) {
		case "true":
			return Value{v: true}.WithMarksOf(v)
		case "false":
			return Value{v: false}.WithMarksOf(v)
		}
	}
	return e.fail(at, "A condition must be true or false; this is %s.", describe(v))
}

// named evaluates the condition of a name.
func (e *evaluator) named(name dsl.Name) Value {
	var c *dsl.Condition
	if e.scope.Blueprint != nil {
		c = e.scope.Blueprint.Condition(name.Text)
	}
	if c == nil {
		e.diags.Add("DSL205", name.Range, "The blueprint declares no condition named %q.", name.Text)
		return Unknown
	}
	if v, ok := e.truths[name.Text]; ok {
		return v
	}
	if i := slices.Index(e.active, name.Text); i >= 0 {
		e.diags.Add("DSL206", name.Range, "The condition %q depends on itself: %s.", name.Text, strings.Join(append(e.active[i:], name.Text), " -> "))
		return Unknown
	}
	if len(e.active) == maxNestedConditions {
		return e.fail(c.Expr, "Conditions refer to each other more than %d levels deep.", maxNestedConditions)
	}
	e.active = append(e.active, name.Text)
	v := e.truth(c.Expr)
	e.active = e.active[:len(e.active)-1]
	if e.truths == nil {
		e.truths = make(map[string]Value)
	}
	e.truths[name.Text] = v
	return v
}

const maxNestedConditions = 100

// chain evaluates cond_or (decisive is true) and cond_and (decisive is false):
// one decisive member decides, whatever the others are.
func (e *evaluator) chain(members []*dsl.Value, decisive bool) Value {
	out, unknown := Value{v: !decisive}, false
	for _, m := range members {
		v := e.truth(m)
		out = out.WithMarksOf(v)
		switch {
		case v.unknown:
			unknown = true
		case v.v == decisive:
			return Value{v: decisive}.WithMarksOf(out)
		}
	}
	if unknown {
		return unknownWith(out)
	}
	return out
}

func not(v Value) Value {
	if b, ok := v.v.(bool); ok {
		return Value{v: !b}.WithMarksOf(v)
	}
	return v
}

// equal compares scalars by their text, since an input of type string may hold
// a number (section 7.5).
func equal(a, b Value) Value {
	if a.HasUnknown() || b.HasUnknown() {
		return unknownWith(a, b)
	}
	_, sa := a.Scalar()
	_, sb := b.Scalar()
	same := a.Equal(b) || sa && sb && a.Text() == b.Text()
	return Value{v: same}.WithMarksOf(a, b)
}

// condIf evaluates only the branch that is chosen.
func (e *evaluator) condIf(args []*dsl.Value, key string) Value {
	c := e.truth(args[0])
	holds, known := c.v.(bool)
	if !known {
		return unknownWith(c)
	}
	branch := args[2]
	if holds {
		branch = args[1]
	}
	return e.eval(branch, key).WithMarksOf(c)
}
