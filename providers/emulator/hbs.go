package emulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// Codes that HBS answers with. Its texts name none, so where BCS, behind whose
// gateway it lives, has a code of the same meaning, that one is used. The rest
// is the emulator's own: HBS., the status, a number.
const (
	hbsWrongKind  = "HBS.4000001" // the call serves another kind, or another mode
	hbsNoRoom     = "HBS.4000002" // the edition has no more organizations
	hbsNewest     = "HBS.4000003" // nothing to upgrade to
	hbsWrongSaved = "HBS.4000004" // the backup can't be restored like this
	hbsContract   = "HBS.4000005" // the contract can't be installed like this
	hbsRunning    = "HBS.4000006" // the job hasn't ended
	hbsMissing    = "HBS.4040001" // no such organization, job, contract and so on
	hbsUnpaid     = "HBS.4090001" // nothing happens before somebody pays
)

// Codes of the plugin for end-to-end encryption, all of them the emulator's own.
const (
	e2eeBadRequest = "E2EE.4000001"
	e2eeNoTarget   = "E2EE.4000002" // no such organization
	e2eeNoMessage  = "E2EE.4000003" // no such transaction, or not for this organization
)

// The kinds of instances.
const (
	kindHuaweiChain = "HuaweiCloudChain"
	kindBesu        = "Besu"
)

// The modes of instances.
const (
	modeCloud = "Cloud"
	modeEdge  = "Edge"
)

// hbsService is the blockchain engine: /v2/{project_id}/huaweicloudchain/...,
// /v2/{project_id}/besu/..., the tags beside them, and the encryption plugin.
func hbsService() *service {
	return &service{
		name: "hbs",
		owns: ownsHBS,
		operations: map[string]handler{
			"ShowServerInfo":        showServerInfo,
			"ShowResourcePrice":     showResourcePrice,
			"ShowDashboard":         showDashboard,
			"ShowHuaweiChainJob":    showHBSJob,
			"ListHuaweiChainJobs":   listHBSJobs,
			"DeleteHuaweiChainJobs": deleteHBSJobs,
			"CreateInstance":        createHBSInstance,
			"ListInstances":         listHBSInstances,
			"ShowInstance":          showHBSInstance,
			"UpdateInstance":        func(c *call) (reply, error) { return upgradeEngine(c, kindHuaweiChain) },
			"UpdateBesuInstance":    func(c *call) (reply, error) { return upgradeEngine(c, kindBesu) },
			"CreateOrganization":    createHBSOrganizations,
			"ListOrganizations":     listHBSOrganizations,
			"ShowOrganization":      showHBSOrganization,

			"ShowBlockchain":        showBlockchain,
			"ListBlocks":            func(c *call) (reply, error) { return listBlocksAs(c, kindHuaweiChain, chainBlock) },
			"ShowBlock":             func(c *call) (reply, error) { return showBlockAs(c, kindHuaweiChain, chainBlock) },
			"ListTransactions":      func(c *call) (reply, error) { return transactionsAs(c, kindHuaweiChain, chainTransaction) },
			"ShowTransaction":       showChainTransaction,
			"ListBlockAndTxResult":  showTrend,
			"DownloadSdkConfigFile": downloadSDKConfig,

			"InstallContractNew": installContract,
			"ShowContractNew":    showContract,
			"ListContractsNew":   listContracts,
			"ShowContractReport": showReport,

			"CreateEndpoint":      createEndpoint,
			"ListEndpoints":       listEndpoints,
			"ShowEndpointService": showEndpointService,

			"ListResourceTags":   listTags,
			"CreateResourceTags": createTags,
			"DeleteResourceTags": deleteTags,

			"CreateBackups":       createBackup,
			"ShowAutoBackupRules": showBackupRule,
			"ListBackups":         listBackups,
			"DeleteBackups":       deleteBackup,
			"ListRestoreBackups":  listRestorable,
			"ShowRestoreBackups":  showRestorable,

			"CreateBesuContracts":  deployBesuContract,
			"ListBesuContracts":    listBesuContracts,
			"ShowBesuBlock":        func(c *call) (reply, error) { return showBlockAs(c, kindBesu, besuBlock) },
			"ListBesuBlocks":       func(c *call) (reply, error) { return listBlocksAs(c, kindBesu, besuBlock) },
			"ShowBesuTransaction":  showBesuTransaction,
			"ListBesuTransactions": listBesuTransactions,
			"CreateBesuTokens":     createBesuToken,
			"ListBesuTokens":       listBesuTokens,
			"DeleteBesuTokens":     deleteBesuToken,
			"DownloadCerts":        downloadBesuCerts,
			"ShowBesuBlockchain":   showBesuChain,

			"EncryptMessageForOrgUser": encryptMessage,
			"DecryptMessageForOrgUser": decryptMessage,
		},
		settle: map[string]settler{
			kindHBSJob:        settleHBSJob,
			kindHBSContract:   settleContract,
			kindHBSEndpoint:   settleEndpoint,
			kindHBSBackupWork: settleBackup,
			kindHBSAutomatic:  settleAutomatic,
			kindBesuContract:  settleBesuContract,
		},
		errorShape: shapeHBS,
		plain:      bcsPlain,
		violation:  hbsViolation,
		relax:      relaxHBS,
	}
}

