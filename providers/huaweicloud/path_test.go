package huaweicloud_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

func TestPath(t *testing.T) {
	parts, err := huaweicloud.SplitPath("BCS.Channel", huaweicloud.JoinPath("id", "trade"), "network", 2)
	if err != nil || !slices.Equal(parts, []string{"id", "trade"}) {
		t.Errorf("got %q, %v", parts, err)
	}
	for _, bad := range []string{"", "id", "id/", "/trade", "id/trade/more", "id//trade"} {
		_, err := huaweicloud.SplitPath("BCS.Channel", bad, "network", 2)
		if err == nil || !strings.Contains(err.Error(), "the first being the ID of the network") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
