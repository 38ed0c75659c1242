package providertest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// reason is what the cloud says of work that fails.
const reason = "the suite wants it so"

// fails carries out an action whose work fails, and checks that its error tells
// what the cloud says, and of which part.
func (k *kit) fails(t *testing.T, req *providers.Request) *ride {
	t.Helper()
	r := &ride{kit: k, req: req, fail: reason}
	o, err := r.run(t)
	if err == nil {
		t.Fatalf("its work failed, and it ended with %+v", o)
	}
	e := failure(err)
	if !isKind(err, providers.Failed) || !k.Unexplained && !strings.Contains(e.Message, reason) || e.Advice == "" {
		t.Fatalf("it ended with the kind %q, %v", kindOf(err), err)
	}
	if len(r.parts) > 0 && !slices.ContainsFunc(r.parts, func(s providers.Substep) bool { return strings.Contains(e.Message, s.Name) }) {
		t.Errorf("none of the parts %+v is told to have failed: %v", r.parts, err)
	}
	return r
}

// mayFail skips the case if the work of an action can't fail.
func (k *kit) mayFail(t *testing.T, action providers.Action) {
	t.Helper()
	if !slices.Contains(k.Works, action) {
		t.Skip("no work goes on after the request")
	}
	if k.cloud.Fail == nil {
		t.Skip("the cloud can't be told to fail")
	}
}

// createFails accounts for what a failed create leaves behind: what is known to be
// there can be deleted, and then nothing is left.
func (k *kit) createFails(t *testing.T) {
	k.mayFail(t, providers.Create)
	r := k.fails(t, k.create())
	if r.op.ObjectID != "" {
		k.remove(t, &providers.Object{ID: r.op.ObjectID}, k.Properties)
	}
	o := k.do(t, k.create())
	k.holds(t, o, k.Properties)
	k.remove(t, o, k.Properties)
}

// updateFails updates once more after a failure.
func (k *kit) updateFails(t *testing.T) {
	k.mayFail(t, providers.Update)
	o := k.do(t, k.create())
	k.fails(t, k.update(o))
	o, recorded := k.changes(t, o, nil)
	k.remove(t, o, recorded)
}

// deleteFails deletes once more after a failure.
func (k *kit) deleteFails(t *testing.T) {
	k.mayFail(t, providers.Delete)
	o := k.do(t, k.create())
	k.fails(t, k.deletion(o, k.Properties))
	k.remove(t, o, k.Properties)
}

func merged(properties, over map[string]any) map[string]any {
	out := maps.Clone(properties)
	maps.Copy(out, over)
	return out
}
