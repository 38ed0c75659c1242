package main

import (
	"bytes"
	"fmt"
	"maps"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// restoreRevision reads a stored revision again, as it was applied: its
// blueprint, expanded with its inputs. An error of type *invalid tells that it
// was right then but is not any more, since the catalogue has changed.
func restoreRevision(r *state.Revision) (*source, map[string]intrinsic.Value, error) {
	read := dsl.Restore(r.File, r.Blueprint, r.Files)
	read.Contents = make(map[string]dsl.Content, len(r.Contents))
	for name, c := range r.Contents {
		read.Contents[name] = dsl.Content(c)
	}
	s, err := checkSource(read)
	if err != nil {
		return nil, nil, fmt.Errorf("read revision %d: %w", r.Number, err)
	}
	if err := s.err(nil); err != nil {
		return nil, nil, err
	}
	inputs := revisionInputs(r)
	// Whether it was trimmed by force is not recorded with it; if it was not,
	// there is nothing to force.
	return s, inputs, s.err(s.expand(inputs, true))
}

// revisionInputs are the values that a revision was applied with, pseudo inputs
// too.
func revisionInputs(r *state.Revision) map[string]intrinsic.Value {
	inputs, _ := intrinsic.OfMarked(r.Inputs.Value, r.Inputs.Sensitive).Map()
	return inputs
}

// addFormer tells a request what the newest revision of the stack deployed,
// for the rules of upgrades. Its blueprint stays unknown if it can't be read any
// more: what exists is in the state.
func (s *source) addFormer(req *planner.Request, st *state.Stack) {
	if st == nil || st.Revision == nil {
		return
	}
	r := st.Revision
	req.FormerInputs = revisionInputs(r)
	switch {
	case !s.sameText(r):
		if former, _, err := restoreRevision(r); err == nil {
			req.Former = former.flat
		}
	case maps.EqualFunc(req.FormerInputs, req.Inputs, intrinsic.Value.Equal):
		req.Former = s.flat
	default:
		flat, found := expand.Run(s.blueprint, req.FormerInputs, expand.Options{Catalogue: s.catalogue, Package: s.pack, ForceTrim: true})
		if !found.HasErrors() {
			req.Former = flat
		}
	}
}

// sameText reports whether a revision has the texts of this source, so that
// they need not be read twice.
func (s *source) sameText(r *state.Revision) bool {
	return bytes.Equal(s.text, r.Blueprint) && maps.EqualFunc(s.pack.Used(), r.Files, bytes.Equal)
}
