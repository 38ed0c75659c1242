package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// intent is what a command wants of a stack, before anything was looked up.
type intent struct {
	stack       string
	source      *source // nil: there is no blueprint to lead to
	inputs      map[string]intrinsic.Value
	terms       state.Terms
	strict      bool      // --strict-aos
	refreshOnly bool      // only write down what exists
	since       time.Time // when the command took hold of the stack: its time counts from then; zero: it begins with the execution
	back        *wayBack  // not nil: return to an earlier revision
	own         bool      // the way back undoes what this command did itself
	explicit    bool      // the revision to return to was named
	// unread tells which nodes of other stacks can't be read that a way back may
	// do without.
	unread diag.List
	// decide, if not nil, finds out the rest once what an earlier execution left
	// behind is settled: what is to be done depends on how that ended.
	decide func(context.Context, *session) error
	known  bool // the stack must exist
	// unsettled is true when an earlier execution may have left work behind that
	// nobody has taken up yet.
	unsettled bool
	saved     *planner.File // not nil: the plan must still be this one
	name      string        // of the plan file
}

// deletes reports whether the stack is to go.
func (in *intent) deletes() bool {
	return in.source == nil && in.back == nil && !in.refreshOnly && in.decide == nil
}

// terms are what the options ask for.
func (a *app) terms() state.Terms {
	o := a.opts
	return state.Terms{
		AllowDataLoss: sortedNames(o.allowDataLoss), Replace: sortedNames(o.replace), Targets: sortedNames(o.targets),
		Retain: sortedNames(o.retain), Skip: sortedNames(o.skip), ForceTrim: o.forceTrim, Force: o.force, OnFailure: o.onFailure, Timeout: o.timeout,
	}
}

func sortedNames(list []string) []string { return slices.Sorted(maps.Keys(names(list))) }

// blueprintIntent reads the blueprint at a path and its inputs. All their
// problems are reported at once; warnings are shown right away.
func (a *app) blueprintIntent(c *cobra.Command, path string) (*intent, error) {
	src, err := a.loadSource(path)
	if err != nil {
		return nil, err
	}
	stack, err := a.stackName(src.place)
	if err != nil {
		return nil, err
	}
	in := &intent{stack: stack, source: src, terms: a.terms(), strict: a.opts.strictAOS, refreshOnly: a.opts.refreshOnly}
	if src.blueprint == nil {
		return nil, src.err(nil)
	}
	inputs, found, err := a.resolveInputs(c, src, stack)
	if err != nil {
		return nil, err
	}
	if err := src.err(found); err != nil {
		return nil, err
	}
	found = append(found, src.expand(inputs, in.terms.ForceTrim)...)
	if err := src.err(found); err != nil {
		return nil, err
	}
	a.warn(append(src.problems, found...).Sorted(), src.texts)
	in.inputs = inputs
	return in, nil
}

// warn shows problems that do not stop the command.
func (a *app) warn(list diag.List, texts map[string][]byte) {
	if a.events != nil {
		a.events.diagnostics(list)
	} else if len(list) > 0 {
		a.showProblems(list, texts)
		a.note("")
	}
}

// deleteIntent wants a stack gone.
func (a *app) deleteIntent(path string) (*intent, error) {
	stack, err := a.stackName(dsl.Place(path))
	return &intent{stack: stack, terms: a.terms()}, err
}

// texts are the files that problems of the plan may point into.
func (in *intent) texts(st *state.Stack) map[string][]byte {
	if in.source != nil {
		return in.source.texts
	}
	if st != nil && st.Revision != nil {
		texts := map[string][]byte{st.Revision.File: st.Revision.Blueprint}
		for name, text := range st.Revision.Files {
			texts[filepath.Join(filepath.Dir(st.Revision.File), filepath.FromSlash(name))] = text
		}
		return texts
	}
	return nil
}

// text is the blueprint's; nil when there is none.
func (in *intent) text() []byte {
	if in.source == nil {
		return nil
	}
	return in.source.text
}

// files opens what the properties of the blueprint name; nil where that is kept.
func (in *intent) files() executor.Files {
	if in.source == nil {
		return nil
	}
	return in.source.open
}

// made is a plan with what it was made from.
type made struct {
	plan     *planner.Plan
	request  planner.Request
	problems diag.List
	foreseen diag.List        // what the cloud is going to refuse
	halfway  *state.Execution // see session.halfway
	texts    map[string][]byte
}

// err is nil when the plan may run. That the cloud refuses it is nothing that is
// wrong with the blueprint.
func (m *made) err() error {
	switch {
	case m.problems.HasErrors():
		return &invalid{diags: m.problems, sources: m.texts}
	case m.foreseen.HasErrors():
		return exitCode{exitFailed, &invalid{diags: m.foreseen, sources: m.texts}}
	}
	return nil
}

