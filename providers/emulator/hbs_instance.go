package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	kindHBSInstance  = "hbs.instance"
	kindHBSAuthority = "hbs.authority"
)

// The states of instances; organizations have some of them (2.5.3.2, 2.5.4.2).
const (
	hbsAvailable   = "Available"
	hbsUnavailable = "Unavailable"
	hbsException   = "Exception"
	hbsUnpaidState = "Unpaid"
	hbsCreating    = "Creating"
	hbsDeleting    = "Deleting"
	hbsUpgrading   = "Upgrading"
	hbsOrgCreating = "OrgCreating"
	hbsOrgDeleting = "OrgDeleting"
)

// hbsInstance is one chain with its organizations. At most one job runs on it:
//
//	      bought, not paid: Unpaid --cancelled or lapsed--> gone
//	                          | paid
//	bought and paid ------> Creating --fails--> Exception --+
//	                          v                             | unsubscribed
//	   Upgrading, OrgCreating, OrgDeleting <--> Available --+--> Deleting --> gone
//
// A deletion that fails leaves Exception. Any other job that fails leaves the
// instance Available; organizations that were not made stay, as Exception, for
// they were paid for.
type hbsInstance struct {
	ID, Name string
	Project  string
	Created  time.Time
	Updated  time.Time

	Status  string // as stored; hbsStatus tells what it shows
	Running string // ID of the running job; "" when idle
	Built   bool   // its chain exists

	Kind, Edition, Mode string
	EnterpriseProject   string
	Engine              string // version
	ChainID             string
	Consensus           string
	SignAlgorithm       string

	Orgs     []*hbsOrg // the first one leads the consensus
	Tags     []hbsTag
	Rule     backupRule
	Restores string // ID of the backup that it is made from
}

// hbsOrg is an organization of an instance.
type hbsOrg struct {
	UID, Name    string
	ChainID      string // its ID on the chain
	Status       string
	Subscription string // "" before it was paid for
	Order        hbsOrder
	Created      time.Time
	Updated      time.Time
}

func (i *hbsInstance) object() Object {
	return Object{Kind: kindHBSInstance, ID: i.ID, Project: i.Project, Name: i.Name, Created: i.Created}
}

// org finds an organization by name; nil if there is none.
func (i *hbsInstance) org(name string) *hbsOrg {
	return i.find(func(o *hbsOrg) bool { return o.Name == name })
}

// onChain finds an organization by its ID on the chain; nil if there is none.
func (i *hbsInstance) onChain(id string) *hbsOrg {
	return i.find(func(o *hbsOrg) bool { return o.ChainID == id })
}

func (i *hbsInstance) find(is func(*hbsOrg) bool) *hbsOrg {
	if at := slices.IndexFunc(i.Orgs, is); at >= 0 {
		return i.Orgs[at]
	}
	return nil
}

// setOrgs puts organizations into a state.
func (i *hbsInstance) setOrgs(uids []string, status string, now time.Time) {
	for _, o := range i.Orgs {
		if slices.Contains(uids, o.UID) {
			o.Status, o.Updated = status, now
		}
	}
}

