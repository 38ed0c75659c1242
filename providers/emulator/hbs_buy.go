package emulator

import (
	"fmt"
	"slices"
)

// hbsPurchase is the body of CreateInstance.
type hbsPurchase struct {
	Name    string       `json:"name"`
	Edition string       `json:"edition"`
	Mode    string       `json:"data_management"`
	Kind    string       `json:"type"`
	Orgs    []orderedHBS `json:"orgs"`
	Chain   struct {
		Consensus     string `json:"consensus"`
		SignAlgorithm string `json:"sign_algorithm"`
	} `json:"chain_info"`
	Order             hbsOrder `json:"org_order_info"`
	EnterpriseProject string   `json:"enterprise_project_id"`
	Backup            string   `json:"backup_id"`
}

// orderedHBS is an organization in an order.
type orderedHBS struct {
	Name string `json:"name"`
}

// The algorithms of the kinds.
const (
	consensusRaft = "raft"
	consensusIBFT = "IBFT2.0"
	signECDSA     = "ecdsa_with_sha256"
	signSM        = "sm2_with_sm3"
)

// consensusOf is the one algorithm that a kind has.
func consensusOf(kind string) string {
	if kind == kindBesu {
		return consensusIBFT
	}
	return consensusRaft
}

// fillDefaults sets what the purchase leaves out.
func (p *hbsPurchase) fillDefaults() {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&p.Kind, kindHuaweiChain},
		{&p.EnterpriseProject, defaultEnterpriseProject},
		{&p.Chain.SignAlgorithm, signECDSA},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if p.Chain.Consensus == "" {
		p.Chain.Consensus = consensusOf(p.Kind)
	}
	p.Order.fillDefaults()
}

// check keeps the rules between the fields.
func (p *hbsPurchase) check() error {
	switch {
	case p.Chain.Consensus != consensusOf(p.Kind):
		return badParameter("consensus", "must be "+consensusOf(p.Kind)+" for "+p.Kind)
	case p.Kind == kindBesu && p.Chain.SignAlgorithm != signECDSA:
		return badParameter("sign_algorithm", "must be "+signECDSA+" for "+kindBesu)
	}
	if err := checkOrderedOrgs(p.Orgs, nil, p.Edition); err != nil {
		return err
	}
	return p.Order.check()
}

// checkOrderedOrgs keeps the rules of organizations, beside those that exist.
func checkOrderedOrgs(orgs []orderedHBS, there []*hbsOrg, edition string) error {
	if len(orgs) == 0 {
		return badParameter("orgs", "at least one organization has to be there")
	}
	if limit := hbsEditionOf(edition).orgs; len(orgs)+len(there) > limit {
		return refuse(hbsNoRoom, "The edition %s has at most %d organizations an instance: %d exist, %d are ordered.", edition, limit, len(there), len(orgs))
	}
	seen := map[string]bool{}
	for _, o := range there {
		seen[o.Name] = true
	}
	for _, o := range orgs {
		if seen[o.Name] {
			return refuse(bcsNameTaken, "Operation failed. An organization named %s already exists.", o.Name)
		}
		seen[o.Name] = true
	}
	return nil
}

// createHBSInstance answers CreateInstance (2.5.3.1).
func createHBSInstance(c *call) (reply, error) {
	var p hbsPurchase
	if err := c.decode(&p); err != nil {
		return reply{}, err
	}
	p.fillDefaults()
	if err := p.check(); err != nil {
		return reply{}, err
	}
	if err := c.checkHBSRoom(&p); err != nil {
		return reply{}, err
	}
	if err := c.checkRestore(&p); err != nil {
		return reply{}, err
	}
	i, err := c.foundHBS(&p)
	if err != nil {
		return reply{}, err
	}
	orgs, err := c.foundOrgs(i, p.Orgs, p.Order)
	if err != nil {
		return reply{}, err
	}
	return c.buy(i, orgs, jobCreateInstance, p.Order)
}

// checkHBSRoom judges the purchase against what exists: name and quota.
func (c *call) checkHBSRoom(p *hbsPurchase) error {
	same, err := named[hbsInstance](c.tx, kindHBSInstance, c.project, p.Name)
	if err != nil {
		return err
	}
	if len(same) > 0 {
		return refuse(bcsNameTaken, "Operation failed. An instance named %s already exists. Enter another name and try again.", p.Name)
	}
	ok, err := c.room(QuotaHBSInstances, kindHBSInstance, 1)
	if err == nil && !ok {
		err = refuse(bcsQuotaUsedUp, "Operation failed. The instance quota of the project is used up.")
	}
	return err
}

