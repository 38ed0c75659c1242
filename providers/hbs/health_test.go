package hbs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

const (
	service    = "GET huaweicloudchain/instances/" + id + "/endpoint-service"
	endpoints  = "GET huaweicloudchain/instances/" + id + "/endpoints"
	restorable = "GET huaweicloudchain/restore/backups"
	saved      = "GET huaweicloudchain/restore/backups/b1"
	contracts  = "GET besu/instances/" + id + "/chain/contracts"
)

// orgWith is a list of one organization with more than its state.
func orgWith(status, more string) string {
	return fmt.Sprintf(`{"count":1,"orgs":[{"uid":"u-alpha","name":"alpha","status":%q,%s}]}`, status, more)
}

func TestHealth(t *testing.T) {
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	for name, tt := range map[string]struct {
		typ, id string
		answers map[string][]string
		want    []string
	}{
		"an instance": {"HBS.Instance", id, map[string][]string{show: {instance("Available")}, orgs: {org("alpha", "Available")}},
			[]string{"blocks 0, transactions 0, contracts 0, organizations 1/1"}},
		"an instance that fails": {"HBS.Instance", id, map[string][]string{show: {instance("Exception")}, orgs: {org("alpha", "Unavailable")},
			jobs: {`{"jobs":[` + jobIn("Failed") + `]}`}}, []string{
			"abnormal: The instance is in state Exception. (ShowInstance)",
			"abnormal: The last job j1 (CreateInstance) failed: no room. (ListHuaweiChainJobs)",
			"abnormal: Its organization alpha is in state Unavailable: it can't be used. (ListOrganizations)",
			"blocks 0, transactions 0, contracts 0, organizations 0/1",
		}},
		"an instance that changes": {"HBS.Instance", id, map[string][]string{show: {instance("OrgCreating")}, orgs: {org("alpha", "Creating")}}, []string{
			"healthy: The instance is in state OrgCreating: organizations come or go. (ShowInstance)",
			"unknown: Its organization alpha is in state Creating: it is not ready yet. (ListOrganizations)",
			"blocks 0, transactions 0, contracts 0, organizations 0/1",
		}},
		"an instance whose organizations nobody tells": {"HBS.Instance", id, map[string][]string{show: {instance("Unpaid")}, orgs: {"4001011"}}, []string{
			"abnormal: The instance is in state Unpaid: it waits for payment. (ShowInstance)",
			"unknown: Its organizations could not be looked at: ListOrganizations: HTTP 404 BCS.4001011 refused (ListOrganizations)",
			"blocks 0, transactions 0, contracts 0",
		}},
		"an organization": {"HBS.Organization", id + "/alpha", map[string][]string{show: {instance("Available")},
			orgs: {orgWith("Available", `"capacity_info":{"total":512000,"used":102400},"countdown":{"countdown_code":"hws_countdown_period_using","countdown_tips":{"exp_time":"2099-01-01T00:00:00Z"}}`)}},
			[]string{"disk 20"}},
		"an organization that fills up": {"HBS.Organization", id + "/alpha", map[string][]string{show: {instance("Upgrading")},
			orgs: {orgWith("Available", `"capacity_info":{"total":100,"used":95}`)}}, []string{
			"abnormal: 95 % of the disk is in use. (ListOrganizations)",
			"unknown: Its instance is in state Upgrading: whether it serves meanwhile nobody says. (ShowInstance)", "disk 95",
		}},
		"paid until tomorrow": {"HBS.Organization", id + "/alpha", map[string][]string{show: {instance("Available")},
			orgs: {orgWith("Available", `"countdown":{"countdown_tips":{"exp_time":"`+tomorrow+`"}}`)}}, []string{
			"healthy: The organization is paid for until " + tomorrow + ", and not renewed by itself. (ListOrganizations)", "",
		}},
		"renewed tomorrow": {"HBS.Organization", id + "/alpha", map[string][]string{show: {instance("Available")},
			orgs: {orgWith("Available", `"order_info":{"is_auto_renew":true},"countdown":{"countdown_tips":{"exp_time":"`+tomorrow+`"}}`)}}, []string{""}},
		"not paid any more": {"HBS.Organization", id + "/alpha", map[string][]string{show: {instance("Available")},
			orgs: {orgWith("Available", `"countdown":{"countdown_code":"hws_countdown_period_gracing","countdown_tips":{"exp_time":"2022-05-01T00:00:00Z","grace_time":"2022-05-16T00:00:00Z"}}`)}}, []string{
			"abnormal: The organization is not paid for any more; it is frozen or deleted when the time of grace ends at 2022-05-16T00:00:00Z. (ListOrganizations since 2022-05-01)", "",
		}},
		"frozen": {"HBS.Organization", id + "/alpha", map[string][]string{show: {instance("Available")},
			orgs: {orgWith("Unavailable", `"countdown":{"countdown_code":"hws_countdown_period_frozen"}`)}}, []string{
			"abnormal: The organization is in state Unavailable: it can't be used. (ListOrganizations)",
			"abnormal: The organization is frozen, because its subscription has ended; it is deleted with its data. (ListOrganizations)", "",
		}},
		"seized": {"HBS.Organization", id + "/alpha", map[string][]string{show: {instance("Available")},
			orgs: {orgWith("Available", `"countdown":{"countdown_code":"hws_countdown_period_policefrozen"}`)}}, []string{
			"abnormal: The organization is frozen by the provider or by the police. (ListOrganizations)", "",
		}},
		"an endpoint": {"HBS.Endpoint", id + "/e1", map[string][]string{show: {instance("Available")}, endpoints: {`{"endpoints":[{"id":"e1"}]}`},
			service: {`{"endpoint_num":1,"endpoint_service_status":"available"}`}}, []string{""}},
		"an endpoint that leads nowhere": {"HBS.Endpoint", id + "/e1", map[string][]string{show: {instance("Unavailable")}, endpoints: {`{"endpoints":[{"id":"e1"}]}`},
			service: {`{"endpoint_num":0,"endpoint_service_status":"uncreated"}`}}, []string{
			"abnormal: The endpoint service of its instance is not there. (ShowEndpointService)",
			"abnormal: Its instance is in state Unavailable: it can't be used. (ShowInstance)", "",
		}},
		"a backup": {"HBS.Backup", "b1", map[string][]string{saved: {`{"name":"b"}`}, restorable: {`{"backups":[{"id":"b0","status":"Fail"},{"id":"b1","status":"Active","is_restored":true}]}`}},
			[]string{"healthy: It was restored, which is possible once. (ListRestoreBackups)", ""}},
		"a backup that failed": {"HBS.Backup", "b1", map[string][]string{saved: {`{"name":"b"}`}, restorable: {`{"backups":[{"id":"b1","status":"Fail","reason":"No room."}]}`}},
			[]string{"abnormal: The backup is in state Fail: it can't be restored. No room. (ListRestoreBackups)", ""}},
		"a backup that is not listed": {"HBS.Backup", "b1", map[string][]string{saved: {`{"name":"b"}`}, restorable: {`{"backups":[]}`}},
			[]string{"unknown: It is not listed among what can be restored. (ListRestoreBackups)", ""}},
		"a contract": {"HBS.BesuContract", id + "/0xa", map[string][]string{contracts: {`{"contracts":[{"address":"0xa","status":"Failed"}]}`}},
			[]string{"abnormal: The contract is in state Failed: it could not be installed. (ListBesuContracts)", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			_, reg := start(t, tt.answers)
			if d := cmp.Diff(tt.want, providertest.HealthOf(t, reg, &providers.Request{Type: tt.typ, ObjectID: tt.id})); d != "" {
				t.Error(d)
			}
		})
	}
}

// Somebody tells of each type how its objects are.
func TestHealthOfAllTypes(t *testing.T) {
	_, reg := start(t, nil)
	for _, typ := range reg.Types() {
		if _, ok := reg[typ].(providers.HealthReader); !ok {
			t.Errorf("nobody tells how %s is", typ)
		}
	}
}
