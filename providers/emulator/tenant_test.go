package emulator_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	bcs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// as is the BCS client of a tenant.
func (c *cloud) as(t *testing.T, tenant string) *bcs.BcsClient {
	t.Helper()
	env := c.Projects()[tenant]
	cred, err := basic.NewCredentialsBuilder().WithAk(env["HW_ACCESS_KEY"]).WithSk(env["HW_SECRET_KEY"]).
		WithProjectId(env["HW_PROJECT_ID"]).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	return bcs.NewBcsClient(client(t, bcs.BcsClientBuilder(), c.url, cred))
}

// Two tenants share a cloud, and see nothing of each other.
func TestTenantsAreApart(t *testing.T) {
	c := start(t, func(o *emulator.Options) { o.InstanceQuota = 1 })
	ours, theirs := c.bcs(t), c.as(t, emulator.PartnerUserName)
	id := c.order(t, ours, orderOf("ledger"))

	if n := *must(theirs.ListBlockchains(&model.ListBlockchainsRequest{}))(t).Count; n != 0 {
		t.Errorf("the other tenant sees %d instances", n)
	}
	_, err := theirs.ShowBlockchainDetail(&model.ShowBlockchainDetailRequest{BlockchainId: id})
	wantCode(t, err, 400, "BCS.4001011")
	_, err = theirs.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id})
	wantCode(t, err, 400, "BCS.4001202")
	if n := *must(theirs.ListOpRecord(&model.ListOpRecordRequest{}))(t).Count; n != 0 {
		t.Errorf("the other tenant sees %d records", n)
	}

	// Names and quotas are of each project, and so is what is recorded.
	other := c.order(t, theirs, orderOf("ledger"))
	record := (*must(theirs.ListOpRecord(&model.ListOpRecordRequest{}))(t).OperationRecords)[0]
	if *record.ProjectId != emulator.PartnerProjectID || *record.DomainId != emulator.PartnerDomainID || *record.BlockchainId != other {
		t.Errorf("record of %s/%s on %s", *record.DomainId, *record.ProjectId, *record.BlockchainId)
	}
	if err := c.Set(t.Context(), emulator.Settings{Quotas: map[string]int{emulator.QuotaInstances: 7}}); err != nil {
		t.Fatal(err)
	}
	for _, api := range []*bcs.BcsClient{ours, theirs} {
		q := (*must(api.ListQuotas(&model.ListQuotasRequest{}))(t).Resources)[0]
		if *q.Quota != 7 || *q.Used != 1 {
			t.Errorf("quota %d, used %d", *q.Quota, *q.Used)
		}
	}
}

// Whose key or token it is decides which project opens.
func TestTenantsCredentials(t *testing.T) {
	c := start(t)
	partner := c.Projects()[emulator.PartnerUserName]
	mixed, err := basic.NewCredentialsBuilder().WithAk(partner["HW_ACCESS_KEY"]).WithSk(partner["HW_SECRET_KEY"]).
		WithProjectId(emulator.DefaultProjectID).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	_, err = bcs.NewBcsClient(client(t, bcs.BcsClientBuilder(), c.url, mixed)).ListBlockchains(&model.ListBlockchainsRequest{})
	wantCode(t, err, 403, "BCS.4030403")
	swapped, err := basic.NewCredentialsBuilder().WithAk(partner["HW_ACCESS_KEY"]).WithSk(emulator.DefaultSecretKey).
		WithProjectId(emulator.PartnerProjectID).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	_, err = bcs.NewBcsClient(client(t, bcs.BcsClientBuilder(), c.url, swapped)).ListBlockchains(&model.ListBlockchainsRequest{})
	wantCode(t, err, 401, "BCS.4010401")

	resp := raw(t, http.MethodPost, c.url+"/v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"`+
		emulator.PartnerUserName+`","password":"`+emulator.PartnerPassword+`"}}}}}`, "Content-Type", "application/json")
	token := resp.Header.Get("X-Subject-Token")
	for path, want := range map[string]int{
		"/v2/" + emulator.PartnerProjectID + "/quotas": 200,
		"/v2/" + emulator.DefaultProjectID + "/quotas": 403,
	} {
		if got := raw(t, http.MethodGet, c.url+path, "", "X-Auth-Token", token).StatusCode; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/v3/projects":     emulator.PartnerProjectID,
		"/v3/auth/domains": emulator.PartnerDomainID,
	} {
		body := string(must(io.ReadAll(raw(t, http.MethodGet, c.url+path, "", "X-Auth-Token", token).Body))(t))
		if !strings.Contains(body, want) || strings.Contains(body, emulator.DefaultProjectID) || strings.Contains(body, emulator.DefaultDomainID) {
			t.Errorf("%s: %s", path, body)
		}
	}
}

// Tenants that could not be told apart are refused.
func TestTenantsOfOptions(t *testing.T) {
	third := emulator.Tenant{Name: "third", Password: "p", AccessKey: "a", SecretKey: "s", ProjectID: "1", DomainID: "2", UserID: "3"}
	for name, change := range map[string]func(*emulator.Tenant){
		"name":       func(t *emulator.Tenant) { t.Name = emulator.DefaultUserName },
		"access key": func(t *emulator.Tenant) { t.AccessKey = emulator.DefaultAccessKey },
		"project":    func(t *emulator.Tenant) { t.ProjectID = "" },
		"secret key": func(t *emulator.Tenant) { t.SecretKey = "" },
	} {
		broken := third
		change(&broken)
		_, err := emulator.Open(context.Background(), emulator.Options{Contracts: shared, Partners: []emulator.Tenant{broken}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(start(t, func(o *emulator.Options) { o.Partners = []emulator.Tenant{third} }).Projects()); got != 2 {
		t.Errorf("%d projects", got)
	}
}
