package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Codes of what stands against a plan in the cloud.
const (
	CodeQuota   diag.Code = "EXEC002" // a limit is used up
	CodeTaken   diag.Code = "EXEC003" // a name or a place is taken
	CodeRefused diag.Code = "EXEC004" // the cloud would refuse it
	CodeBusy    diag.Code = "EXEC005" // other work is in the way
	CodeBlind   diag.Code = "EXEC006" // the cloud could not be asked
)

// Preflight asks the providers what the cloud is going to refuse of a plan. It
// changes nothing. With errors in the list the plan would fail part way; that
// something could not be looked at, for lack of a permission too, is a warning.
// An error tells that the cloud does not know the credentials at all: no step
// would get through.
func (e *Engine) Preflight(ctx context.Context, p *planner.Plan) (diag.List, error) {
	ctx = providers.Sharing(ctx) // several types look at the same objects
	before, err := e.typesBefore(ctx, p)
	if err != nil {
		return nil, err
	}
	looks := e.preflights(p, before)
	var wg sync.WaitGroup
	for _, l := range looks {
		wg.Go(func() { l.run(ctx) })
	}
	wg.Wait()
	tellOnce(looks)
	var out diag.List
	for _, l := range looks {
		if l.denied != nil {
			return nil, fmt.Errorf("ask what the cloud would refuse for %s: %w", dsl.TypeLabel(l.typ), l.denied)
		}
		l.tell()
		out = append(out, l.diags...)
	}
	return append(out, tellBlind(looks)...).Sorted(), nil
}

// tellBlind tells what could not be looked at. An endpoint that was given up is one
// cause for all that would have asked it.
func tellBlind(looks []*preflight) diag.List {
	var out diag.List
	types := map[string][]string{} // by cause
	for _, l := range looks {
		if l.blind != nil {
			types[l.blind.Error()] = append(types[l.blind.Error()], dsl.TypeLabel(l.typ))
		}
	}
	for _, l := range looks {
		if l.blind == nil || types[l.blind.Error()][0] != dsl.TypeLabel(l.typ) {
			continue
		}
		text := fmt.Sprintf("Whether the cloud would refuse what is planned for %s could not be found out: %v.",
			strings.Join(types[l.blind.Error()], ", "), l.blind)
		var e *providers.Error
		if errors.Is(l.blind, providers.ErrGaveUp) && errors.As(l.blind, &e) {
			text += " " + e.Advice
		}
		out.Add(CodeBlind, diag.Range{}, "%s", text)
	}
	return out
}

// typesBefore returns, by node, the types of elements that a plan replaces by
// others of another type.
func (e *Engine) typesBefore(ctx context.Context, p *planner.Plan) (map[string]string, error) {
	replaces := func(s *planner.Step) bool { return s.Action == planner.Replace }
	if e.Store == nil || !slices.ContainsFunc(p.Steps, replaces) {
		return nil, nil
	}
	st, err := e.stackOrNew(ctx, p.Stack)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, s := range p.Steps {
		if el := st.Elements[cmp.Or(s.RenamedFrom, s.Node)]; replaces(s) && el != nil && el.Type != s.Type {
			out[s.Node] = el.Type
		}
	}
	return out, nil
}

// tellOnce leaves, of the findings about one object that stands in the way of
// several types, the first.
func tellOnce(looks []*preflight) {
	type about struct {
		object  string
		kind    providers.Kind
		warning bool
		message string
	}
	first := map[about]*providers.Finding{}
	for _, l := range looks {
		kept := make([]*providers.Finding, 0, len(l.found))
		for _, f := range l.found {
			key := about{f.Object, f.Kind, f.Warning, f.Message}
			if other := first[key]; f.Object != "" && other != nil {
				other.More += 1 + f.More
				continue
			}
			first[key] = f
			kept = append(kept, f)
		}
		l.found = kept
	}
}

// planned are the actions of a plan on objects of one type.
type planned struct {
	typ       string
	steps     map[string]*planner.Step // by node
	templates map[string]*dsl.NodeTemplate
	reqs      []*providers.Request // in the order of the plan, a deletion before the creation that follows it
	redact    redactor
}

