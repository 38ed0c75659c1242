package emulator

import (
	"encoding/json"
	"slices"
)

// States of backups in the list of what can be restored, beside Active (2.5.9.5).
const (
	restoreIniting = "Initing"
	restoreRunning = "Restoring"
	restoreFailed  = "RestoreFail"
)

// restoreStatus is the backup's state in the list of what can be restored.
func (b *hbsBackup) restoreStatus() string {
	switch {
	case b.Status == backupRunning:
		return restoreIniting
	case b.Restore != "":
		return b.Restore
	}
	return backupActive
}

func (b *hbsBackup) restoreReason() string {
	if b.Restore == restoreFailed {
		return b.Reason
	}
	return ""
}

// listRestorable answers ListRestoreBackups (2.5.9.5): all of the project, also
// of instances that are gone, but for those that failed.
func listRestorable(c *call) (reply, error) {
	list, err := all[hbsBackup](c.tx, kindHBSBackup, c.project)
	if err != nil {
		return reply{}, err
	}
	list = slices.DeleteFunc(list, func(b *hbsBackup) bool { return b.Status == backupFailed })
	newestFirst(list)
	part, err := cut(c, list)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, b := range part {
		w := b.wire()
		w["status"], w["reason"], w["is_restored"] = b.restoreStatus(), b.restoreReason(), b.Restored
		wires = append(wires, w)
	}
	return answer(map[string]any{"count": len(list), "backups": wires})
}

// showRestorable answers ShowRestoreBackups (2.5.9.6).
func showRestorable(c *call) (reply, error) {
	b, err := c.savedBackup(c.params["backup_id"])
	if err != nil {
		return reply{}, err
	}
	i := &b.Saved.Instance
	orgs, err := json.Marshal(i.names())
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{
		"id": b.ID, "name": b.Name, "instance_id": b.Instance, "instance_name": b.InstanceName, "instance_edition": i.Edition,
		"instance_consensus": i.Consensus, "instance_sign_algorithm": i.SignAlgorithm, "instance_org": string(orgs),
		"enterprise_project_id": i.EnterpriseProject, "enterprise_project_name": projectName(i.EnterpriseProject),
		"status": b.restoreStatus(), "reason": b.restoreReason(), "type": b.Type, "create_time": hbsTime(b.Created),
	})
}

// names are the names of all organizations.
func (i *hbsInstance) names() []string {
	names := []string{}
	for _, o := range i.Orgs {
		names = append(names, o.Name)
	}
	return names
}

// checkRestore holds a purchase to the backup that it names, and takes that one
// into use.
func (c *call) checkRestore(p *hbsPurchase) error {
	if p.Backup == "" {
		return nil
	}
	b, err := c.savedBackup(p.Backup)
	if err != nil {
		return err
	}
	switch {
	case b.Status != backupActive || b.Restore == restoreRunning:
		return refuse(hbsWrongSaved, "The backup %s is not usable.", b.ID)
	case b.Restored:
		return refuse(hbsWrongSaved, "The backup %s was restored before.", b.ID)
	}
	if err := p.fits(&b.Saved.Instance); err != nil {
		return err
	}
	b.Restore, b.Reason = restoreRunning, ""
	return c.put(b)
}

// fits compares a purchase with the instance of a backup.
func (p *hbsPurchase) fits(i *hbsInstance) error {
	names := []string{}
	for _, o := range p.Orgs {
		names = append(names, o.Name)
	}
	ours, theirs := slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(i.names()))
	for _, same := range []struct {
		field string
		equal bool
	}{
		{"type", p.Kind == i.Kind},
		{"edition", p.Edition == i.Edition},
		{"consensus", p.Chain.Consensus == i.Consensus},
		{"sign_algorithm", p.Chain.SignAlgorithm == i.SignAlgorithm},
		{"orgs", slices.Equal(ours, theirs)},
	} {
		if !same.equal {
			return refuse(hbsWrongSaved, "Invalid Parameter %s: must be that of the backup", same.field)
		}
	}
	return nil
}

// restore gives a new instance the chain of its backup: blocks, contracts, IDs
// on the chain and keys. Its orders and subscriptions are its own.
func (c *call) restore(i *hbsInstance) error {
	b, err := get[hbsBackup](c.tx, kindHBSBackup, i.Restores)
	if err != nil || b == nil {
		return err
	}
	s := b.Saved
	i.ChainID = s.Instance.ChainID
	orgs := []*hbsOrg{}
	for n, saved := range s.Instance.Orgs {
		o := i.org(saved.Name)
		o.ChainID = saved.ChainID
		orgs = append(orgs, o)
		keys := *s.Keys[n]
		keys.UID, keys.Instance, keys.Created = o.UID, i.ID, c.now
		if err := c.put(&keys); err != nil {
			return err
		}
	}
	i.Orgs = orgs
	s.Ledger.Instance, s.Ledger.Created = i.ID, c.now
	if err := c.put(s.Ledger); err != nil {
		return err
	}
	for _, d := range s.Contracts {
		d.ID, d.Instance = newID(), i.ID
		if err := c.put(d); err != nil {
			return err
		}
	}
	for _, d := range s.Besu {
		d.ID, d.Instance = newID(), i.ID
		if err := c.put(d); err != nil {
			return err
		}
	}
	for _, g := range s.Groups {
		g.ID, g.Instance = newID(), i.ID
		if err := c.put(g); err != nil {
			return err
		}
	}
	b.Restore, b.Restored = backupActive, true
	return c.put(b)
}

// restoreFailed gives a backup free again when nothing came of its restoring.
func (c *call) restoreFailed(i *hbsInstance, j *hbsJob) error {
	if j.Type != jobCreateInstance || i.Restores == "" {
		return nil
	}
	b, err := get[hbsBackup](c.tx, kindHBSBackup, i.Restores)
	if err != nil || b == nil {
		return err
	}
	b.Restore, b.Reason = restoreFailed, j.Failure
	return c.put(b)
}
