package executor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// audit is what an audit tells, a line an object, without times and IDs that the
// course of things decides.
func (b *bench) audit(o AuditOptions) []string {
	b.t.Helper()
	a, err := b.engine.Audit(context.Background(), o)
	b.must(err)
	var out []string
	for _, o := range a.Objects {
		line := fmt.Sprintf("%s/%s %s made by %s", o.Stack, o.Node, o.Fate, o.Made.Execution)
		if o.Ended.Execution != "" {
			line += ", ended by " + o.Ended.Execution
		}
		if o.Why != "" {
			line += ": " + o.Why
		}
		out = append(out, line)
	}
	return out
}

// one is the object of a node.
func (b *bench) one(node string) *fakeObject {
	return b.cloud.objects[b.stack().Elements[node].ObjectID]
}

const kept = header + `  a:
    type: HuaweiCloud.Fake.Thing
    retain: true
  b:
    type: HuaweiCloud.Fake.Thing
    properties: {size: 2}
  c:
    type: HuaweiCloud.Fake.Thing
  d:
    type: HuaweiCloud.Fake.Thing
`

// TestAuditFates follows objects to each of their ends, also past that of
// their stack.
func TestAuditFates(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(kept)
		deleted, missing := b.one("b"), b.one("c")
		b.apply(header + "  c:\n    type: HuaweiCloud.Fake.Thing\n  d:\n    type: HuaweiCloud.Fake.Thing\n")
		delete(b.cloud.objects, missing.id)
		want := []string{
			"web/a let go made by web-1, ended by web-2: it was retained",
			"web/b deleted made by web-1, ended by web-2",
			"web/c missing made by web-1: it does not exist any more",
			"web/d element made by web-1",
		}
		equal(t, "audit", want, b.audit(AuditOptions{}))

		b.cloud.objects[deleted.id] = deleted // as if the deletion had been undone
		want[1] = "web/b orphan made by web-1, ended by web-2: it is on record as deleted by execution web-2"
		equal(t, "back again", want, b.audit(AuditOptions{Stack: "web"}))
		a, err := b.engine.Audit(context.Background(), AuditOptions{})
		b.must(err)
		if a.Objects[1].Superseded {
			t.Errorf("no other object is in its place: %+v", a.Objects[1])
		}

		delete(b.cloud.objects, deleted.id)
		b.run(b.plan("", nil), state.Terms{})
		equal(t, "the stack is gone", []string{
			"web/a let go made by web-1, ended by web-2: it was retained",
			"web/b deleted made by web-1, ended by web-2",
			"web/c deleted made by web-1, ended by web-3",
			"web/d deleted made by web-1, ended by web-3",
		}, b.audit(AuditOptions{}))
		before := b.records()
		equal(t, "another stack", []string(nil), b.audit(AuditOptions{Stack: "other"}))
		equal(t, "records", before, b.records())
	})
}

// TestAuditForce counts what force forgot as let go: the cloud refused to delete
// it, and what lived in it stayed with it.
func TestAuditForce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(header + `  box:
    type: HuaweiCloud.Fake.Thing
  part:
    type: HuaweiCloud.Fake.Part
    properties: {parent: {get_attribute: [box, refID]}}
`)
		b.cloud.faults["box"] = []fault{{err: &providers.Error{Kind: providers.Conflict, Message: "it is in use"}}}
		b.run(b.plan("", nil), state.Terms{Force: true})
		equal(t, "audit", []string{
			"web/box let go made by web-1, ended by web-2: it is in use",
			"web/part let go made by web-1, ended by web-2: it would have gone with box, which was not deleted",
		}, b.audit(AuditOptions{}))
	})
}

