package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// The codes of what AOS forbids in an upgrade, in the order of its table
// (blueprint language, section 13.5), which is their precedence.
const (
	CodeTypeChanges         diag.Code = "UPG001"
	CodeRelationshipChanges diag.Code = "UPG002"
	CodeImmutableChanges    diag.Code = "UPG003"
	CodeNeededRemoved       diag.Code = "UPG004"
	CodeTypeRemoved         diag.Code = "UPG005"
	CodeDialectChanges      diag.Code = "UPG006"
	CodeTypeAdded           diag.Code = "UPG007"
	CodeAddedRelated        diag.Code = "UPG008"
	CodeNothingChanges      diag.Code = "UPG009"
	CodeSettledChanges      diag.Code = "UPG010"
	CodeInputChanges        diag.Code = "UPG011"
)

// upgradeRules tells what AOS would refuse of an upgrade. Its codes are errors
// if the request is strict; else they are advice, one for each rule, because
// the plan does such things safely. What a user declared immutable is one in
// any case. Where the former blueprint is not known there is no advice; strict
// is what can be seen from the records, which is nearly all.
func (m *maker) upgradeRules() {
	if m.plan.Lifecycle != "upgrade" {
		return
	}
	m.immutableInputs()
	if !m.req.Strict && (m.req.Former == nil || m.diags.HasErrors()) {
		return // advice about a plan that can't run would only hide why
	}
	u := m.compareBlueprints()
	changed := false
	for _, r := range rules {
		if r.onlyStrict && !m.req.Strict {
			continue
		}
		if found := r.find(u); len(found) > 0 {
			slices.SortFunc(found, violation.compare)
			m.diags = append(m.diags, r.diagnostic(found, m.req.Strict))
			changed = true
		}
	}
	if m.req.Strict && !changed && m.nothingChanges() {
		m.diags.Add(CodeNothingChanges, diag.Range{}, "AOS refuses an upgrade in which nothing changes (SVCSTG.AOS.4002576, 4003700). Here that is a success.")
	}
}

// rule is something that AOS forbids in an upgrade.
type rule struct {
	code diag.Code
	aos  string // its error code in AOS
	what string // completes "AOS refuses an upgrade in which ..."
	does string // completes "orchestrate does it: ..."
	find func(*upgrade) []violation
	// onlyStrict is for what is no news to those who don't ask about AOS.
	onlyStrict bool
}

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

var rules = []rule{
	{code: CodeTypeChanges, aos: "SVCSTG.AOS.4002563", find: (*upgrade).types,
		what: "the type of a node changes", does: "the element is destroyed and made anew"},
	{code: CodeRelationshipChanges, aos: "SVCSTG.AOS.4002564", find: (*upgrade).relationships,
		what: "a relationship of a node changes", does: "the new order counts from now on"},
	{code: CodeImmutableChanges, aos: "SVCSTG.AOS.4002566", find: (*upgrade).immutables,
		what: "an immutable property of a node changes", does: "the element is destroyed and made anew"},
	{code: CodeNeededRemoved, aos: "SVCSTG.AOS.4002569", find: (*upgrade).needed,
		what: "a node is removed while one that is related to it stays", does: "what stays is changed first"},
	{code: CodeTypeRemoved, aos: "SVCSTG.AOS.4002570", find: (*upgrade).removedTypes,
		what: "a node is removed whose type must not be", does: "it is removed after what needs it"},
	{code: CodeDialectChanges, aos: "SVCSTG.AOS.4002571", find: (*upgrade).dialect,
		what: "tosca_definitions_version changes", does: "the elements stay, since both dialects name the same types"},
	{code: CodeTypeAdded, aos: "SVCSTG.AOS.4002572", find: (*upgrade).addedTypes, onlyStrict: true,
		what: "a node is added whose type must not be", does: "any type can be added"},
	{code: CodeAddedRelated, aos: "SVCSTG.AOS.4002573", find: (*upgrade).addedRelated,
		what: "an added node is related to an existing one", does: "it is made after what it needs"},
	{code: CodeSettledChanges, aos: "SVCSTG.AOS.4002577", find: (*upgrade).settled,
		what: "the inputs of a node change whose type does not take that", does: "the element is changed as its type allows"},
}

// maxShownViolations bounds how many places one diagnostic names.
const maxShownViolations = 10

// diagnostic tells of everything that breaks the rule. It has no place of its
// own, so that the rules come in the order of AOS and not of the document; the
// nodes are related places.
func (r rule) diagnostic(found []violation, strict bool) diag.Diagnostic {
	d := diag.New(r.code, diag.Range{}, "AOS would refuse this upgrade (%s), in which %s%s. orchestrate does it: %s.", r.aos, r.what, named(found), r.does)
	if strict {
		d = diag.New(r.code, diag.Range{}, "AOS refuses an upgrade in which %s (%s)%s. Undo that, or leave --strict-aos out: then %s.", r.what, r.aos, named(found), r.does)
		d.Severity = diag.Error
	}
	for _, v := range found[:min(len(found), maxShownViolations)] {
		if !v.at.IsZero() {
			d = d.With(v.at, "%s", strings.TrimSpace(fmt.Sprintf("%q %s", v.name, v.text)))
		}
	}
	return d
}

// named lists the nodes of violations after a colon.
func named(found []violation) string {
	var names []string
	for _, v := range found[:min(len(found), maxShownViolations)] {
		if v.name != "" {
			names = append(names, v.name)
		}
	}
	more := ""
	if n := len(found) - maxShownViolations; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	if names == nil {
		return ""
	}
	return ": " + strings.Join(names, ", ") + more
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

// immutableInputs refuses other values for inputs that the blueprint calls
// immutable. To take the word out is how a change that is meant is said.
func (m *maker) immutableInputs() {
	for _, in := range m.req.Blueprint.Inputs {
		was, known := m.req.FormerInputs[in.Name.Text]
		is := m.req.Inputs[in.Name.Text]
		if !in.Immutable || !known || was.HasUnknown() || is.HasUnknown() || was.Equal(is) {
			continue
		}
		values := "It is secret, so the values are not shown."
		if !in.Sensitive() && !was.HasSensitive() && !is.HasSensitive() {
			values = fmt.Sprintf("It was %s and would become %s.", intrinsic.Show(was), intrinsic.Show(is))
		}
		m.diags.Add(CodeInputChanges, in.Name.Range, "The input %q is immutable, and the stack was deployed with another value (SVCSTG.AOS.4003915). %s Give the former value; or, if the change is meant, take immutable: true out of the blueprint.", in.Name.Text, values)
	}
}
