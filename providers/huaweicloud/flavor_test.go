package huaweicloud

import "testing"

func TestForSale(t *testing.T) {
	for _, test := range []struct {
		name   string
		flavor Flavor
		zone   string
		want   bool
	}{
		{"nothing is told", Flavor{}, "az1", true},
		{"normal", Flavor{status: "normal"}, "az1", true},
		{"a status that nobody has described", Flavor{status: "promotion"}, "az1", true},
		{"sold out", Flavor{status: "sellout"}, "az1", false},
		{"sold out elsewhere", Flavor{status: "normal", byZone: map[string]string{"az2": "sellout"}}, "az1", true},
		{"sold out here", Flavor{status: "normal", byZone: map[string]string{"az1": "sellout"}}, "az1", false},
		{"sold out except here", Flavor{status: "sellout", byZone: map[string]string{"az1": "normal"}}, "az1", true},
		{"sold out in one zone, and none is asked for", Flavor{status: "sellout", byZone: map[string]string{"az1": "sellout", "az2": "normal"}}, "", true},
		{"sold out in all zones, and none is asked for", Flavor{status: "sellout", byZone: map[string]string{"az1": "sellout"}}, "", false},
		{"no longer offered", Flavor{status: "abandon"}, "", false},
	} {
		if got, _ := test.flavor.ForSale(test.zone); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
