package huaweicloud_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// lane is a creation whose answer was lost, in a cloud in which names are not
// unique.
type lane struct {
	there  []huaweicloud.Found
	late   []huaweicloud.Found // there, too, once they were made
	sends  int
	holder func(context.Context, string) (string, providers.Hold)
}

func (l *lane) creation(answer string) huaweicloud.Creation {
	return huaweicloud.Creation{
		What: "server", Late: 10 * time.Second,
		Request: &providers.Request{Settling: true, Answer: answer, Holder: l.holder},
		Look:    func(context.Context) (map[string]string, error) { return huaweicloud.Existing(l.shown()), nil },
		Send: func(context.Context, providers.Operation) (providers.Operation, error) {
			l.sends++
			return providers.Operation{}, nil
		},
		Find: func(context.Context) ([]huaweicloud.Found, error) { return l.shown(), nil },
		Wait: func(_ context.Context, op providers.Operation) (providers.Progress, error) {
			return providers.Progress{Done: true, Object: &providers.Object{ID: op.ObjectID}}, nil
		},
	}
}

func (l *lane) shown() []huaweicloud.Found {
	out := slices.Clone(l.there)
	for _, f := range l.late {
		if !f.Created.After(time.Now()) {
			out = append(out, f)
		}
	}
	return out
}

// settle is what a process does that takes the creation up; answer goes with
// its first move. It returns the handle on record, and the object if it ends.
func (l *lane) settle(op providers.Operation, answer string) (providers.Operation, *providers.Object, error) {
	resumed := true
	for {
		p, err := l.creation(answer).Advance(context.Background(), op, resumed)
		if err != nil || p.Done {
			return op, p.Object, err
		}
		op, resumed, answer = p.Next, false, ""
		time.Sleep(p.After)
	}
}

// looked is the handle after the look before the request.
func (l *lane) looked(t *testing.T) providers.Operation {
	t.Helper()
	p, err := l.creation("").Advance(t.Context(), providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	return p.Next
}

func appeared(id string, age time.Duration, against string) huaweicloud.Found {
	return huaweicloud.Found{Candidate: providers.Candidate{ID: id, Name: "web", Created: time.Now().Add(-age), Against: against}}
}

// TestEvidence tells objects apart by what existed before, by when they were
// made, and by what never changes.
func TestEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{there: []huaweicloud.Found{appeared("known", 0, "")}}
		op := l.looked(t)
		time.Sleep(3 * time.Second)
		l.there = append(l.there, appeared("ours", time.Second, ""), appeared("renamed", time.Hour, ""), appeared("other", 0, "it is in zone b"))
		_, o, err := l.settle(op, "")
		if err != nil || o == nil || o.ID != "ours" {
			t.Errorf("%v, %v", o, err)
		}
	})
}

// TestQuestion asks where two remain, in words that say what is known.
func TestQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{there: []huaweicloud.Found{appeared("known", time.Hour, "")}}
		op := l.looked(t)
		time.Sleep(3 * time.Second)
		l.there = append(l.there, appeared("b", 0, ""), appeared("a", 2*time.Second, ""))
		op, _, err := l.settle(op, "")
		var q *providers.QuestionError
		if !errors.As(err, &q) || op.Note["asked"] != "a b" {
			t.Fatalf("%v, %v", op, err)
		}
		want := []string{
			"a: server web, made 2000-01-01T00:00:01Z (1s after the request was prepared), not there when the request was prepared",
			"b: server web, made 2000-01-01T00:00:03Z (3s after the request was prepared), not there when the request was prepared",
			"known: server web, made 1999-12-31T23:00:00Z (1h0m0s before the request was prepared); it is not it, because it existed before the request, or was said not to be it",
		}
		if diff := cmp.Diff(want, q.Evidence()); diff != "" {
			t.Error(diff)
		}
		if _, _, again := l.settle(op, ""); again == nil || again.Error() != err.Error() {
			t.Errorf("asked again: %v", again)
		}
	})
}

// TestAnswers takes answers that hold, and refuses the others.
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		late         []string // appear after the answer
		object       string   // in the end; "": none
		err          string
	}{
		{name: "this one", answer: "b", object: "b"},
		{name: "a stranger", answer: "c", err: "c is none of those that the lost request may have made, which are a, b"},
		{name: "one that was there before", answer: "known", err: "known is none of those"},
		{name: "none", answer: "none"},
		{name: "none, and then it appears", answer: "none", late: []string{"ours"}, object: "ours"},
		{name: "none, and then two appear", answer: "none", late: []string{"ours", "theirs"}, err: "each of 2 may be what it made: ours, theirs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &lane{there: []huaweicloud.Found{appeared("known", 0, "")}}
				op := l.looked(t)
				l.there = append(l.there, appeared("a", 0, ""), appeared("b", 0, ""))
				op, _, _ = l.settle(op, "")
				for _, id := range test.late {
					l.late = append(l.late, appeared(id, -5*time.Second, ""))
				}
				_, o, err := l.settle(op, test.answer)
				switch {
				case test.err != "":
					if err == nil || !strings.Contains(err.Error(), test.err) {
						t.Errorf("error: %v", err)
					}
				case err != nil || (o != nil) != (test.object != "") || o != nil && o.ID != test.object:
					t.Errorf("object %v, error %v", o, err)
				}
				if l.sends > 0 {
					t.Error("a request was sent while settling")
				}
			})
		})
	}
}

