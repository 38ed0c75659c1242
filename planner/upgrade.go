package planner

import (
	"fmt"
	"slices"
	"strings"

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
