package providertest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// subject is a node type that the kit is driven over. To add one: a line in the
// list of its service, and a function that makes what it needs and says with
// which properties it is made.
type subject struct {
	typ string
	// variant tells it from others of its type, of which only one has none: all
	// cases are driven over that one, and the brief ones over the others.
	variant string
	// with makes what the type needs beside itself, by bench.make.
	with func(b *bench) providertest.Config
}

// subjects are all of them.
func subjects() []subject {
	return slices.Concat(bcsSubjects, hbsSubjects, contractSubjects, vpcSubjects, ecsSubjects, ownSubjects)
}

func (s subject) name() string { return strings.TrimSpace(s.typ + " " + s.variant) }

// bench is where a subject makes what it needs.
type bench struct {
	t     *testing.T
	stack string
	make_ func(typ, node string, properties map[string]any) *providers.Object
	given func(name, otherwise string) string
}

// make makes an object, which is removed at the end.
func (b *bench) make(typ, node string, properties map[string]any) *providers.Object {
	b.t.Helper()
	return b.make_(typ, node, properties)
}

func TestEveryTypeHasASubject(t *testing.T) {
	registry := newCloud(t).registry
	whole := map[string]int{}
	for _, s := range subjects() {
		if _, err := registry.For(s.typ); err != nil {
			t.Errorf("%s: %v", s.name(), err)
		}
		if s.variant == "" {
			whole[s.typ]++
		}
	}
	for _, typ := range registry.Types() {
		if whole[typ] != 1 {
			t.Errorf("%s has %d subjects without a variant", typ, whole[typ])
		}
	}
}

// TestConformance drives every type through every case, each in a cloud and a
// time of its own.
func TestConformance(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := prepare(t, s)
			for _, c := range providertest.Cases() {
				if c.Brief || s.variant == "" {
					t.Run(c.Name, func(t *testing.T) {
						w.within(t, func(t *testing.T, cloud providertest.Cloud) { c.Run(t, w.cfg, cloud) })
					})
				}
			}
		})
	}
}

// world is a cloud in which everything is there that a subject needs. Each case
// goes on from there.
type world struct {
	typ  string
	dir  string
	now  time.Duration // how long it took to make
	cfg  providertest.Config
	kept []byte // the file of the cloud
}

func prepare(t *testing.T, s subject) *world {
	t.Helper()
	w := &world{typ: s.typ, dir: t.TempDir()}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		c := openStill(t, filepath.Join(w.dir, "cloud.db"))
		w.cfg = s.with(&bench{
			t: t, stack: "suite",
			make_: func(typ, node string, properties map[string]any) *providers.Object {
				t.Helper()
				return c.cloud(typ).Make(t, typ, node, properties)
			},
			given: func(_, otherwise string) string { return otherwise },
		})
		w.cfg.Type = s.typ
		c.close()
		w.now = time.Since(begun)
	})
	var err error
	if w.kept, err = os.ReadFile(filepath.Join(w.dir, "cloud.db")); err != nil {
		t.Fatal(err)
	}
	return w
}

// within runs f in a bubble, with a copy of the world.
func (w *world) within(t *testing.T, f func(t *testing.T, cloud providertest.Cloud)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cloud.db")
	if err := os.WriteFile(file, w.kept, 0o600); err != nil {
		t.Fatal(err)
	}
	skipped := false
	synctest.Test(t, func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		time.Sleep(w.now) // nothing in the world is from the future
		c := openStill(t, file)
		defer c.close()
		f(t, c.cloud(w.typ))
	})
	if skipped { // a bubble does not tell by itself
		t.SkipNow()
	}
}

// still is an emulator in a bubble: without sockets, in a time that passes only
// while everybody waits.
type still struct {
	emulator *emulator.Emulator
	client   *huaweicloud.Client
	wire     *providertest.Wire
	registry providers.Registry
	reason   atomic.Pointer[string] // why the work fails that is begun next
}

func openStill(t *testing.T, file string) *still {
	t.Helper()
	c := &still{registry: providers.Registry{}}
	e, err := emulator.Open(t.Context(), emulator.Options{DB: file, Contracts: contracts, Speed: 300, Faults: c})
	if err != nil {
		t.Fatal(err)
	}
	c.emulator, c.wire = e, providertest.NewWire(direct{e})
	env := e.Env()
	c.client, err = huaweicloud.New(huaweicloud.Config{
		Endpoint: "http://cloud.test", Transport: c.wire, Env: func(name string) string { return env[name] }, Late: 12 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	registerAll(c.registry, c.client)
	return c
}

func (c *still) close() { c.emulator.Close() }

// Fault implements emulator.Faults.
func (c *still) Fault(_ context.Context, call emulator.Call) emulator.Fault {
	if call.Method == http.MethodGet {
		return emulator.Fault{}
	}
	if reason := c.reason.Swap(nil); reason != nil {
		return emulator.FailOperation(*reason)
	}
	return emulator.Fault{}
}

// cloud is it as the kit sees it.
func (c *still) cloud(typ string) providertest.Cloud {
	return providertest.Cloud{
		Provider: c.registry[typ], Stack: "suite", Wire: c.wire,
		Wait: func(_ context.Context, d time.Duration) error {
			time.Sleep(d)
			return nil
		},
		Fail:    func(reason string) { c.reason.Store(&reason) },
		Remains: c.remains,
	}
}

// remains lists the objects that somebody has to delete. What the services keep
// about their work stays.
func (c *still) remains(t *testing.T) []string {
	t.Helper()
	objects, err := c.emulator.Objects(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range objects {
		switch o.Kind {
		case "bcs.operation", "hbs.job", "ecs.job", "bss.order", "bss.subscription", "hbs.backup.next", "bcs.certificate":
		default:
			out = append(out, strings.TrimSpace(o.Kind+" "+o.Name))
		}
	}
	return out
}

// direct hands requests to a handler in the process.
type direct struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.Host = r.URL.RequestURI(), r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	rec := httptest.NewRecorder()
	d.handler.ServeHTTP(rec, in)
	return rec.Result(), nil
}
