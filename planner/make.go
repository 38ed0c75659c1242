package planner

import (
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// Make plans the way from what is recorded and read to what the blueprint
// says. With errors in the list the plan must not run; it is still returned as
// far as it goes, so that it can be shown.
func Make(req Request) (*Plan, diag.List) {
	m := newMaker(req)
	if req.Blueprint != nil {
		m.planTemplates()
	}
	m.planLeftovers()
	m.orderDeletes()
	m.checkNamed()
	m.guard()
	if req.Blueprint != nil {
		m.planOutputs()
	}
	m.upgradeRules()
	m.sortSteps()
	return m.plan, m.diags.Sorted()
}

// maker carries one run of Make.
type maker struct {
	req       Request
	plan      *Plan
	diags     diag.List
	steps     map[string]*Step // by node
	templates map[string]*dsl.NodeTemplate
	planned   map[string]intrinsic.Value // attributes by node, as far as the plan knows them
	deployed  map[string]bool
	elsewhere string // why what was not found may exist elsewhere; "": it is gone
	scope     *intrinsic.Scope
	former    map[string]intrinsic.Value // inputs of the newest revision; read by formerInputs
}

func newMaker(req Request) *maker {
	m := &maker{
		req: req,
		plan: &Plan{
			Stack:     req.Stack,
			Lifecycle: "create",
			Blueprint: req.Blueprint,
			Source:    req.Source,
			Files:     req.Files,
			Catalogue: req.Catalogue,
			Inputs:    req.Inputs,
		},
		steps:     map[string]*Step{},
		templates: map[string]*dsl.NodeTemplate{},
		planned:   map[string]intrinsic.Value{},
		deployed:  map[string]bool{},
		elsewhere: elsewhere(req),
	}
	if req.State != nil {
		m.plan.Serial = req.State.Serial
		if wasCreated(req.State) {
			m.plan.Lifecycle = "upgrade"
		}
	}
	if req.Blueprint == nil {
		m.plan.Lifecycle = "delete"
		return m
	}
	for _, n := range req.Blueprint.Nodes {
		m.templates[n.Name.Text] = n
	}
	m.scope = &intrinsic.Scope{Blueprint: req.Blueprint, Inputs: req.Inputs, Attribute: m.attribute}
	return m
}

// wasCreated reports whether what comes next is an upgrade: a stack whose
// creation was interrupted or failed is still being created.
func wasCreated(st *state.Stack) bool {
	return st.Revision != nil && len(st.Elements) > 0 && (!strings.HasPrefix(st.Phase, "Creat") || st.Phase == "CreateSucceeded")
}

// element returns the recorded element of a node, or nil.
func (m *maker) element(node string) *state.Element {
	if m.req.State == nil {
		return nil
	}
	return m.req.State.Elements[node]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
