package hbs_test

import (
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// A deletion that takes several requests sends no other one while it is settled, and
// does not call done what is still there; see the case "settled anywhere" too.
func TestSettledDeletions(t *testing.T) {
	const rule = "GET huaweicloudchain/instances/" + id + "/backups/rules"
	hourAgo := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano)
	for name, tt := range map[string]struct {
		typ     string
		object  string
		op      providers.Operation
		answers map[string][]string
		done    bool
	}{
		"an instance with more organizations": {
			"HBS.Instance", id, providers.Operation{Stage: "rest", ObjectID: id},
			map[string][]string{show: {instance("Available")}, orgs: {org("kappa", "Available")}}, false,
		},
		"an instance that is gone": {
			"HBS.Instance", id, providers.Operation{Stage: "rest", ObjectID: id}, map[string][]string{show: {"4001011"}}, true,
		},
		"an organization": {
			"HBS.Organization", id + "/beta", providers.Operation{Stage: "rest", ObjectID: id},
			map[string][]string{show: {instance("Available")}, orgs: {org("beta", "Available")}}, false,
		},
		"a rule of backups": {
			"HBS.BackupRule", id + "/backup-rule", providers.Operation{Stage: huaweicloud.StageSend, Note: map[string]string{"set": hourAgo}},
			map[string][]string{rule: {`{"is_enable":true,"rule":1}`}}, false,
		},
		"a rule of backups that is off": {
			"HBS.BackupRule", id + "/backup-rule", providers.Operation{Stage: huaweicloud.StageSend, Note: map[string]string{"set": hourAgo}},
			map[string][]string{rule: {`{"is_enable":false,"rule":1}`}}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, tt.answers)
			properties := map[string]any{"instanceId": id, "name": "beta"}
			req := &providers.Request{Action: providers.Delete, Type: tt.typ, ObjectID: tt.object, Properties: properties, Prior: properties, Settling: true}
			p, err := reg[req.Type].Advance(t.Context(), req, tt.op, true)
			if p.Done != tt.done || len(s.Sent()) != 0 {
				t.Errorf("%+v, %v, sent %v", p, err, s.Sent())
			}
			if !tt.done && providertest.Failure(t, err).Kind != providers.Failed {
				t.Errorf("%v", err)
			}
		})
	}
}
