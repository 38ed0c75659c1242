package check

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// secretDefault warns of a secret that the declaration of an input states.
func (c *checker) secretDefault(in *dsl.Input) {
	if in.Default == nil || !in.Sensitive() || !writtenOut(in.Default) {
		return
	}
	c.secret(in.Default, "The default of the input %q is a secret in clear, for everybody who can read the blueprint. Leave the default out, and give the value with --input-file %s=PATH or in the environment variable ORCHESTRATE_INPUT_%s.",
		in.Name.Text, in.Name.Text, in.Name.Text)
}

// secretProperties warns of secrets that stand in sensitive properties.
func (c *checker) secretProperties(n *dsl.NodeTemplate, typ *dsl.NodeType) {
	if typ == nil || typ.Properties == nil {
		return
	}
	for _, e := range n.Properties {
		c.secretProperty(e.Key.Text, e.Value, typ.Properties.Properties[e.Key.Text])
	}
}

func (c *checker) secretProperty(path string, v *dsl.Value, p *dsl.Property) {
	switch {
	case p == nil || v == nil:
	case p.Sensitive:
		if writtenOut(v) {
			c.secret(v, "The property %s holds a secret in clear, for everybody who can read the blueprint. Declare an input of type password without a default, use it here with get_input, and give its value with --input-file or in the environment.", path)
		}
	case v.Kind == dsl.List:
		for _, item := range v.Items {
			c.secretProperty(path, item, p.Items)
		}
	case v.Kind == dsl.Map:
		for _, e := range v.Entries {
			part := p.Properties[e.Key.Text]
			if part == nil {
				part = p.Additional
			}
			c.secretProperty(path+"."+e.Key.Text, e.Value, part)
		}
	}
}

func (c *checker) secret(v *dsl.Value, format string, args ...any) {
	d := diag.New("DSL409", v.Range, format, args...)
	d.Concealed = true
	c.diags = append(c.diags, d)
}

// rewrites are the functions whose result is made of their arguments alone.
var rewrites = map[string]bool{
	"concat": true, "base64_encode": true, "replace": true, "split": true, "select": true, "cond_if": true,
}

// writtenOut reports whether the document states a value, wholly or in a
// function that adds nothing from outside to it.
func writtenOut(v *dsl.Value) bool {
	switch v.Kind {
	case dsl.Null:
		return false
	case dsl.List:
		return anyWrittenOut(v.Items)
	case dsl.Map:
		for _, e := range v.Entries {
			if writtenOut(e.Value) {
				return true
			}
		}
		return false
	case dsl.Call:
		return rewrites[v.Function.Text] && !fromOutside(v.Argument)
	}
	return v.Kind != dsl.String || v.Text() != ""
}

func anyWrittenOut(items []*dsl.Value) bool {
	for _, i := range items {
		if writtenOut(i) {
			return true
		}
	}
	return false
}

// fromOutside reports whether anything below v is read from elsewhere.
func fromOutside(v *dsl.Value) bool {
	switch {
	case v == nil:
		return false
	case v.Kind == dsl.Call:
		return !rewrites[v.Function.Text] || fromOutside(v.Argument)
	}
	for _, i := range v.Items {
		if fromOutside(i) {
			return true
		}
	}
	for _, e := range v.Entries {
		if fromOutside(e.Value) {
			return true
		}
	}
	return false
}
