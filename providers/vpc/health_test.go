package vpc_test

import (
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

func TestHealth(t *testing.T) {
	for _, tt := range []struct {
		typ, id, call, answer string
		want                  providers.Condition
	}{
		{"VPC.VPC", "v1", "GET vpcs/v1", vpcIs("OK"), providers.Healthy},
		{"VPC.VPC", "v1", "GET vpcs/v1", vpcIs("CREATING"), providers.Unknown},
		{"VPC.VPC", "v1", "GET vpcs/v1", vpcIs("ERROR"), providers.Abnormal},
		{"VPC.Subnet", "n1", "GET subnets/n1", subnetIs("ACTIVE"), providers.Healthy},
		{"VPC.Subnet", "n1", "GET subnets/n1", subnetIs("UNKNOWN"), providers.Unknown},
		{"VPC.Subnet", "n1", "GET subnets/n1", subnetIs("ERROR"), providers.Abnormal},
	} {
		_, reg := start(t, map[string][]string{tt.call: {tt.answer}})
		req := &providers.Request{Type: tt.typ, ObjectID: tt.id}
		o, err := reg[tt.typ].Read(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		h, err := reg[tt.typ].(providers.HealthReader).Health(t.Context(), req, o)
		if got := h.Condition(); got != tt.want || err != nil {
			t.Errorf("%s: %s, %v", tt.answer, got, err)
		}
	}
}
