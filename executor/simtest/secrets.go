package simtest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// canary begins every secret: nothing that is written in clear or told may hold
// it.
const canary = "canary"

func inputs() map[string]intrinsic.Value {
	return map[string]intrinsic.Value{"pin": intrinsic.Of(canary + "-pin").MarkSensitive()}
}

func sings(texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, canary) })
}

// checkTold holds that an error tells no secret. The caller holds p.mu.
func (p *process) checkTold(what string, err error) {
	if err != nil && sings(err.Error()) {
		p.faulty = append(p.faulty, fmt.Sprintf("%s a secret: %v", what, err))
	}
}

// checkEvent holds that an event tells no secret. The caller holds p.mu.
func (p *process) checkEvent(e executor.Event) {
	p.checkTold(string(e.Kind)+" tells", e.Err)
	texts := []string{e.Message, e.Operation, e.ObjectID}
	for _, s := range e.Substeps {
		texts = append(texts, s.Name, s.Status, s.Detail)
	}
	if sings(texts...) {
		p.faulty = append(p.faulty, fmt.Sprintf("%s of %s tells a secret: %q", e.Kind, e.Node, texts))
	}
}

// logger holds that the log tells no secret.
func (p *process) logger() *slog.Logger { return slog.New(ear{p}) }

type ear struct{ p *process }

func (ear) Enabled(context.Context, slog.Level) bool { return true }
func (e ear) WithAttrs([]slog.Attr) slog.Handler     { return e }
func (e ear) WithGroup(string) slog.Handler          { return e }

func (e ear) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if sings(a.Value.String()) {
			e.p.wrong("the log tells a secret: %s %s", r.Message, a)
		}
		return true
	})
	return nil
}

// checkSealed holds that no secret reaches the disk in clear: the store encrypts
// what is marked as sensitive, and nothing else.
func (w *world) checkSealed(p *process, records []state.Record) {
	for _, r := range records {
		texts := []string{r.Error, r.Phase, r.ObjectID, string(r.Operation)}
		if r.Detail != nil {
			texts = append(texts, r.Detail.Message)
			for _, s := range r.Detail.Substeps {
				texts = append(texts, s.Name, s.Status, s.Detail)
			}
		}
		docs := []state.Document{r.Request}
		for _, e := range []*state.Element{r.Before, r.Element} {
			if e != nil {
				docs = append(docs, e.Properties, e.Attributes)
			}
		}
		if sings(texts...) || slices.ContainsFunc(docs, inClear) {
			w.violate(p, "the %s of %s is written with a secret in clear: %q %v", r.Kind, r.Node, texts, docs)
		}
	}
}

func (w *world) checkRevision(p *process, rev *state.Revision) {
	if rev != nil && (!rev.Secret && sings(string(rev.Blueprint)) || inClear(rev.Inputs)) {
		w.violate(p, "revision %d is written with a secret in clear", rev.Number)
	}
}

func (w *world) checkOutputs(p *process, x *state.Execution, outputs map[string]state.Document) {
	bad := sings(x.Message, x.Phase)
	for _, d := range outputs {
		bad = bad || inClear(d)
	}
	if bad {
		w.violate(p, "the end of %s is written with a secret in clear: %s %v", x.ID, x.Message, outputs)
	}
}

// inClear reports whether a secret would be in clear in a document.
func inClear(d state.Document) bool { return exposed(d.Value, "", d.Sensitive) }

func exposed(v any, path string, sealed []string) bool {
	if slices.Contains(sealed, path) {
		return false
	}
	switch v := v.(type) {
	case string:
		return sings(v)
	case []any:
		for i, e := range v {
			if exposed(e, fmt.Sprintf("%s/%d", path, i), sealed) {
				return true
			}
		}
	case map[string]any:
		for k, e := range v {
			if exposed(e, path+"/"+k, sealed) {
				return true
			}
		}
	}
	return false
}
