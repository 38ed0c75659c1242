package hbs

import (
	"context"
	"net/http"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Backups:
var (
	createBackups = operation[createBackupsRequest, result]{name: "CreateBackups", method: http.MethodPost, path: "huaweicloudchain/instances/{instance_id}/backups"}
	listBackups   = operation[instanceRequest, listBackupsAnswer]{name: "ListBackups", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/backups"}
	deleteBackups = operation[backupRequest, result]{name: "DeleteBackups", method: http.MethodDelete, path: "huaweicloudchain/instances/{instance_id}/backups/{backup_id}"}
)

type (
	createBackupsRequest struct {
		Instance string      `json:"instance_id" at:"path"`
		Body     *backupKind `json:"body" at:"body"`
	}
	backupKind struct {
		Type string `json:"type"`
		Days *int   `json:"rule,omitempty"`
		On   *bool  `json:"is_enable,omitempty"`
	}
	backupRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Backup   string `json:"backup_id" at:"path"`
	}
	listBackupsAnswer struct {
		Backups []backupInfo `json:"backups"`
		answered
	}
	backupInfo struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Status  string `json:"status"`
		Reason  string `json:"reason"`
		Type    string `json:"type"`
		Created string `json:"create_time"`
	}
)

// The types of backups (that somebody asked for; by a rule), and the states of backups beside
// backupActive (API reference 2.5.9.3).
const (
	backupManual = "ManualBackup"
	backupAuto   = "AutoBackup"

	backupRunning = "Backuping"
	backupFailed  = "Fail"
)

// backup provides HBS.Backup. The answer to its creation has no ID and nobody can
// name one, so what is there is compared with what was there before.
type backup struct {
	api
	huaweicloud.LooksFirst
}

// Advance implements providers.Provider.
func (p backup) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, op, resumed)
	case providers.Delete:
		return p.delete(ctx, req)
	}
	o, err := p.Read(ctx, req) // everything is immutable
	return done(o), err
}

func (p backup) create(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	instance := instanceFor(req)
	return huaweicloud.Creation{
		What:    "backup",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			all, err := p.found(ctx, instance)
			return huaweicloud.Existing(all), err
		},
		Send: func(ctx context.Context, op providers.Operation) (providers.Operation, error) {
			if _, err := createBackups.change(ctx, p.api, &createBackupsRequest{instance, &backupKind{Type: backupManual}}); err != nil {
				return providers.Operation{}, p.explain(ctx, instance, err)
			}
			return providers.Operation{Note: op.Note}, nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.found(ctx, instance) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.created(ctx, req, instance, op)
		},
	}.Advance(ctx, op, resumed)
}

// created finds the backup that was not there before, and waits until it is whole.
func (p backup) created(ctx context.Context, req *providers.Request, instance string, op providers.Operation) (providers.Progress, error) {
	wait := providers.Progress{Next: op, After: poll}
	if op.ObjectID == "" {
		all, err := p.found(ctx, instance)
		if err != nil {
			return wait, err
		}
		ours, err := huaweicloud.Pick(ctx, "backup", op, req, all)
		if err != nil || ours == nil {
			wait.Message = "the backup is not listed yet"
			return wait, err
		}
		wait.Next.ObjectID, wait.After = ours.ID, 0
		return wait, nil
	}
	b, err := p.listed(ctx, instance, op.ObjectID)
	switch {
	case err != nil:
		return wait, err
	case b == nil:
		wait.Message = "the backup is not listed any more"
		return wait, nil
	case b.Status == backupFailed:
		return wait, &providers.Error{
			Kind: providers.Failed, Operation: "ListBackups", Message: "the backup " + b.ID + " failed: " + b.Reason,
			Advice: "Look at the instance on the console, then apply again.",
		}
	case b.Status == backupRunning:
		wait.Message = "backup " + b.Name + " is being made"
		return wait, nil
	}
	read := *req
	read.ObjectID = b.ID
	o, err := p.Read(ctx, &read)
	return done(o), err
}

// listed returns a backup of an instance; nil if it has none of that ID.
func (a api) listed(ctx context.Context, instance, id string) (*backupInfo, error) {
	r, err := listBackups.read(ctx, a, &instanceRequest{instance})
	if err != nil {
		return nil, err
	}
	for i := range r.Backups {
		if r.Backups[i].ID == id {
			return &r.Backups[i], nil
		}
	}
	return nil, nil
}

// found lists the backups of an instance. The automatic ones nobody has asked for.
func (p backup) found(ctx context.Context, instance string) ([]huaweicloud.Found, error) {
	r, err := listBackups.read(ctx, p.api, &instanceRequest{instance})
	if err != nil {
		return nil, err
	}
	var out []huaweicloud.Found
	for _, b := range r.Backups {
		f := huaweicloud.Found{Candidate: providers.Candidate{ID: b.ID, Name: b.Name, Parent: "instance " + instance, Created: moment(b.Created)}}
		if b.Type != "" && b.Type != backupManual {
			f.Against = "it is of the type " + b.Type
		}
		out = append(out, f)
	}
	return out, nil
}

// delete removes the backup. The service finds it through its instance only, so
// that one outlives an instance that is gone, and can't be deleted any more.
func (p backup) delete(ctx context.Context, req *providers.Request) (providers.Progress, error) {
	_, err := deleteBackups.change(ctx, p.api, &backupRequest{instanceFor(req), req.ObjectID})
	if !huaweicloud.Gone(err) {
		return providers.Progress{Done: err == nil, Next: providers.Operation{Stage: stageRest, ObjectID: req.ObjectID}}, err
	}
	_, there := showRestoreBackups.read(ctx, p.api, &savedRequest{req.ObjectID})
	switch {
	case huaweicloud.Gone(there):
		return providers.Progress{Done: true}, nil
	case there != nil:
		return providers.Progress{}, there
	}
	return providers.Progress{}, &providers.Error{
		Kind: providers.Failed, Operation: "DeleteBackups",
		Message: "the backup " + req.ObjectID + " outlives its instance " + instanceFor(req) + ", and the service deletes backups of instances only that exist",
		Advice:  "Delete it on the console, or keep it: --retain " + req.Node + ".",
	}
}

// Read implements providers.Provider. It goes by the list of what can be restored,
// which has backups of instances that are gone too.
func (p backup) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	b, err := showRestoreBackups.read(ctx, p.api, &savedRequest{req.ObjectID})
	if err != nil {
		return nil, err
	}
	return &providers.Object{
		ID: req.ObjectID,
		Attributes: map[string]any{
			"refID": req.ObjectID, "refName": b.Name, "instanceName": b.InstanceName, "createTime": b.Created,
		},
		Properties: map[string]any{"instanceId": b.Instance},
	}, nil
}

// ReadAll implements providers.Lister.
func (p backup) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Search implements providers.Searcher.
func (p backup) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	all, err := p.found(ctx, instanceFor(req))
	return huaweicloud.Fresh(op, all), err
}
