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
	for _, name := range sortedKeys(m.steps) {
		s := m.steps[name]
		if s.HoldsData == "" || m.req.AllowDataLoss[name] || m.req.Replace[name] {
			continue
		}
		switch s.Action {
		case Create:
			if e := m.element(name); e != nil && m.recordOf(s, e) != "" {
				m.refuseElsewhere(s, "made anew")
			}
		case Delete:
			if s.Gone {
				m.refuseElsewhere(s, "deleted")
				continue
			}
			m.diags.Add(CodeDataLoss, s.Range, "Deleting %q (%s) destroys %s. It would be deleted because %s. If that is meant, name it: --allow-data-loss %s.",
				name, dsl.TypeLabel(s.Type), s.HoldsData, s.Reason, name)
		case Replace:
			otherwise := ""
			if slices.ContainsFunc(s.Changes, func(c Change) bool { return c.Replaces }) {
				otherwise = " Otherwise set the property back."
			}
			m.diags.Add(CodeReplaceLoss, m.cause(s), "Replacing %q (%s) destroys %s. It would be replaced because %s. If that is meant, name it: --replace %s.%s",
				name, dsl.TypeLabel(s.Type), s.HoldsData, s.Reason, name, otherwise)
		}
	}
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
	m.checkNames("--allow-data-loss", CodeNoConsent, m.req.AllowDataLoss)
}

func (m *maker) checkNames(option string, code diag.Code, named map[string]bool) {
	for _, name := range sortedKeys(named) {
		if m.steps[name] == nil {
			m.diags.Add(code, diag.Range{}, "%s names %q, but neither the blueprint nor the stack has a node of that name. Nodes: %s.",
				option, name, strings.Join(sortedKeys(m.steps), ", "))
		}
	}
}
