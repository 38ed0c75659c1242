package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// elsewhere tells why an object that was not found may exist all the same, in
// one clause; "" if nothing speaks for it.
func elsewhere(req Request) string {
	switch {
	case req.Elsewhere != "":
		return "the stack was last worked on in " + req.Elsewhere
	case foundNothing(req):
		return fmt.Sprintf("no object of stack %q was found at all", req.Stack)
	}
	return ""
}

// foundNothing reports whether a refresh found no object of a stack at all.
// Then it was hardly deleted by hand, one object after the other: more likely
// the refresh looked at another cloud, region or project than the one that the
// stack is in. Elements without a cloud object say nothing about it.
func foundNothing(req Request) bool {
	if req.State == nil {
		return false
	}
	for node, e := range req.State.Elements {
		if !req.Observed[node].Gone && !strings.HasPrefix(e.Type, "Orchestrate.") {
			return false
		}
	}
	return true
}

// guard refuses the loss of data that nobody agreed to. It asks what is
// recorded, so that leaving a node out of the blueprint does not disarm it.
func (m *maker) guard() {
	for name, s := range m.steps {
		if s.HoldsData == "" && s.Drops == "" || s.Kept || m.agreed(s) || m.faulty[name] {
			continue
		}
		switch {
		case s.Drops != "":
			m.diags.Add(CodeDataLoss, m.dropped(s), "Updating %q (%s) destroys %s. It would be updated because %s. If that is meant, name it: --allow-data-loss %s.",
				name, dsl.TypeLabel(s.Type), s.Drops, s.Reason, name)
		case s.HoldsData == "":
		case s.Action == Create:
			if e := m.element(name); e != nil && m.recordOf(s, e) != "" {
				m.refuseElsewhere(s, "made anew")
			}
		case s.Action == None && s.Gone:
			m.refuseElsewhere(s, "forgotten")
		case s.Action == Delete && s.Gone:
			m.refuseElsewhere(s, "deleted")
		case s.Action == Delete:
			m.diags.Add(CodeDataLoss, s.Range, "Deleting %q (%s) destroys %s. It would be deleted because %s. If that is meant, name it: --allow-data-loss %s.",
				name, dsl.TypeLabel(s.Type), s.HoldsData, s.Reason, name)
		case s.Action == Replace:
			m.refuseReplace(s)
		}
	}
}

// agreed reports whether the loss of what a step destroys is no surprise: the
// user has named it, or wants to keep it out of the stack, or it was made by
// the very execution that undoes itself.
func (m *maker) agreed(s *Step) bool {
	return m.req.AllowDataLoss[s.Node] || m.req.Replace[s.Node] || s.deletes() && m.retains(s) || m.ownWork(s)
}

func (m *maker) refuseReplace(s *Step) {
	option, otherwise := "--replace", ""
	switch {
	case m.req.Return != nil: // it has no other consent
		option = "--allow-data-loss"
	case slices.ContainsFunc(s.Changes, func(c Change) bool { return c.Replaces }):
		otherwise = " Otherwise set the property back."
	}
	m.diags.Add(CodeReplaceLoss, m.cause(s), "Replacing %q (%s) destroys %s. It would be replaced because %s. If that is meant, name it: %s %s.%s",
		s.Node, dsl.TypeLabel(m.recordedTypeName(s)), s.HoldsData, s.Reason, option, s.Node, otherwise)
}

func (m *maker) refuseElsewhere(s *Step, fate string) {
	m.diags.Add(CodeDataLoss, s.Range, "%q (%s) holds data and would be %s as if it were gone, but %s. More likely it is in another cloud, region or project, and would be forgotten there: check --cloud, the region and the project ID. If all of it is really gone, name it: --allow-data-loss %s.",
		s.Node, dsl.TypeLabel(s.Type), fate, m.elsewhere, s.Node)
}

// cause is the place that makes a step a replacement.
func (m *maker) cause(s *Step) diag.Range {
	for _, c := range s.Changes {
		if c.Replaces {
			return c.Range
		}
	}
	return s.Range
}

// checkNamed reports options that name nodes which the plan does not have. For
// a consent it is a warning: it allows nothing, and a deletion that is
// repeated names what is gone already.
func (m *maker) checkNamed() {
	m.checkNames("--replace", CodeNoNode, m.req.Replace)
	m.checkNames("--retain", CodeNoNode, m.req.Retain)
	m.checkNames("--allow-data-loss", CodeNoConsent, m.req.AllowDataLoss)
}

func (m *maker) checkNames(option string, code diag.Code, named map[string]bool) {
	for _, name := range sortedKeys(named) {
		s := m.steps[name]
		dropped := s == nil && m.plan.Targeted && m.templates[name] != nil
		switch {
		case (dropped || s != nil && s.Kept) && code == CodeNoNode:
			m.diags.Add(CodeNotPlanned, diag.Range{}, "%s names %q, but the plan is not made for it. Name it with --target %s as well, or leave %s out.", option, name, name, option)
		case s == nil && !dropped:
			m.unknownNode(option, code, name)
		}
	}
}

// unknownNode tells that an option names a node that the plan does not have.
func (m *maker) unknownNode(option string, code diag.Code, name string) {
	if !m.req.Again {
		m.noSuchNode(option, code, name)
	}
}

// noSuchNode does so also for an execution that is gone on with.
func (m *maker) noSuchNode(option string, code diag.Code, name string) {
	if now := m.renamedTo(name); now != "" {
		m.diags.Add(code, diag.Range{}, "%s names %q, which is %q from now on. Give it that name.", option, name, now)
		return
	}
	m.diags.Add(code, diag.Range{}, "%s names %q, but neither the blueprint nor the stack has a node of that name.%s", option, name, m.nodesLike(name))
}

// renamedTo is the node that the element of a node goes on as; "" if the plan
// does not rename it.
func (m *maker) renamedTo(old string) string {
	for _, name := range sortedKeys(m.steps) {
		if m.steps[name].RenamedFrom == old {
			return name
		}
	}
	return ""
}

// maxNodesShown is how many nodes a message names.
const maxNodesShown = 12

// nodesLike helps with the name of a node: the closest one, or the nodes that
// there are if they are few.
func (m *maker) nodesLike(name string) string {
	names := sortedKeys(m.steps)
	if hint := diag.DidYouMean(name, names); hint != "" {
		return hint
	}
	switch {
	case len(names) == 0:
		return ""
	case len(names) > maxNodesShown:
		return fmt.Sprintf(" Nodes: %s and %d more.", strings.Join(names[:maxNodesShown], ", "), len(names)-maxNodesShown)
	}
	return fmt.Sprintf(" Nodes: %s.", strings.Join(names, ", "))
}
