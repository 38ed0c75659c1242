package state

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"syscall"

	"golang.org/x/crypto/chacha20poly1305"
)

// Content is what a file holds that a property of a blueprint names.
type Content struct {
	Path   string `json:"path"` // in the package of the blueprint
	Size   int64  `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
}

// Contents keeps what files hold, by their digests, as long as the stack exists
// that they belong to: its revisions need them. A Store may be one.
type Contents interface {
	// Keep keeps what a file of the leased stack holds. It fails with
	// *ContentError if what is read is not what the content says.
	Keep(ctx context.Context, l *Lease, c Content, open func() (io.ReadCloser, error)) error
	// Kept begins to read what is kept under a digest, or gives ErrNotFound. What
	// is read is whole and right, or ends in an error.
	Kept(ctx context.Context, sha256 string) (io.ReadCloser, error)
}

var _ Contents = (*SQLite)(nil)

// ContentError tells that a file has changed since its digest was taken.
type ContentError struct{ Content Content }

// Error names the file.
func (e *ContentError) Error() string {
	return fmt.Sprintf("%s has changed while the command was running; when it stays as it is, run the command again", e.Content.Path)
}

// contentPart is how much of a file is sealed and stored at a time.
const contentPart = 1 << 20

// Keep keeps a file; see Contents. Its parts come one by one, so that others write
// in between; they count only when the last one is there.
func (s *SQLite) Keep(ctx context.Context, l *Lease, c Content, open func() (io.ReadCloser, error)) error {
	whole, err := s.claim(ctx, l, c)
	if err != nil || whole {
		return err
	}
	if err = s.roomFor(ctx, c); err == nil {
		err = s.keep(ctx, l, c, open)
	}
	if err != nil {
		s.letGo(context.WithoutCancel(ctx), l, c)
	}
	return err
}

// spareBytes is how much room is left at most beside a file that is kept: its parts
// pass through the log of the state, and what comes next has to be recorded as well.
const spareBytes = 16 << 20

// roomFor refuses a file for which the disk has no room. Once that is full, nothing
// can be recorded any more, not even that the file goes.
func (s *SQLite) roomFor(ctx context.Context, c Content) error {
	free, known := freeBytes(s.path)
	need := c.Size + min(2*c.Size, spareBytes)
	if !known || free >= need {
		return nil
	}
	var pages, pageBytes int64 // that the state holds and does not use
	err := s.view(ctx, "its free pages", func(t *snapshot) error {
		return errors.Join(
			t.QueryRowContext(ctx, `PRAGMA freelist_count`).Scan(&pages), t.QueryRowContext(ctx, `PRAGMA page_size`).Scan(&pageBytes))
	})
	if err != nil || free+pages*pageBytes >= need {
		return err
	}
	return fmt.Errorf("keep %s in state %s, which takes %d bytes, with what has to stay free, where %d are free: %w",
		c.Path, s.path, need, free, explain(syscall.ENOSPC))
}

func (s *SQLite) keep(ctx context.Context, l *Lease, c Content, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return fmt.Errorf("keep %s: %w", c.Path, err)
	}
	defer r.Close()
	key, err := s.keys.sealingKey()
	if err != nil {
		return fmt.Errorf("keep %s: %w", c.Path, err)
	}
	digest, size, part := sha256.New(), int64(0), make([]byte, contentPart)
	for n := 0; ; n++ {
		read, err := io.ReadFull(r, part)
		if read == 0 && err == io.EOF {
			break
		}
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return fmt.Errorf("keep %s: %w", c.Path, err)
		}
		if size += int64(read); size > c.Size {
			return &ContentError{c}
		}
		digest.Write(part[:read])
		if err := s.keepPart(ctx, l, key, c.SHA256, n, part[:read]); err != nil {
			return err
		}
	}
	if size != c.Size || hex.EncodeToString(digest.Sum(nil)) != c.SHA256 {
		return &ContentError{c}
	}
	return s.write(ctx, "keep "+c.Path, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		return t.exec(`INSERT INTO contents (sha256, size, key) VALUES (?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET size = excluded.size, key = excluded.key`,
			c.SHA256, c.Size, key.id)
	})
}

// claim notes that a stack needs a content, and reports whether it is whole.
func (s *SQLite) claim(ctx context.Context, l *Lease, c Content) (whole bool, err error) {
	err = s.write(ctx, "keep "+c.Path, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		if err := t.exec(`INSERT OR IGNORE INTO contents_of (stack, sha256) VALUES (?, ?)`, l.Stack, c.SHA256); err != nil {
			return err
		}
		var size int64
		whole, err = t.row(`SELECT size FROM contents WHERE sha256 = ?`, []any{c.SHA256}, &size)
		return err
	})
	return whole, err
}

// letGo gives back the room of what was kept halfway, unless another stack is
// keeping the same. Where that fails, the next attempt writes over it.
func (s *SQLite) letGo(ctx context.Context, l *Lease, c Content) {
	_ = s.write(ctx, "let go of "+c.Path, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM contents_of WHERE stack = ?1 AND sha256 = ?2 AND sha256 NOT IN (SELECT sha256 FROM contents)`, l.Stack, c.SHA256); err != nil {
			return err
		}
		return t.exec(`DELETE FROM content_parts WHERE sha256 = ? AND sha256 NOT IN (SELECT sha256 FROM contents_of)`, c.SHA256)
	})
}

