package providertest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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

// TestConformance drives every type through every case, each in a cloud and a
// time of its own.
func TestConformance(t *testing.T) {
	changed := &changes{subjects: map[string]int{}, changed: map[string]map[string]bool{}}
	t.Cleanup(func() { changed.check(t) })
	for _, s := range subjects() {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := prepare(t, s)
			changed.add(w.cfg)
			t.Run("catalogue", func(t *testing.T) { fits(t, w.cfg) })
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
		w.cfg = s.config(&bench{t: t, cloud: c.cloud, other: &bench{t: t, cloud: c.partner}})
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
	wire     *providertest.Wire
	registry providers.Registry
	reason   atomic.Pointer[string] // why the work fails that is begun next

	// as the other tenant has it
	guestWire *providertest.Wire
	guests    providers.Registry
}

func openStill(t *testing.T, file string) *still {
	t.Helper()
	c := &still{}
	e, err := emulator.Open(t.Context(), emulator.Options{DB: file, Contracts: contracts, Speed: 300, Faults: c})
	if err != nil {
		t.Fatal(err)
	}
	c.emulator = e
	c.wire, c.registry = c.as(t, e.Env())
	c.guestWire, c.guests = c.as(t, e.Projects()[emulator.PartnerUserName])
	return c
}

// as lets a tenant in.
func (c *still) as(t *testing.T, env map[string]string) (*providertest.Wire, providers.Registry) {
	t.Helper()
	wire := providertest.NewWire(direct{c.emulator})
	client, err := huaweicloud.New(huaweicloud.Config{
		Endpoint: "http://cloud.test", Transport: wire, Env: func(name string) string { return env[name] }, Late: 12 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	registry := providers.Registry{}
	registerAll(registry, client, t.TempDir())
	return wire, registry
}

// partner is the cloud as the other tenant has it.
func (c *still) partner(typ string) providertest.Cloud {
	return inBubble(c.guests[typ], c.guestWire)
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
	in := inBubble(c.registry[typ], c.wire)
	in.Fail = func(reason string) { c.reason.Store(&reason) }
	in.Remains = c.remains
	in.Partner = c.partner
	return in
}

func inBubble(p providers.Provider, wire *providertest.Wire) providertest.Cloud {
	return providertest.Cloud{Provider: p, Stack: "suite", Wire: wire, Wait: func(_ context.Context, d time.Duration) error {
		time.Sleep(d)
		return nil
	}}
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