// uids are the IDs of all organizations.
func (i *hbsInstance) uids() []string {
	ids := []string{}
	for _, o := range i.Orgs {
		ids = append(ids, o.UID)
	}
	return ids
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

// hbs finds the instance of the path.
func (c *call) hbs() (*hbsInstance, error) {
	id := c.params["instance_id"]
	i, err := get[hbsInstance](c.tx, kindHBSInstance, id)
	if err != nil {
		return nil, err
	}
	if i == nil || i.Project != c.project {
		return nil, refuse(bcsNotFound, "The instance %s does not exist or has been deleted.", id).withStatus(http.StatusNotFound)
	}
	return i, nil
}

// hbsOf finds the instance of the path, which has to be of a kind.
func (c *call) hbsOf(kind string) (*hbsInstance, error) {
	i, err := c.hbs()
	if err == nil && i.Kind != kind {
		err = refuse(hbsWrongKind, "The instance is of the kind %s, but this call serves %s.", i.Kind, kind)
	}
	return i, err
}

// cloudOf is hbsOf for calls that serve instances managed in the cloud only.
func (c *call) cloudOf(kind string) (*hbsInstance, error) {
	i, err := c.hbsOf(kind)
	if err == nil {
		err = i.inCloud()
	}
	return i, err
}

func (i *hbsInstance) inCloud() error {
	if i.Mode != modeCloud {
		return refuse(hbsWrongKind, "The instance is managed at the edge, but this call serves instances in the cloud only.")
	}
	return nil
}

// built refuses reads of a chain that does not exist.
func (i *hbsInstance) built() error {
	if i.Built {
		return nil
	}
	return i.refusal(i.Status)
}

// idle refuses changes while another one runs, and in states that allow none.
func (c *call) idle(i *hbsInstance) error {
	subs, err := c.subscriptions(i)
	if err != nil {
		return err
	}
	return i.refusal(i.shownStatus(subs, c.now))
}

// refusal is what a state answers to a change; nil if it allows one.
func (i *hbsInstance) refusal(status string) error {
	conflict := func(code, message string) error { return refuse(code, "%s", message).withStatus(http.StatusConflict) }
	switch status {
	case hbsAvailable:
		return nil
	case hbsUnpaidState:
		return conflict(hbsUnpaid, "Operation failed. The order of the instance waits for payment.")
	case hbsCreating:
		return conflict(bcsCreating, "Operation failed. The instance is being created.")
	case hbsUpgrading:
		return conflict(bcsUpgrading, "Operation failed. The instance is being upgraded.")
	case hbsDeleting:
		return conflict(bcsDeleting, "Operation failed. The instance is being deleted.")
	case hbsUnavailable:
		return conflict(bcsAsleep, "Operation failed because the instance is frozen.")
	}
	return conflict(bcsBusy, "Operation failed. The instance is abnormal or being processed. Try again later.")
}

// removable refuses a deletion while a job runs, or before anything was paid.
func (i *hbsInstance) removable() error {
	if i.Status == hbsException || i.Status == hbsUnavailable {
		return nil
	}
	return i.refusal(i.Status)
}

// subscriptions are those of an instance, by ID.
func (c *call) subscriptions(i *hbsInstance) (map[string]*subscription, error) {
	list, err := children[subscription](c.tx, kindSubscription, i.ID)
	subs := map[string]*subscription{}
	for _, s := range list {
		subs[s.ID] = s
	}
	return subs, err
}

// shownStatus is the state that an organization shows: one that nobody renewed
// can't be used.
func (o *hbsOrg) shownStatus(subs map[string]*subscription, now time.Time) string {
	if s := subs[o.Subscription]; s != nil && o.Status == hbsAvailable && s.frozen(now) {
		return hbsUnavailable
	}
	return o.Status
}

// shownStatus is the state that an instance shows: without an organization that
// can be used it can't be used either.
func (i *hbsInstance) shownStatus(subs map[string]*subscription, now time.Time) string {
	usable := func(o *hbsOrg) bool { return o.shownStatus(subs, now) != hbsUnavailable }
	if i.Status == hbsAvailable && !slices.ContainsFunc(i.Orgs, usable) {
		return hbsUnavailable
	}
	return i.Status
}

// wire is an instance as reads show it.
func (c *call) instanceWire(i *hbsInstance) (map[string]any, error) {
	subs, err := c.subscriptions(i)
	if err != nil {
		return nil, err
	}
	orgs, chains := []any{}, []any{}
	for n, o := range i.Orgs {
		orgs = append(orgs, map[string]any{"name": o.Name, "status": o.shownStatus(subs, c.now), "is_consensus": n == 0})
	}
	if i.Built {
		n, err := c.chainCounts(i)
		if err != nil {
			return nil, err
		}
		chains = append(chains, map[string]any{
			"chain_id": i.ChainID, "consensus": i.Consensus, "sign_algorithm": i.SignAlgorithm,
			"contract_num": n.contracts, "block_num": n.blocks, "transaction_num": n.txs,
		})
	}
	return map[string]any{
		"id": i.ID, "name": i.Name, "status": i.shownStatus(subs, c.now), "edition": i.Edition, "kind": i.Kind,
		"data_management": i.Mode, "chain_engine_version": i.Engine, "orgs": orgs, "chains": chains,
		"create_time": hbsTime(i.Created), "update_time": hbsTime(i.Updated),
		"enterprise_project_id": i.EnterpriseProject, "enterprise_project_name": projectName(i.EnterpriseProject),
	}, nil
}

// projectName is the name of an enterprise project. Any ID is one.
func projectName(id string) string {
	if id == defaultEnterpriseProject {
		return "default"
	}
	return "project-" + id[:min(8, len(id))]
}

const defaultEnterpriseProject = "0"

// showHBSInstance answers ShowInstance (2.5.3.3).
func showHBSInstance(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	w, err := c.instanceWire(i)
	if err != nil {
		return reply{}, err
	}
	return answer(w)
}

// listHBSInstances answers ListInstances (2.5.3.2).
func listHBSInstances(c *call) (reply, error) {
	list, err := all[hbsInstance](c.tx, kindHBSInstance, c.project)
	if err != nil {
		return reply{}, err
	}
	newestFirst(list)
	part, err := cut(c, list)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, i := range part {
		w, err := c.instanceWire(i)
		if err != nil {
			return reply{}, err
		}
		wires = append(wires, w)
	}
	return answer(map[string]any{"count": len(list), "instances": wires})
}

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

// dropOrgs forgets organizations with all that is theirs.
func (c *call) dropOrgs(i *hbsInstance, uids []string) error {
	for _, o := range i.Orgs {
		if !slices.Contains(uids, o.UID) {
			continue
		}
		if err := c.remove(&hbsAuthority{UID: o.UID}); err != nil {
			return err
		}
		if err := c.remove(&subscription{ID: o.Subscription}); err != nil {
			return err
		}
	}
	i.Orgs = slices.DeleteFunc(i.Orgs, func(o *hbsOrg) bool { return slices.Contains(uids, o.UID) })
	i.Updated = c.now
	return nil
}

// removeHBS forgets an instance with all that lives in it. Backups, jobs and
// orders outlive it.
func (c *call) removeHBS(i *hbsInstance) error {
	orders, err := children[purchase](c.tx, kindOrder, i.ID)
	if err != nil {
		return err
	}
	if err := c.remove(i); err != nil {
		return err
	}
	if err := c.unplugEndpoints(i); err != nil {
		return err
	}
	for _, p := range orders {
		if p.Status == orderUnpaid {
			if err := c.cancel(p); err != nil {
				return err
			}
		}
	}
	for _, kind := range hbsChildren {
		if err := c.exec("DELETE FROM objects WHERE kind = ? AND parent = ?", kind, i.ID); err != nil {
			return err
		}
	}
	return nil
}

// hbsChildren are the kinds of what goes with its instance.
var hbsChildren = []string{
	kindHBSAuthority, kindSubscription, kindLedger, kindHBSContract, kindBesuContract, kindBesuToken, kindE2EEGroup, kindHBSAutomatic,
}

// releaseOrgs begins to take organizations away; with the last one goes the
// instance.
func (c *call) releaseOrgs(i *hbsInstance, uids []string) (*hbsJob, error) {
	kind, status := jobDeleteOrg, hbsOrgDeleting
	stays := func(o *hbsOrg) bool { return o.Status != hbsUnpaidState && !slices.Contains(uids, o.UID) }
	if !slices.ContainsFunc(i.Orgs, stays) {
		kind, status, uids = jobDeleteInstance, hbsDeleting, i.uids()
	}
	j := c.newHBSJob(i, kind, uids)
	i.setOrgs(uids, hbsDeleting, c.now)
	i.Status = status
	if err := c.startHBSJob(i, j); err != nil {
		return nil, err
	}
	return j, c.putAll(i, j)
}

// upgradeEngine answers UpdateInstance (2.5.3.4) and UpdateBesuInstance
// (2.5.10.12).
func upgradeEngine(c *call, kind string) (reply, error) {
	i, err := c.hbsOf(kind)
	if err != nil {
		return reply{}, err
	}
	if err := c.idle(i); err != nil {
		return reply{}, err
	}
	newest, err := c.newestEngine(kind)
	if err != nil {
		return reply{}, err
	}
	if newest == i.Engine {
		return reply{}, refuse(hbsNewest, "The instance has the newest version %s already.", newest)
	}
	j := c.newHBSJob(i, jobUpgrade, nil)
	j.Version, i.Status = newest, hbsUpgrading
	if err := c.startHBSJob(i, j); err != nil {
		return reply{}, err
	}
	if err := c.putAll(i, j); err != nil {
		return reply{}, err
	}
	return answer(map[string]string{"job_id": j.ID})
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
		"uid": o.UID, "name": o.Name, "chain_org_id": o.ChainID, "status": o.shownStatus(subs, now), "is_consensus": n == 0,
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
