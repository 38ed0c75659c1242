package emulator

import (
	"slices"
	"time"
)

// kindHBSAutomatic is the kind of what is planned, and of the work that carries
// it out.
const kindHBSAutomatic = "hbs.backup.next"

// keptAutomatic is how many automatic backups of an instance are kept.
const keptAutomatic = 7

// backupRule says when automatic backups are made.
type backupRule struct {
	Days    int
	Enabled bool
	ID      string // of the setting, so that a later one takes over
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

// showBackupRule answers ShowAutoBackupRules (2.5.9.2).
func showBackupRule(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"is_enable": i.Rule.Enabled, "rule": i.Rule.Days})
}