// preflight is a look at the actions on objects of one type.
type preflight struct {
	*planned
	provider providers.Preflighter
	found    []*providers.Finding
	diags    diag.List
	denied   error // the credentials are refused; nil: they are not
	blind    error // why it could not look, or not everywhere; nil: it could
}

// preflights lists the looks that a plan calls for, by type.
func (e *Engine) preflights(p *planner.Plan, before map[string]string) []*preflight {
	var out []*preflight
	for _, l := range e.planned(p, before, func(p providers.Provider) bool { _, ok := p.(providers.Preflighter); return ok }) {
		out = append(out, &preflight{planned: l, provider: e.Providers[l.typ].(providers.Preflighter)})
	}
	return out
}

// planned lists the actions of a plan by type, of those types whose provider is
// asked. before holds the types of elements that change theirs.
func (e *Engine) planned(p *planner.Plan, before map[string]string, asked func(providers.Provider) bool) []*planned {
	templates := map[string]*dsl.NodeTemplate{}
	if p.Blueprint != nil {
		for _, n := range p.Blueprint.Nodes {
			templates[n.Name.Text] = n
		}
	}
	looks := map[string]*planned{}
	made := map[string]*providers.Request{} // what is made or changed, by node
	var beside []*providers.Request         // the same in the order of the plan
	for _, s := range p.Steps {
		for _, a := range phases(s) {
			typ := s.Type
			if was := before[s.Node]; a == planner.Delete && was != "" {
				typ = was
			}
			if provider, served := e.Providers[typ]; !served || !asked(provider) {
				continue
			}
			l := looks[typ]
			if l == nil {
				l = &planned{typ: typ, steps: map[string]*planner.Step{}, templates: templates}
				looks[typ] = l
			}
			req := l.add(p.Stack, s, a)
			if a != planner.Delete {
				made[s.Node] = req
				beside = append(beside, req)
			}
		}
	}
	refer(made, templates)
	for _, l := range looks {
		for _, req := range l.reqs {
			req.Beside = beside
		}
	}
	out := make([]*planned, 0, len(looks))
	for _, typ := range slices.Sorted(maps.Keys(looks)) {
		out = append(out, looks[typ])
	}
	return out
}

// phases are the actions of a step that change the cloud; what goes with its
// container counts, because it makes room.
func phases(s *planner.Step) []planner.Action {
	var out []planner.Action
	if (s.Action == planner.Delete || s.Action == planner.Replace) && !s.Gone && !s.Retained && s.Forgotten == "" {
		out = append(out, planner.Delete)
	}
	switch s.Action {
	case planner.Create, planner.Update:
		out = append(out, s.Action)
	case planner.Replace:
		out = append(out, planner.Create)
	}
	return out
}

// refer tells the requests of what else the plan does to the objects that they
// refer to: by an expression, or by an ID that is written out.
func refer(made map[string]*providers.Request, templates map[string]*dsl.NodeTemplate) {
	changed := map[string]*providers.Request{} // by ID
	for _, req := range made {
		if req.ObjectID != "" {
			changed[req.ObjectID] = req
		}
	}
	for node, req := range made {
		refers := map[string]*providers.Request{}
		for property, v := range req.Properties {
			if id, ok := v.(string); ok && changed[id] != nil {
				refers[property] = changed[id]
			}
		}
		for property, other := range referencesOf(templates[node]) {
			if made[other] != nil {
				refers[property] = made[other]
			}
		}
		req.Refers = refers
	}
}

// referencesOf returns, by property, the nodes whose objects a template refers
// to; a reference inside a larger expression is none.
func referencesOf(n *dsl.NodeTemplate) map[string]string {
	out := map[string]string{}
	if n == nil {
		return out
	}
	for i := range n.Requirements {
		out[n.Requirements[i].Name.Text] = n.Requirements[i].Node.Text
	}
	for i := range n.Properties {
		e := &n.Properties[i]
		delete(out, e.Key.Text) // the property wins
		if e.Value.Kind != dsl.Call {
			continue
		}
		if r, ok := intrinsic.ReferenceOf(e.Value); ok && (r.Attribute == "" || r.Attribute == "refID") {
			out[e.Key.Text] = r.Node
		}
	}
	return out
}

