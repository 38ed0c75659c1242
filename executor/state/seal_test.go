package state

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNumbersKeepTheirKind(t *testing.T) {
	in := Document{Value: map[string]any{
		"int": int64(1 << 60), "float": 3.0, "big": 1e300, "text": "a\"\\\u2028é\x00", "list": []any{nil, true, -0.5},
		"<&>": map[string]any{}, "foreign": []any{"a"},
	}}
	text, err := json.Marshal(in)
	must(t, err)
	var out Document
	must(t, json.Unmarshal(text, &out))
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("(-in +out):\n%s", diff)
	}
	if _, err := encode(math.NaN()); err == nil {
		t.Error("NaN was encoded")
	}
}

// putSecret stores an element with a secret in a new state file.
func putSecret(t *testing.T, path, key string) {
	t.Helper()
	s := openTest(t, path, key)
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, nil)
	must(t, s.Append(context.Background(), l, Record{Execution: e.ID, Node: "db", Kind: Result,
		Element: &Element{Node: "db", Properties: secretDocument(secret)}}))
	must(t, s.Release(context.Background(), l))
	must(t, s.Close())
}

const (
	hexKey     = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	passphrase = "correct horse battery"
)

func TestKeys(t *testing.T) {
	removeKey := func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "state.key"))) }
	cases := map[string]struct {
		first, second string
		between       func(t *testing.T, dir string)
		want          string // part of the error; "" for none
	}{
		"key file":           {"", "", nil, ""},
		"hex key":            {hexKey, hexKey, nil, ""},
		"passphrase":         {passphrase, passphrase, nil, ""},
		"wrong passphrase":   {passphrase, passphrase + "!", nil, KeyVariable},
		"other key":          {hexKey, strings.Repeat("ab", 32), nil, KeyVariable},
		"too short":          {hexKey, "short", nil, "at least 16"},
		"key file missing":   {"", "", removeKey, "state.key is missing"},
		"key file is public": {"", "", func(t *testing.T, dir string) { must(t, os.Chmod(filepath.Join(dir, "state.key"), 0o644)) }, "chmod 600"},
		"key file damaged": {"", "", func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "state.key"), []byte("x"), 0o600))
		}, "64 hex digits"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path := temp(t)
			putSecret(t, path, c.first)
			if c.between != nil {
				c.between(t, filepath.Dir(path))
			}
			grepFiles(t, filepath.Dir(path), secret)
			s := openTest(t, path, c.second)
			st, err := s.Stack(context.Background(), "web")
			if c.want == "" {
				must(t, err)
				if diff := cmp.Diff(secretDocument(secret), st.Elements["db"].Properties); diff != "" {
					t.Errorf("properties (-want +got):\n%s", diff)
				}
				return
			}
			checkUnopened(t, s, st, err, c.want)
		})
	}
}

