package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

const (
	kindHBSBackup     = "hbs.backup"
	kindHBSBackupWork = "hbs.backup.end"  // work: the end of a backup
	kindHBSAutomatic  = "hbs.backup.next" // work: the next automatic one
)

// Types and states of backups (2.5.9).
const (
	backupManual = "ManualBackup"
	backupAuto   = "AutoBackup"

	backupRunning = "Backuping"
	backupActive  = "Active"
	backupFailed  = "Fail"

	restoreIniting = "Initing"
	restoreRunning = "Restoring"
	restoreFailed  = "RestoreFail"
)

const (
	takesBackup = 3 * time.Minute

	// keptAutomatic is how many automatic backups of an instance are kept.
	keptAutomatic = 7
)

// backupRule says when automatic backups are made.
type backupRule struct {
	Days    int
	Enabled bool
	ID      string // of the setting, so that a later one takes over
}

// hbsBackup is a backup of an instance, which it may outlive.
type hbsBackup struct {
	ID, Name     string
	Project      string
	Instance     string
	InstanceName string
	Type, Status string
	Reason       string // of a failure, also one of the restoring
	Restore      string // state of the restoring; "" before
	Restored     bool
	Created      time.Time
	Saved        savedInstance
}

// savedInstance is what a backup holds.
type savedInstance struct {
	Instance  hbsInstance
	Keys      []*hbsAuthority // in the order of the organizations
	Ledger    *ledger
	Contracts []*hbsContractDoc
	Besu      []*besuContract
	Groups    []*e2eeGroup
}

func (b *hbsBackup) object() Object {
	return Object{Kind: kindHBSBackup, ID: b.ID, Project: b.Project, Parent: b.Instance, Name: b.Name, Created: b.Created}
}

