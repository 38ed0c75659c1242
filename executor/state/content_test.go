package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func contentOf(path, text string) Content {
	sum := sha256.Sum256([]byte(text))
	return Content{Path: path, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}
}

func reading(text string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

func neverOpened() (io.ReadCloser, error) { return nil, errors.New("it was opened") }

func kept(t *testing.T, s *SQLite, c Content) (string, error) {
	t.Helper()
	r, err := s.Kept(context.Background(), c.SHA256)
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return string(text), err
}

// A file is kept once, sealed, for as long as a stack needs it.
func TestContents(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	long := strings.Repeat("a line with a "+secret+"\n", 200_000) // several parts
	c, empty := contentOf("contracts/trade.zip", long), contentOf("none", "")
	one := acquire(t, s, "one", "a")
	if _, err := kept(t, s, c); !errors.Is(err, ErrNotFound) {
		t.Fatalf("before: %v", err)
	}
	must(t, s.Keep(ctx, one, c, reading(long)))
	must(t, s.Keep(ctx, one, empty, reading("")))
	must(t, s.Keep(ctx, one, c, neverOpened))
	want := map[string]Content{"contracts/trade.zip": c}
	e := begin(t, s, one, &Revision{Blueprint: []byte("x"), File: "b.yaml", Contents: want})
	two := acquire(t, s, "two", "a")
	must(t, s.Keep(ctx, two, c, neverOpened))
	other := begin(t, s, two, nil)

	for _, f := range []Content{c, empty} {
		text, err := kept(t, s, f)
		if err != nil || int64(len(text)) != f.Size || f == c && text != long {
			t.Errorf("%s: %d bytes, %v", f.Path, len(text), err)
		}
	}
	rev, err := s.Revision(ctx, "one", 1)
	must(t, err)
	if d := cmp.Diff(want, rev.Contents); d != "" {
		t.Error(d)
	}
	grepFiles(t, filepath.Dir(path), secret)

	must(t, s.Finish(ctx, one, e, nil, true))
	if _, err := kept(t, s, empty); !errors.Is(err, ErrNotFound) {
		t.Errorf("of a stack that is gone: %v", err)
	}
	if text, err := kept(t, s, c); text != long || err != nil {
		t.Errorf("that another stack needs: %v", err)
	}
	must(t, s.Finish(ctx, two, other, nil, true))
	if _, err := kept(t, s, c); !errors.Is(err, ErrNotFound) {
		t.Errorf("that nobody needs: %v", err)
	}
	for _, table := range []string{"contents", "content_parts", "contents_of"} {
		var n int
		must(t, s.view(ctx, "count", func(v *snapshot) error { return v.QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(&n) }))
		if n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

// What has changed since its digest was taken, or can't be read, is not kept; a
// process that has lost its lease keeps nothing.
func TestContentsThatAreNot(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	l := acquire(t, s, "one", "a")
	c := contentOf("f", "right")
	var changed *ContentError
	for _, text := range []string{"wrong", "righ", "right!", ""} {
		if err := s.Keep(ctx, l, c, reading(text)); !errors.As(err, &changed) {
			t.Errorf("%q was kept: %v", text, err)
		}
	}
	if err := s.Keep(ctx, l, c, func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("ri"), failing{})), nil
	}); err == nil || !strings.Contains(err.Error(), "no more") {
		t.Errorf("unreadable: %v", err)
	}
	if _, err := kept(t, s, c); !errors.Is(err, ErrNotFound) {
		t.Errorf("it is there: %v", err)
	}
	must(t, s.Keep(ctx, l, c, reading("right"))) // over what was left
	if text, err := kept(t, s, c); text != "right" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	stale := *l
	stale.Token--
	if err := s.Keep(ctx, &stale, contentOf("g", "x"), reading("x")); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("without the lease: %v", err)
	}
}

