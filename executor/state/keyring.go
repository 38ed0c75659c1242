package state

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/scrypt"
)

// KeyVariable is the environment variable that holds the key or passphrase.
const KeyVariable = "ORCHESTRATE_STATE_KEY"

// minPassphrase is the least length of a passphrase in bytes.
const minPassphrase = 16

// scrypt's cost: about 0.1 s and 32 MiB, once per process (RFC 7914, section 2).
const (
	scryptN = 1 << 15
	scryptR = 8
	scryptP = 1
)

// KeyError tells that the key that secrets are encrypted under cannot be had.
type KeyError struct{ Reason string }

// Error says why and what to do.
func (e *KeyError) Error() string { return e.Reason }

// Keyring encrypts and decrypts secrets. It looks for its key only when the
// first secret comes along: without secrets there is no key file and no wait
// for scrypt. It is safe for concurrent use.
type Keyring struct {
	secret string // value of KeyVariable; "": use the key file
	file   string

	mu       sync.Mutex
	key      *key
	accepted bool // key is the one that the store's secrets are under
	aside    bool // nothing is noted in the store
	book     keyBook
}

// keyBook is what a keyring asks its store for.
type keyBook interface {
	// salt is that of the store, made with it.
	salt() ([]byte, error)
	// noted is the ID of the key that the secrets of the store's stacks are
	// under, "" if there are none.
	noted() (string, error)
	// note notes the ID of a key that seals, if none is noted yet.
	note(id string) error
}

// key is 32 bytes with an ID that tells keys apart without giving them away.
type key struct {
	bytes [32]byte
	id    string
}

// NewKeyring returns the keyring of a state file: secret is the value of
// KeyVariable; if it is empty, the key lies in the file state.key beside the
// state file. The keyring works once OpenSQLite was given it.
func NewKeyring(secret, statePath string) *Keyring {
	return &Keyring{secret: secret, file: filepath.Join(filepath.Dir(statePath), "state.key")}
}

// Source says where the key comes from, for people.
func (k *Keyring) Source() string {
	if k.secret != "" {
		return KeyVariable
	}
	return "the key file " + k.file
}

// SealAside makes the keyring note nothing in its store: what it is going to seal
// is kept elsewhere, as in a plan file. Call it before the first use.
func (k *Keyring) SealAside() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.aside = true
}

// NeedsState reports whether there is no key without a state: the salt of a
// passphrase lies there.
func (k *Keyring) NeedsState() bool {
	raw, err := hex.DecodeString(k.secret)
	return k.secret != "" && (err != nil || len(raw) != 32)
}

func (k *Keyring) bind(book keyBook) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.book = book
}

// sealingKey returns the key, made if no secret was ever sealed. A key other
// than the one that the store's secrets are under is refused: some of them
// would be lost to either key.
func (k *Keyring) sealingKey() (*key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.accepted {
		return k.key, nil
	}
	if err := k.accept(); err != nil {
		return nil, err
	}
	k.accepted = true
	return k.key, nil
}

func (k *Keyring) accept() error {
	if k.book == nil {
		return k.load(true)
	}
	noted, err := k.book.noted()
	if err != nil {
		return fmt.Errorf("look up the key of the state: %w", err)
	}
	if err := k.load(noted == ""); err != nil {
		return err
	}
	if noted == "" && !k.aside {
		if err := k.book.note(k.key.id); err != nil {
			return fmt.Errorf("note the key of the state: %w", err)
		}
		if noted, err = k.book.noted(); err != nil {
			return fmt.Errorf("look up the key of the state: %w", err)
		}
	}
	if noted != "" && noted != k.key.id {
		return k.wrongKey()
	}
	return nil
}

// sealsUnder is the ID of the key that this process has sealed with, "" as long
// as it has sealed nothing.
func (k *Keyring) sealsUnder() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.accepted {
		return ""
	}
	return k.key.id
}

func (k *Keyring) openingKey(id string) (*key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(false); err != nil {
		return nil, err
	}
	if k.key.id != id {
		return nil, k.wrongKey()
	}
	return k.key, nil
}

func (k *Keyring) wrongKey() error {
	return &KeyError{Reason: fmt.Sprintf("the secrets are encrypted under another key than that of %s; set %s to the right key or put the right key file at %s. A stack whose key is lost can only be deleted",
		k.Source(), KeyVariable, k.file)}
}

func (k *Keyring) load(create bool) error {
	if k.key != nil {
		return nil
	}
	var raw []byte
	var err error
	switch {
	case k.secret == "" && create:
		raw, err = makeKeyFile(k.file)
	case k.secret == "":
		raw, err = readKeyFile(k.file)
	default:
		raw, err = k.fromSecret()
	}
	if err != nil {
		return err
	}
	k.key = newKey(raw)
	return nil
}

func newKey(raw []byte) *key {
	k := &key{}
	copy(k.bytes[:], raw)
	sum := sha256.Sum256(append([]byte("orchestrate key id\x00"), raw...))
	k.id = hex.EncodeToString(sum[:4])
	return k
}

// fromSecret takes 64 hex digits as the key itself and anything else as a
// passphrase.
func (k *Keyring) fromSecret() ([]byte, error) {
	if !k.NeedsState() {
		return hex.DecodeString(k.secret)
	}
	if len(k.secret) < minPassphrase {
		return nil, &KeyError{Reason: fmt.Sprintf("%s is neither a key of 64 hex digits nor a passphrase of at least %d characters", KeyVariable, minPassphrase)}
	}
	if k.book == nil {
		return nil, &KeyError{Reason: "a passphrase needs the state that its salt lies in"}
	}
	salt, err := k.book.salt()
	if err != nil {
		return nil, fmt.Errorf("read the salt of %s: %w", KeyVariable, err)
	}
	return scrypt.Key([]byte(k.secret), salt, scryptN, scryptR, scryptP, 32)
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &KeyError{Reason: fmt.Sprintf("the key file %s is missing; restore it or set %s. A stack whose key is lost can only be deleted", path, KeyVariable)}
	}
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, &KeyError{Reason: fmt.Sprintf("others may read the key file %s (mode %04o); make it private with chmod 600", path, mode)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != 32 {
		return nil, &KeyError{Reason: fmt.Sprintf("the key file %s does not hold 64 hex digits", path)}
	}
	return raw, nil
}

// makeKeyFile reads the key file, after writing one if there is none. Of
// several processes that do so at once, one wins and all read its key.
func makeKeyFile(path string) ([]byte, error) {
	if _, err := os.Stat(path); err == nil {
		return readKeyFile(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make key file: %w", err)
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	if err := publish(path, []byte(hex.EncodeToString(raw)+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make key file: %w", err)
	}
	return readKeyFile(path)
}

// publish writes a private file whole or not at all, and never over another.
func publish(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
