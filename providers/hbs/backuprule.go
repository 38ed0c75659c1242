package hbs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// backupRule provides HBS.BackupRule: that an instance is backed up by itself. It
// is there while automatic backups are on; the service knows no other end of one
// than to switch them off. To set a rule twice does no harm, so nothing is looked
// for after a lost answer.
type backupRule struct {
	api
	huaweicloud.LooksFirst
	providers.WellIfThere
}

// ruleProperties are the properties of a backup rule.
type ruleProperties struct {
	Instance string `json:"instanceId"`
	Days     int    `json:"days"`
}

// ruleSuffix makes the ID of a backup rule of that of its instance.
const ruleSuffix = "backup-rule"

// Advance implements providers.Provider.
func (p backupRule) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want ruleProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	there, err := showAutoBackupRules.read(ctx, p.api, &instanceRequest{want.Instance})
	if huaweicloud.Gone(err) && req.Action == providers.Delete {
		return providers.Progress{Done: true}, nil
	}
	if err != nil {
		return providers.Progress{}, err
	}
	id := huaweicloud.JoinPath(want.Instance, ruleSuffix)
	next := providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageSend, ObjectID: id}}
	if req.Action == providers.Create && op.Stage == "" {
		return next, free(there)
	}
	on := req.Action != providers.Delete
	if there.On != on || on && there.Days != want.Days {
		if p.fresh(op) {
			return providers.Progress{Next: op, After: poll, Message: "the rule was set and is not shown so yet"}, nil
		}
		if !req.Settling { // else the next plan sees what there is
			return p.send(ctx, next, op, want, on)
		}
		if !on {
			return providers.Progress{}, huaweicloud.Remains("automatic backups are still on")
		}
	}
	if !there.On {
		return providers.Progress{Done: true}, nil
	}
	return done(ruleObject(id, there)), nil
}

// fresh reports whether a rule was set so lately that it may not show yet.
func (p backupRule) fresh(op providers.Operation) bool {
	at, err := time.Parse(time.RFC3339Nano, op.Note[noteSet])
	return err == nil && time.Since(at) < p.c.Late()
}

// send sets the rule. One that is switched off needs no days.
func (p backupRule) send(ctx context.Context, next providers.Progress, op providers.Operation, want ruleProperties, on bool) (providers.Progress, error) {
	body := &backupKind{Type: backupAuto, On: &on}
	if on {
		body.Days = &want.Days
	}
	next.Next.Note = op.Note
	next.Next = noted(next.Next, noteSet, time.Now().UTC().Format(time.RFC3339Nano))
	_, err := createBackups.change(ctx, p.api, &createBackupsRequest{want.Instance, body})
	if err != nil {
		err = p.explain(ctx, want.Instance, err)
	}
	return next, err
}

// free refuses to take over a rule that somebody else has set.
func free(there *backupRuleAnswer) error {
	if !there.On {
		return nil
	}
	return huaweicloud.Exists("a rule of automatic backups", "of the instance", "Switch automatic backups off, or import the rule: its ID is that of the instance, a slash and "+ruleSuffix+".")
}

func ruleObject(id string, there *backupRuleAnswer) *providers.Object {
	return &providers.Object{
		ID:         id,
		Attributes: map[string]any{"refID": id, "refName": ruleSuffix},
		Properties: map[string]any{"instanceId": strings.TrimSuffix(id, "/"+ruleSuffix), "days": int64(there.Days)},
	}
}

// Read implements providers.Provider. A rule is gone when it is switched off.
func (p backupRule) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("HBS.BackupRule", req.ObjectID, "instance", 2)
	if err != nil {
		return nil, err
	}
	there, err := showAutoBackupRules.read(ctx, p.api, &instanceRequest{parts[0]})
	if err != nil {
		return nil, err
	}
	if !there.On {
		return nil, huaweicloud.Absent("the backup rule of instance", parts[0])
	}
	return ruleObject(req.ObjectID, there), nil
}

// Preflight implements providers.Preflighter: is the instance there and at peace, and
// is it not backed up by itself already, or by another node of the plan.
func (p backupRule) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	out.Add(p.checkAtWork(ctx, reqs, instanceFor, "instanceId"))
	goes, planned := huaweicloud.Freed(reqs), map[string]string{}
	for _, req := range huaweicloud.Of(reqs, providers.Create) {
		id, of := instanceFor(req), instanceFor(req)
		if order := req.Refers["instanceId"]; id == "" && order != nil {
			of = "node " + order.Node
		}
		switch other := planned[of]; {
		case of == "": // not known yet
		case other != "":
			out.Add([]providers.Finding{{
				Node: req.Node, Property: "instanceId", Kind: providers.Conflict,
				Message: fmt.Sprintf("The nodes %s and %s set a rule of automatic backups for the same instance, which has one at most.", other, req.Node),
				Advice:  "Remove one of them.",
			}}, nil)
		case id != "" && !goes[huaweicloud.JoinPath(id, ruleSuffix)]:
			out.Add(p.checkFree(ctx, req, id))
		}
		planned[of] = req.Node
	}
	return out.Result()
}

// checkFree looks whether somebody has set a rule already.
func (p backupRule) checkFree(ctx context.Context, req *providers.Request, instance string) ([]providers.Finding, error) {
	there, err := showAutoBackupRules.read(ctx, p.api, &instanceRequest{instance})
	if huaweicloud.Gone(err) {
		return nil, nil // told already
	}
	if err != nil || !there.On {
		return nil, err
	}
	return []providers.Finding{{
		Node: req.Node, Property: "instanceId", Kind: providers.Conflict,
		Message: fmt.Sprintf("The instance %s is backed up by itself already (days: %d), which this stack has not asked for.", instance, there.Days),
		Advice:  "Switch automatic backups off, or take the rule into the stack: orchestrate import " + req.Node + " " + huaweicloud.JoinPath(instance, ruleSuffix) + ".",
	}}, nil
}

// ReadAll implements providers.Lister.
func (p backupRule) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}
