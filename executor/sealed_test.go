package executor

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// keeping makes an object in two requests, and has a secret to keep between them. The
// second is refused for its credentials as long as it is told so.
type keeping struct {
	refused bool
	made    int
	found   []string // what the handle kept, per second request
}

const handleSecret = "canary-of-a-handle"

func (k *keeping) Advance(_ context.Context, _ *providers.Request, op providers.Operation, _ bool) (providers.Progress, error) {
	if op.Stage == "" {
		k.made++
		return providers.Progress{Next: providers.Operation{Stage: "second", Secret: map[string]string{"key": handleSecret}}}, nil
	}
	k.found = append(k.found, op.Secret["key"])
	if k.refused {
		return providers.Progress{}, &providers.Error{Kind: providers.Auth, Message: "refused to who has " + handleSecret}
	}
	return providers.Progress{Done: true, Object: &providers.Object{ID: "id-1", Attributes: map[string]any{"refID": "id-1", "refName": "a"}}}, nil
}

func (k *keeping) Read(context.Context, *providers.Request) (*providers.Object, error) {
	return nil, &providers.Error{Kind: providers.NotFound}
}

func (k *keeping) Find(context.Context, *providers.Request) ([]*providers.Object, error) {
	return nil, nil
}

// What is secret of a handle outlives the process, and nobody sees it: neither on disk
// nor in what is told.
func TestSecretsOfHandles(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		const a = "tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n  a: {type: Cloud.Fake.Thing}\n"
		p := b.plan(a, nil)
		provider := &keeping{refused: true}
		path := filepath.Join(t.TempDir(), "sealed.db")
		open := func() {
			b.must(b.store.Close())
			s, err := state.OpenSQLite(context.Background(), path, state.NewKeyring(strings.Repeat("5f", 32), path))
			b.must(err)
			b.store, b.engine = s, &Engine{Store: s, Providers: providers.Registry{"Fake.Thing": provider}}
		}
		open()
		res := b.run(p, state.Terms{})
		if res.Outcome == Succeeded || len(res.Errors) != 1 || strings.Contains(res.Errors[0].Err.Error(), handleSecret) {
			t.Errorf("%s: %v", res.Outcome, res.Errors)
		}
		open()
		provider.refused = false
		b.settle()
		equal(t, "kept", []string{handleSecret, handleSecret}, provider.found)
		if st := b.stack(); provider.made != 1 || st.Elements["a"] == nil {
			t.Errorf("made %d times; on record: %v", provider.made, st.Elements)
		}
		b.must(b.store.Close())
		files, err := filepath.Glob(path + "*")
		b.must(err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			b.must(err)
			if bytes.Contains(text, []byte(handleSecret)) {
				t.Errorf("%s holds the secret in clear", filepath.Base(file))
			}
		}
		b.store, err = state.OpenSQLite(context.Background(), path, nil)
		b.must(err)
	})
}

func TestSealedOf(t *testing.T) {
	for _, secret := range []map[string]string{nil, {"a": "1", "b": ""}} {
		op := providers.Operation{Stage: "s", Secret: secret}
		text, err := encodeOperation(op)
		if err != nil || strings.Contains(text, "1") {
			t.Errorf("%s, %v", text, err)
		}
		if back := withSealed(providers.Operation{Stage: "s"}, sealedOf(op)); !maps.Equal(back.Secret, secret) {
			t.Errorf("%v became %v", secret, back.Secret)
		}
	}
}
