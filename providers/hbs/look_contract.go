package hbs

import (
	"context"
	"net/http"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// The operations about the contracts of a chain that is not of Besu:
var (
	listContractsNew   = operation[instancePageRequest, listContractsAnswer]{name: "ListContractsNew", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain/contracts"}
	showContractNew    = operation[contractRequest, showContractAnswer]{name: "ShowContractNew", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain/contract"}
	showContractReport = operation[reportRequest, stream]{name: "ShowContractReport", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain/contract/report"}
)

type (
	contractRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Name     string `json:"name" at:"query"`
	}
	reportRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Name     string `json:"name" at:"query"`
		Language string `json:"language" at:"query"`
	}
	listContractsAnswer struct {
		Contracts []contractInfo `json:"contracts"`
		answered
	}
	showContractAnswer struct {
		contractInfo
		answered
	}
	contractInfo struct {
		Name        string   `json:"name"`
		Version     string   `json:"version"`
		Type        string   `json:"type"`
		Status      string   `json:"status"`
		Failure     string   `json:"failed_message"`
		Description string   `json:"description"`
		Chain       string   `json:"chain_id"`
		InstallOrgs []string `json:"install_orgs"`
		EndorseOrgs []string `json:"endorse_orgs"`
		Policy      string   `json:"endorse_policy"`
		SHA256      string   `json:"file_hash_code"`
		Scan        bool     `json:"security_check"` // one was asked for
		ScanStatus  int      `json:"security_check_status"`
		Installed   string   `json:"install_time"`
	}
)

// Contract is one of a chain. Those of Besu have an address instead of a name.
type Contract struct {
	Name        string    `json:"name"`
	Address     string    `json:"address"`
	Version     string    `json:"version"`
	Type        string    `json:"type"`
	Status      string    `json:"status"`
	Failure     string    `json:"failure"`
	Description string    `json:"description"`
	InstalledOn []string  `json:"installed_on"` // organizations, by their IDs on the chain
	EndorsedBy  []string  `json:"endorsed_by"`
	Policy      string    `json:"policy"` // OR: any of them endorses; AND: all do
	SHA256      string    `json:"sha256"` // of its file
	Scan        string    `json:"scan"`   // running, finished or failed; "" if none was asked for
	ABI         string    `json:"abi"`    // of Besu
	Bytecode    string    `json:"bytecode"`
	Installed   time.Time `json:"installed"`
}

// scanStates are the words for security_check_status (API reference 2.5.6.2).
var scanStates = map[int]string{1: "running", 2: "finished", 3: "failed"}

func (c *contractInfo) look() Contract {
	return Contract{
		Name: c.Name, Version: c.Version, Type: c.Type, Status: c.Status, Failure: c.Failure, Description: c.Description,
		InstalledOn: c.InstallOrgs, EndorsedBy: c.EndorseOrgs, Policy: c.Policy, SHA256: c.SHA256, Scan: scanStates[c.ScanStatus], Installed: moment(c.Installed),
	}
}

// Contracts lists those of a chain (ListContractsNew, ListBesuContracts).
func (l Look) Contracts(ctx context.Context, instance string, besu bool) ([]Contract, error) {
	if besu {
		return l.contractsOnBesu(ctx, instance)
	}
	all, err := l.contracts(ctx, instance)
	out := make([]Contract, len(all))
	for i := range all {
		out[i] = all[i].look()
	}
	return out, err
}

func (l Look) contractsOnBesu(ctx context.Context, instance string) ([]Contract, error) {
	all, err := l.besuContracts(ctx, instance)
	out := make([]Contract, len(all))
	for i, c := range all {
		out[i] = Contract{Address: c.Address, Type: "solidity", Status: c.Status, Description: c.Description, ABI: c.ABI, Bytecode: c.Bytecode, Installed: moment(c.Created)}
	}
	return out, err
}

// Contract shows the one of a name on a chain that is not of Besu
// (ShowContractNew).
func (l Look) Contract(ctx context.Context, instance, name string) (Contract, error) {
	r, err := showContractNew.read(ctx, l.api, &contractRequest{instance, name})
	if err != nil {
		return Contract{}, err
	}
	return r.look(), nil
}

// ContractReport fetches what the scan of a contract has found, a zip archive, in
// zh-cn or en-us (ShowContractReport).
func (l Look) ContractReport(ctx context.Context, instance, name, language string) ([]byte, error) {
	archive, err := fetchAgain(ctx, l.api, showContractReport, &reportRequest{instance, name, language})
	if err != nil {
		return nil, err
	}
	if !huaweicloud.IsZip(archive) {
		return nil, huaweicloud.Senseless(showContractReport.name, "the service answered without a zip archive")
	}
	return archive, nil
}
