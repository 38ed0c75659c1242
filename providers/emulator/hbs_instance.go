package emulator

import (
	"net/http"
	"slices"
	"time"
)

const kindHBSInstance = "hbs.instance"

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

	Status  string // as stored; shownStatus is what it shows
	Running string // ID of the running job; "" when idle
	Built   bool   // its chain exists

	Kind, Edition, Mode string
	EnterpriseProject   string
	Engine              string // version
	ChainID             string
	Consensus           string
	SignAlgorithm       string

	Orgs     []*hbsOrg // oldest first
	Tags     []hbsTag
	Rule     backupRule
	Restores string // ID of the backup that it is made from
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
	return i.find(func(o *hbsOrg) bool { return o.Joined && o.ChainID == id })
}

// joined are the organizations that are on the chain.
func (i *hbsInstance) joined() []*hbsOrg {
	var list []*hbsOrg
	for _, o := range i.Orgs {
		if o.Joined {
			list = append(list, o)
		}
	}
	return list
}

// leader is the organization that leads the consensus: the oldest on the chain,
// or while there is no chain the one that is going to be.
func (i *hbsInstance) leader() *hbsOrg {
	if list := i.joined(); len(list) > 0 {
		return list[0]
	}
	return i.Orgs[0]
}

// join puts organizations on the chain.
func (i *hbsInstance) join(uids []string, now time.Time) {
	for _, o := range i.Orgs {
		o.Joined = o.Joined || slices.Contains(uids, o.UID)
	}
	i.setOrgs(uids, hbsAvailable, now)
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
	for _, o := range i.Orgs {
		orgs = append(orgs, map[string]any{"name": o.Name, "status": o.shownStatus(subs, c.now), "is_consensus": o == i.leader()})
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
	wires, err := wiresOf(part, c.instanceWire)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"count": len(list), "instances": wires})
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
