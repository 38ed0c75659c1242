package providertest_test

import (
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

func TestHBSBesuContract(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", with(chain("chain-1", "alpha"), map[string]any{"kind": "Besu"})).ID
	c.run(t, providertest.Config{
		Type: "HBS.BesuContract",
		Properties: map[string]any{
			"instanceId": id, "abi": `[{"type":"constructor","inputs":[{"type":"uint256"}]}]`, "bytecode": "0x6080AB", "initParam": `[7]`, "description": "",
		},
		Unread: []string{"initParam"}, Forgotten: true,
	})
}
