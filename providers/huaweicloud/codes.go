package huaweicloud

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// rule says what an error is and what to do about it. An empty advice stands
// for that of the kind.
type rule struct {
	kind   providers.Kind
	advice string
}

// kindAdvice is what to do where a code has no advice of its own.
var kindAdvice = map[providers.Kind]string{
	providers.Invalid:   "Correct the property that the message names, then apply again.",
	providers.NotFound:  "It was deleted outside this stack. Run plan to see what a new apply would make again.",
	providers.Conflict:  "Choose another name, or delete the object that stands in the way.",
	providers.Busy:      "Other work runs on the object; it is waited for.",
	providers.Throttled: "Too many requests. Wait, or lower --parallelism.",
	providers.Auth:      "Check HW_ACCESS_KEY, HW_SECRET_KEY and HW_PROJECT_ID, the clock of this machine, and that the user may make this call (IAM).",
	providers.Quota:     "Delete what is no longer needed, or ask for more quota in a service ticket.",
	providers.Failed:    "Look at the cluster and the object on the console, repair what is wrong there, then apply again.",
}

const checkCluster = "Check the CCE cluster and its nodes on the console, then apply again."

// rules holds the codes whose kind differs from what their status says, or for
// which there is better advice than that of the kind. BCS answers almost every
// failure with status 400 (API reference 1.7.2), so all of its codes that
// matter stand here.
var rules = map[string]rule{
	// BCS: gone.
	"BCS.4001011": {kind: providers.NotFound},
	"BCS.4001202": {kind: providers.NotFound},
	"BCS.4001036": {kind: providers.NotFound},

	// BCS: other work runs.
	"BCS.4001001": {providers.Busy, "The network is still being created; it is waited for."},
	"BCS.4001002": {providers.Busy, "The network is being upgraded; it is waited for."},
	"BCS.4001003": {providers.Busy, "The network is being deleted; it is waited for."},
	"BCS.4001020": {providers.Busy, "Another operation runs on the network, or it is abnormal. It is waited for; if that does not end, look at its status on the console."},
	"BCS.4001044": {kind: providers.Busy},
	"BCS.4001069": {providers.Busy, "A chaincode is being instantiated; it is waited for."},
	"BCS.4001109": {kind: providers.Busy},
	"BCS.4001196": {providers.Busy, "Another network of the consortium is being changed; it is waited for."},
	"BCS.4001203": {kind: providers.Busy},

	// BCS: taken.
	"BCS.4001018": {providers.Conflict, "Another network of the project has this name. Choose another one (property name)."},
	"BCS.4001249": {providers.Conflict, "The channel still has members. Remove their BCS.ChannelMembership nodes, or let organizations that joined outside this stack leave on the console."},
	"BCS.4001306": {kind: providers.Conflict},
	"BCS.4001408": {kind: providers.Conflict},
	"BCS.4006025": {kind: providers.Conflict},
	"BCS.4006039": {providers.Conflict, "A cluster serves one network only. Choose a free cluster (cceClusterInfo.clusterId)."},

	// BCS: not allowed.
	"BCS.4010401": {kind: providers.Auth},
	"BCS.4030403": {kind: providers.Auth},
	"BCS.4001032": {kind: providers.Auth},
	"BCS.4001086": {kind: providers.Auth},
	"BCS.4001307": {kind: providers.Auth},
	"BCS.4003007": {providers.Auth, "The account has not authorized CCE yet: grant it on the CCE console, then apply again."},

	// BCS: used up.
	"BCS.4001062": {kind: providers.Quota},
	"BCS.4001063": {providers.Quota, "The invitee has too many open notifications; it has to answer some."},
	"BCS.4009103": {kind: providers.Quota},

	// BCS: wrong request.
	"BCS.4001007": {providers.Invalid, "The network is billed yearly or monthly: unsubscribe it on the console."},
	"BCS.4001008": {providers.Invalid, "Bind an elastic IP to a node of the cluster, or set useEip to false."},
	"BCS.4001009": {providers.Invalid, "Bind an elastic IP to every node of the cluster, or set useEip to false."},
	"BCS.4006007": {providers.Invalid, "Bind an elastic IP to a node of the cluster, or set useEip to false."},
	"BCS.4001045": {providers.Invalid, "Give a stronger password: at least 8 characters with upper case, lower case, digits and special characters."},
	"BCS.4001171": {providers.Invalid, "Give a stronger password: at least 8 characters with upper case, lower case, digits and special characters."},
	"BCS.4001051": {providers.Invalid, "Check nodeCount against the limit of the edition, and that no channel uses the peers that shall go."},
	"BCS.4001106": {providers.Invalid, "Check cceClusterInfo.clusterId: no such cluster exists in the project."},
	"BCS.4001212": {providers.Invalid, "The flavor is not for sale. Choose another one (cceCreateInfo.nodeFlavor)."},
	"BCS.4001245": {providers.Invalid, "Check the name of the organization: it is not part of the network or the channel."},
	"BCS.4004025": {kind: providers.Invalid},
	"BCS.4006012": {kind: providers.Invalid},
	"BCS.4006014": {kind: providers.Invalid},
	"BCS.4040404": {providers.Unexpected, "Check endpoint and region: what answers there does not know this call."},
	"BCS.4009101": {providers.Unexpected, "Check endpoint and region: what answers there does not know this call."},

	// BCS: the service or what it stands on is not well.
	"BCS.4001049": {providers.Failed, checkCluster},
	"BCS.4001090": {providers.Failed, checkCluster},
	"BCS.4001123": {providers.Failed, "The cluster hibernates: wake it on the CCE console, then repeat the command."},
	"BCS.4001234": {providers.Failed, "The network hibernates or is frozen: wake it on the console and wait until it is Normal, then repeat the command."},
	"BCS.4001242": {providers.Failed, checkCluster},
	"BCS.4006005": {providers.Failed, checkCluster},

	// HBS: its texts name no codes. Where it answers with those of BCS they mean
	// the same; these are the ones that differ from what their status says.
	"BCS.4001061": {providers.Quota, "Delete an instance that is no longer needed, or ask for more quota in a service ticket."},
	"HBS.4000002": {kind: providers.Quota},
	"HBS.4090001": {providers.Failed, "An order of the instance waits for payment. Pay it, or cancel it, in the billing center of the console, then repeat the command."},

	// BSS: orders and subscriptions.
	"CBC.3002":     {providers.Busy, "Other work runs on the resource; it is waited for."},
	"CBC.30050009": {kind: providers.NotFound},

	// VPC: answered with status 409, like names that are taken, or with 400.
	"VPC.0114": {kind: providers.Quota},
	"VPC.0115": {providers.Conflict, "Another VPC of the project has this name. Choose another one (property name)."},

	// ECS: answered with status 403, like missing rights.
	"Ecs.0001": {kind: providers.Quota},

	// The API gateway in front of the services.
	"APIGW.0101": {providers.Unexpected, "Check endpoint and region: what answers there does not know this call."},
	"APIGW.0301": {kind: providers.Auth},
	"APIGW.0302": {kind: providers.Auth},
	"APIGW.0303": {kind: providers.Auth},
	"APIGW.0305": {kind: providers.Auth},
	"APIGW.0307": {kind: providers.Auth},
	"APIGW.0308": {kind: providers.Throttled},
}