// ownsHBS tells the paths of HBS from those of BCS, with which it shares host
// and version. The resource type in front of tags is its own to refuse.
func ownsHBS(segments []string) bool {
	switch {
	case len(segments) >= 2 && segments[0] == "v1" && segments[1] == "e2ee":
		return true
	case len(segments) < 3 || segments[0] != "v2":
		return false
	}
	return segments[2] == "huaweicloudchain" || segments[2] == "besu" || len(segments) > 4 && segments[4] == "tags"
}

// shapeHBS has all four members that the texts list; the plugin has two.
func shapeHBS(e *apiError, requestID string) any {
	if strings.HasPrefix(e.code, "E2EE.") {
		return shapeErrorCode(e, requestID)
	}
	return map[string]string{
		"code": strconv.Itoa(e.status), "error_code": e.code, "error_msg": e.message, "message": e.message,
	}
}

// e2eeFields are the fields that only requests to the plugin have.
var e2eeFields = []string{"target_org_ids", "message", "up_to_chain", "update_group_key", "transaction_id"}

func hbsViolation(v violation) *apiError {
	switch {
	case v.in == "body" && slices.Contains(e2eeFields, v.field):
		return refuse(e2eeBadRequest, "Invalid parameter %s: %s", v.field, v.reason)
	case v.field == "":
		return refuse(bcsBadRequest, "Invalid request information: %s", v.reason)
	}
	return badParameter(v.field, v.reason)
}

// relaxHBS lets in what the texts promise elsewhere: a signature in place of the
// token that every table calls mandatory, the spelling of a type of backups that
// only the example has, and archives of any media type, for they name none.
func relaxHBS(c *contract) {
	for _, r := range c.routes {
		if body := r.route.Operation.RequestBody; body != nil && body.Value.Content[mediaForm] != nil {
			body.Value.Content[mediaForm].Encoding = nil
		}
	}
	if p := c.doc.Components.Parameters["XAuthToken"]; p != nil {
		p.Value.Required = false
	}
	if s := c.doc.Components.Schemas["BackupType"]; s != nil {
		s.Value.Enum = append(s.Value.Enum, autoBackupInExample)
	}
	for _, name := range []string{"ResourceTag", "ResourceTagForDelete"} {
		relaxPattern(c.doc.Components.Schemas[name])
	}
}

// relaxPattern leaves the form of tags to the handler, which knows all of it.
func relaxPattern(s *openapi3.SchemaRef) {
	if s != nil && s.Value.Properties["key"] != nil {
		s.Value.Properties["key"].Value.Pattern = ""
	}
}

// mediaForm is the media type of uploads.
const mediaForm = "multipart/form-data"

// autoBackupInExample is how the example of the texts spells AutoBackup.
const autoBackupInExample = "autoBackup"

// defaultPage is how many entries a page has if nobody says.
const defaultPage = 10

// cut takes a page out of a list by offset and limit, which count entries.
func cut[T any](c *call, list []T) ([]T, error) {
	offset, err := c.pageQuery("offset", 0, 0)
	if err != nil {
		return nil, err
	}
	limit, err := c.pageQuery("limit", defaultPage, 1)
	if err != nil {
		return nil, err
	}
	from := min(offset, len(list))
	return list[from : min(len(list)-from, limit)+from], nil
}

func (c *call) pageQuery(name string, or, least int) (int, error) {
	n := c.intQuery(name, or)
	if n < least {
		return 0, badParameter(name, "must be at least "+strconv.Itoa(least))
	}
	return n, nil
}

// newestFirst is the order of lists.
func newestFirst[T document](list []T) {
	slices.SortStableFunc(list, func(a, b T) int {
		x, y := a.object(), b.object()
		if n := y.Created.Compare(x.Created); n != 0 {
			return n
		}
		return strings.Compare(x.ID, y.ID)
	})
}

// hbsTime is how HBS writes a time; "" for none.
func hbsTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func missing(what, name string) error {
	return refuse(hbsMissing, "The %s %s does not exist.", what, name).withStatus(http.StatusNotFound)
}

// succeeded is the answer of calls that tell nothing else.
func succeeded() (reply, error) { return answer(map[string]string{"result": "success"}) }
