package bcs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Editions (version_type).
const (
	editionProfessional = 2
	editionEnterprise   = 3
	editionBasic        = 4
)

// The properties of an instance that are not part of the order.
var deleteFlags = []string{"deleteStorage", "deleteObs", "deleteResource", "deleteIef"}

// order makes the body of CreateNewBlockchain from the properties of an
// instance. Every default is sent: what the service assumes for a field that
// is left out is mostly not documented.
func order(properties map[string]any) (*model.CreateRequestBody, error) {
	fields := make(map[string]any, len(properties))
	for k, v := range properties {
		fields[k] = v
	}
	for _, k := range deleteFlags {
		delete(fields, k)
	}
	text, err := json.Marshal(wire(fields))
	if err != nil {
		return nil, fmt.Errorf("encode the order: %w", err)
	}
	body := &model.CreateRequestBody{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(body); err != nil {
		// The decoder's errors name fields and types, never values.
		return nil, &providers.Error{Kind: providers.Invalid, Operation: "CreateNewBlockchain", Message: "the properties do not make an order: " + err.Error()}
	}
	complete(body)
	return body, nil
}

// wire turns the keys of properties, which are in camelCase, into those of the
// API, which are in snake_case.
func wire(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[snake(k)] = wire(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = wire(e)
		}
		return out
	}
	return v
}

func snake(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// complete fills in the defaults, among them those that depend on other fields
// and therefore can't stand in the catalogue.
func complete(b *model.CreateRequestBody) {
	fill(&b.FabricVersion, "2.2")
	fill(&b.BlockchainType, "private")
	fill(&b.Consensus, "etcdraft")
	fill(&b.SignAlgorithm, "ECDSA")
	fill(&b.VolumeType, "efs")
	fill(&b.DatabaseType, "goleveldb")
	fill(&b.UseEip, false)
	fill(&b.PeerOrgs, []model.OrgPeer{})
	if b.EnterpriseProjectId == "" {
		b.EnterpriseProjectId = "0"
	}
	if b.ClusterType == "" {
		b.ClusterType = "cce"
	}
	fill(&b.OrgDiskSize, leastDisk(b))
	if !val(b.IsInvitee) {
		switch *b.Consensus {
		case "etcdraft":
			fill(&b.OrdererNodeNumber, 3)
		case "SFLIC":
			fill(&b.OrdererNodeNumber, 4)
		}
	}
	if *b.VolumeType == "efs" {
		fill(&b.TurboInfo, model.TurboInfo{ShareType: "STANDARD", Type: "efs-ha", ResourceSpecCode: "sfs.turbo.standard"})
	}
}

// leastDisk is the smallest storage of an organization in GB.
func leastDisk(b *model.CreateRequestBody) int64 {
	if b.VersionType == editionEnterprise {
		return 500
	}
	return 100
}

func fill[T any](field **T, v T) {
	if *field == nil {
		*field = &v
	}
}

// checkOrder holds an order against the rules between its fields (contract,
// x-rules of CreateNewBlockchain), all at once and before anything is bought.
func checkOrder(b *model.CreateRequestBody) error {
	var problems []string
	need := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	invitee := val(b.IsInvitee)
	need(*b.VolumeType != "evs" || b.EvsDiskType != nil, "volumeType evs needs evsDiskType")
	need(*b.OrgDiskSize >= leastDisk(b), "orgDiskSize has to be at least %d with versionType %d", leastDisk(b), b.VersionType)
	need(*b.DatabaseType != "couchdb" || b.CouchdbInfo != nil, "databaseType couchdb needs couchdbInfo")
	need(invitee || *b.FabricVersion == "2.2", "fabricVersion has to be 2.2 unless isInvitee is true")
	need(invitee == (b.InvitorInfos != nil), "isInvitee and invitorInfos belong together")
	problems = append(problems, checkConsensus(b)...)
	problems = append(problems, checkPlace(b)...)
	if len(problems) == 0 {
		return nil
	}
	return &providers.Error{
		Kind:      providers.Invalid,
		Operation: "CreateNewBlockchain",
		Message:   strings.Join(problems, "; "),
		Advice:    "Correct the properties; nothing was ordered.",
	}
}

// checkConsensus checks algorithm, Fabric version and number of orderers.
func checkConsensus(b *model.CreateRequestBody) []string {
	var problems []string
	algorithm, orderers := *b.Consensus, val(b.OrdererNodeNumber)
	if old := strings.HasPrefix(*b.FabricVersion, "1."); old && algorithm == "etcdraft" || !old && algorithm == "solo" {
		problems = append(problems, fmt.Sprintf("consensus %s does not go with fabricVersion %s", algorithm, *b.FabricVersion))
	}
	if b.OrdererNodeNumber == nil {
		return problems
	}
	if algorithm == "etcdraft" && orderers != 3 {
		problems = append(problems, "ordererNodeNumber has to be 3 with consensus etcdraft")
	}
	// The reference says 4, the user guide (1.4.1) 4 to 10.
	if algorithm == "SFLIC" && (orderers < 4 || orderers > 10) {
		problems = append(problems, "ordererNodeNumber has to be 4 to 10 with consensus SFLIC")
	}
	return problems
}

// checkPlace checks what the network is to run on.
func checkPlace(b *model.CreateRequestBody) []string {
	var problems []string
	if b.ClusterType == "ief" {
		if len(val(b.IefNodesInfo)) == 0 || len(val(b.PeerOrgs)) == 0 {
			problems = append(problems, "clusterType ief needs iefNodesInfo and peerOrgs")
		}
		return problems
	}
	if b.CreateNewCluster && b.CceCreateInfo == nil {
		problems = append(problems, "createNewCluster true needs cceCreateInfo")
	}
	if !b.CreateNewCluster && b.CceClusterInfo == nil {
		problems = append(problems, "createNewCluster false needs cceClusterInfo")
	}
	return problems
}

// secretsOf lists what must not appear in an error about the order.
func secretsOf(b *model.CreateRequestBody) []string {
	secrets := []string{b.ResourcePassword}
	if b.CouchdbInfo != nil {
		secrets = append(secrets, b.CouchdbInfo.Password)
	}
	if b.CceCreateInfo != nil {
		secrets = append(secrets, b.CceCreateInfo.InitNodePwd)
	}
	return secrets
}
