package providertest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// goFile is a contract in Go, as an archive.
func goFile(t *testing.T, text string) []byte {
	t.Helper()
	return providertest.Zip(t, "main.go", []byte(text))
}

// shelf holds files by digest.
type shelf map[string][]byte

// put returns a file as it stands among properties.
func (s shelf) put(path string, content []byte) map[string]any {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	s[digest] = content
	return providers.File{Path: path, Size: int64(len(content)), SHA256: digest}.Map()
}

func (s shelf) open(_ context.Context, digest string) (io.ReadCloser, error) {
	content, ok := s[digest]
	if !ok {
		return nil, fmt.Errorf("nothing has the digest %s", digest)
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// trade are the properties of a contract in Go.
func trade(instance string, file map[string]any) map[string]any {
	return map[string]any{
		"instanceId": instance, "name": "trade", "version": "1.0", "type": "go", "file": file,
		"installOrgs": []any{"alpha", "beta"}, "endorseOrgs": []any{"alpha"}, "endorsePolicy": "OR", "securityCheck": false, "description": "",
	}
}

var contractSubjects = []subject{
	{"HBS.Contract", "", func(b *bench) providertest.Config {
		id := b.make("HBS.Instance", "chain", chain(b.name("chain-1"), "alpha", "beta")).ID
		files := shelf{}
		return providertest.Config{
			Properties: with(trade(id, files.put("contracts/trade.zip", goFile(b.t, "package main"))), map[string]any{"installOrgs": []any{"alpha"}}),
			Change: map[string]any{
				"version": "1.1", "file": files.put("contracts/trade.zip", goFile(b.t, "package main // changed")), "endorsePolicy": "AND",
				"installOrgs": []any{"alpha", "beta"}, "endorseOrgs": []any{"alpha", "beta"},
			},
			Content: files.open, Missing: id + "/" + "nowhere", Forgotten: true,
			Works: []providers.Action{providers.Create, providers.Update},
		}
	}},
	{"HBS.Contract", "in Solidity", func(b *bench) providertest.Config {
		return providertest.Config{
			Properties: map[string]any{
				"instanceId": b.make("HBS.Instance", "chain", chain(b.name("chain-1"), "alpha")).ID, "name": "token", "version": "1.0", "type": "solidity",
				"byteCode": "6080", "installOrgs": []any{}, "endorseOrgs": []any{}, "endorsePolicy": "OR", "securityCheck": false, "description": "ours",
			},
			Change: map[string]any{"version": "2", "byteCode": "6081"},
			Unread: []string{"byteCode"}, Forgotten: true,
		}
	}},
	{"HBS.BesuContract", "", func(b *bench) providertest.Config {
		id := besu(b)
		return providertest.Config{
			Properties: map[string]any{
				"instanceId": id, "abi": `[{"type":"constructor","inputs":[{"type":"uint256"}]}]`, "bytecode": "0x6080AB", "initParam": `[7]`, "description": "",
			},
			Unread: []string{"initParam"}, Missing: id + "/" + nowhere, Namesakes: true, Forgotten: true,
			Works: []providers.Action{providers.Create}, Unexplained: true,
		}
	}},
}
