package providertest_test

import (
	"context"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/bcs"
	"github.com/orchestrate-tosca/orchestrate/providers/data"
	"github.com/orchestrate-tosca/orchestrate/providers/ecs"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/hbs"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/vpc"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// contracts are parsed once for all tests.
var contracts = emulator.ShareContracts(schemas.OpenAPI())

// cloud is an emulator on loopback and the providers that call it.
type cloud struct {
	emulator *emulator.Emulator
	url      string
	registry providers.Registry
	faults   *emulator.Script
	lose     atomic.Bool // the next changing request loses its answer

	mu     sync.Mutex
	called []string // operations, in order; guarded by mu
}

// Fault implements emulator.Faults.
func (c *cloud) Fault(ctx context.Context, call emulator.Call) emulator.Fault {
	c.mu.Lock()
	c.called = append(c.called, call.Operation)
	c.mu.Unlock()
	if call.Method != "GET" && c.lose.CompareAndSwap(true, false) {
		return emulator.LoseReply()
	}
	return c.faults.Fault(ctx, call)
}

func newCloud(t *testing.T) *cloud { return newCloudAt(t, 1e6) }

// newSlowCloud makes a cloud in which work that has begun goes on as long as a
// test lasts.
func newSlowCloud(t *testing.T) *cloud { return newCloudAt(t, 1) }

func newCloudAt(t *testing.T, speed float64) *cloud {
	t.Helper()
	c := &cloud{registry: providers.Registry{}, faults: emulator.NewScript()}
	e, err := emulator.Open(t.Context(), emulator.Options{Contracts: contracts, Speed: speed, Faults: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	env := e.Env()
	client, err := huaweicloud.New(huaweicloud.Config{
		Endpoint: server.URL,
		Env:      func(name string) string { return env[name] },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	c.emulator, c.url = e, server.URL
	registerAll(c.registry, client, t.TempDir())
	return c
}

// registerAll adds every node type that there is. Files go below folder.
func registerAll(registry providers.Registry, client *huaweicloud.Client, folder string) {
	bcs.Register(registry, client)
	hbs.Register(registry, client)
	vpc.Register(registry, client)
	ecs.Register(registry, client)
	data.Register(registry)
	data.RegisterFile(registry, folder)
}

// done lists the changing requests that were carried out.
func (c *cloud) done(t *testing.T) []string {
	t.Helper()
	changes, err := c.emulator.Changes(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, ch := range changes {
		if ch.Code == "" {
			out = append(out, ch.Operation)
		}
	}
	return out
}

// make creates an object that others need.
func (c *cloud) make(t *testing.T, typ, node string, properties map[string]any) *providers.Object {
	t.Helper()
	p, err := c.registry.For(typ)
	if err != nil {
		t.Fatal(err)
	}
	var op providers.Operation
	req := &providers.Request{Action: providers.Create, Type: typ, Stack: "suite", Node: node, Properties: properties}
	for {
		progress, err := p.Advance(t.Context(), req, op, false)
		if err != nil {
			t.Fatalf("make %s %s: %v", typ, node, err)
		}
		if progress.Done {
			return progress.Object
		}
		op = progress.Next
		if err := pass(t.Context(), progress.After); err != nil {
			t.Fatal(err)
		}
	}
}

// pass waits a fraction of d: the emulator runs a million times too fast.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d / 200)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func ledger(name string) map[string]any {
	return map[string]any{
		"name": name, "versionType": int64(2), "blockchainType": "union", "fabricVersion": "2.2", "consensus": "etcdraft",
		"signAlgorithm": "ECDSA", "databaseType": "goleveldb", "volumeType": "efs", "resourcePassword": "Only-4-the-suite",
		"clusterType": "cce", "createNewCluster": false, "deleteStorage": false,
		"cceClusterInfo": map[string]any{
			"clusterId":           "00000000-0000-4000-8000-0000000000" + name[len(name)-2:],
			"clusterName":         "suite",
			"clusterPlatformType": "VirtualMachine",
		},
	}
}
