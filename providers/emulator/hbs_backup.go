package emulator

import (
	"net/http"
	"slices"
	"time"
)

const (
	kindHBSBackup     = "hbs.backup"
	kindHBSBackupWork = "hbs.backup.end" // work: the end of a backup
)

// Types and states of backups (2.5.9).
const (
	backupManual = "ManualBackup"
	backupAuto   = "AutoBackup"

	backupRunning = "Backuping"
	backupActive  = "Active"
	backupFailed  = "Fail"
)

const takesBackup = 3 * time.Minute

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
