package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// secretDigests are digests of the secrets that the acting steps start from and
// lead to: by node, and there by what becomes of them ("password is not what it
// was"). A digest of a short secret gives it away to who tries them all, so they
// lie sealed in a plan file.
type secretDigests map[string]map[string]string

// secretsOf digests the secrets of a plan.
func secretsOf(p *Plan) secretDigests {
	out := secretDigests{}
	for _, s := range p.Steps {
		if !s.idle() {
			out.add(s.Node, "", s.Before, "is not what it was")
			out.add(s.Node, "", s.After, "is to become another than it was")
			out.add(s.Node, "attribute ", s.Attributes, "is not what it was")
		}
	}
	if p.RefreshOnly {
		for _, d := range p.Drift {
			out.add(d.Node, "recorded ", d.Before, "is not what it was")
			out.add(d.Node, "", d.After, "was read as another than it was")
		}
	}
	return out
}

func (d secretDigests) add(node, kind string, v intrinsic.Value, moved string) {
	walkSecrets("", v, func(path string, secret intrinsic.Value) {
		if d[node] == nil {
			d[node] = map[string]string{}
		}
		d[node][kind+path+", a sensitive value, "+moved] = secretDigest(secret)
	})
}

// walkSecrets visits the outermost sensitive parts of a value.
func walkSecrets(path string, v intrinsic.Value, do func(path string, secret intrinsic.Value)) {
	if v.IsSensitive() {
		do(path, v)
		return
	}
	if m, ok := v.Map(); ok {
		for key, e := range m {
			walkSecrets(PathTo(path, key), e, do)
		}
	}
	if l, ok := v.List(); ok {
		for i, e := range l {
			walkSecrets(pathToItem(path, i), e, do)
		}
	}
}

// secretDigest tells an unknown value from null.
func secretDigest(v intrinsic.Value) string {
	text, err := json.Marshal([]any{v.Plain(), v.HasUnknown()})
	if err != nil {
		return err.Error() // differs from every digest: the plan is refused as stale
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// moved lists what differs for a node, sorted.
func (d secretDigests) moved(now secretDigests, node string) []string {
	differs := map[string]bool{}
	for what, digest := range d[node] {
		differs[what] = now[node][what] != digest
	}
	for what := range now[node] {
		if _, known := d[node][what]; !known {
			differs[what] = true
		}
	}
	maps.DeleteFunc(differs, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(differs))
}

func secretsScope(stack string) string { return "secrets of the plan of stack " + stack }

// sealSecrets is nil if there is nothing to seal, and for a deletion whose key
// is lost, which that does not stop.
func sealSecrets(p *Plan, sealer Sealer) (*state.Document, error) {
	digests := secretsOf(p)
	if len(digests) == 0 {
		return nil, nil
	}
	plain := make(map[string]any, len(digests))
	for node, all := range digests {
		entries := make(map[string]any, len(all))
		for what, digest := range all {
			entries[what] = digest
		}
		plain[node] = entries
	}
	sealed, err := sealer.Seal(secretsScope(p.Stack), state.Document{Value: plain, Sensitive: []string{""}})
	var key *state.KeyError
	switch {
	case p.Lifecycle == "delete" && errors.As(err, &key):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("seal the secrets of the plan: %w", err)
	}
	return &sealed, nil
}

// openSecrets returns the digests of a plan file, and whether they can be
// compared: a deletion goes on without.
func (f *File) openSecrets(sealer Sealer) (_ secretDigests, ok bool, err error) {
	deletes := f.Lifecycle == "delete"
	if f.Secrets == nil {
		return nil, !deletes, nil
	}
	d, err := sealer.Unseal(secretsScope(f.Stack), *f.Secrets)
	switch {
	case err != nil && deletes:
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("open the secrets of the plan file: %w", err)
	}
	out := secretDigests{}
	nodes, _ := d.Value.(map[string]any)
	for node, all := range nodes {
		entries, _ := all.(map[string]any)
		out[node] = make(map[string]string, len(entries))
		for what, digest := range entries {
			out[node][what], _ = digest.(string)
		}
	}
	return out, true, nil
}