// TestAnswerBeforeTheQuestion is about what nobody has asked: an ID that fits is
// as good as evidence, "none" is not about objects that nobody was shown.
func TestAnswerBeforeTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{}
		op := l.looked(t)
		l.there = append(l.there, appeared("a", 0, ""), appeared("b", 0, ""))
		if _, o, err := l.settle(op, "a"); err != nil || o.ID != "a" {
			t.Errorf("%v, %v", o, err)
		}
		var q *providers.QuestionError
		if _, _, err := l.settle(op, providers.AnswerNone); !errors.As(err, &q) {
			t.Errorf("none of what? %v", err)
		}
		known := providers.Operation{Stage: huaweicloud.StageWait, ObjectID: "a"}
		if _, _, err := l.settle(known, "b"); err == nil || !strings.Contains(err.Error(), "its request made a") {
			t.Errorf("an answer that contradicts the record: %v", err)
		}
	})
}

func doubtful(id string) huaweicloud.Found {
	f := appeared(id, 0, "")
	f.Doubt = "its flavor is small, and large was ordered"
	return f
}

// TestEarlier asks about the only object if it seems to be older than the request.
func TestEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{}
		op := l.looked(t)
		l.there = []huaweicloud.Found{appeared("old", time.Hour, "")}
		_, _, err := l.settle(op, "")
		var q *providers.QuestionError
		if !errors.As(err, &q) || !strings.Contains(q.Evidence()[0], "but it was made before the request") {
			t.Errorf("%v", err)
		}
	})
}

// TestDoubts takes what is as it was ordered, and asks about the only one that is
// not.
func TestDoubts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{}
		op := l.looked(t)
		l.there = []huaweicloud.Found{doubtful("theirs")}
		asked, _, err := l.settle(op, "")
		var q *providers.QuestionError
		if !errors.As(err, &q) || !strings.HasSuffix(q.Evidence()[0], "but its flavor is small, and large was ordered") {
			t.Errorf("%v", err)
		}
		if _, o, err := l.settle(asked, providers.AnswerNone); err != nil || o != nil {
			t.Errorf("%v, %v", o, err)
		}
		if _, o, err := l.settle(asked, "theirs"); err != nil || o == nil {
			t.Errorf("%v, %v", o, err)
		}
		l.there = append(l.there, appeared("ours", 0, ""))
		if _, o, err := l.settle(op, ""); err != nil || o == nil || o.ID != "ours" {
			t.Errorf("%v, %v", o, err)
		}
	})
}

// TestHolders leaves to other nodes what is theirs.
func TestHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := providers.Held
		l := &lane{holder: func(context.Context, string) (string, providers.Hold) { return "node web of stack two", hold }}
		op := l.looked(t)
		l.there = []huaweicloud.Found{appeared("theirs", 0, "")}
		if _, o, err := l.settle(op, ""); err != nil || o != nil {
			t.Errorf("%v, %v", o, err)
		}
		hold = providers.Made
		if _, o, err := l.settle(op, ""); err != nil || o != nil {
			t.Errorf("let go: %v, %v", o, err)
		}
		_, _, err := l.settle(op, "theirs")
		var q *providers.QuestionError
		if !errors.As(err, &q) || !strings.HasSuffix(q.Evidence()[0], "because it is node web of stack two") {
			t.Errorf("%v", err)
		}
	})
}

// TestRivals takes nothing that another node may have made which is not done, asks
// if that lasts, and goes on by itself when it is known.
func TestRivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		known := time.Now().Add(time.Hour)
		l := &lane{holder: func(context.Context, string) (string, providers.Hold) {
			if known.After(time.Now()) {
				return "node twin", providers.MaybeMade
			}
			return "node twin", providers.Held
		}}
		op := l.looked(t)
		l.there = []huaweicloud.Found{appeared("theirs", 0, "")}
		asked, _, err := l.settle(op, "")
		var q *providers.QuestionError
		if !errors.As(err, &q) || !strings.HasSuffix(q.Evidence()[0], "but it may be what node twin has made, of which that is not known yet") {
			t.Fatalf("%v", err)
		}
		known = time.Now().Add(time.Second)
		if _, o, err := l.settle(op, ""); err != nil || o != nil {
			t.Errorf("known a moment later: %v, %v", o, err)
		}
		if _, o, err := l.settle(asked, ""); err != nil || o != nil {
			t.Errorf("known when it is taken up: %v, %v", o, err)
		}
	})
}
