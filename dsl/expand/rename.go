package expand

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// rename works out the name that an instance had before: its own renamed_from,
// or what follows from that of what it is in. Both at once would leave open
// which of the two the stack has seen already, so that is refused.
func (s *space) rename(i *instance) {
	own := s.formerName(i)
	switch {
	case s.user == nil || s.user.former == nil:
		i.former = own
	case own == nil:
		i.former = inside(s.user.former, i.name[len(s.prefix):])
	default:
		s.diags = append(s.diags, diag.New("DSL227", own.Range, "%q is renamed by itself and by what it is in. A stack can have seen either first, so its former name can't be told: apply one of the two and remove it, then the other.", i.name).
			With(s.user.former.Range, "what it is in is renamed here"))
	}
}

// formerName is what the template of an instance says, as a name of the flat
// blueprint; nil if it says nothing.
func (s *space) formerName(i *instance) *dsl.Name {
	n := i.template
	if f, ok := s.groups[n.Name.Text].former[i.key]; ok {
		return &dsl.Name{Text: s.prefix + f.Text, Range: f.Range}
	}
	if n.RenamedFrom == nil {
		return nil
	}
	former := dsl.Name{Text: s.prefix + n.RenamedFrom.Text, Range: n.RenamedFrom.Range}
	if i.keyed() {
		former.Text += "[" + i.key + "]"
	}
	return &former
}

// inside is the former name of what is called name in something renamed.
func inside(former *dsl.Name, name string) *dsl.Name {
	return &dsl.Name{Text: former.Text + "/" + name, Range: former.Range}
}

// keyed reports whether an instance is one of several.
func (i *instance) keyed() bool {
	return i.template.Each != nil || i.template.TypeName == dsl.TypeBatch
}

// takeFormer notes the former names of single copies.
func (g *group) takeFormer(list []dsl.Former) {
	if len(list) == 0 {
		return
	}
	g.former = make(map[string]dsl.Name, len(list))
	for _, f := range list {
		g.former[f.Key.Text] = f.Name
	}
}

// checkFormer refuses former names of copies that there are not: what is
// recorded under them would be destroyed.
func (s *space) checkFormer(g *group) {
	if g.former == nil {
		return
	}
	for _, f := range g.template.Each.Former {
		if g.byKey[f.Key.Text] == nil {
			s.noCopy(g, f.Key, f.Key.Text)
		}
	}
}
