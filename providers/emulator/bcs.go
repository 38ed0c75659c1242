package emulator

import (
	"net/http"
	"regexp"
)

// Codes of BCS that the emulator answers with (API reference 1.7.2 and the
// examples of 1.5).
const (
	bcsCreating       = "BCS.4001001"
	bcsUpgrading      = "BCS.4001002"
	bcsDeleting       = "BCS.4001003"
	bcsNotFound       = "BCS.4001011"
	bcsNameTaken      = "BCS.4001018"
	bcsBusy           = "BCS.4001020"
	bcsNoNotification = "BCS.4001036"
	bcsNotDeclined    = "BCS.4001040"
	bcsAccepting      = "BCS.4001044"
	bcsWeakPassword   = "BCS.4001045"
	bcsWrongScale     = "BCS.4001051"
	bcsQuotaUsedUp    = "BCS.4001061" // the emulator's choice: no source names one
	bcsTenantLimit    = "BCS.4001062"
	bcsInviteeFull    = "BCS.4001063"
	bcsNoCluster      = "BCS.4001106"
	bcsMetricName     = "BCS.4001108"
	bcsClusterAsleep  = "BCS.4001123"
	bcsConsortiumBusy = "BCS.4001196"
	bcsGone           = "BCS.4001202" // of a deletion
	bcsNoFlavor       = "BCS.4001212"
	bcsAsleep         = "BCS.4001234"
	bcsWrongOrg       = "BCS.4001245"
	bcsChannelInUse   = "BCS.4001249"
	bcsWrongIEFNode   = "BCS.4001708"
	bcsFewIEFNodes    = "BCS.4001717"
	bcsAccepted       = "BCS.4001999"
	bcsNotForEdge     = "BCS.4004021"
	bcsMetricOrg      = "BCS.4004024"
	bcsBadRequest     = "BCS.4004025"
	bcsQueryFailed    = "BCS.4004029"
	bcsInviteStatus   = "BCS.4006003"
	bcsChannel        = "BCS.4006012"
	bcsBadParameter   = "BCS.4006014"
	bcsInvitedBefore  = "BCS.4006025"
	bcsInvitedPartly  = "BCS.4006026"
	bcsCertificate    = "BCS.4006036"
	bcsClusterTaken   = "BCS.4006039"
	bcsChannelFull    = "BCS.4009103"
	bcsUnauthorized   = "BCS.4010401"
	bcsForbidden      = "BCS.4030403"
	bcsUnknownURL     = "BCS.4040404"
	bcsInternal       = "BCS.5000500"
)

// bcsService is the blockchain service: /v2/{project_id}/..., but for what is of
// HBS and BSS.
func bcsService() *service {
	return &service{
		name: "bcs",
		owns: func(segments []string) bool { return segments[0] == "v2" && !ownsHBS(segments) && !ownsBSS(segments) },
		operations: map[string]handler{
			"CreateNewBlockchain":            createBlockchain,
			"ListBlockchains":                listBlockchains,
			"ShowBlockchainStatus":           showBlockchainStatus,
			"ShowBlockchainDetail":           showBlockchainDetail,
			"ShowBlockchainNodes":            showBlockchainNodes,
			"UpdateInstance":                 updateInstance,
			"DeleteBlockchain":               deleteBlockchain,
			"BatchCreateChannels":            createChannels,
			"ListBlockchainChannels":         listChannels,
			"BatchAddPeersToChannel":         addPeersToChannel,
			"BatchRemoveOrgsFromChannel":     removeOrgsFromChannel,
			"BatchRemovePeersFromChannel":    removePeersFromChannel,
			"DeleteChannel":                  deleteChannel,
			"DownloadBlockchainCert":         downloadCertificates,
			"CreateBlockchainCertByUserName": createUserCertificate,
			"FreezeCert":                     func(c *call) (reply, error) { return freezeCertificate(c, true) },
			"UnfreezeCert":                   func(c *call) (reply, error) { return freezeCertificate(c, false) },
			"ListQuotas":                     listQuotas,
			"ShowBlockchainFlavors":          showFlavors,
			"DownloadBlockchainSdkConfig":    downloadClientConfig,
			"ListOpRecord":                   listOperations,
			"BatchInviteMembersToChannel":    inviteMembers,
			"DeleteMemberInvite":             deleteInvitations,
			"ListMembers":                    listMembers,
			"ListNotifications":              listNotifications,
			"HandleNotification":             handleNotification,
			"HandleUnionMemberQuitList":      quitConsortium,
			"ListBcsEvents":                  listEvents,
			"ListBcsEventsStatistic":         listEventStatistics,
			"ListBcsMetric":                  listInstanceMetrics,
			"ListEntityMetric":               listEntityMetrics,
			"ListInstanceMetric":             listPodMetrics,
		},
		settle:     map[string]settler{kindOperation: settleOperation},
		errorShape: shapeErrorCode,
		plain:      bcsPlain,
		violation:  bcsViolation,
		relax:      relaxBCS,
	}
}

