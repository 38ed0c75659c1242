package check

import (
	"strings"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// The limits of AOS (section 3), which only Strict makes errors of.
const (
	aosInputs      = 60
	aosMappings    = 10
	aosDescription = 1024
)

// Strict reports everything in a blueprint that AOS would not understand, each
// where it stands: for repositories whose blueprints must stay portable.
func Strict(bp *dsl.Blueprint) diag.List {
	s := strict{bp: bp}
	s.document()
	for _, in := range bp.Inputs {
		s.input(in)
	}
	for _, n := range bp.Nodes {
		s.node(n)
	}
	for _, o := range bp.Outputs {
		s.references(o.Value)
	}
	return s.diags.Sorted()
}

type strict struct {
	bp    *dsl.Blueprint
	diags diag.List
}

func (s *strict) refuse(at diag.Range, what string) {
	s.diags.Add("DSL131", at, "AOS has no %s.", what)
}

func (s *strict) document() {
	for _, i := range s.bp.Imports {
		s.refuse(i.Range, "imports")
	}
	for _, t := range s.bp.Types {
		if t.Name.Range.File == s.bp.File {
			s.refuse(t.Name.Range, "node types of a blueprint's own")
		}
	}
	for _, over := range []struct {
		n, most int
		what    string
		at      func() diag.Range
	}{
		{len(s.bp.Inputs), aosInputs, "inputs", func() diag.Range { return s.bp.Inputs[aosInputs].Name.Range }},
		{len(s.bp.Mappings), aosMappings, "mappings", func() diag.Range { return s.bp.Mappings[aosMappings].Name.Range }},
		{utf8.RuneCountInString(s.bp.Description), aosDescription, "characters in the description", func() diag.Range { return diag.Range{File: s.bp.File} }},
	} {
		if over.n > over.most {
			s.diags.Add("DSL131", over.at(), "The blueprint has %d %s; AOS allows %d.", over.n, over.what, over.most)
		}
	}
}

func (s *strict) input(in *dsl.Input) {
	switch {
	case in.Type.Text == "list" || in.Type.Text == "map":
		s.refuse(in.Type.Range, "inputs of type "+in.Type.Text)
	case in.Type.Text == "" && in.Default != nil && (in.Default.Kind == dsl.List || in.Default.Kind == dsl.Map):
		s.refuse(in.Default.Range, "inputs that are lists or maps")
	}
	for _, c := range in.Constraints {
		if op := c.Operator; op.Text == "min_length" || op.Text == "max_length" {
			s.refuse(op.Range, "constraint "+op.Text+" of inputs")
		}
	}
}

func (s *strict) node(n *dsl.NodeTemplate) {
	if n.Each != nil {
		s.refuse(n.Each.Range, "copies with count or for_each")
	}
	for _, key := range n.Extensions {
		s.refuse(key.Range, "key "+key.Text+" of node templates")
	}
	if strings.HasPrefix(n.Type.Text, dsl.OwnPrefix) {
		s.refuse(n.Type.Range, "node type "+n.Type.Text)
	}
	for i := range n.Properties {
		v := n.Properties[i].Value
		s.references(v)
		v.Walk(func(v *dsl.Value) bool {
			if v.Kind == dsl.Call && v.Function.Text == dsl.Concat && readsAttribute(v) {
				s.refuse(v.Function.Range, "concat of attributes in properties, only in outputs")
				return false
			}
			return true
		})
	}
}

func readsAttribute(v *dsl.Value) bool {
	for _, r := range intrinsic.References(v) {
		if r.Attribute != "" {
			return true
		}
	}
	return false
}

// references refuses what can't be read in AOS: the outputs of nested stacks.
func (s *strict) references(v *dsl.Value) {
	for _, r := range intrinsic.References(v) {
		if r.Attribute != "outputs" {
			continue
		}
		for _, n := range s.bp.Nodes {
			if base, _, _ := dsl.CutKey(r.Node); n.Name.Text == base && n.TypeName == dsl.TypeStack {
				s.refuse(r.Range, "attribute outputs of nested stacks")
			}
		}
	}
}