// failedFaults are the BCS codes that report a fault inside the service or of
// the cluster under it (API reference 1.7.2). The call was refused or broke
// off; asking again at once would give the same.
const failedFaults = " 4001006 4001010 4001015 4001019 4001021 4001026 4001027 4001030 4001031 4001033 4001042 4001043 4001047 4001048 4001050 4001052 4001053 4001054 4001058 4001067 4001078 4001080 4001081 4001089 4001095 4001096 4001097 4001098 4001099 4001100 4001101 4001102 4001104 4001105 4001110 4001120 4001130 4001133 4001134 4001135 4001136 4001137 4001149 4001161 4001301 4001302 4001304 4001305 4001401 4001402 4001404 4001407 4001520 4001521 4001755 4004006 4004022 4006009 4006013 4006017 4006018 4006019 4006026 4006027 4006032 4006034 4006036 4006037 4006038 4006040 4009100 4009102 "

func ruleOf(code string) (rule, bool) {
	if r, ok := rules[code]; ok {
		return r, true
	}
	if number, ok := strings.CutPrefix(code, "BCS."); ok && strings.Contains(failedFaults, " "+number+" ") {
		return rule{kind: providers.Failed, advice: checkCluster}, true
	}
	return rule{}, false
}

// Known reports whether the meaning of a vendor code is known; that of another
// one was only guessed from the status.
func Known(code string) bool {
	_, ok := ruleOf(code)
	return ok
}