func checkUnopened(t *testing.T, s *SQLite, st *Stack, err error, want string) {
	t.Helper()
	var sealed *SealedError
	if !errors.As(err, &sealed) || !strings.Contains(err.Error(), want) {
		t.Fatalf("error %v, want a SealedError with %q", err, want)
	}
	if diff := cmp.Diff([]string{"elements/db/properties/a~1b/password", "elements/db/properties/list/1"}, sealed.Places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	value := st.Elements["db"].Properties.Value.(map[string]any)
	if value["name"] != "alice" || value["list"].([]any)[1] != nil {
		t.Errorf("the rest is %v", value)
	}
	if strings.Contains(err.Error(), secret) {
		t.Error("the error holds the secret")
	}
	if list, err := s.Stacks(context.Background()); err != nil || len(list) != 1 {
		t.Errorf("Stacks: %v, %v", list, err)
	}
	if ex, err := s.Execution(context.Background(), "web-1"); err != nil || len(ex.Steps) != 1 {
		t.Errorf("Execution: %v, %v", ex, err)
	}
	// Nothing is sealed under a second key.
	l := acquire(t, s, "web", "b")
	err = s.Append(context.Background(), l, Record{Execution: "web-1", Node: "db", Kind: Intent, Request: secretDocument(secret)})
	var key *KeyError
	if !errors.As(err, &key) {
		t.Errorf("Append under another key: %v", err)
	}
	if strings.Contains(want, "missing") {
		if _, err := os.Stat(filepath.Join(filepath.Dir(s.path), "state.key")); err == nil {
			t.Error("a new key file stands in for the lost one")
		}
	}
}

// TestDeleteWithoutKey goes on with a stack whose key is lost, as a deletion
// does: it finds what it can read, and overwrites nothing that the key opens.
func TestDeleteWithoutKey(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	putSecret(t, path, hexKey)
	s := openTest(t, path, "")
	st, err := s.Stack(ctx, "web")
	var sealed *SealedError
	if !errors.As(err, &sealed) {
		t.Fatalf("opened without its key: %v", err)
	}
	found, failed := *st.Elements["db"], *st.Elements["db"]
	failed.Phase = "DeleteFailed"
	l := acquire(t, s, "web", "b")
	e := begin(t, s, l, nil)
	must(t, s.Append(ctx, l,
		Record{Execution: e.ID, Node: "db", Kind: Intent, Before: &found},
		Record{Execution: e.ID, Node: "db", Kind: Failure, Element: &failed}))
	must(t, s.Close())

	s = openTest(t, path, hexKey)
	st, err = s.Stack(ctx, "web")
	must(t, err)
	db := st.Elements["db"]
	if diff := cmp.Diff(secretDocument(secret), db.Properties); diff != "" || db.Phase != "DeleteFailed" {
		t.Errorf("phase %s, properties (-want +got):\n%s", db.Phase, diff)
	}
	before, err := s.Before(ctx, "web", e.Number)
	if !errors.As(err, &sealed) || !strings.Contains(err.Error(), "before/db/properties/a~1b/password") || before["db"].Node != "db" {
		t.Errorf("before: %v, %v", before, err)
	}
}

// TestNewKeyAfterTheLastStack begins with a new key when nothing is left that
// the lost one opens.
func TestNewKeyAfterTheLastStack(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	putSecret(t, path, hexKey)
	s := openTest(t, path, "")
	inputs := &Revision{Inputs: secretDocument(secret)}
	l, other := acquire(t, s, "web", "b"), acquire(t, s, "other", "b")
	begin(t, s, other, nil)
	must(t, s.Finish(ctx, l, begin(t, s, l, nil), nil, true))
	var key *KeyError
	if _, err := s.Begin(ctx, l, &Execution{}, inputs, nil); !errors.As(err, &key) {
		t.Errorf("with another stack under the lost key: %v", err)
	}
	must(t, s.Finish(ctx, other, begin(t, s, other, nil), nil, true))
	begin(t, s, l, inputs)
	st, err := s.Stack(ctx, "web")
	must(t, err)
	if diff := cmp.Diff(inputs.Inputs, st.Revision.Inputs); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	grepFiles(t, filepath.Dir(path), secret)
}

// TestOneKeyForAll lets a process that has sealed with one key meet a state
// that was begun anew with another one meanwhile.
func TestOneKeyForAll(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	inputs := &Revision{Inputs: secretDocument(secret)}
	a, b := openTest(t, path, hexKey), openTest(t, path, strings.Repeat("ab", 32))
	l := acquire(t, a, "web", "a")
	must(t, a.Finish(ctx, l, begin(t, a, l, inputs), nil, true))
	begin(t, b, acquire(t, b, "other", "b"), inputs)
	var key *KeyError
	if _, err := a.Begin(ctx, l, &Execution{}, inputs, nil); !errors.As(err, &key) {
		t.Errorf("under a second key: %v", err)
	}
	if st, err := b.Stack(ctx, "other"); err != nil || cmp.Diff(inputs.Inputs, st.Revision.Inputs) != "" {
		t.Errorf("the first stack under the new key: %v, %v", st, err)
	}
}

func TestSealedValuesStayWhereTheyWere(t *testing.T) {
	k := NewKeyring(hexKey, "state.db")
	d := Document{Value: map[string]any{"a": "x", "b": "y"}, Sensitive: []string{"/a", "/b"}}
	sealed, err := k.Seal("stack one", d)
	must(t, err)
	if d.Value.(map[string]any)["a"] != "x" {
		t.Error("Seal changed its argument")
	}
	if _, err := k.Unseal("stack two", sealed); err == nil {
		t.Error("opened in another stack")
	}
	m := sealed.Value.(map[string]any)
	m["a"], m["b"] = m["b"], m["a"]
	if _, err := k.Unseal("stack one", sealed); err == nil {
		t.Error("opened in another place")
	}
}

func TestSealWholeAndNested(t *testing.T) {
	k := NewKeyring(hexKey, "state.db")
	for _, pointers := range [][]string{{""}, {"/a", "/a/b"}, {"/a/b"}, {"/nowhere", "/a/b/c/d", "/l/9"}} {
		d := Document{Value: map[string]any{"a": map[string]any{"b": secret}, "l": []any{1.5}}, Sensitive: pointers}
		sealed, err := k.Seal("s", d)
		must(t, err)
		back, err := k.Unseal("s", sealed)
		must(t, err)
		if diff := cmp.Diff(d, back); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pointers, diff)
		}
	}
}
