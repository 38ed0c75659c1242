package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// asking leaves two objects that the lost creation of a may have made, and a
// hold on the stack.
func (b *bench) asking() *state.Lease {
	b.t.Helper()
	b.cloud.faults["a"] = []fault{{err: &providers.Error{Kind: providers.Unexpected, Message: "broken pipe"}, after: true}}
	l := b.lease()
	_, err := b.engine.Run(context.Background(), l, b.plan(chain, nil), b.options())
	b.must(err)
	b.cloud.objects["id-99"] = &fakeObject{id: "id-99", name: "web-a"}
	return l
}

func (b *bench) answering(l *state.Lease, answers map[string]string) (*Recovered, error) {
	o := b.options()
	o.Answers = answers
	return b.engine.Recover(context.Background(), l, "web", o)
}

// TestAnswers answers a question, twice, as a command line does that is given
// again.
func TestAnswers(t *testing.T) {
	for answer, want := range map[string]string{"theirs": "[a] []", "ours": "[a] []", providers.AnswerNone: "[] [a]"} {
		t.Run(answer, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				l, ids := b.asking(), map[string]string{"theirs": "id-99"}
				for id, o := range b.cloud.objects {
					if o.name == "web-a" && id != "id-99" {
						ids["ours"] = id
					}
				}
				answer := cmp.Or(ids[answer], answer)
				if _, err := b.answering(l, nil); len(Questions(err)) != 1 {
					t.Fatalf("nobody asks: %v", err)
				}
				if open := b.openIn("web-1"); !slices.Equal(open, []string{"a"}) {
					t.Errorf("open while it is asked: %v", open)
				}
				for range 2 {
					found, err := b.answering(l, map[string]string{"a": answer})
					b.must(err)
					if found.Execution != nil {
						equal(t, "recovered", want, fmt.Sprint(found.Adopted, found.NotDone))
					}
				}
				switch e := b.stack().Elements["a"]; {
				case answer == providers.AnswerNone:
					equal(t, "next", planner.Create, b.action(chain, "a"))
				case e == nil || e.ObjectID != answer:
					t.Errorf("on record: %+v", e)
				}
			})
		})
	}
}

// openIn lists the nodes that an execution has left open.
func (b *bench) openIn(id string) []string {
	b.t.Helper()
	records, err := b.store.Journal(context.Background(), id)
	b.must(err)
	var out []string
	for _, r := range openEnds(records) {
		out = append(out, r.Node)
	}
	return out
}

// TestWrongAnswers refuses what is no answer, and settles nothing.
func TestWrongAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		l := b.asking()
		_, err := b.answering(l, map[string]string{"a": "id-7"})
		if q := Questions(err); len(q) != 1 || q[0].Answer != "id-7" || len(q[0].Candidates) != 2 {
			t.Errorf("a stranger: %v", err)
		}
		var nobody *AnswerError
		_, err = b.answering(l, map[string]string{"a": "id-99", "aa": "id-1"})
		if !errors.As(err, &nobody) || nobody.Node != "aa" || !slices.Equal(nobody.Open, []string{"a"}) {
			t.Errorf("a misspelt name: %v", err)
		}
		_, err = b.answering(l, map[string]string{"d": providers.AnswerNone})
		b.must(ignoring[*Question](err)) // d was begun by the same execution: harmless
		if open := b.openIn("web-1"); !slices.Equal(open, []string{"a"}) {
			t.Errorf("open: %v", open)
		}
	})
}

// ignoring is err unless it is of a kind.
func ignoring[T error](err error) error {
	var kind T
	if errors.As(err, &kind) {
		return nil
	}
	return err
}

// TestQuestionsKeepSecrets tells no secret in what speaks for and against a
// candidate, and stays a question.
func TestQuestionsKeepSecrets(t *testing.T) {
	var r redactor
	r.learn(intrinsic.Of("hush-hush").MarkSensitive())
	q := &providers.QuestionError{
		What:       "server",
		Candidates: []providers.Candidate{{ID: "id-1", Name: "hush-hush", Doubt: "its flavor is s, and hush-hush was ordered"}},
		Others:     []providers.Candidate{{ID: "id-2", Name: "hush-hush", Against: "it is in zone a, and hush-hush was ordered"}},
	}
	asked := StepError{Node: "a", Err: r.err(fmt.Errorf("advance: %w", q))}.Asked()
	if asked == nil {
		t.Fatal("a question no more")
	}
	of := Questions(fmt.Errorf("take up: %w", r.err(&Question{Node: "a", QuestionError: q})))
	if len(of) != 1 {
		t.Fatalf("%d questions", len(of))
	}
	for _, q := range []*Question{asked, of[0]} {
		text := strings.Join(q.Evidence(), "\n")
		if strings.Contains(text, "hush") || strings.Count(text, intrinsic.SensitiveText) != 4 {
			t.Error(text)
		}
	}
}
