package hbs

import (
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// The kinds of instances, and the algorithms that go with them.
const (
	kindChain = "HuaweiCloudChain"
	kindBesu  = "Besu"

	consensusRaft = "raft"
	consensusIBFT = "IBFT2.0"
	signECDSA     = "ecdsa_with_sha256"
)

// purchase is the body of CreateInstance.
type purchase struct {
	Name              string     `json:"name"`
	Edition           string     `json:"edition"`
	Mode              string     `json:"data_management"`
	Kind              string     `json:"type"`
	Orgs              []orgName  `json:"orgs"`
	Chain             chainInfo  `json:"chain_info"`
	Order             *orderInfo `json:"org_order_info"`
	EnterpriseProject string     `json:"enterprise_project_id"`
	Backup            string     `json:"backup_id,omitempty"`
}

// morePurchase is the body of CreateOrganization.
type morePurchase struct {
	Orgs  []orgName  `json:"orgs"`
	Order *orderInfo `json:"org_order_info"`
}

type orgName struct {
	Name string `json:"name"`
}

type chainInfo struct {
	Consensus     string `json:"consensus"`
	SignAlgorithm string `json:"sign_algorithm"`
}

// orderInfo is how organizations are bought. The only way to be charged is by
// period, in advance.
type orderInfo struct {
	ChargeMode   int64  `json:"charge_mode"`
	PeriodType   int64  `json:"period_type"`
	PeriodNum    int64  `json:"period_num"`
	AutoPay      bool   `json:"is_auto_pay"`
	AutoRenew    bool   `json:"is_auto_renew"`
	Promotion    string `json:"promotion_id,omitempty"`
	DiscountPlan string `json:"discount_plan_id,omitempty"`
}

// periodMonth is the period of orders that name none.
const periodMonth = 2

// orderProperties is orderInfo as properties.
type orderProperties struct {
	PeriodType   int64  `json:"periodType"`
	PeriodNum    int64  `json:"periodNum"`
	AutoPay      bool   `json:"isAutoPay"`
	AutoRenew    bool   `json:"isAutoRenew"`
	Promotion    string `json:"promotionId"`
	DiscountPlan string `json:"discountPlanId"`
}

// wire says all of an order, whatever the service would fill in.
func (o orderProperties) wire() *orderInfo {
	w := &orderInfo{
		PeriodType: o.PeriodType, PeriodNum: o.PeriodNum, AutoPay: o.AutoPay, AutoRenew: o.AutoRenew,
		Promotion: o.Promotion, DiscountPlan: o.DiscountPlan,
	}
	if w.PeriodType == 0 {
		w.PeriodType = periodMonth
	}
	if w.PeriodNum == 0 {
		w.PeriodNum = 1
	}
	return w
}

// instanceProperties are the properties of an instance.
type instanceProperties struct {
	Name              string          `json:"name"`
	Edition           string          `json:"edition"`
	Mode              string          `json:"dataManagement"`
	Kind              string          `json:"kind"`
	Orgs              []orgName       `json:"orgs"`
	Chain             chainProperties `json:"chainInfo"`
	Order             orderProperties `json:"orgOrderInfo"`
	PayOrder          bool            `json:"payOrder"`
	EnterpriseProject string          `json:"enterpriseProjectId"`
	Backup            string          `json:"backupId"`
	Engine            string          `json:"chainEngineVersion"`
}

type chainProperties struct {
	Consensus     string `json:"consensus"`
	SignAlgorithm string `json:"signAlgorithm"`
}

func instanceOf(properties map[string]any) (instanceProperties, error) {
	var p instanceProperties
	if err := providers.Decode(properties, &p); err != nil {
		return p, &providers.Error{Kind: providers.Invalid, Operation: "CreateInstance", Message: err.Error()}
	}
	if p.Kind == "" {
		p.Kind = kindChain
	}
	return p, nil
}

// wire is the purchase of an instance, with what the properties leave out.
func (p instanceProperties) wire() *purchase {
	w := &purchase{
		Name: p.Name, Edition: p.Edition, Mode: p.Mode, Kind: p.Kind, Orgs: p.Orgs,
		Chain: chainInfo(p.Chain), Order: p.Order.wire(), EnterpriseProject: p.EnterpriseProject, Backup: p.Backup,
	}
	if w.Chain.Consensus == "" {
		w.Chain.Consensus = consensusOf(p.Kind)
	}
	if w.Chain.SignAlgorithm == "" {
		w.Chain.SignAlgorithm = signECDSA
	}
	if w.EnterpriseProject == "" {
		w.EnterpriseProject = "0"
	}
	return w
}

// consensusOf is the one algorithm that a kind has.
func consensusOf(kind string) string {
	if kind == kindBesu {
		return consensusIBFT
	}
	return consensusRaft
}

// names are the names of organizations.
func names(orgs []orgName) []string {
	out := make([]string, len(orgs))
	for i, o := range orgs {
		out[i] = o.Name
	}
	return out
}
