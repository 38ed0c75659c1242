package ecs_test

import (
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

func TestHealth(t *testing.T) {
	for status, want := range map[string]providers.Condition{
		"ACTIVE": providers.Healthy, "REBOOT": providers.Unknown, "VERIFY_RESIZE": providers.Unknown, "SHUTOFF": providers.Abnormal,
		"ERROR": providers.Abnormal, "SINGING": providers.Unknown,
	} {
		_, p := start(t, map[string][]string{shown: {strings.Replace(active, "ACTIVE", status, 1)}, ips: {oneIP}})
		req := &providers.Request{Type: "ECS.CloudServer", ObjectID: "s1"}
		o, err := p.Read(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		h, err := p.(providers.HealthReader).Health(t.Context(), req, o)
		if got := h.Condition(); got != want || err != nil {
			t.Errorf("%s: %s, %v", status, got, err)
		}
	}
}
