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
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
	"github.com/orchestrate-tosca/orchestrate/providers/vpc"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// contracts are parsed once for all tests.
var contracts = emulator.ShareContracts(schemas.OpenAPI())

// cloud is an emulator on loopback and the providers that call it.
type cloud struct {
	emulator *emulator.Emulator
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
	c.emulator = e
	bcs.Register(c.registry, client)
	hbs.Register(c.registry, client)
	vpc.Register(c.registry, client)
	ecs.Register(c.registry, client)
	data.Register(c.registry)
	return c
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

func (c *cloud) run(t *testing.T, cfg providertest.Config) {
	t.Helper()
	p, err := c.registry.For(cfg.Type)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Provider = p
	cfg.Wait = pass
	cfg.Done = func() []string { return c.done(t) }
	cfg.LoseAnswer = func() { c.lose.Store(true) }
	providertest.Run(t, cfg)
	c.lose.Store(false)
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

func TestInstance(t *testing.T) {
	c := newCloud(t)
	c.run(t, providertest.Config{
		Type: "BCS.Instance", Properties: ledger("suite-01"), Change: map[string]any{"deleteStorage": true},
		Unread: []string{"createNewCluster", "deleteStorage", "resourcePassword", "volumeType"},
	})
}

func TestInsideNetwork(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "BCS.Instance", "ledger", ledger("suite-02")).ID
	c.make(t, "BCS.Organization", "base", map[string]any{"blockchainId": id, "name": "base", "nodeCount": int64(2), "pvcName": "pvc-base"})
	c.make(t, "BCS.Channel", "trade", map[string]any{"blockchainId": id, "name": "trade"})

	t.Run("Organization", func(t *testing.T) {
		c.run(t, providertest.Config{
			Type:       "BCS.Organization",
			Properties: map[string]any{"blockchainId": id, "name": "bank", "nodeCount": int64(1), "pvcName": "pvc-bank"},
			Change:     map[string]any{"nodeCount": int64(2)},
		})
	})
	t.Run("Organization that shrinks", func(t *testing.T) {
		c.run(t, providertest.Config{
			Type:       "BCS.Organization",
			Properties: map[string]any{"blockchainId": id, "name": "bank", "nodeCount": int64(2), "pvcName": "pvc-bank"},
			Change:     map[string]any{"nodeCount": int64(1)},
		})
	})
	t.Run("Channel", func(t *testing.T) {
		c.run(t, providertest.Config{
			Type:       "BCS.Channel",
			Properties: map[string]any{"blockchainId": id, "name": "docs", "description": "papers"},
		})
	})
	for _, sizes := range [][2]int64{{1, 2}, {2, 1}} {
		t.Run("ChannelMembership", func(t *testing.T) {
			c.run(t, providertest.Config{
				Type:       "BCS.ChannelMembership",
				Properties: map[string]any{"blockchainId": id, "channelName": "trade", "organizationName": "base", "peerCount": sizes[0]},
				Change:     map[string]any{"peerCount": sizes[1]},
			})
		})
	}
	t.Run("UserCertificate", func(t *testing.T) {
		c.run(t, providertest.Config{
			Type:       "BCS.UserCertificate",
			Properties: map[string]any{"blockchainId": id, "organizationName": "base", "userName": "baseapp", "securityMode": false},
			Forgotten:  true,
			Repeatable: true, NotImported: true,
		})
	})
}

func TestCloudServer(t *testing.T) {
	c := newCloud(t)
	network := map[string]any{"name": "", "cidr": "192.168.0.0/16", "description": "", "enterpriseProjectId": "0"}
	t.Run("VPC", func(t *testing.T) {
		c.run(t, providertest.Config{Type: "VPC.VPC", Properties: network, Change: map[string]any{"name": "renamed", "description": "new"}})
	})
	vpcID := c.make(t, "VPC.VPC", "net", network).ID
	part := map[string]any{
		"name": "", "vpcId": vpcID, "cidr": "192.168.1.0/24", "gateway": "192.168.1.1", "dhcpEnable": true,
		"availabilityZone": "az1", "dnsList": []any{"192.168.0.1", "192.168.0.2"},
	}
	t.Run("Subnet", func(t *testing.T) {
		c.run(t, providertest.Config{Type: "VPC.Subnet", Properties: part, Change: map[string]any{"name": "renamed", "dnsList": []any{"192.168.0.3"}}})
	})
	subnetID := c.make(t, "VPC.Subnet", "part", part).ID
	t.Run("CloudServer", func(t *testing.T) {
		c.run(t, providertest.Config{
			Type: "ECS.CloudServer",
			Properties: map[string]any{
				"name": "", "availabilityZone": "az1", "flavor": "s6.large.2", "imageId": "1189efbf-d48b-46ad-a823-94b942e2a000", "vpcId": vpcID,
				"nics":       []any{map[string]any{"subnetId": subnetID}},
				"rootVolume": map[string]any{"volumeType": "SAS"},
				"publicIP": map[string]any{"eip": map[string]any{
					"ipType": "5_bgp", "bandwidth": map[string]any{"shareType": "PER", "size": int64(1)},
				}},
				"sshKeyName": "key", "enterpriseProjectId": "0",
			},
			Unread: []string{"nics", "publicIP", "rootVolume"},
			Change: map[string]any{"name": "renamed"},
		})
	})
}

func TestData(t *testing.T) {
	c := newCloud(t)
	c.run(t, providertest.Config{
		Type:       "Orchestrate.Data",
		Properties: map[string]any{"input": map[string]any{"a": []any{int64(1), "x", true, nil}}},
		Change:     map[string]any{"input": "new"},
		Forgotten:  true, NotImported: true,
	})
}