func (l *planned) add(stack string, s *planner.Step, a planner.Action) *providers.Request {
	j := &job{
		node: s.Node, typ: l.typ, action: a, step: s,
		prior: &state.Element{Node: s.Node, Type: l.typ, ObjectID: s.ObjectID},
	}
	j.properties = s.Before
	if a != planner.Delete {
		j.properties = known(s.After)
	}
	l.redact.learn(s.Before)
	l.redact.learn(s.After)
	l.steps[s.Node] = s
	req := j.requestFor(stack)
	req.Along = a == planner.Delete && s.DeletedWith != ""
	l.reqs = append(l.reqs, req)
	return req
}

// known is a value without what is not known yet; in a list null stands in its
// place, so that the list keeps its length.
func known(v intrinsic.Value) intrinsic.Value {
	if !v.HasUnknown() {
		return v
	}
	if items, ok := v.List(); ok {
		out := make([]intrinsic.Value, len(items))
		for i := range items {
			out[i] = known(items[i])
		}
		return intrinsic.Of(out).WithMarksOf(v)
	}
	out := map[string]intrinsic.Value{}
	entries, ok := v.Map()
	if !ok {
		return intrinsic.Value{}
	}
	for k, e := range entries {
		if !e.IsUnknown() {
			out[k] = known(e)
		}
	}
	return intrinsic.Of(out)
}

func (l *preflight) run(ctx context.Context) {
	found, err := look(ctx, func(ctx context.Context) ([]providers.Finding, error) { return l.provider.Preflight(ctx, l.reqs) })
	for i := range found {
		l.found = append(l.found, &found[i])
	}
	var refusal *providers.Error
	switch {
	case errors.As(err, &refusal) && refusal.Kind == providers.Auth && refusal.Status == http.StatusUnauthorized:
		l.denied = l.redact.err(err)
	case err != nil:
		l.blind = l.redact.err(err)
	}
}

// tell makes diagnostics of what was found.
func (l *preflight) tell() {
	for _, f := range l.found {
		text := l.redact.text(f.Message)
		if f.More > 0 {
			text += fmt.Sprintf(" The same holds for %d more of the plan.", f.More)
		}
		if f.Advice != "" {
			text += " " + l.redact.text(f.Advice)
		}
		d := diag.New(codeOf(f.Kind), l.place(f), "%q (%s): %s", f.Node, dsl.TypeLabel(l.typ), text)
		d.Severity = diag.Error
		if f.Warning {
			d.Severity = diag.Warning
		}
		l.diags = append(l.diags, d)
	}
}

func codeOf(k providers.Kind) diag.Code {
	switch k {
	case providers.Quota:
		return CodeQuota
	case providers.Conflict:
		return CodeTaken
	case providers.Busy:
		return CodeBusy
	}
	return CodeRefused
}

// place is where the blueprint says what a finding is about: the nearest
// expression to the property, else the node template.
func (l *preflight) place(f *providers.Finding) diag.Range {
	s := l.steps[f.Node]
	if s == nil {
		return diag.Range{}
	}
	n := l.templates[f.Node]
	names := strings.FieldsFunc(f.Property, func(r rune) bool { return strings.ContainsRune(".[]", r) })
	if n == nil || len(names) == 0 {
		return s.Range
	}
	v := n.Property(names[0])
	if v == nil {
		return s.Range
	}
	for _, name := range names[1:] {
		next := part(v, name)
		if next == nil {
			break
		}
		v = next
	}
	return v.Range
}

// part is an entry or an item of what a blueprint writes out, or nil.
func part(v *dsl.Value, name string) *dsl.Value {
	if v.Kind == dsl.Call {
		return nil
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v.Items) {
		return v.Items[i]
	}
	return v.Get(name)
}
