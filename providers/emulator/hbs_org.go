package emulator

import (
	"strconv"
	"time"
)

const kindHBSAuthority = "hbs.authority"

// hbsOrg is an organization of an instance.
type hbsOrg struct {
	UID, Name    string
	ChainID      string // its ID on the chain
	Status       string
	Joined       bool   // it is on the chain
	Subscription string // "" before it was paid for
	Order        hbsOrder
	Created      time.Time
	Updated      time.Time
}

// hbsAuthority are the keys of an organization, apart from the instance, which
// is read by every call.
type hbsAuthority struct {
	UID, Instance, Project string
	Created                time.Time
	CA                     authority
}

func (a *hbsAuthority) object() Object {
	return Object{Kind: kindHBSAuthority, ID: a.UID, Project: a.Project, Parent: a.Instance, Created: a.Created}
}

// createHBSOrganizations answers CreateOrganization (2.5.4.1).
func createHBSOrganizations(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Orgs  []orderedHBS `json:"orgs"`
		Order hbsOrder     `json:"org_order_info"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	body.Order.fillDefaults()
	if err := body.Order.check(); err != nil {
		return reply{}, err
	}
	if err := c.idle(i); err != nil {
		return reply{}, err
	}
	if err := checkOrderedOrgs(body.Orgs, i.Orgs, i.Edition); err != nil {
		return reply{}, err
	}
	orgs, err := c.foundOrgs(i, body.Orgs, body.Order)
	if err != nil {
		return reply{}, err
	}
	return c.buy(i, orgs, jobCreateOrg, body.Order)
}

// Capacity of an organization's disk, in units that no text names.
const (
	orgCapacity  = 512000
	baseCapacity = 1024
)

// orgWire is an organization as reads show it.
func (i *hbsInstance) orgWire(n int, subs map[string]*subscription, used int, now time.Time) map[string]any {
	o := i.Orgs[n]
	w := map[string]any{
		"uid": o.UID, "name": o.Name, "chain_org_id": o.ChainID, "status": o.shownStatus(subs, now), "is_consensus": o == i.leader(),
		"capacity_info":   map[string]any{"total": orgCapacity, "used": used},
		"subscription_id": o.Subscription,
		"order_info": map[string]any{
			"edition": i.Edition, "charge_mode": o.Order.ChargeMode, "period_type": o.Order.PeriodType, "period_num": o.Order.PeriodNum,
			"is_auto_pay": o.Order.AutoPay, "is_auto_renew": o.Order.AutoRenew,
			"promotion_id": o.Order.Promotion, "discount_plan_id": o.Order.DiscountFor,
		},
		"create_time": hbsTime(o.Created), "update_time": hbsTime(o.Updated),
	}
	if i.Kind == kindBesu && i.Built {
		w["endpoint"] = "192.168.0." + strconv.Itoa(20+n) + ":8545"
	}
	if s := subs[o.Subscription]; s != nil {
		w["countdown"] = s.countdown(now)
	}
	return w
}

// orgWires are all organizations of an instance.
func (c *call) orgWires(i *hbsInstance) ([]map[string]any, error) {
	subs, err := c.subscriptions(i)
	if err != nil {
		return nil, err
	}
	n, err := c.chainCounts(i)
	if err != nil {
		return nil, err
	}
	wires := []map[string]any{}
	for k := range i.Orgs {
		wires = append(wires, i.orgWire(k, subs, baseCapacity+n.blocks, c.now))
	}
	return wires, nil
}

// listHBSOrganizations answers ListOrganizations (2.5.4.2), in the order in
// which they came.
func listHBSOrganizations(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	wires, err := c.orgWires(i)
	if err != nil {
		return reply{}, err
	}
	part, err := cut(c, wires)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"count": len(wires), "orgs": part})
}

// showHBSOrganization answers ShowOrganization (2.5.4.3).
func showHBSOrganization(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	wires, err := c.orgWires(i)
	if err != nil {
		return reply{}, err
	}
	name := c.query.Get("name")
	for _, w := range wires {
		if w["name"] == name {
			return answer(w)
		}
	}
	return reply{}, missing("organization", name)
}
