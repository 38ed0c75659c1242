package emulator

import "time"

// update is the body of UpdateInstance.
type update struct {
	Orgs []struct {
		Name  string `json:"name"`
		Nodes int    `json:"node_count"`
		PVC   string `json:"pvc_name"`
	} `json:"node_orgs"`
	PublicIPs []iefNode `json:"publicips"`
	DeleteOrg bool      `json:"is_delete_org"`
}

// updateInstance answers UpdateInstance (API 1.5.1.4): one kind of change a
// call, told by comparison with what is there.
func updateInstance(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	var u update
	if err := c.decode(&u); err != nil {
		return reply{}, err
	}
	if err := i.admit(c.tx, workNodes); err != nil {
		return reply{}, err
	}
	op, err := c.change(i, u)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]string{"operation_id": op.ID})
}

// change finds the kind of an update and starts it.
func (c *call) change(i *instance, u update) (*operation, error) {
	if len(u.Orgs) == 0 {
		return nil, badParameter("node_orgs", "empty")
	}
	known, seen := 0, map[string]bool{}
	for _, o := range u.Orgs {
		if seen[o.Name] {
			return nil, badParameter("node_orgs", "the organization "+o.Name+" is there twice")
		}
		seen[o.Name] = true
		if i.org(o.Name) != nil {
			known++
		}
	}
	switch {
	case u.DeleteOrg:
		return c.removeOrgs(i, u)
	case known == 0:
		return c.addOrgs(i, u)
	case known == len(u.Orgs):
		return c.scaleOrgs(i, u)
	}
	return nil, refuse(bcsWrongScale, "Scaling failed due to incorrect request parameters: adding organizations and scaling others are two calls.")
}

// addOrgs adds organisations. In a cluster each needs a volume.
func (c *call) addOrgs(i *instance, u update) (*operation, error) {
	e := effect{}
	limits := editionOf(i.Order.VersionType)
	for _, o := range u.Orgs {
		switch {
		case o.Nodes < 1 || o.Nodes > limits.peersPerOrg:
			return nil, errPeerLimit(limits)
		case i.Cluster.Type == clusterCCE && o.PVC == "":
			return nil, badParameter("pvc_name", "missing, but an organization is added")
		case i.Cluster.Type == clusterIEF && i.Order.IEFDeployMode == 1 && len(u.PublicIPs) == 0:
			return nil, badParameter("publicips", "missing, but an organization is added in bound edge mode")
		}
		org, err := i.newOrg(o.Name, o.Nodes, o.PVC, c.now)
		if err != nil {
			return nil, err
		}
		e.AddOrgs = append(e.AddOrgs, org)
	}
	return c.start(i, opAddOrg, e, planSimple(takesOrg, "Add Organization",
		"Generate certificates", "Mount network storage", "Deploy peers", "Update the agent"))
}

// scaleOrgs changes numbers of peers, all up or all down.
func (c *call) scaleOrgs(i *instance, u update) (*operation, error) {
	if i.Cluster.Type == clusterIEF {
		return nil, badParameter("node_orgs", "an edge instance cannot add or remove peers")
	}
	e, up, down := effect{Scale: map[string]int{}}, false, false
	limits := editionOf(i.Order.VersionType)
	for _, o := range u.Orgs {
		if o.Nodes < 1 || o.Nodes > limits.peersPerOrg {
			return nil, errPeerLimit(limits)
		}
		for _, ch := range i.Channels {
			if n := ch.peers(o.Name); n > o.Nodes {
				return nil, refuse(bcsWrongScale, "Scaling failed due to incorrect request parameters: %d peers of %s are in the channel %s.", n, o.Name, ch.Name)
			}
		}
		now := i.org(o.Name).Nodes
		up, down = up || o.Nodes > now, down || o.Nodes < now
		e.Scale[o.Name] = o.Nodes
	}
	if up == down {
		return nil, refuse(bcsWrongScale, "Scaling failed due to incorrect request parameters: the numbers of peers must all rise or all fall.")
	}
	sub := "Deploy peers"
	if down {
		sub = "Remove peers"
	}
	return c.start(i, opScale, e, planSimple(takesScaling, "Scale Organization", sub, "Update the agent"))
}

// removeOrgs takes organisations away. Those still in a channel stay, and an
// instance that was ordered with organisations keeps at least one.
func (c *call) removeOrgs(i *instance, u update) (*operation, error) {
	e := effect{}
	for _, o := range u.Orgs {
		if i.org(o.Name) == nil {
			return nil, errWrongOrg(o.Name)
		}
		for _, ch := range i.Channels {
			if ch.peers(o.Name) > 0 {
				return nil, refuse(bcsWrongScale, "Scaling failed due to incorrect request parameters: %s is still in the channel %s.", o.Name, ch.Name)
			}
		}
		e.RemoveOrgs = append(e.RemoveOrgs, o.Name)
	}
	if i.Founded > 0 && len(e.RemoveOrgs) == len(i.Orgs) {
		return nil, refuse(bcsWrongScale, "Scaling failed due to incorrect request parameters: the last organization cannot be removed.")
	}
	return c.start(i, opScale, e, planSimple(takesOrgRemoval, "Remove Organization", "Remove peers", "Release network storage", "Update the agent"))
}

// newOrg makes an organisation with keys of its own.
func (i *instance) newOrg(name string, nodes int, pvc string, now time.Time) (*organization, error) {
	ca, err := newAuthority(name, now)
	if err != nil {
		return nil, err
	}
	i.Slots++
	return &organization{Name: name, Hash: orgHash(i.ID, name), Nodes: nodes, PVC: pvc, Slot: i.Slots - 1, CA: ca}, nil
}