// all is everything that was found about the plan.
func (m *made) all() diag.List { return append(slices.Clone(m.problems), m.foreseen...) }

// plan looks at the stack and its elements, and plans the way to the intent.
func (s *session) plan(ctx context.Context, in *intent) (*made, error) {
	look := s.stack
	if in.deletes() {
		look = s.stackWithoutSecrets // a deletion needs none
	}
	st, err := look(ctx, in.stack)
	if err != nil {
		return nil, err
	}
	req, err := s.request(ctx, in, st)
	if err != nil {
		return nil, err
	}
	ctx = s.app.patiently(ctx)
	if in.own { // half an execution is to be undone: that waits as patiently as steps do
		ctx = providers.Patiently(ctx, providers.NewPatience(0))
	}
	err = s.app.looking(ctx, func(ctx context.Context) error {
		if err := s.observe(ctx, req); err != nil {
			return err
		}
		return s.observeLetGo(ctx, req)
	})
	if err != nil {
		return nil, err
	}
	m := &made{request: *req, texts: in.texts(st)}
	m.plan, m.problems = planner.Make(*req)
	if slices.ContainsFunc(m.problems, func(d diag.Diagnostic) bool { return d.Code == "DSL209" }) {
		m.problems = append(m.problems, in.unread...).Sorted() // one of them is needed
	}
	if in.saved != nil && !m.problems.HasErrors() {
		moved, err := in.saved.Check(in.name, m.plan, s.keys)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", in.name, err)
		}
		m.problems = append(m.problems, moved...)
	}
	if !m.problems.HasErrors() {
		s.app.warn(m.problems, m.texts)
		err = s.app.looking(ctx, func(ctx context.Context) error {
			if err := s.foresee(ctx, in, m); err != nil {
				return err
			}
			return s.price(ctx, in, m)
		})
	}
	return m, err
}

// foresee asks the cloud what it is going to refuse, before anything is begun.
// Where it can't be asked, an apply is going to tell so. While work of the stack
// is open, what is in the way may be its own. A deletion and the way back from a
// failure are tried whatever is foreseen: only what the cloud has refused to
// delete may be forgotten by force.
func (s *session) foresee(ctx context.Context, in *intent, m *made) (err error) {
	if !s.app.opts.refresh || in.unsettled || in.own || in.deletes() {
		return nil
	}
	if types := typesOfSteps(m.plan); len(types) > 0 && s.cloud.reach(ctx, types) == nil {
		m.foreseen, err = s.engine.Preflight(ctx, m.plan)
	}
	return err
}

// price asks what the plan costs, unless the user wants no look at the cloud. What
// a command undoes by itself nobody decides about any more.
func (s *session) price(ctx context.Context, in *intent, m *made) error {
	if in.own || m.plan.Empty() {
		return nil
	}
	var blind error
	if !s.app.opts.refresh {
		blind = errors.New("the cloud is not asked (--refresh=false)")
	} else if types := typesOfSteps(m.plan); len(types) > 0 {
		blind = s.cloud.reach(ctx, types)
	}
	return s.engine.Prices(ctx, m.plan, blind, s.app.opts.parallelism)
}

// warnOfForeseen tells, after the plan, what the cloud is going to mind but not
// to refuse.
func (a *app) warnOfForeseen(m *made) {
	if len(m.foreseen) == 0 || m.foreseen.HasErrors() {
		return
	}
	if a.events == nil {
		a.note("")
	}
	a.warn(m.foreseen, m.texts)
}

// request says what is to be planned, without what a look at the cloud adds.
func (s *session) request(ctx context.Context, in *intent, st *state.Stack) (*planner.Request, error) {
	t := in.terms
	retained, err := s.yetRetained(ctx, in, st)
	if err != nil {
		return nil, err
	}
	req := &planner.Request{
		Stack: in.stack, State: st, Inputs: in.inputs, Verify: check.Properties,
		AllowDataLoss: names(t.AllowDataLoss), Replace: names(t.Replace), Retain: names(retained),
		RefreshOnly: in.refreshOnly, Strict: in.strict, Again: t.Retries != "",
	}
	if len(t.Targets) > 0 {
		req.Targets = names(t.Targets)
	}
	if in.back != nil {
		req.Return = &planner.Return{To: in.back.to, Only: in.back.only, Own: in.own}
		req.Skip = names(t.Skip)
		h, err := s.history(ctx, in.stack)
		if err != nil {
			return nil, err
		}
		if req.Return.Elements, err = s.store.Before(ctx, in.stack, in.back.since, h.attempts(*in.back)...); err != nil {
			return nil, fmt.Errorf("read what stack %s was like: %w", in.stack, err)
		}
	}
	if in.source != nil {
		if in.back == nil {
			in.source.addFormer(req, st)
		}
		err := s.blueprintFor(ctx, in, req)
		if err != nil && in.back != nil {
			s.app.afterword = fmt.Sprintf("Revision %d can't be returned to as things are. `apply` with another blueprint changes the stack, `delete` removes it.", in.back.to)
		}
		return req, err
	}
	if req.Catalogue, err = dsl.LoadCatalogue(); err != nil {
		return nil, fmt.Errorf("load node types: %w", err)
	}
	return req, nil
}