// createBackup answers CreateBackups (2.5.9.1): it makes a backup, or sets the
// rule for automatic ones.
func createBackup(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Type    string `json:"type"`
		Days    *int   `json:"rule"`
		Enabled *bool  `json:"is_enable"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if err := c.idle(i); err != nil {
		return reply{}, err
	}
	if body.Type == backupManual {
		if err := c.noBackupRuns(i); err != nil {
			return reply{}, err
		}
		if err := c.backup(i, backupManual); err != nil {
			return reply{}, err
		}
		return succeeded()
	}
	set(&i.Rule.Days, body.Days)
	set(&i.Rule.Enabled, body.Enabled)
	i.Rule.ID = newID()
	if err := c.put(i); err != nil {
		return reply{}, err
	}
	if err := c.planAutomatic(i); err != nil {
		return reply{}, err
	}
	return succeeded()
}

// planAutomatic schedules the next automatic backup. Its days are those of the
// calendar.
func (c *call) planAutomatic(i *hbsInstance) error {
	if !i.Rule.Enabled {
		return nil
	}
	work := &automatic{ID: i.Rule.ID, Instance: i.ID, Project: i.Project, Created: c.now}
	if err := c.put(work); err != nil {
		return err
	}
	return c.schedule(kindHBSAutomatic, work.ID, c.now.AddDate(0, 0, i.Rule.Days))
}

// automatic finds the instance of a scheduled backup.
type automatic struct {
	ID, Instance, Project string
	Created               time.Time
}

func (a *automatic) object() Object {
	return Object{Kind: kindHBSAutomatic, ID: a.ID, Project: a.Project, Parent: a.Instance, Created: a.Created}
}

// settleAutomatic makes an automatic backup, and drops those that are too many.
// An instance that is busy is passed over until the next time.
func settleAutomatic(c *call, id string) error {
	a, err := get[automatic](c.tx, kindHBSAutomatic, id)
	if err != nil || a == nil {
		return err
	}
	i, err := get[hbsInstance](c.tx, kindHBSInstance, a.Instance)
	if err != nil {
		return err
	}
	if i == nil || i.Rule.ID != id {
		return c.remove(a)
	}
	if c.idle(i) == nil {
		if err := c.backup(i, backupAuto); err != nil {
			return err
		}
		if err := c.dropOldBackups(i); err != nil {
			return err
		}
	}
	return c.planAutomatic(i)
}

func (c *call) dropOldBackups(i *hbsInstance) error {
	list, err := children[hbsBackup](c.tx, kindHBSBackup, i.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(b *hbsBackup) bool { return b.Type != backupAuto })
	for n := range len(list) - keptAutomatic {
		if err := c.remove(list[n]); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) noBackupRuns(i *hbsInstance) error {
	list, err := children[hbsBackup](c.tx, kindHBSBackup, i.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(b *hbsBackup) bool { return b.Status == backupRunning }) {
		return refuse(bcsBusy, "Operation failed. Another backup of the instance is running.").withStatus(http.StatusConflict)
	}
	return nil
}

// backup begins a backup: it holds what there is now.
func (c *call) backup(i *hbsInstance, kind string) error {
	b := &hbsBackup{
		ID: newID(), Name: "backup-" + c.now.UTC().Format("20060102150405") + "-" + randomName(4), Project: i.Project,
		Instance: i.ID, InstanceName: i.Name, Type: kind, Status: backupRunning, Reason: c.fault.FailOperation, Created: c.now,
	}
	var err error
	if b.Saved, err = c.save(i); err != nil {
		return err
	}
	if err := c.put(b); err != nil {
		return err
	}
	return c.schedule(kindHBSBackupWork, b.ID, c.ends(takesBackup))
}

// save collects what a backup holds.
func (c *call) save(i *hbsInstance) (savedInstance, error) {
	s := savedInstance{Instance: *i}
	var err error
	if s.Ledger, err = c.ledger(i); err != nil {
		return s, err
	}
	for _, o := range i.Orgs {
		a, err := get[hbsAuthority](c.tx, kindHBSAuthority, o.UID)
		if err != nil {
			return s, err
		}
		s.Keys = append(s.Keys, a)
	}
	if s.Contracts, err = children[hbsContractDoc](c.tx, kindHBSContract, i.ID); err != nil {
		return s, err
	}
	s.Contracts = slices.DeleteFunc(s.Contracts, func(d *hbsContractDoc) bool { return d.Status != contractSuccess })
	if s.Besu, err = children[besuContract](c.tx, kindBesuContract, i.ID); err != nil {
		return s, err
	}
	s.Besu = slices.DeleteFunc(s.Besu, func(d *besuContract) bool { return d.Status != contractSuccess })
	s.Groups, err = children[e2eeGroup](c.tx, kindE2EEGroup, i.ID)
	return s, err
}

// settleBackup ends a backup.
func settleBackup(c *call, id string) error {
	b, err := get[hbsBackup](c.tx, kindHBSBackup, id)
	if err != nil || b == nil {
		return err
	}
	b.Status = backupActive
	if b.Reason != "" {
		b.Status = backupFailed
	}
	return c.put(b)
}

// wire is a backup in the list of its instance.
func (b *hbsBackup) wire() map[string]any {
	reason := ""
	if b.Status == backupFailed {
		reason = b.Reason
	}
	return map[string]any{
		"id": b.ID, "name": b.Name, "instance_name": b.InstanceName, "instance_id": b.Instance, "status": b.Status,
		"reason": reason, "type": b.Type, "create_time": hbsTime(b.Created),
	}
}

// listBackups answers ListBackups (2.5.9.3).
func listBackups(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	list, err := children[hbsBackup](c.tx, kindHBSBackup, i.ID)
	if err != nil {
		return reply{}, err
	}
	newestFirst(list)
	wires := []any{}
	for _, b := range list {
		wires = append(wires, b.wire())
	}
	return answer(map[string]any{"count": len(wires), "backups": wires})
}

// showBackupRule answers ShowAutoBackupRules (2.5.9.2).
func showBackupRule(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"is_enable": i.Rule.Enabled, "rule": i.Rule.Days})
}

// savedBackup finds a backup of the project.
func (c *call) savedBackup(id string) (*hbsBackup, error) {
	b, err := get[hbsBackup](c.tx, kindHBSBackup, id)
	if err != nil {
		return nil, err
	}
	if b == nil || b.Project != c.project {
		return nil, missing("backup", id)
	}
	return b, nil
}

// deleteBackup answers DeleteBackups (2.5.9.4).
func deleteBackup(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	b, err := c.savedBackup(c.params["backup_id"])
	if err != nil {
		return reply{}, err
	}
	if b.Instance != i.ID {
		return reply{}, missing("backup", b.ID)
	}
	if b.Status == backupRunning || b.Restore == restoreRunning {
		return reply{}, refuse(bcsBusy, "Operation failed. The backup is being made or restored.").withStatus(http.StatusConflict)
	}
	if err := c.remove(b); err != nil {
		return reply{}, err
	}
	return succeeded()
}

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
