package emulator_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	bcsmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"
	ecsmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"
	eipmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2/model"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// put sets settings over HTTP, and returns status and answer.
func (c *cloud) put(t *testing.T, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, c.url+"/_emulator/settings", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(out)
}

func TestQuotasAreToldAndKept(t *testing.T) {
	c := start(t, func(o *emulator.Options) {
		o.Settings.Quotas = map[string]int{emulator.QuotaVPCs: 1, emulator.QuotaSubnets: 1, emulator.QuotaPublicIPs: 1, emulator.QuotaServers: 1}
	})
	vpcID, subnetID := c.network(t)
	must(c.ecs(t).CreateServers(serverOf("web", vpcID, subnetID)))(t)

	if r := must(c.eip(t).ListQuotas(&eipmodel.ListQuotasRequest{Type: ptr("publicIp")}))(t).Quotas.Resources; len(r) != 1 || *r[0].Used != 1 {
		t.Errorf("quotas %v", r)
	}
	resources := must(c.vpc(t).ShowQuota(&model.ShowQuotaRequest{}))(t).Quotas.Resources
	if len(resources) != 3 {
		t.Errorf("quotas %v", resources)
	}
	for _, q := range resources {
		if q.Quota != 1 || q.Used != 1 {
			t.Errorf("%s: %d of %d", q.Type.Value(), q.Used, q.Quota)
		}
	}
	limits := must(c.ecs(t).ShowServerLimits(&ecsmodel.ShowServerLimitsRequest{}))(t).Absolute
	if limits.TotalInstancesUsed != 1 || limits.MaxTotalInstances != 1 || limits.TotalCoresUsed != 2 || limits.TotalRAMUsed != 4096 {
		t.Errorf("limits %+v", limits)
	}

	_, err := c.vpc(t).CreateVpc(vpcOf("second", "10.0.0.0/16"))
	refused(t, err, 409, "VPC.0114")
	_, err = c.vpc(t).CreateSubnet(subnetOf(vpcID, "192.168.2.0/24", "192.168.2.1"))
	refused(t, err, 409, "VPC.0114")
	_, err = c.ecs(t).CreateServers(serverOf("second", vpcID, subnetID))
	refused(t, err, 403, "Ecs.0001")
}

func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *sdkerr.ServiceResponseError
	if !errors.As(err, &e) || e.StatusCode != status || e.ErrorCode != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func TestFlavorsThatAreNotForSale(t *testing.T) {
	c := start(t)
	vpcID, subnetID := c.network(t)
	show := func(id string) []ecsmodel.Flavor {
		return *must(c.ecs(t).ListFlavors(&ecsmodel.ListFlavorsRequest{FlavorId: &id}))(t).Flavors
	}
	if f := show("s2.large.2"); len(f) != 1 || f[0].Vcpus != "2" || f[0].Ram != 4096 || *f[0].OsExtraSpecs.Condoperationstatus != "normal" {
		t.Errorf("flavor %+v", f)
	}
	if f := show("none"); len(f) != 0 {
		t.Errorf("flavor %+v", f)
	}
	if err := c.Set(t.Context(), emulator.Settings{Flavors: map[string]string{"s2.large.2": emulator.FlavorSellout}}); err != nil {
		t.Fatal(err)
	}
	if f := show("s2.large.2"); *f[0].OsExtraSpecs.Condoperationstatus != "sellout" {
		t.Errorf("flavor %+v", f)
	}
	_, err := c.ecs(t).CreateServers(serverOf("web", vpcID, subnetID))
	refused(t, err, 400, "Ecs.0019")
	if all := *must(c.ecs(t).ListFlavors(&ecsmodel.ListFlavorsRequest{}))(t).Flavors; len(all) < 5 {
		t.Errorf("flavors %v", all)
	}
}

func TestSettingsOverHTTP(t *testing.T) {
	c := start(t)
	if status, body := c.put(t, `{"quotas": {"instance": 0}}`); status != 200 || !strings.Contains(body, `"vpc": 50`) {
		t.Errorf("%d %s", status, body)
	}
	quotas := *must(c.bcs(t).ListQuotas(&bcsmodel.ListQuotasRequest{}))(t).Resources
	if *quotas[0].Quota != 0 || *quotas[0].Free != 0 {
		t.Errorf("quotas %v", quotas)
	}
	for _, body := range []string{`{"quotas": {"cats": 1}}`, `{"quotas": {"vpc": -1}}`, `{"flavors": {"s6.large.2": "cheap"}}`, `{"x": 1}`, `[`} {
		if status, _ := c.put(t, body); status != 400 {
			t.Errorf("%s: %d", body, status)
		}
	}
	s, err := c.Settings(t.Context())
	if err != nil || s.Quotas[emulator.QuotaInstances] != 0 || s.Quotas[emulator.QuotaVPCs] != 50 {
		t.Errorf("settings %v, %v", s, err)
	}
	objects, err := c.Objects(t.Context())
	if err != nil || len(objects) != 0 {
		t.Errorf("settings are listed as objects: %v, %v", objects, err)
	}
}