// yetRetained are the nodes to retain that have not left the stack. What the last
// execution was given too, and has let go of before it failed, is done: a command
// can be repeated as it was typed.
func (s *session) yetRetained(ctx context.Context, in *intent, st *state.Stack) ([]string, error) {
	here := func(node string) bool { return st != nil && st.Elements[node] != nil }
	if !slices.ContainsFunc(in.terms.Retain, func(node string) bool { return !here(node) }) {
		return in.terms.Retain, nil
	}
	h, err := s.history(ctx, in.stack)
	if err != nil {
		return nil, err
	}
	x := h.last()
	if x == nil || succeeded(x) {
		return in.terms.Retain, nil
	}
	return slices.DeleteFunc(slices.Clone(in.terms.Retain), func(node string) bool {
		return !here(node) && slices.Contains(x.Terms.Retain, node)
	}), nil
}

// observe reads the recorded elements from the cloud, unless the user wants to
// go without.
func (s *session) observe(ctx context.Context, req *planner.Request) error {
	st := req.State
	if !s.app.opts.refresh || st == nil || len(st.Elements) == 0 {
		return nil
	}
	err := s.cloud.reach(ctx, typesOf(st))
	if err != nil {
		return err
	}
	if req.Observed, err = s.engine.Refresh(ctx, st, req.Catalogue, s.app.opts.parallelism); err != nil {
		return fmt.Errorf("refresh stack %s: %w", st.Name, err)
	}
	req.Elsewhere, err = s.elsewhere(ctx, st.Name)
	return err
}

// observeLetGo reads what a rollback may find in the cloud still, although the
// stack has let it go. What an execution that undoes itself has let go was there
// a moment ago.
func (s *session) observeLetGo(ctx context.Context, req *planner.Request) error {
	if !s.app.opts.refresh || req.Return == nil || req.Return.Own {
		return nil
	}
	letGo, err := s.letGo(ctx, req)
	if err != nil || len(letGo.Elements) == 0 {
		return err
	}
	if err := s.cloud.reach(ctx, typesOf(letGo)); err != nil {
		return err
	}
	if req.Return.There, err = s.engine.Refresh(ctx, letGo, req.Catalogue, s.app.opts.parallelism); err != nil {
		return fmt.Errorf("look for what stack %s has let go: %w", req.Stack, err)
	}
	return nil
}

// letGo are the elements that a rollback may take back, as if they were a stack.
// What another one has taken stays with that.
func (s *session) letGo(ctx context.Context, req *planner.Request) (*state.Stack, error) {
	out := &state.Stack{Name: req.Stack, Elements: map[string]*state.Element{}}
	for node, e := range req.Return.Elements {
		if e != nil && e.LetGo {
			out.Elements[node] = e
		}
	}
	if len(out.Elements) == 0 {
		return out, nil
	}
	others, err := s.objectsOfOthers(ctx, req.Stack)
	maps.DeleteFunc(out.Elements, func(_ string, e *state.Element) bool {
		_, taken := others[objectKey(e.Type, e.ObjectID)]
		return taken
	})
	return out, err
}

// blueprintFor fills in what is to be deployed, with what the blueprint reads
// of other stacks.
func (s *session) blueprintFor(ctx context.Context, in *intent, req *planner.Request) error {
	src := in.source
	req.Source, req.Files, req.Catalogue, req.ForceTrim = src.text, src.pack.Used(), src.catalogue, in.terms.ForceTrim
	var failed error
	read := func(stack, node string) (intrinsic.Value, string) {
		attributes, fault, err := s.external(ctx, in.stack, stack, node)
		if err != nil && failed == nil {
			failed = err
		}
		return attributes, fault
	}
	flat := src.flat
	if in.back != nil && in.back.only {
		flat, in.unread = expand.LeaveOut(flat, in.inputs, read) // what is undone may need none of them
	}
	bp, found := expand.Bind(flat, in.inputs, read)
	req.Blueprint, req.Contents = bp, src.contents
	if len(src.contents) > 0 && src.open != nil {
		req.Package = src.path
	}
	if failed != nil {
		return failed
	}
	return src.err(found)
}

