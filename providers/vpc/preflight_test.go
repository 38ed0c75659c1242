package vpc

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Addresses that the API does not show, or that nothing is known of, refuse
// nothing.
func TestAddressFindings(t *testing.T) {
	const outside = "The addresses 10.1.0.0/24 are not within those of the VPC v (10.0.0.0/16)."
	for _, test := range []struct {
		name, vpc, sister, cidr string
		want                    []string
	}{
		{"inside", "10.0.0.0/16", "10.0.1.0/24", "10.0.2.0/24", nil},
		{"all of it", "10.0.0.0/16", "10.1.0.0/24", "10.0.0.0/16", nil},
		{"outside", "10.0.0.0/16", "10.0.1.0/24", "10.1.0.0/24", []string{outside}},
		{"outside, as another subnet is already", "10.0.0.0/16", "10.9.0.0/24", "10.1.0.0/24", nil},
		{"a VPC without addresses", "", "10.0.1.0/24", "10.1.0.0/24", nil},
		{"a sister of IPv6 only", "10.0.0.0/16", "", "10.1.0.0/24", []string{outside}},
		{"addresses that are not known", "10.0.0.0/16", "10.0.1.0/24", "", nil},
	} {
		sisters := []model.Subnet{{Id: "s", Cidr: test.sister}}
		req := &providers.Request{Action: providers.Create, Node: "n", Properties: map[string]any{"cidr": test.cidr}}
		var got []string
		for _, f := range addressFindings(&model.Vpc{Id: "v", Cidr: test.vpc}, sisters, nil, []*providers.Request{req}) {
			got = append(got, f.Message)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}