// TestAuditAfterAnswers looks for what existed before a request only in what was
// noted before it was sent: later notes also leave out what somebody said it has
// not made.
func TestAuditAfterAnswers(t *testing.T) {
	op := func(existing string) state.Record {
		return state.Record{
			Kind: state.Operation, Node: "a", Type: "Fake.Thing", Action: "create",
			Operation: []byte(`{"stage":"send","note":{"existing":"` + existing + `"}}`),
		}
	}
	l := &ledger{objects: map[objectKey]*item{}}
	l.take(&state.Execution{ID: "web-1", Stack: "web"}, []state.Record{
		{Kind: state.Intent, Node: "a", Type: "Fake.Thing", Action: "create"}, op("id-1"), op("id-1 id-2"),
		{Kind: state.Skipped, Node: "a", Type: "Fake.Thing", Action: "create"},
	})
	equal(t, "searches", 1, len(l.creations))
	equal(t, "existed", "id-1", l.creations[0].op.Note["existing"])
}

// TestAuditOfWhatCameBack tells of an element what it is, whatever it was before.
func TestAuditOfWhatCameBack(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(kept)
		a := b.stack().Elements["a"]
		b.apply(header + "  d:\n    type: HuaweiCloud.Fake.Thing\n")
		equal(t, "let go", "web/a let go made by web-1, ended by web-2: it was retained", b.audit(AuditOptions{})[0])
		l := b.lease()
		x, err := b.store.Begin(context.Background(), l, &state.Execution{Stack: "web", Lifecycle: "rollback", Started: time.Now()}, nil, nil)
		b.must(err)
		b.must(b.store.Append(context.Background(), l, state.Record{
			Execution: x.ID, Node: "a", Type: a.Type, Action: "update", Kind: state.Result, ObjectID: a.ObjectID, Element: a, At: time.Now(),
		}))
		equal(t, "came back", "web/a element made by web-1", b.audit(AuditOptions{})[0])
	})
}

// TestAuditOpenEnds tells what is not known yet, and what a failed creation has
// left behind.
func TestAuditOpenEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["a"] = []fault{{err: &providers.Error{Kind: providers.Unexpected, Message: "broken pipe"}, after: true}}
		b.apply(chain)
		equal(t, "open", "web/a open made by web-1: what came of its creation in execution web-1 is not known yet", b.audit(AuditOptions{})[0])
		b.settle()
		equal(t, "settled", "web/a element made by web-1", b.audit(AuditOptions{})[0])
		b.cloud.faults["b"] = []fault{{}, {err: &providers.Error{Kind: providers.Failed, Message: "no room"}}}
		b.apply(chain)
		equal(t, "left behind", "web/b element made by web-2: its creation failed", b.audit(AuditOptions{})[1])
	})
}

// TestAuditElsewhere believes the record about what was ended, and knows nothing
// of the rest where it can't look.
func TestAuditElsewhere(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		there := state.Place{Cloud: "huaweicloud", Region: "r1"}
		l, err := b.store.Acquire(context.Background(), "web", state.Owner{ID: "o", Host: "elsewhere", PID: 1, Place: there}, LeaseTTL)
		b.must(err)
		for _, source := range []string{kept, header + "  c:\n    type: HuaweiCloud.Fake.Thing\n"} {
			_, err = b.engine.Run(context.Background(), l, b.plan(source, nil), b.options())
			b.must(err)
		}
		calls := len(b.cloud.log)
		got := b.audit(AuditOptions{Place: state.Place{Cloud: "local"}})
		for i, want := range []string{"web/a let go", "web/b deleted", "web/c unknown", "web/d deleted"} {
			if !strings.HasPrefix(got[i], want) {
				t.Errorf("%s, want %s", got[i], want)
			}
		}
		if !strings.Contains(got[2], "it was made in cloud huaweicloud, region r1, and this command looks at cloud local") {
			t.Errorf("%s", got[2])
		}
		equal(t, "calls", calls, len(b.cloud.log))
	})
}

// TestAuditRefused knows nothing where credentials are refused: it is no sign of
// absence.
func TestAuditRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(kept)
		b.cloud.faults["read b"] = []fault{{err: &providers.Error{Kind: providers.Auth, Status: 403, Message: "not allowed"}}}
		if got := b.audit(AuditOptions{}); got[1] != "web/b unknown made by web-1: it could not be looked for: HTTP 403 not allowed" {
			t.Errorf("%q", got)
		}
	})
}

