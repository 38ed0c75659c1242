package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// examined is a fakeCloud that knows how its objects are.
type examined struct {
	*fakeCloud
	health map[string]providers.Health // by node
	err    map[string]error
}

func (f *examined) Health(_ context.Context, req *providers.Request, o *providers.Object) (providers.Health, error) {
	if o == nil || o.ID != req.ObjectID {
		return providers.Health{}, fmt.Errorf("asked about %v", o)
	}
	return f.health[req.Node], f.err[req.Node]
}

// told lists what a Check found, a line a symptom.
func told(c *Checkup) []string {
	var out []string
	for _, el := range c.Elements {
		if len(el.Symptoms) == 0 {
			out = append(out, el.Node+" "+string(el.Condition()))
		}
		for _, s := range el.Symptoms {
			out = append(out, strings.TrimRight(strings.Join([]string{el.Node, string(s.Condition), s.Message, s.Operation, s.Advice}, " | "), " |"))
		}
	}
	return out
}

const examinedStack = header + `  a:
    type: HuaweiCloud.Fake.Thing
    properties: {size: 1, password: canary-7}
  b:
    type: HuaweiCloud.Fake.Thing
  c:
    type: HuaweiCloud.Fake.Thing
  d:
    type: HuaweiCloud.Fake.Thing
  e:
    type: HuaweiCloud.Fake.Part
  f:
    type: HuaweiCloud.Fake.Note
`

func TestCheck(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(examinedStack)
		st := b.stack()
		delete(b.cloud.objects, st.Elements["b"].ObjectID)
		st.Elements["d"].Phase = "UpgradeFailed"
		f := &examined{fakeCloud: b.cloud, health: map[string]providers.Health{
			"a": {Symptoms: []providers.Symptom{{Condition: providers.Abnormal, Message: "It says canary-7.", Operation: "ShowThing", Advice: "Restart it."}}},
		}, err: map[string]error{"c": &providers.Error{Kind: providers.Invalid, Operation: "ShowThing", Status: 400, Message: "no", Advice: "Ask another one."}}}
		reg := b.cloud.registry()
		reg["Fake.Thing"] = f
		b.engine.Providers = reg
		c, err := b.engine.Check(context.Background(), st, CheckOptions{})
		b.must(err)
		equal(t, "told", []string{
			"a | abnormal | It says (sensitive value). | ShowThing | Restart it.",
			"b | abnormal | It does not exist any more. |  | An apply makes it anew. If it is still there, look at --cloud, the region and the project.",
			"c | unknown | Its health could not be told: ShowThing: HTTP 400 no | ShowThing | Ask another one.",
			"d | healthy | The last step on it did not succeed: it is recorded as UpgradeFailed. |  | `executions` tells why; `retry` or `apply` goes on.",
			"e | unknown | It is there. Nothing tells how objects of the type Cloud.Fake.Part are.",
			"f healthy",
		}, told(c))
		equal(t, "conditions", []int{2, 2, 2}, []int{c.Count(providers.Healthy), c.Count(providers.Unknown), c.Count(providers.Abnormal)})
		equal(t, "the worst", providers.Abnormal, c.Condition())
		if c.Of("a") == nil || c.Of("z") != nil || c.At.IsZero() {
			t.Error("elements are found by their names")
		}

		c, err = b.engine.Check(context.Background(), st, CheckOptions{Parallelism: 1, Blind: errors.New("nothing answers"), Bare: func(typ string) bool { return typ == "Fake.Note" }})
		b.must(err)
		equal(t, "told blindly", "unknown | Its health could not be told: nothing answers", strings.TrimPrefix(told(c)[0], "a | "))
		equal(t, "without the cloud", []int{1, 5, 0}, []int{c.Count(providers.Healthy), c.Count(providers.Unknown), c.Count(providers.Abnormal)})
	})
}

// Nothing can be told of nothing, and whoever is not let in is told so.
func TestCheckNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(examinedStack)
		st := b.stack()
		f := &examined{fakeCloud: b.cloud, err: map[string]error{"c": &providers.Error{Kind: providers.Auth, Status: 401, Message: "unknown access key"}}}
		b.engine.Providers = providers.Registry{"Fake.Thing": f, "Fake.Part": f, "Fake.Note": &b.cloud.notes}
		if _, err := b.engine.Check(context.Background(), st, CheckOptions{}); !isKind(err, providers.Auth) {
			t.Errorf("refused credentials: %v", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		f.err = nil
		if _, err := b.engine.Check(ctx, st, CheckOptions{}); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		st.Elements = nil
		c, err := b.engine.Check(context.Background(), st, CheckOptions{})
		b.must(err)
		equal(t, "an empty stack", providers.Unknown, c.Condition())
	})
}

func TestConditions(t *testing.T) {
	all := []providers.Condition{providers.Healthy, providers.Unknown, providers.Abnormal}
	for i, a := range all {
		for j, b := range all {
			equal(t, string(a+" and "+b), all[max(i, j)], a.Worse(b))
		}
	}
}
