package hbs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

const (
	chainContracts = show + "/chain/contracts"
	install        = "POST huaweicloudchain/instances/" + id + "/chain/contract"
	scanned        = show + "/chain/contract/report"
)

// listedContract is the contract in a state of its installation and of its scan.
func listedContract(version, status string, scan int) string {
	return fmt.Sprintf(`{"count":1,"contracts":[{"name":"trade","version":%q,"type":"go","status":%q,"failed_message":"","description":"",
		"chain_id":"ledger-1","install_orgs":["alpha-1"],"endorse_orgs":["alpha-1"],"endorse_policy":"OR","file_hash_code":"d1",
		"security_check":true,"security_check_status":%d,"install_time":"2022-04-29T01:30:50Z"}]}`, version, status, scan)
}

func tradeRequest(version string) *providers.Request {
	req := creation("HBS.Contract", map[string]any{
		"instanceId": id, "name": "trade", "version": version, "type": "go", "installOrgs": []any{"alpha"}, "endorseOrgs": []any{"alpha"},
		"endorsePolicy": "OR", "securityCheck": true, "description": "", "byteCode": "x",
	})
	return req
}

const noContracts = `{"count":0,"contracts":[]}`

// The step ends with the scan: with what it has found, or as failed by it.
func TestContractScan(t *testing.T) {
	report := string(providertest.Zip(t, "report.json", []byte(`{"problems":["a map is iterated","the clock is read"]}`)))
	list := func(last string) []string {
		return []string{noContracts, listedContract("1.0", "Installing", 0), listedContract("1.0", "Success", 1), last}
	}
	t.Run("finished", func(t *testing.T) {
		_, reg := start(t, map[string][]string{
			chainContracts: list(listedContract("1.0", "Success", 2)), orgs: {org("alpha", "Available")}, install: {`{"result":"success"}`}, scanned: {report},
		})
		p, err := providertest.Drive(t.Context(), reg["HBS.Contract"], tradeRequest("1.0"), providers.Operation{}, false)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]any{"a map is iterated", "the clock is read"}, p.Object.Attributes["scanFindings"]); d != "" || p.Object.Attributes["scanStatus"] != "finished" {
			t.Errorf("%v %s", p.Object.Attributes["scanStatus"], d)
		}
	})
	for name, answer := range map[string]string{"failed": report, "failed without a report": "4001045"} {
		t.Run(name, func(t *testing.T) {
			_, reg := start(t, map[string][]string{
				chainContracts: list(listedContract("1.0", "Success", 3)), orgs: {org("alpha", "Available")}, install: {`{"result":"success"}`}, scanned: {answer},
			})
			p, err := providertest.Drive(t.Context(), reg["HBS.Contract"], tradeRequest("1.0"), providers.Operation{}, false)
			e := providertest.Failure(t, err)
			if e.Kind != providers.Failed || !strings.Contains(e.Message, "the security scan of version 1.0 of the contract trade failed") {
				t.Errorf("%s: %v", e.Kind, e)
			}
			if told := strings.Contains(e.Message, "a map is iterated; the clock is read"); told != (name == "failed") {
				t.Errorf("findings told %v: %s", told, e.Message)
			}
			if n := len(p.Substeps); n != 2 || p.Substeps[1].Status != "failed" {
				t.Errorf("parts %v", p.Substeps)
			}
		})
	}
}

// A contract whose scan failed may be replaced by another version, not by the same.
func TestContractAfterAScanThatFailed(t *testing.T) {
	_, reg := start(t, map[string][]string{chainContracts: {listedContract("1.0", "Success", 3)}})
	_, err := reg["HBS.Contract"].Advance(t.Context(), tradeRequest("1.0"), providers.Operation{}, false)
	if e := providertest.Failure(t, err); e.Kind != providers.Conflict {
		t.Errorf("the same version: %v", err)
	}
	if p, err := reg["HBS.Contract"].Advance(t.Context(), tradeRequest("1.1"), providers.Operation{}, false); err != nil || p.Next.Note["before"] == "" {
		t.Errorf("another one: %+v, %v", p, err)
	}
}

// While somebody else installs a version it is waited for.
func TestContractBusy(t *testing.T) {
	_, reg := start(t, map[string][]string{chainContracts: {listedContract("0.9", "Installing", 0)}, orgs: {org("alpha", "Available")}})
	req := tradeRequest("1.0")
	req.Action, req.ObjectID, req.Prior = providers.Update, id+"/trade", tradeRequest("0.8").Properties
	_, err := reg["HBS.Contract"].Advance(t.Context(), req, providers.Operation{}, false)
	if e := providertest.Failure(t, err); e.Kind != providers.Busy || !e.Retryable() {
		t.Errorf("%s: %v", e.Kind, err)
	}
}