// What was kept halfway gives its room back, so that a disk that was too small for
// it is not full for everything else; another stack that keeps the same is left
// alone.
func TestContentsHalfKept(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	one, two := acquire(t, s, "one", "a"), acquire(t, s, "two", "b")
	parts := func() (n int) {
		must(t, s.view(ctx, "count", func(v *snapshot) error { return v.QueryRowContext(ctx, `SELECT count(*) FROM content_parts`).Scan(&n) }))
		return n
	}
	text := strings.Repeat("x", 3*contentPart)
	c := contentOf("f", text)
	broken := func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(text[:2*contentPart]), failing{})), nil
	}
	if err := s.Keep(ctx, one, c, broken); err == nil || parts() != 0 {
		t.Errorf("%v, and %d parts are left", err, parts())
	}
	limit := func(pages int) {
		must(t, s.write(ctx, "limit", func(x *tx) error {
			_, err := x.row(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages), nil, &pages)
			return err
		}))
	}
	limit(2 * contentPart / 4096)
	if err := s.Keep(ctx, one, c, reading(text)); err == nil || !strings.Contains(err.Error(), "disk is full") || parts() != 0 {
		t.Errorf("%v, and %d parts are left", err, parts())
	}
	begin(t, s, one, nil)
	limit(1 << 20)
	if _, known := freeBytes(s.path); known { // then it is not even begun
		huge := c
		huge.Size = 1 << 60
		if err := s.Keep(ctx, one, huge, nil); err == nil || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("far too much: %v", err)
		}
	}

	must(t, s.Keep(ctx, two, c, func() (io.ReadCloser, error) {
		if err := s.Keep(ctx, one, c, broken); err == nil {
			t.Error("it was kept")
		}
		return reading(text)()
	}))
	if got, err := kept(t, s, c); got != text || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no more") }

// Parts that were edited, exchanged or lost are found out.
func TestContentsDamaged(t *testing.T) {
	ctx := context.Background()
	text := strings.Repeat("0123456789", contentPart/5)
	for i, damage := range []string{
		`UPDATE content_parts SET data = zeroblob(100) WHERE part = 0`,
		`UPDATE content_parts SET data = x'' WHERE part = 1`,
		`UPDATE content_parts SET part = 1 - part + 10; UPDATE content_parts SET part = part - 10`,
		`DELETE FROM content_parts WHERE part = 1`,
		`UPDATE contents SET size = size - 1`,
		`UPDATE contents SET size = 10`,
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			path := temp(t)
			s := openTest(t, path, "")
			c := contentOf("f", text)
			must(t, s.Keep(ctx, acquire(t, s, "one", "a"), c, reading(text)))
			must(t, s.write(ctx, "damage", func(w *tx) error {
				_, err := w.w.conn.ExecContext(ctx, damage)
				return err
			}))
			if got, err := kept(t, s, c); err == nil {
				t.Errorf("%d bytes were read without complaint, %v", len(got), bytes.Equal([]byte(got), []byte(text)))
			}
		})
	}
}

// The room of what nobody needs any more is given back.
func TestContentsShrink(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	text := strings.Repeat("x", 20<<20)
	l := acquire(t, s, "one", "a")
	must(t, s.Keep(ctx, l, contentOf("f", text), reading(text)))
	e := begin(t, s, l, nil)
	must(t, s.Close())
	if n := fileSize(t, path); n < 20<<20 {
		t.Fatalf("%d bytes are too few", n)
	}
	s = openTest(t, path, "")
	must(t, s.Finish(ctx, l, e, nil, true))
	must(t, s.Close())
	if n := fileSize(t, path); n > 1<<20 {
		t.Errorf("%d bytes are left", n)
	}
	s = openTest(t, path, "")
	if all, err := s.Executions(ctx, "one"); len(all) != 1 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

// Verify finds what is named and not there any more.
func TestContentsVerified(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	c, text := contentOf("a.zip", strings.Repeat("x", contentPart+5)), strings.Repeat("x", contentPart+5)
	l := acquire(t, s, "one", "a")
	must(t, s.Keep(ctx, l, c, reading(text)))
	must(t, s.Finish(ctx, l, begin(t, s, l, &Revision{Blueprint: []byte("x"), File: "b.yaml", Contents: map[string]Content{"a.zip": c}}), nil, false))
	for _, damage := range []struct{ do, place, message string }{
		{``, "", ""},
		{`DELETE FROM content_parts WHERE part = 1`, "file with the digest " + c.SHA256, "is not kept whole"},
		{`DELETE FROM contents`, "stack one, revision 1, file a.zip", "is named by a property, but not kept"},
	} {
		must(t, s.write(ctx, "damage", func(w *tx) error {
			_, err := w.w.conn.ExecContext(ctx, damage.do)
			return err
		}))
		report, err := s.Verify(ctx)
		must(t, err)
		var want []Finding
		if damage.place != "" {
			want = []Finding{{CheckReferences, damage.place, damage.message}}
		}
		if d := cmp.Diff(want, report.Problems); d != "" {
			t.Errorf("%s: %s", damage.do, d)
		}
	}
}