// blind is a cloud where nothing can be looked for.
type blind struct{ looking }

func (blind) Search(context.Context, *providers.Request, providers.Operation) ([]providers.Candidate, error) {
	return nil, &providers.Error{Kind: providers.Auth, Status: 401, Message: "who are you"}
}

// TestAuditBlind tells each object once where credentials are refused, whatever
// else its creation may have made.
func TestAuditBlind(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.engine.Providers = providers.Registry{"Fake.Thing": blind{looking{b.cloud}}}
		b.cloud.faults["b"] = []fault{{err: &providers.Error{Kind: providers.Unexpected, Message: "broken pipe"}}}
		b.cloud.faults["read a"] = []fault{{err: &providers.Error{Kind: providers.Auth, Status: 401, Message: "who are you"}}}
		l, o := b.lease(), b.options()
		o.Parallelism = 1
		_, err := b.engine.Run(context.Background(), l, b.plan(chain, nil), o)
		b.must(err)
		equal(t, "audit", []string{
			"web/a unknown made by web-1: it could not be looked for: HTTP 401 who are you",
			"web/b open made by web-1: what came of its creation in execution web-1 is not known yet; it could not be looked for: HTTP 401 who are you",
		}, b.audit(AuditOptions{}))
	})
}

// looking is a cloud whose creations look before they send, and which can be
// searched.
type looking struct{ *fakeCloud }

func (c looking) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	if req.Action == providers.Create && op.Stage == "" {
		return providers.Progress{Next: providers.Operation{Stage: "send"}}, nil
	}
	return c.fakeCloud.Advance(ctx, req, op, resumed)
}

func (c looking) Search(_ context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	if op.Stage != "send" {
		return nil, fmt.Errorf("searched under %+v", op)
	}
	found, err := c.Find(context.Background(), req)
	var out []providers.Candidate
	for _, o := range found {
		out = append(out, providers.Candidate{ID: o.ID, Name: req.DefaultName(), Created: c.born[o.ID]})
	}
	return out, err
}

// TestAuditSearch finds what a request has made that counts as having made
// nothing, but not what came up at another time.
func TestAuditSearch(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.born = map[string]time.Time{"id-98": time.Now(), "id-97": time.Now().Add(-time.Hour)}
		b.engine.Providers = providers.Registry{"Fake.Thing": looking{b.cloud}}
		b.apply(chain)
		for id := range b.cloud.born {
			b.cloud.objects[id] = &fakeObject{id: id, name: "web-a"}
		}
		a, err := b.engine.Audit(context.Background(), AuditOptions{})
		b.must(err)
		equal(t, "objects", 5, len(a.Objects))
		equal(t, "audit", "web/a orphan made by : execution web-1 asked for that name, and it came up after that", b.audit(AuditOptions{})[0])
		equal(t, "ID", "id-98", a.Objects[0].ID)
		if !a.Objects[0].Superseded || a.Objects[1].Superseded {
			t.Errorf("node a has another object than the orphan: %+v, %+v", a.Objects[0], a.Objects[1])
		}
		if a.Settled() || a.Count(FateElement) != 4 {
			t.Errorf("%+v", a)
		}
	})
}

// TestAuditKeepsSecrets tells no name that is a secret.
func TestAuditKeepsSecrets(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		intent := state.Record{
			Node: "a", Type: "Fake.Thing", Action: "create", Kind: state.Intent, At: time.Now(),
			Request: state.Document{Value: map[string]any{"name": "hush-hush"}, Sensitive: []string{"/name"}},
		}
		_, err := b.store.Begin(context.Background(), b.lease(), &state.Execution{Lifecycle: "install"}, nil, []state.Record{intent})
		b.must(err)
		a, err := b.engine.Audit(context.Background(), AuditOptions{})
		b.must(err)
		equal(t, "name", intrinsic.SensitiveText, a.Objects[0].Name)
	})
}
