package hbs

import (
	"context"
	"fmt"
	"net/http"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// What can be restored:
var (
	listRestoreBackups = operation[pageRequest, listRestoreBackupsAnswer]{name: "ListRestoreBackups", method: http.MethodGet, path: "huaweicloudchain/restore/backups"}
	showRestoreBackups = operation[savedRequest, savedInfo]{name: "ShowRestoreBackups", method: http.MethodGet, path: "huaweicloudchain/restore/backups/{backup_id}"}
)

type (
	savedRequest struct {
		Backup string `json:"backup_id" at:"path"`
	}
	listRestoreBackupsAnswer struct {
		Backups []restorable `json:"backups"`
		answered
	}
	restorable struct {
		backupInfo
		Instance     string `json:"instance_id"`
		InstanceName string `json:"instance_name"`
		Restored     bool   `json:"is_restored"`
	}
	savedInfo struct {
		Name          string `json:"name"`
		Instance      string `json:"instance_id"`
		InstanceName  string `json:"instance_name"`
		Created       string `json:"create_time"`
		Edition       string `json:"instance_edition"`
		Consensus     string `json:"instance_consensus"`
		SignAlgorithm string `json:"instance_sign_algorithm"`
		Orgs          string `json:"instance_org"` // in a form that is not documented
		answered
	}
)

// backupActive is the state of a backup that can be restored.
const backupActive = "Active"

// checkBackup finds out whether an instance can be restored as it is ordered. The
// form in which the service tells the organizations is not documented, so these
// are left to it.
func (p instance) checkBackup(ctx context.Context, req *providers.Request) ([]providers.Finding, error) {
	want, err := instanceOf(req.Properties)
	if err != nil || want.Backup == "" {
		return nil, nil
	}
	bad := func(message, advice string) []providers.Finding {
		return []providers.Finding{{Node: req.Node, Property: "backupId", Kind: providers.Invalid, Message: message, Advice: advice}}
	}
	saved, err := showRestoreBackups.read(ctx, p.api, &savedRequest{want.Backup})
	if huaweicloud.Gone(err) {
		return bad(fmt.Sprintf("The backup %s does not exist.", want.Backup), "Check backupId."), nil
	}
	if err != nil {
		return nil, err
	}
	order := want.wire()
	for _, same := range [][3]string{
		{"edition", saved.Edition, order.Edition},
		{"chainInfo.consensus", saved.Consensus, order.Chain.Consensus},
		{"chainInfo.signAlgorithm", saved.SignAlgorithm, order.Chain.SignAlgorithm},
	} {
		if same[1] != "" && same[2] != "" && same[1] != same[2] {
			return bad(fmt.Sprintf("The backup %s is of an instance with %s %s; %s is asked for.", want.Backup, same[0], same[1], same[2]),
				"Order it as the instance was that was saved."), nil
		}
	}
	return p.checkUsable(ctx, want.Backup, bad)
}

// checkUsable finds out whether a backup is whole and was not restored before.
func (p instance) checkUsable(ctx context.Context, id string, bad func(message, advice string) []providers.Finding) ([]providers.Finding, error) {
	all, err := p.restorables(ctx)
	for _, b := range all {
		switch {
		case b.ID != id:
		case b.Restored:
			return bad(fmt.Sprintf("The backup %s was restored before; a backup restores once.", id), "Name another backup."), nil
		case b.Status != backupActive:
			return bad(fmt.Sprintf("The backup %s can't be restored: it is in state %s.", id, b.Status), "Name another backup, or wait until it is "+backupActive+"."), nil
		}
	}
	return nil, err
}

// restorables lists the backups of the project that were made to be restored.
func (a api) restorables(ctx context.Context) ([]restorable, error) {
	return pages(pageSize, func(offset, limit int) ([]restorable, error) {
		r, err := listRestoreBackups.read(ctx, a, &pageRequest{offset, limit})
		if err != nil {
			return nil, err
		}
		return r.Backups, nil
	})
}
