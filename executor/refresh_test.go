package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// listed is a fakeCloud that lists its objects.
type listed struct {
	*fakeCloud
	mu    sync.Mutex
	calls []int            // how many elements each was about
	whole []error          // of the next calls
	each  map[string]error // of single objects, by node
	read  map[string]int   // by node: how often it was read by itself
	alter func(r []providers.Reading) []providers.Reading
}

func (l *listed) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, len(reqs))
	if len(l.whole) > 0 {
		err := l.whole[0]
		l.whole = l.whole[1:]
		return nil, err
	}
	out := make([]providers.Reading, len(reqs))
	for i, req := range reqs {
		if out[i].Err = l.each[req.Node]; out[i].Err == nil {
			out[i].Object, out[i].Err = l.fakeCloud.Read(ctx, req)
		}
	}
	if l.alter != nil {
		out = l.alter(out)
	}
	return out, nil
}

func (l *listed) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read[req.Node]++
	return l.fakeCloud.Read(ctx, req)
}

// listing puts n elements, n000 and so on, into a cloud that lists them.
func (b *bench) listing(n int) (*listed, *state.Stack) {
	l := &listed{fakeCloud: b.cloud, each: map[string]error{}, read: map[string]int{}}
	b.engine.Providers = providers.Registry{"Fake.Thing": l}
	st := &state.Stack{Name: "web", Elements: map[string]*state.Element{}}
	for i := range n {
		node := fmt.Sprintf("n%03d", i)
		id := b.cloud.create(&providers.Request{Stack: "web", Node: node, Properties: map[string]any{"size": int64(i)}})
		st.Elements[node] = &state.Element{
			Node: node, Type: "Fake.Thing", ObjectID: id, Attributes: state.Document{Value: map[string]any{"refID": id}},
			Properties: state.Document{Value: map[string]any{"size": int64(i), "password": "secret-9f"}, Sensitive: []string{"/password"}},
		}
	}
	return l, st
}

func TestRefreshListsWhatCanBeListed(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		l, st := b.listing(2*readChunk + 7)
		delete(b.cloud.objects, st.Elements["n003"].ObjectID)
		l.each["n005"] = &providers.Error{Kind: providers.Throttled}
		seen, err := b.engine.Refresh(context.Background(), st, fakeCatalogue(), 4)
		b.must(err)
		slices.Sort(l.calls)
		equal(t, "calls", []int{7, readChunk, readChunk}, l.calls)
		equal(t, "read by themselves", map[string]int{"n005": 1}, l.read)
		equal(t, "seen", len(st.Elements), len(seen))
		for node := range st.Elements {
			if seen[node].Gone != (node == "n003") {
				t.Errorf("%s gone: %v", node, seen[node].Gone)
			}
		}
		size, _ := seen["n1006"].Properties.Get("size")
		equal(t, "size", "1006", size.Text())
	})
}

func TestRefreshTellsWhatCouldNotBeRead(t *testing.T) {
	broken := &providers.Error{Kind: providers.Unexpected, Message: "no sense in secret-9f"}
	cases := []struct {
		name  string
		set   func(l *listed)
		want  string
		calls int
	}{
		{"one", func(l *listed) { l.each["n001"] = broken },
			"read n001 (Cloud.Fake.Thing id-2): no sense in (sensitive value)", 1},
		{"all", func(l *listed) { l.whole = []error{broken} },
			"read the 3 elements of type Cloud.Fake.Thing: no sense in (sensitive value)", 1},
		{"nothing there is no evidence", func(l *listed) {
			l.whole = []error{&providers.Error{Kind: providers.NotFound, Message: "no such list"}}
		},
			"read the 3 elements of type Cloud.Fake.Thing: no such list", 1},
		{"passes", func(l *listed) { l.whole = []error{&providers.Error{Kind: providers.Throttled}} }, "", 2},
		{"too few", func(l *listed) { l.alter = func(r []providers.Reading) []providers.Reading { return r[1:] } },
			"read the 3 elements of type Cloud.Fake.Thing: its provider answered 2 of 3 requests", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				l, st := b.listing(3)
				c.set(l)
				seen, err := b.engine.Refresh(context.Background(), st, fakeCatalogue(), 0)
				if c.want == "" {
					b.must(err)
					equal(t, "seen", 3, len(seen))
				} else if err == nil || strings.TrimSpace(err.Error()) != c.want {
					t.Errorf("error: %v", err)
				}
				equal(t, "calls", c.calls, len(l.calls))
			})
		})
	}
}

// BenchmarkRefresh reads 10,000 elements that a provider knows by heart.
func BenchmarkRefresh(b *testing.B) {
	st := &state.Stack{Name: "web", Elements: map[string]*state.Element{}}
	for i := range 10000 {
		node := fmt.Sprintf("n%05d", i)
		st.Elements[node] = &state.Element{
			Node: node, Type: "Fake.Thing", ObjectID: node,
			Properties: state.Document{Value: map[string]any{"size": int64(i), "color": "red", "uses": "n00001"}},
			Attributes: state.Document{Value: map[string]any{"refID": node, "refName": node, "size": int64(i)}},
		}
	}
	e := &Engine{Providers: providers.Registry{"Fake.Thing": byHeart{}}}
	for b.Loop() {
		if seen, err := e.Refresh(context.Background(), st, fakeCatalogue(), 10); err != nil || len(seen) != 10000 {
			b.Fatal(err)
		}
	}
}

// byHeart answers what it is asked.
type byHeart struct{ noop }

func (byHeart) ReadAll(_ context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	out := make([]providers.Reading, len(reqs))
	for i, r := range reqs {
		out[i].Object = &providers.Object{ID: r.ObjectID, Properties: r.Properties, Attributes: r.Attributes}
	}
	return out, nil
}