// external reads a node of another stack (blueprint language, section 11).
func (s *session) external(ctx context.Context, self, stack, node string) (attributes intrinsic.Value, fault string, err error) {
	if stack == self {
		return intrinsic.Unknown, fmt.Sprintf("%s is this stack, whose nodes are read with get_attribute (SVCSTG.AOS.4003910)", stack), nil
	}
	st, err := s.stack(ctx, stack)
	switch {
	case err != nil:
		return intrinsic.Unknown, "", err
	case st == nil:
		return intrinsic.Unknown, fmt.Sprintf("there is no stack %q in %s (SVCSTG.AOS.4002020)", stack, s.app.opts.state), nil
	}
	if e := st.Elements[node]; e != nil {
		return intrinsic.OfMarked(e.Attributes.Value, e.Attributes.Sensitive), "", nil
	}
	return intrinsic.Unknown, missingElement(st, node), nil
}

// missingElement says why a stack has no element of a node: by its blueprint it
// is one of a third stack, or not deployed, or unknown.
func missingElement(st *state.Stack, node string) string {
	if r := st.Revision; r != nil {
		pack, _ := dsl.ParsePackage(dsl.Restore(r.File, r.Blueprint, r.Files), nil) // it was right when it was applied
		if pack.Main != nil {
			for _, n := range pack.Main.Nodes {
				switch {
				case n.Name.Text != node:
				case n.TypeName == dsl.TypeExternal:
					return fmt.Sprintf("%q is a node of another stack in %q too; name the stack that deploys it (SVCSTG.AOS.4003908)", node, st.Name)
				case n.Each == nil && n.Composite == nil:
					return fmt.Sprintf("the stack %q has a node %q, but it is not deployed (SVCSTG.AOS.4003909)", st.Name, node)
				}
			}
		}
	}
	known := slices.Sorted(maps.Keys(st.Elements))
	return fmt.Sprintf("the stack %q has no element %q (SVCSTG.AOS.4002021);%s it has %s", st.Name, node, diag.DidYouMean(node, known), strings.Join(known[:min(len(known), 20)], ", "))
}

// maxPlanFileBytes is far more than the plan of the largest blueprint takes.
const maxPlanFileBytes = 128 << 20

// planFileIntent reads a plan file. ok is false if the path leads to something
// else, which then should be a blueprint.
func (a *app) planFileIntent(ctx context.Context, path string) (in *intent, ok bool, err error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxPlanFileBytes {
		return nil, false, nil
	}
	text, err := os.ReadFile(path)
	if err != nil || !planner.IsFile(text) {
		return nil, false, nil
	}
	file, problems := planner.ReadFile(path, text)
	if problems.HasErrors() {
		return nil, true, &invalid{diags: problems}
	}
	in = &intent{stack: file.Stack, terms: a.termsOf(file), strict: file.Strict, refreshOnly: file.RefreshOnly, saved: file, name: path}
	if file.Lifecycle == "delete" {
		return in, true, nil
	}
	if err := a.openBlueprint(ctx, file); err != nil {
		return nil, true, fmt.Errorf("read %s: %w", path, err)
	}
	used := make(map[string][]byte, len(file.Blueprint.Files))
	for name, text := range file.Blueprint.Files {
		used[name] = []byte(text)
	}
	read := dsl.Restore(file.Blueprint.File, []byte(file.Blueprint.Source), used)
	read.Path, read.Beside = file.Blueprint.Package, dsl.PackageAt(file.Blueprint.Package, read.Main)
	in.source, err = checkSource(read)
	if err == nil {
		in.source.open = in.source.pack.Open
		err = in.source.err(nil)
	}
	return in, true, err
}

// termsOf are those that a plan was made under, with those of carrying it out.
func (a *app) termsOf(f *planner.File) state.Terms {
	return state.Terms{
		AllowDataLoss: f.AllowDataLoss, Replace: f.Replace, Targets: f.Targets, Retain: f.Retain, ForceTrim: f.ForceTrim,
		OnFailure: a.opts.onFailure, Timeout: a.opts.timeout,
	}
}

// openBlueprint opens a blueprint that lies encrypted in a plan file, under the
// key of the state.
func (a *app) openBlueprint(ctx context.Context, file *planner.File) error {
	if file.Blueprint.Sealed == nil {
		return nil
	}
	s, err := a.openState(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	return file.OpenBlueprint(s.keys)
}

// unsealInputs opens the inputs of a plan file, which lie encrypted under the
// key of the state.
func (s *session) unsealInputs(in *intent) error {
	if in.saved == nil || in.source == nil {
		return nil
	}
	var err error
	if in.inputs, err = in.saved.OpenInputs(s.keys); err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	return in.source.err(in.source.expand(in.inputs, in.terms.ForceTrim))
}

// savePlan writes a plan file that only its owner may read.
func (s *session) savePlan(m *made, in *intent, path string) error {
	file, err := planner.NewFile(m.plan, m.request, version(), s.keys)
	if err != nil {
		return err
	}
	b, err := file.Encode()
	if err != nil {
		return err
	}
	return writePrivate(path, b)
}
