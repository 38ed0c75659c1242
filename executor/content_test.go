package executor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// shelf is a provider that reads the file of its only property, and tells slowly how
// far it is, also after it has returned.
type shelf struct {
	read []string
	fail error // of the next Advance, after it has read
	late func()
}

func (s *shelf) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	if req.Action == providers.Delete {
		return providers.Progress{Done: true}, nil
	}
	var p struct{ File providers.File }
	if err := providers.Decode(req.Properties, &p); err != nil {
		return providers.Progress{}, err
	}
	r, err := req.Open(ctx, p.File)
	if err != nil {
		return providers.Progress{}, err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return providers.Progress{}, err
	}
	s.read = append(s.read, string(text))
	for i := range int64(101) {
		req.Tell(providers.Progress{Message: "sending", Transfer: &providers.Transfer{Sent: i, Size: 100}})
		time.Sleep(50 * time.Millisecond)
	}
	s.late = func() {
		req.Tell(providers.Progress{Message: "too late", Transfer: &providers.Transfer{Sent: 1, Size: 1}})
	}
	if err := s.fail; err != nil {
		s.fail = nil
		return providers.Progress{}, err
	}
	return providers.Progress{Done: true, Object: &providers.Object{ID: "s1", Attributes: map[string]any{"refID": "s1", "refName": "s"}}}, nil
}

func (s *shelf) Read(_ context.Context, req *providers.Request) (*providers.Object, error) {
	return &providers.Object{ID: req.ObjectID, Attributes: req.Attributes}, nil
}

func (s *shelf) Find(context.Context, *providers.Request) ([]*providers.Object, error) {
	return nil, nil
}

const shelved = header + `  s:
    type: HuaweiCloud.Fake.Shelf
    properties: {file: a.zip}
`

func contentOf(text string) map[string]dsl.Content {
	sum := sha256.Sum256([]byte(text))
	return map[string]dsl.Content{"a.zip": {Path: "a.zip", Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}}
}

// shelve plans the blueprint with a file of that content, and runs it with another
// one at hand; "" is none.
func (b *bench) shelve(s *shelf, text, at string) (*Result, error) {
	b.t.Helper()
	b.engine.Providers["Fake.Shelf"] = s
	cat := fakeCatalogue()
	file := &dsl.Property{Type: "string", File: &dsl.FileRule{MaxBytes: 100}}
	cat["Fake.Shelf"] = &dsl.NodeType{Name: "Fake.Shelf", Properties: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{"file": file}}}
	bp, diags := dsl.Parse("web.yaml", []byte(shelved), cat)
	b.must(diags.Err())
	req := planner.Request{Stack: "web", Catalogue: cat, Blueprint: bp, Contents: contentOf(text)}
	st, err := b.store.Stack(context.Background(), "web")
	if err == nil {
		req.State = st
	}
	o := b.options()
	if at != "" {
		o.Files = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(at)), nil }
	}
	l := b.lease()
	defer func() { b.must(b.store.Release(context.Background(), l)) }()
	return b.engine.Run(context.Background(), l, b.make(req), o)
}

// What a step reads is what was planned, whatever lies on the disk when it runs, and
// when it is tried again.
func TestContents(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		s := &shelf{fail: &providers.Error{Kind: providers.Failed, Message: "no"}}
		res, err := b.shelve(s, "one", "one")
		b.must(err)
		equal(t, "outcome", Failed, res.Outcome)
		res, err = b.shelve(s, "one", "")
		b.must(err)
		equal(t, "outcome", Succeeded, res.Outcome)
		equal(t, "read", []string{"one", "one"}, s.read)
		v := b.stack().Elements["s"].Properties.Value.(map[string]any)["file"].(map[string]any)
		equal(t, "recorded", contentOf("one")["a.zip"].SHA256, v["sha256"].(string))

		res, err = b.shelve(s, "two", "two")
		b.must(err)
		equal(t, "changed", 1, res.Summary.Change)
		equal(t, "read", []string{"one", "one", "two"}, s.read)
		_, err = b.shelve(s, "one", "") // as a rollback does
		b.must(err)
		equal(t, "read", []string{"one", "one", "two", "one"}, s.read)

		executions, err := b.store.Executions(context.Background(), "web")
		b.must(err)
		_, err = b.shelve(s, "three", "other")
		var changed *state.ContentError
		if !errors.As(err, &changed) {
			t.Errorf("a file that has changed since it was planned: %v", err)
		}
		if _, err = b.shelve(s, "four", ""); err == nil || !strings.Contains(err.Error(), "is not kept") {
			t.Errorf("a file that is not at hand: %v", err)
		}
		after, err := b.store.Executions(context.Background(), "web")
		b.must(err)
		equal(t, "executions", len(executions), len(after))
	})
}

// How far a transfer is, is told several times a second, recorded every few seconds,
// and never after its call.
func TestTold(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		s := &shelf{}
		res, err := b.shelve(s, "one", "one")
		b.must(err)
		s.late()
		var told []int64
		over := false
		for _, e := range b.events {
			over = over || e.Kind == StepComplete
			if e.Transfer != nil {
				told = append(told, e.Transfer.Sent)
				equal(t, "over", false, over)
			}
		}
		if n := len(told); n < 20 || n > 30 || told[0] != 0 || told[n-1] != 100 {
			t.Errorf("told %v", told)
		}
		var recorded []int64
		records, err := b.store.Journal(context.Background(), res.Execution.ID)
		b.must(err)
		for _, r := range records {
			if r.Detail != nil && r.Detail.Transfer != nil {
				recorded = append(recorded, r.Detail.Transfer.Sent)
			}
		}
		equal(t, "recorded", []int64{0, 60, 100}, recorded)
	})
}
