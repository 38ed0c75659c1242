package state

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A sealed value stands in a document where a secret was:
//
//	{"$sealed": "v1:<key id>:<base64 of nonce and ciphertext>"}
//
// The cipher is XChaCha20-Poly1305 with a random nonce. The scope (a stack) and
// the place in the document are authenticated with it, so that a value moved to
// another stack or another property does not open.
const (
	sealedKey     = "$sealed"
	sealedVersion = "v1"
)

// SealedError tells that secrets could not be decrypted. What it came with is
// complete but for them: they are null. A caller that needs no secret may go on.
type SealedError struct {
	Places []string // where they stand, such as "elements/db/properties/password"
	Err    error    // why; the first reason if there are several
}

// Error tells how many, why, and what to do.
func (e *SealedError) Error() string {
	if len(e.Places) == 1 {
		return fmt.Sprintf("a secret of the state cannot be decrypted (%s): %v", e.Places[0], e.Err)
	}
	return fmt.Sprintf("%d secrets of the state cannot be decrypted (the first is %s): %v", len(e.Places), e.Places[0], e.Err)
}

// Unwrap returns the reason.
func (e *SealedError) Unwrap() error { return e.Err }

// Seal returns d with each sensitive part encrypted. scope says what the
// document belongs to; Unseal must be given the same.
func (k *Keyring) Seal(scope string, d Document) (Document, error) {
	if len(d.Sensitive) == 0 {
		return d, nil
	}
	key, err := k.sealingKey()
	if err != nil {
		return Document{}, err
	}
	value := d.Value
	for _, pointer := range outermost(d.Sensitive) {
		value, err = edit(value, pointer, func(v any) (any, error) { return key.seal(place(scope, pointer), v) })
		if err != nil {
			return Document{}, fmt.Errorf("encrypt %s: %w", pointer, err)
		}
	}
	return Document{Value: value, Sensitive: d.Sensitive}, nil
}

// Unseal is the inverse of Seal. Parts that cannot be decrypted become null and
// are named in a *SealedError; the document is complete but for them.
func (k *Keyring) Unseal(scope string, d Document) (Document, error) {
	if len(d.Sensitive) == 0 {
		return d, nil
	}
	var failed *SealedError
	value := d.Value
	for _, pointer := range outermost(d.Sensitive) {
		value, _ = edit(value, pointer, func(v any) (any, error) {
			clear, err := k.open(place(scope, pointer), v)
			if err != nil {
				failed = failed.add(pointer, err)
				return nil, nil
			}
			return clear, nil
		})
	}
	out := Document{Value: value, Sensitive: d.Sensitive}
	if failed != nil {
		return out, failed
	}
	return out, nil
}

func (e *SealedError) add(place string, err error) *SealedError {
	if e == nil {
		e = &SealedError{Err: err}
	}
	e.Places = append(e.Places, place)
	return e
}

// join adds what failed in a part of a larger whole, under its name.
func (e *SealedError) join(part string, err error) (*SealedError, error) {
	var sealed *SealedError
	if err == nil {
		return e, nil
	}
	if !errors.As(err, &sealed) {
		return e, err
	}
	for _, p := range sealed.Places {
		e = e.add(part+p, sealed.Err)
	}
	return e, nil
}

// errOrNil keeps a nil *SealedError from becoming a non-nil error.
func (e *SealedError) errOrNil() error {
	if e == nil {
		return nil
	}
	return e
}

func place(scope, pointer string) []byte {
	return []byte("orchestrate\x00" + sealedVersion + "\x00" + scope + "\x00" + pointer)
}

func (k *key) seal(ad []byte, v any) (any, error) {
	plain, err := encode(v)
	if err != nil {
		return nil, err
	}
	box, err := k.sealBytes(ad, plain)
	if err != nil {
		return nil, err
	}
	return map[string]any{sealedKey: sealedVersion + ":" + k.id + ":" + base64.RawStdEncoding.EncodeToString(box)}, nil
}

// open decrypts one sealed value. A null was written when it could not be
// decrypted: one that is meant is sealed like any other value.
func (k *Keyring) open(ad []byte, v any) (any, error) {
	if v == nil {
		return nil, errors.New("it could not be decrypted when it was recorded")
	}
	m, _ := v.(map[string]any)
	text, ok := m[sealedKey].(string)
	if !ok {
		return nil, errors.New("it is not in the sealed form; the state was edited or is damaged")
	}
	parts := strings.SplitN(text, ":", 3)
	if len(parts) != 3 || parts[0] != sealedVersion {
		return nil, fmt.Errorf("it is sealed in a form (%q) that this version does not know; use a newer orchestrate", parts[0])
	}
	key, err := k.openingKey(parts[1])
	if err != nil {
		return nil, err
	}
	box, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, errors.New("it is damaged")
	}
	plain, err := openBytes(key, ad, box)
	if err != nil {
		return nil, err
	}
	return decode(plain)
}

// outermost sorts JSON pointers and drops those that lie inside another one.
func outermost(pointers []string) []string {
	sorted := slices.Clone(pointers)
	slices.Sort(sorted)
	var out []string
	for _, p := range sorted {
		inside := slices.ContainsFunc(out, func(o string) bool { return p == o || strings.HasPrefix(p, o+"/") })
		if !inside {
			out = append(out, p)
		}
	}
	return out
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// edit returns v with the part at pointer replaced; what lies on the way is
// copied, so v itself stays as it is. A pointer that leads nowhere changes
// nothing.
func edit(v any, pointer string, change func(any) (any, error)) (any, error) {
	if pointer == "" {
		return change(v)
	}
	head, rest := pointer[1:], ""
	if i := strings.IndexByte(head, '/'); i >= 0 {
		head, rest = head[:i], head[i:]
	}
	head = unescapePointer.Replace(head)
	switch c := v.(type) {
	case map[string]any:
		part, ok := c[head]
		if !ok {
			return v, nil
		}
		changed, err := edit(part, rest, change)
		if err != nil {
			return nil, err
		}
		out := make(map[string]any, len(c))
		for k, e := range c {
			out[k] = e
		}
		out[head] = changed
		return out, nil
	case []any:
		i, err := strconv.Atoi(head)
		if err != nil || i < 0 || i >= len(c) {
			return v, nil
		}
		changed, err := edit(c[i], rest, change)
		if err != nil {
			return nil, err
		}
		out := slices.Clone(c)
		out[i] = changed
		return out, nil
	}
	return v, nil
}
