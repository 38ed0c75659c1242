package executor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// noop does everything at once, but is taken to have an effect.
type noop struct{}

func (noop) Advance(_ context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	return made(req), nil
}

func made(req *providers.Request) providers.Progress {
	return providers.Progress{Done: true, Object: &providers.Object{
		ID: req.Node, Attributes: map[string]any{"refID": req.Node, "refName": req.Node},
	}}
}

func (noop) Read(context.Context, *providers.Request) (*providers.Object, error) {
	return nil, &providers.Error{Kind: providers.NotFound}
}

func (noop) Find(context.Context, *providers.Request) ([]*providers.Object, error) { return nil, nil }

// light is noop without an effect.
type light struct{ noop }

func (light) Effectless() {}

// slow takes the time of its node.
type slow struct {
	noop
	takes map[string]time.Duration
}

func (s slow) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	select {
	case <-time.After(s.takes[req.Node]):
		return made(req), nil
	case <-ctx.Done():
		return providers.Progress{}, ctx.Err()
	}
}

// layered is a blueprint of n nodes, of which each refers to two of the layer
// above, and for each the indexes of those.
func layered(n, width int) (source string, above [][]int) {
	var text strings.Builder
	text.WriteString(header)
	above = make([][]int, n)
	for i := range n {
		fmt.Fprintf(&text, "  n%d:\n    type: HuaweiCloud.Fake.Thing\n", i)
		if i < width {
			continue
		}
		first := i - i%width - width
		above[i] = []int{first + i%width, first + (i%width*7+3)%width}
		fmt.Fprintf(&text, "    properties: {uses: {get_attribute: [n%d, refID]}, color: {get_attribute: [n%d, refName]}}\n", above[i][0], above[i][1])
	}
	return text.String(), above
}

// timed runs the blueprint on a new store with one provider, and returns how
// long that took and how many syncs it needed.
func timed(b *testing.B, source string, p providers.Provider, parallelism int) (took time.Duration, syncs int64) {
	w := newBench(b)
	defer w.close()
	w.engine.Providers = providers.Registry{"Fake.Thing": p}
	plan, l := w.plan(source, nil), w.lease()
	before := w.store.Commits()
	b.StartTimer()
	begin := time.Now()
	res, err := w.engine.Run(context.Background(), l, plan, Options{Parallelism: parallelism, Terms: state.Terms{}})
	took = time.Since(begin)
	b.StopTimer()
	if err != nil || res.Outcome != Succeeded {
		b.Fatal(err, res)
	}
	return took, w.store.Commits() - before
}

// BenchmarkRun applies 10,000 nodes in 100 layers whose provider does nothing:
// what the engine and the store take. A step with an effect is on record twice,
// one without once, each time before anything goes on that waits for it; those
// of steps that run side by side share syncs.
func BenchmarkRun(b *testing.B) {
	const steps = 10_000
	source, _ := layered(steps, steps/100)
	for name, p := range map[string]providers.Provider{"effect": noop{}, "effectless": light{}} {
		b.Run(name, func(b *testing.B) {
			b.StopTimer()
			var syncs int64
			for range b.N {
				_, n := timed(b, source, p, 50)
				syncs += n
			}
			b.ReportMetric(float64(syncs)/float64(b.N)/steps, "syncs/step")
		})
	}
}

// BenchmarkLatency applies 300 nodes that take 50 to 500 ms each, 50 at once. No
// order of steps is faster than the longest chain, nor than all work divided by
// 50; the ratio tells how close to that it comes. Nobody knows beforehand how
// long a step takes: with few layers of many, what was begun last sticks out.
func BenchmarkLatency(b *testing.B) {
	const steps, parallelism = 300, 50
	for _, width := range []int{10, 30, 50, 300} {
		b.Run(fmt.Sprintf("layers=%d", steps/width), func(b *testing.B) {
			b.StopTimer()
			rng := rand.New(rand.NewPCG(1, 2))
			takes := map[string]time.Duration{}
			for i := range steps {
				takes[fmt.Sprint("n", i)] = 50*time.Millisecond + time.Duration(rng.Int64N(int64(450*time.Millisecond)))
			}
			source, above := layered(steps, width)
			var took time.Duration
			for range b.N {
				d, _ := timed(b, source, slow{takes: takes}, parallelism)
				took += d
			}
			b.ReportMetric(took.Seconds()/float64(b.N)/lowerBound(takes, above, parallelism).Seconds(), "ratio")
		})
	}
}

// lowerBound is what no order of steps can beat.
func lowerBound(takes map[string]time.Duration, above [][]int, parallelism int) time.Duration {
	var all, longest time.Duration
	ends := make([]time.Duration, len(above))
	for i, before := range above {
		for _, p := range before {
			ends[i] = max(ends[i], ends[p])
		}
		d := takes[fmt.Sprint("n", i)]
		ends[i] += d
		all, longest = all+d, max(longest, ends[i])
	}
	return max(longest, all/time.Duration(parallelism))
}
