package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// violation is one thing that breaks a rule.
type violation struct {
	name string     // of the node; "" if it is about the whole blueprint
	text string     // what happens to it; may be ""
	at   diag.Range // zero if it has no place any more
}

// compare orders violations as the document has them, and by name those that
// have no place; copies of one template are ordered by number.
func (v violation) compare(o violation) int {
	byNumber := 0
	if !v.at.IsZero() {
		byNumber = cmp.Compare(len(v.name), len(o.name))
	}
	return cmp.Or(
		cmp.Compare(v.at.File, o.at.File), cmp.Compare(v.at.Start.Line, o.at.Start.Line), cmp.Compare(v.at.Start.Column, o.at.Start.Column),
		byNumber, cmp.Compare(v.name, o.name),
	)
}

// upgrade is what changes from the former blueprint to this one. Nodes of types
// that AOS does not have are left out, as are those that were not planned for.
type upgrade struct {
	*maker
	added, removed, staying []*Step                      // in no order
	formers                 map[string]*dsl.NodeTemplate // memo: those of the former blueprint
}

func (m *maker) compareBlueprints() *upgrade {
	u := &upgrade{maker: m}
	for _, s := range m.steps {
		switch {
		case s.Kept || strings.HasPrefix(s.Type, dsl.OwnPrefix):
		case s.Action == Delete && !s.Gone:
			u.removed = append(u.removed, s)
		case s.Action != Delete && m.element(s.Node) != nil:
			u.staying = append(u.staying, s)
		case s.Action == Create:
			u.added = append(u.added, s)
		}
	}
	return u
}

// former is the template from which the element of a step was made, or nil.
func (u *upgrade) former(s *Step) *dsl.NodeTemplate {
	if u.formers == nil && u.req.Former != nil {
		u.formers = make(map[string]*dsl.NodeTemplate, len(u.req.Former.Nodes))
		for _, n := range u.req.Former.Nodes {
			u.formers[n.Name.Text] = n
		}
	}
	return u.formers[u.recordedAs(s.Node)]
}

func (u *upgrade) types() (found []violation) {
	for _, s := range u.staying {
		if e := u.element(s.Node); e.Type != s.Type {
			found = append(found, violation{s.Node, fmt.Sprintf("was %s and becomes %s", dsl.TypeLabel(e.Type), dsl.TypeLabel(s.Type)), s.Range})
		}
	}
	return found
}

// relationships finds nodes that need others than before. That one of those
// goes is told by needed.
func (u *upgrade) relationships() (found []violation) {
	for _, s := range u.staying {
		text := u.otherNeeds(s)
		if text == "" {
			text = u.otherKind(s)
		}
		if text != "" {
			found = append(found, violation{s.Node, text, s.Range})
		}
	}
	return found
}

func (u *upgrade) otherNeeds(s *Step) string {
	before := u.element(s.Node).DependsOn // both are sorted
	if slices.Equal(before, s.DependsOn) {
		return ""
	}
	for _, name := range s.DependsOn {
		if _, known := slices.BinarySearch(before, name); !known {
			return fmt.Sprintf("now needs %q", name)
		}
	}
	for _, name := range before {
		_, still := slices.BinarySearch(s.DependsOn, name)
		if target := u.steps[name]; !still && target != nil && target.Action != Delete {
			return fmt.Sprintf("no longer needs %q", name)
		}
	}
	return ""
}

// otherKind tells of a requirement that has another relationship than before.
func (u *upgrade) otherKind(s *Step) string {
	is := u.templates[s.Node]
	if is == nil || len(is.Requirements) == 0 {
		return ""
	}
	was := u.former(s)
	if was == nil {
		return ""
	}
	kinds := kindsOfRelationship(was)
	for _, r := range is.Requirements {
		if kind := kinds[u.recordedAs(r.Node.Text)]; kind != "" && kind != relationship(r) {
			return fmt.Sprintf("relates to %q by %s and no longer by %s", r.Node.Text, relationship(r), kind)
		}
	}
	return ""
}

// kindsOfRelationship are the types of a template's relationships by node; ""
// where several requirements name the same one.
func kindsOfRelationship(n *dsl.NodeTemplate) map[string]string {
	out := make(map[string]string, len(n.Requirements))
	for _, r := range n.Requirements {
		kind := relationship(r)
		if _, again := out[r.Node.Text]; again {
			kind = ""
		}
		out[r.Node.Text] = kind
	}
	return out
}

// relationship is the type of a requirement without the prefix of a dialect.
func relationship(r dsl.Requirement) string {
	if _, kind, ok := strings.Cut(r.Relationship.Text, "Relationships."); ok {
		return kind
	}
	return "DependsOn"
}

func (u *upgrade) immutables() (found []violation) {
	for _, s := range u.staying {
		if u.element(s.Node).Type == s.Type {
			found = append(found, u.edited(s, func(c *Change) bool { return c.Replaces })...)
		}
	}
	return found
}

// edited returns the first property of a step that the blueprint changes and
// that counts. What was changed in the cloud only, and what follows from other
// steps, was not asked for.
func (u *upgrade) edited(s *Step, counts func(*Change) bool) []violation {
	if len(s.Changes) == 0 {
		return nil
	}
	changes := diff(u.req.Catalogue[s.Type], u.templates[s.Node], value(u.element(s.Node).Properties), s.After)
	for i := range changes {
		if c := &changes[i]; counts(c) && !c.After.HasUnknown() {
			return []violation{{s.Node, "changes " + c.Path, c.Range}}
		}
	}
	return nil
}

func (u *upgrade) needed() (found []violation) {
	if len(u.removed) == 0 {
		return nil
	}
	users := map[string]*Step{} // the first by name
	for _, s := range u.staying {
		for _, name := range u.element(s.Node).DependsOn {
			if first := users[name]; first == nil || s.Node < first.Node {
				users[name] = s
			}
		}
	}
	for _, s := range u.removed {
		if user := users[s.Node]; user != nil {
			found = append(found, violation{s.Node, fmt.Sprintf("is removed, and %q needed it", user.Node), user.Range})
		}
	}
	return found
}

func (u *upgrade) removedTypes() []violation { return immovable(u.removed) }

func (u *upgrade) addedTypes() []violation { return immovable(u.added) }

func immovable(steps []*Step) (found []violation) {
	for _, s := range steps {
		if !movable(s.Type) {
			found = append(found, violation{s.Node, "is of type " + dsl.TypeLabel(s.Type), s.Range})
		}
	}
	return found
}

func (u *upgrade) dialect() []violation {
	if u.req.Former == nil || u.req.Former.Dialect == u.req.Blueprint.Dialect {
		return nil
	}
	return []violation{{}}
}

func (u *upgrade) addedRelated() (found []violation) {
	for _, s := range u.added {
		i := slices.IndexFunc(s.DependsOn, func(name string) bool { return u.steps[name] != nil && u.element(name) != nil })
		if i >= 0 {
			found = append(found, violation{s.Node, fmt.Sprintf("needs %q", s.DependsOn[i]), s.Range})
		}
	}
	return found
}

// nothingChanges reports whether no step acts, nothing moves and no output
// differs.
func (m *maker) nothingChanges() bool {
	for _, s := range m.steps {
		if s.Action != None && s.Action != Read || s.RenamedFrom != "" {
			return false
		}
	}
	return !slices.ContainsFunc(m.plan.Outputs, func(o *OutputChange) bool { return o.Action != None })
}

func (u *upgrade) settled() (found []violation) {
	for _, s := range u.staying {
		if settled(s.Type) {
			found = append(found, u.edited(s, func(*Change) bool { return true })...)
		}
	}
	return found
}
