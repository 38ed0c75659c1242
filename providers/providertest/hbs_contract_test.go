package providertest_test

import "github.com/orchestrate-tosca/orchestrate/providers/providertest"

var contractSubjects = []subject{
	{"HBS.BesuContract", "", func(b *bench) providertest.Config {
		id := besu(b)
		return providertest.Config{
			Properties: map[string]any{
				"instanceId": id, "abi": `[{"type":"constructor","inputs":[{"type":"uint256"}]}]`, "bytecode": "0x6080AB", "initParam": `[7]`, "description": "",
			},
			Unread: []string{"initParam"}, Missing: id + "/" + nowhere, Namesakes: true, Forgotten: true,
		}
	}},
}
