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

// Make plans the way from what is recorded and read to what is wanted: what
// the blueprint says, what an earlier revision was, or nothing at all. With
// errors in the list the plan must not run; it is still returned as far as it
// goes, so that it can be shown.
func Make(req Request) (*Plan, diag.List) {
	m := newMaker(req)
	if req.RefreshOnly {
		m.planRefresh()
	} else {
		m.planSteps()
	}
	if again, needed := m.withoutLost(); needed {
		return Make(again)
	}
	m.checkNamed()
	m.checkRetained()
	m.checkSkipped()
	m.losses()
	m.guard()
	m.leavings()
	m.judge()
	m.planOutputs()
	m.upgradeRules()
	m.sortSteps()
	return m.plan, m.diags.Sorted()
}

// planSteps plans a step for every node that is wanted or recorded. Where a
// rollback or a deletion has no blueprint, nothing is wanted.
func (m *maker) planSteps() {
	m.deploy()
	m.moveElements()
	m.leaveOut()
	m.planTemplates()
	m.planLeftovers()
	m.orderDeletes()
	m.restrict()
}

// maker carries one run of Make.
type maker struct {
	req        Request
	plan       *Plan
	diags      diag.List
	steps      map[string]*Step // by node
	templates  map[string]*dsl.NodeTemplate
	planned    map[string]intrinsic.Value // attributes by node, as far as the plan knows them
	deployed   map[string]bool
	elsewhere  string // why what was not found may exist elsewhere; "": it is gone
	scope      *intrinsic.Scope
	former     map[string]intrinsic.Value // inputs of the newest revision; read by formerInputs
	links      []Cause                    // room for a chain while it is gathered
	inputLinks map[string]Cause           // of inputs that chains named already

	// elements are those on record, by the node that stands for them from now
	// on. Of those that move, movedFrom gives the old name by the new one,
	// movedTo the reverse.
	elements           map[string]*state.Element
	movedFrom, movedTo map[string]string
	// takenBack are nodes whose elements are not on record, but come back as they
	// were. aside gives, by their names from now on, those of the elements that
	// have to make room for them.
	takenBack map[string]bool
	aside     map[string]string
	// objectsThen are the objects that were there before what is undone; read by
	// thereThen.
	objectsThen map[string]bool
	// differs are nodes that a rollback leads to other properties than they had
	// then; missed are those that a template has asked for although they are left
	// out.
	differs, missed map[string]bool
	// withdrawn are templates that are not deployed, by the node that they were
	// renamed from.
	withdrawn map[string]*dsl.NodeTemplate
	// faulty are nodes of which it is an error already what becomes of them.
	faulty map[string]bool
	// found are the problems of each node template; those of nodes that turn
	// out not to be planned for are dropped.
	found map[string]diag.List
}

func newMaker(req Request) *maker {
	m := &maker{
		req: req,
		plan: &Plan{
			Stack:       req.Stack,
			Lifecycle:   lifecycle(req),
			Blueprint:   req.Blueprint,
			Source:      req.Source,
			Files:       req.Files,
			Contents:    req.Contents,
			Catalogue:   req.Catalogue,
			Inputs:      req.Inputs,
			Targeted:    req.Targets != nil,
			RefreshOnly: req.RefreshOnly,
		},
		steps:     map[string]*Step{},
		templates: map[string]*dsl.NodeTemplate{},
		planned:   map[string]intrinsic.Value{},
		deployed:  map[string]bool{},
		found:     map[string]diag.List{},
		withdrawn: map[string]*dsl.NodeTemplate{},
		faulty:    map[string]bool{},
		takenBack: map[string]bool{},
		aside:     map[string]string{},
		differs:   map[string]bool{},
		missed:    map[string]bool{},
		elsewhere: elsewhere(req),
	}
	if req.State != nil {
		m.plan.Serial = req.State.Serial
		m.elements = req.State.Elements
	}
	m.scope = &intrinsic.Scope{Blueprint: req.Blueprint, Inputs: req.Inputs, Attribute: m.attribute}
	if req.Blueprint != nil {
		for _, n := range req.Blueprint.Nodes {
			m.templates[n.Name.Text] = n
		}
	}
	return m
}

// lifecycle names what a plan is for.
func lifecycle(req Request) string {
	switch {
	case req.RefreshOnly:
		return "refresh"
	case req.Return != nil:
		return "rollback"
	case req.Blueprint == nil:
		return "delete"
	case req.State != nil && wasCreated(req.State):
		return "upgrade"
	}
	return "create"
}

// wasCreated reports whether what comes next is an upgrade: a stack whose
// creation was interrupted or failed is still being created.
func wasCreated(st *state.Stack) bool {
	return st.Revision != nil && len(st.Elements) > 0 && (!strings.HasPrefix(st.Phase, "Creat") || st.Phase == "CreateSucceeded")
}

// element returns the recorded element that a node stands for, or nil.
func (m *maker) element(node string) *state.Element { return m.elements[node] }

// observed returns what a refresh read of the element of a node.
func (m *maker) observed(node string) (Observed, bool) {
	if m.takenBack[node] { // what was read of the stack is what has its place
		o, ok := m.req.Return.There[node]
		return o, ok
	}
	o, ok := m.req.Observed[m.recordedAs(node)]
	return o, ok
}

// recordedAs is the node under which the element of a node is on record.
func (m *maker) recordedAs(node string) string {
	if old, moves := m.movedFrom[node]; moves {
		return old
	}
	return node
}

// drift notes what a refresh found about the element of a step.
func (m *maker) drift(d Drift) { m.plan.Drift = append(m.plan.Drift, d) }

// gone notes that a refresh did not find an element any more.
func (m *maker) gone(node string, e *state.Element) {
	m.drift(Drift{Node: node, Type: e.Type, Gone: true, Before: value(e.Properties)})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
