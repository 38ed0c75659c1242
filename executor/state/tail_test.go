package state

import (
	"context"
	"errors"
	"testing"
)

func TestTail(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s, other := openTest(t, path, ""), openTest(t, path, "")
	if _, _, err := other.Tail(ctx, "web-1", 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("without a state: %v", err)
	}
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, nil, Record{Node: "db", Kind: Planned})
	var seen []RecordKind
	last := int64(0)
	look := func() *Execution {
		t.Helper()
		x, records, err := other.Tail(ctx, e.ID, last)
		must(t, err)
		for _, r := range records {
			seen, last = append(seen, r.Kind), r.Seq
		}
		return x
	}
	look()
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "db", Kind: Intent}))
	look()
	if x := look(); !x.Ended.IsZero() {
		t.Error("it has ended already")
	}
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "db", Kind: Failure}))
	must(t, s.Finish(ctx, l, e, nil, false))
	if x := look(); x.Ended.IsZero() || len(seen) != 3 || seen[0] != Planned || seen[2] != Failure {
		t.Errorf("got %v of %+v", seen, x)
	}
}