// foundHBS makes the instance of a purchase, without organizations.
func (c *call) foundHBS(p *hbsPurchase) (*hbsInstance, error) {
	engine, err := c.newestEngine(p.Kind)
	return &hbsInstance{
		ID: newID(), Name: p.Name, Project: c.project, Created: c.now, Updated: c.now,
		Kind: p.Kind, Edition: p.Edition, Mode: p.Mode, EnterpriseProject: p.EnterpriseProject, Engine: engine,
		ChainID: p.Name + "-" + randomName(9), Consensus: p.Chain.Consensus, SignAlgorithm: p.Chain.SignAlgorithm,
		Rule: backupRule{Days: 1}, Restores: p.Backup,
	}, err
}

// foundOrgs adds organizations to an instance, with their keys.
func (c *call) foundOrgs(i *hbsInstance, ordered []orderedHBS, order hbsOrder) ([]*hbsOrg, error) {
	orgs := []*hbsOrg{}
	for _, o := range ordered {
		org := &hbsOrg{
			UID: newID(), Name: o.Name, ChainID: o.Name + "-" + randomName(9), Status: hbsUnpaidState, Order: order,
			Created: c.now, Updated: c.now,
		}
		ca, err := newAuthority(org.Name, c.now)
		if err != nil {
			return nil, err
		}
		if err := c.put(&hbsAuthority{UID: org.UID, Instance: i.ID, Project: i.Project, Created: c.now, CA: ca}); err != nil {
			return nil, err
		}
		orgs = append(orgs, org)
	}
	i.Orgs = append(i.Orgs, orgs...)
	return orgs, nil
}

// buy orders organizations, and pays for them if that was asked for. It answers
// CreateInstance and CreateOrganization.
func (c *call) buy(i *hbsInstance, orgs []*hbsOrg, kind string, o hbsOrder) (reply, error) {
	uids := []string{}
	for _, org := range orgs {
		uids = append(uids, org.UID)
	}
	p, err := c.newPurchase(orderNew, i, uids)
	if err != nil {
		return reply{}, err
	}
	j := c.newHBSJob(i, kind, uids)
	j.Purchase, j.Waits = p.ID, true
	p.Order, p.Price, p.Job, p.Status = o, priceOf(i.Edition, len(orgs), o), j.ID, orderUnpaid
	p.PayUntil = c.now.Add(timeToPay)
	if kind == jobCreateInstance {
		i.Status = hbsUnpaidState
	}
	if o.AutoPay {
		err = c.pay(p, i, j)
	} else {
		err = c.schedule(kindLapse, p.ID, p.PayUntil)
	}
	if err == nil {
		err = c.putAll(p, i, j)
	}
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"order_id": p.ID, "order_num": len(orgs), "instance_id": i.ID, "job_id": j.ID})
}

// pay begins what an order waits for.
func (c *call) pay(p *purchase, i *hbsInstance, j *hbsJob) error {
	p.Status, p.Paid = orderWorking, c.now
	for _, o := range i.Orgs {
		if !slices.Contains(p.Orgs, o.UID) {
			continue
		}
		if err := c.subscribe(p, i, o); err != nil {
			return err
		}
	}
	i.setOrgs(p.Orgs, hbsCreating, c.now)
	i.Status = map[string]string{jobCreateInstance: hbsCreating, jobCreateOrg: hbsOrgCreating}[j.Type]
	return c.startHBSJob(i, j)
}

func (c *call) putAll(list ...document) error {
	for _, d := range list {
		if err := c.put(d); err != nil {
			return err
		}
	}
	return nil
}

// settleLapse gives up on an order that nobody paid.
func settleLapse(c *call, id string) error {
	p, err := get[purchase](c.tx, kindOrder, id)
	if err != nil || p == nil || p.Status != orderUnpaid {
		return err
	}
	return c.cancel(p)
}

// cancel gives up on an order that was not paid, and takes away what waits for it.
func (c *call) cancel(p *purchase) error {
	p.Status = orderCancelled
	if err := c.put(p); err != nil {
		return err
	}
	j, err := get[hbsJob](c.tx, kindHBSJob, p.Job)
	if err != nil {
		return err
	}
	if j == nil {
		return fmt.Errorf("the order %s has no job", p.ID)
	}
	j.Waits, j.Begun, j.Ends, j.Failure = false, c.now, c.now, "The order "+p.ID+" was cancelled before it was paid."
	if err := c.put(j); err != nil {
		return err
	}
	i, err := get[hbsInstance](c.tx, kindHBSInstance, p.Instance)
	if err != nil || i == nil {
		return err
	}
	if err := c.restoreFailed(i, j); err != nil {
		return err
	}
	if err := c.dropOrgs(i, p.Orgs); err != nil {
		return err
	}
	if len(i.Orgs) == 0 {
		return c.removeHBS(i)
	}
	return c.put(i)
}
