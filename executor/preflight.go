package executor

import (
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
	looks := e.looksOf(p)
	var wg sync.WaitGroup
	for _, l := range looks {
		wg.Go(func() { l.run(ctx) })
	}
	wg.Wait()
	var out diag.List
	for _, l := range looks {
		if l.denied != nil {
			return nil, fmt.Errorf("ask what the cloud would refuse for %s: %w", dsl.TypeLabel(l.typ), l.denied)
		}
		out = append(out, l.diags...)
	}
	return out.Sorted(), nil
}

// preflight is a look at the actions on objects of one type.
type preflight struct {
	provider  providers.Preflighter
	typ       string
	steps     map[string]*planner.Step // by node
	templates map[string]*dsl.NodeTemplate
	reqs      []*providers.Request // in the order of the plan, a deletion before the creation that follows it
	redact    redactor
	diags     diag.List
	denied    error // the credentials are refused; nil: they are not
}

// looksOf lists the looks that a plan calls for, by type.
func (e *Engine) looksOf(p *planner.Plan) []*preflight {
	templates := map[string]*dsl.NodeTemplate{}
	if p.Blueprint != nil {
		for _, n := range p.Blueprint.Nodes {
			templates[n.Name.Text] = n
		}
	}
	looks := map[string]*preflight{}
	for _, s := range p.Steps {
		for _, a := range phases(s) {
			provider, ok := e.Providers[s.Type].(providers.Preflighter)
			if !ok {
				continue
			}
			l := looks[s.Type]
			if l == nil {
				l = &preflight{provider: provider, typ: s.Type, steps: map[string]*planner.Step{}, templates: templates}
				looks[s.Type] = l
			}
			l.add(p.Stack, s, a)
		}
	}
	out := make([]*preflight, 0, len(looks))
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

func (l *preflight) add(stack string, s *planner.Step, a planner.Action) {
	j := &job{
		node: s.Node, typ: s.Type, action: a, step: s,
		prior: &state.Element{Node: s.Node, Type: s.Type, ObjectID: s.ObjectID},
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
	for _, f := range found {
		l.tell(f)
	}
	var refusal *providers.Error
	switch {
	case errors.As(err, &refusal) && refusal.Kind == providers.Auth && refusal.Status == http.StatusUnauthorized:
		l.denied = l.redact.err(err)
	case err != nil:
		l.diags.Add(CodeBlind, diag.Range{}, "Whether the cloud would refuse what is planned for %s could not be found out: %v.",
			dsl.TypeLabel(l.typ), l.redact.err(err))
	}
}

func (l *preflight) tell(f providers.Finding) {
	text := l.redact.text(f.Message)
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
func (l *preflight) place(f providers.Finding) diag.Range {
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
