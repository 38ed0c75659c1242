package emulator

import "slices"

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
		if err := c.exec(removeWithin, kind, i.ID); err != nil {
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