// bcsPlain is what BCS says for a bare status.
func bcsPlain(status int) *apiError {
	known := map[int]apiError{
		http.StatusUnauthorized:        {code: bcsUnauthorized, message: "Incorrect token or token resolution failed"},
		http.StatusForbidden:           {code: bcsForbidden, message: "No permissions to request this method"},
		http.StatusNotFound:            {code: bcsUnknownURL, message: "Not Found:the url is not found"},
		http.StatusInternalServerError: {code: bcsInternal, message: "Internal Server Error"},
	}
	e, ok := known[status]
	if !ok {
		return gatewayError(status)
	}
	e.status = status
	return &e
}

// bcsViolation gives a broken contract its code: the rules of channels and metrics
// have one of their own, a body that cannot be used at all another, and
// everything else is a bad parameter.
func bcsViolation(v violation) *apiError {
	switch {
	case v.field == "channel_name":
		return refuse(bcsChannel, "Invalid channel name: %s", v.reason)
	case v.field == "metric_names":
		return refuse(bcsMetricName, "metric names is wrong")
	case v.field == "":
		return refuse(bcsBadRequest, "Invalid request information: %s", v.reason)
	}
	return badParameter(v.field, v.reason)
}

// badParameter refuses one field or parameter.
func badParameter(name, reason string) *apiError {
	return refuse(bcsBadParameter, "Invalid Parameter %s: %s", name, reason)
}

// relaxBCS takes the bounds from node_count of an update: its literal 1 to 2
// clashes with the 5 peers of the enterprise edition, and a removal ignores
// it. The handler keeps the limit of the edition and answers with its code.
func relaxBCS(c *contract) {
	orgs := c.doc.Components.Schemas["NodeOrgs"]
	if orgs == nil || orgs.Value.Properties["node_count"] == nil {
		return
	}
	count := orgs.Value.Properties["node_count"].Value
	count.Min, count.Max = nil, nil
}

// edition holds the limits of a version_type.
type edition struct {
	peersPerOrg int
	channels    int
	minDiskGB   int
}

// editions by version_type (user guide 1.4.1 and 1.5, API 1.5.1.1). Channels
// of the basic edition are the emulator's choice.
func editionOf(versionType int) edition {
	switch versionType {
	case 3: // enterprise
		return edition{peersPerOrg: 5, channels: 4, minDiskGB: 500}
	default: // 2 professional, 4 basic
		return edition{peersPerOrg: 2, channels: 2, minDiskGB: 100}
	}
}

// The forms of names (API 1.5.1.1, 1.5.1.4, 1.5.1.5).
var (
	nameForm    = regexp.MustCompile(`^[A-Za-z0-9一-龥][A-Za-z0-9一-龥-]{3,23}$`)
	channelForm = regexp.MustCompile(`^[a-z][a-z0-9]{2,22}[a-z0-9]$`)
	uuidForm    = regexp.MustCompile(`^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)
)

// reservedChannel is a name that the console refuses.
const reservedChannel = "testchainid"
