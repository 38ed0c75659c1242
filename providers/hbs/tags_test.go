package hbs_test

import (
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// A deletion that is settled sends nothing, and does not call done what is there.
func TestSettledDeletionOfTags(t *testing.T) {
	const tagsOf = "GET huaweicloudchain/" + id + "/tags"
	for name, tt := range map[string]struct {
		there string
		done  bool
	}{
		"gone":        {`{"tags":[]}`, true},
		"still there": {`{"tags":[{"key":"team","value":"ledger"}]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{tagsOf: {tt.there}})
			properties := map[string]any{"instanceId": id, "tags": map[string]any{"team": "ledger"}}
			req := &providers.Request{
				Action: providers.Delete, Type: "HBS.Tags", ObjectID: id + "/tags", Properties: properties, Prior: properties, Settling: true,
			}
			op := providers.Operation{
				Stage: huaweicloud.StageSend, ObjectID: req.ObjectID,
				Note: map[string]string{"removed": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano)},
			}
			p, err := reg[req.Type].Advance(t.Context(), req, op, true)
			if p.Done != tt.done || len(s.Sent()) != 0 {
				t.Errorf("%+v, %v, sent %v", p, err, s.Sent())
			}
			if !tt.done && providertest.Failure(t, err).Kind != providers.Failed {
				t.Errorf("%v", err)
			}
		})
	}
}