func (s *SQLite) keepPart(ctx context.Context, l *Lease, key *key, digest string, n int, part []byte) error {
	box, err := key.sealBytes(partPlace(digest, n), part)
	if err != nil {
		return err
	}
	return s.write(ctx, "keep a file of stack "+l.Stack, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		return t.exec(`INSERT INTO content_parts (sha256, part, data) VALUES (?, ?, ?) ON CONFLICT (sha256, part) DO UPDATE SET data = excluded.data`, digest, n, box)
	})
}

// partPlace ties a part to its file and its place in it.
func partPlace(digest string, n int) []byte { return place("content "+digest, strconv.Itoa(n)) }

// dropContents forgets what no stack needs any more. Who holds the lease of a stack
// that is not there yet is about to make it.
func (t *tx) dropContents(stack string) error {
	if err := t.exec(`DELETE FROM contents_of WHERE stack = ?1 OR stack NOT IN (SELECT name FROM stacks)
		AND stack NOT IN (SELECT stack FROM leases WHERE owner <> '' AND expires > ?2)`, stack, nanos(t.now)); err != nil {
		return err
	}
	for _, table := range []string{"contents", "content_parts"} {
		if err := t.exec(`DELETE FROM ` + table + ` WHERE sha256 NOT IN (SELECT sha256 FROM contents_of)`); err != nil {
			return err
		}
	}
	return nil
}

// Kept opens a file; see Contents.
func (s *SQLite) Kept(ctx context.Context, digest string) (io.ReadCloser, error) {
	r := &keptReader{ctx: ctx, store: s, digest: digest, sum: sha256.New()}
	found := false
	err := s.view(ctx, "a kept file", func(t *snapshot) error {
		if t.schema < 5 {
			return nil
		}
		err := t.QueryRowContext(ctx, `SELECT size, key FROM contents WHERE sha256 = ?`, digest).Scan(&r.left, &r.key)
		found = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("the file with the digest %s: %w", digest, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// keptReader reads a file part by part.
type keptReader struct {
	ctx    context.Context
	store  *SQLite
	digest string
	key    string // ID of the key that it is sealed under
	left   int64  // bytes that are not in part yet
	next   int
	part   bytes.Reader
	sum    interface {
		io.Writer
		Sum(b []byte) []byte
	}
}

// Read implements io.Reader.
func (r *keptReader) Read(p []byte) (int, error) {
	if r.part.Len() == 0 {
		if r.left == 0 {
			return 0, r.end()
		}
		if err := r.turn(); err != nil {
			return 0, fmt.Errorf("read a kept file: %w", err)
		}
	}
	n, _ := r.part.Read(p)
	return n, nil
}

// turn goes on to the next part.
func (r *keptReader) turn() error {
	var box []byte
	err := r.store.view(r.ctx, "a kept file", func(t *snapshot) error {
		return t.QueryRowContext(r.ctx, `SELECT data FROM content_parts WHERE sha256 = ? AND part = ?`, r.digest, r.next).Scan(&box)
	})
	if err != nil {
		return err
	}
	key, err := r.store.keys.openingKey(r.key)
	if err != nil {
		return err
	}
	part, err := openBytes(key, partPlace(r.digest, r.next), box)
	if err != nil {
		return err
	}
	if r.left -= int64(len(part)); r.left < 0 || len(part) == 0 {
		return errDamaged
	}
	r.next++
	r.part.Reset(part)
	_, err = r.sum.Write(part)
	return err
}

func (r *keptReader) end() error {
	if hex.EncodeToString(r.sum.Sum(nil)) != r.digest {
		return fmt.Errorf("read a kept file: %w", errDamaged)
	}
	return io.EOF
}

// Close implements io.Closer.
func (r *keptReader) Close() error { return nil }

// sealBytes is how much longer a sealed part is.
const sealBytes = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

var errDamaged = errors.New("it is damaged or was moved from another place")

func (k *key) sealBytes(ad, plain []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(k.bytes[:])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return aead.Seal(nonce, nonce, plain, ad), nil
}

func openBytes(k *key, ad, box []byte) ([]byte, error) {
	if len(box) < chacha20poly1305.NonceSizeX {
		return nil, errDamaged
	}
	aead, err := chacha20poly1305.NewX(k.bytes[:])
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, box[:chacha20poly1305.NonceSizeX], box[chacha20poly1305.NonceSizeX:], ad)
	if err != nil {
		return nil, errDamaged
	}
	return plain, nil
}

// encodeContents is the form in which a revision lists its files; "" for none.
func encodeContents(contents map[string]Content) (string, error) {
	if len(contents) == 0 {
		return "", nil
	}
	text, err := json.Marshal(contents)
	return string(text), err
}

func decodeContents(text string) (contents map[string]Content, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &contents)
	}
	return contents, err
}
