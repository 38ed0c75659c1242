package data_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/data"
)

// drawer is a folder with the provider that writes there.
type drawer struct {
	*testing.T
	folder string
	providers.Provider
}

func newDrawer(t *testing.T) drawer {
	folder, reg := t.TempDir(), providers.Registry{}
	data.RegisterFile(reg, folder)
	return drawer{t, folder, reg["Orchestrate.File"]}
}

func document(path, content string, more ...map[string]any) map[string]any {
	out := map[string]any{"path": path, "content": content, "encoding": "text", "mode": "0600"}
	for _, m := range more {
		maps.Copy(out, m)
	}
	return out
}

// play carries out an action to its end.
func (d drawer) play(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	var op providers.Operation
	for {
		p, err := d.Advance(ctx, req, op, false)
		if err != nil || p.Done {
			return p.Object, err
		}
		op = p.Next
	}
}

func (d drawer) create(properties map[string]any) (*providers.Object, error) {
	return d.play(d.Context(), &providers.Request{Action: providers.Create, Stack: "s", Node: "n", Properties: properties})
}

func (d drawer) update(o *providers.Object, was, want map[string]any) (*providers.Object, error) {
	return d.play(d.Context(), &providers.Request{
		Action: providers.Update, Stack: "s", Node: "n", ObjectID: o.ID, Attributes: o.Attributes, Prior: was, Properties: want,
	})
}

func (d drawer) delete(o *providers.Object) {
	d.Helper()
	if _, err := d.play(d.Context(), &providers.Request{Action: providers.Delete, ObjectID: o.ID, Attributes: o.Attributes}); err != nil {
		d.Fatal(err)
	}
}

func (d drawer) read(o *providers.Object, recorded map[string]any) (*providers.Object, error) {
	return d.Read(d.Context(), &providers.Request{ObjectID: o.ID, Attributes: o.Attributes, Properties: recorded})
}

func (d drawer) must(o *providers.Object, err error) *providers.Object {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
	return o
}

// holds checks the content and the mode of a file; "" means that there is none.
func (d drawer) holds(path, content, mode string) {
	d.Helper()
	info, err := os.Lstat(filepath.Join(d.folder, path))
	if content == "" && os.IsNotExist(err) {
		return
	}
	if err != nil {
		d.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(d.folder, path))
	if err != nil || string(b) != content {
		d.Errorf("%s holds %q, %v; want %q", path, b, err, content)
	}
	if mode != "" && info.Mode().Perm().String() != mode {
		d.Errorf("%s has the mode %s, want %s", path, info.Mode().Perm(), mode)
	}
}

func (d drawer) put(path, content string) {
	d.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(d.folder, path)), 0o700); err != nil {
		d.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.folder, path), []byte(content), 0o644); err != nil {
		d.Fatal(err)
	}
}

// refused checks that an error is of a kind, tells a text and no content.
func (d drawer) refused(err error, kind providers.Kind, text string) {
	d.Helper()
	var e *providers.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Message, text) || strings.Contains(e.Error()+e.Advice, "canary") {
		d.Errorf("got %v, want an error of kind %s about %q", err, kind, text)
	}
}

const helloSum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // of "hello"

func TestFileLife(t *testing.T) {
	d := newDrawer(t)
	want := document("a/b/key.pem", "hello")
	o := d.must(d.create(want))
	d.holds("a/b/key.pem", "hello", "-rw-------")
	attributes := map[string]any{"refID": filepath.Join(d.folder, "a/b/key.pem"), "refName": "key.pem", "path": "a/b/key.pem", "sha256": helloSum, "written": helloSum}
	if diff := cmp.Diff(attributes, o.Attributes); diff != "" {
		t.Error(diff)
	}
	for _, req := range []*providers.Request{
		{ObjectID: o.ID, Properties: want, Attributes: attributes},
		{ObjectID: o.ID}, {ObjectID: "a/b/key.pem"}, {ObjectID: "a/b/key.pem", Properties: want}, // imports
	} {
		if diff := cmp.Diff(o, d.must(d.Read(t.Context(), req))); diff != "" {
			t.Error(diff)
		}
	}
	other := document("a/b/key.pem", "aGVsbG8gYWdhaW4=", map[string]any{"encoding": "base64", "mode": "0640"})
	o = d.must(d.update(o, want, other))
	d.holds("a/b/key.pem", "hello again", "-rw-r-----")
	d.delete(o)
	d.holds("a/b/key.pem", "", "")
	_, err := d.read(o, other)
	d.refused(err, providers.NotFound, "a/b/key.pem")
	d.delete(o)
	if left, _ := os.ReadDir(filepath.Join(d.folder, "a/b")); len(left) != 0 {
		t.Errorf("left behind %v", left)
	}
}

func TestFileReadsInTheWordsOfTheRecord(t *testing.T) {
	d := newDrawer(t)
	wrapped := base64.StdEncoding.EncodeToString([]byte("\xff\x00bytes"))[:6] + "\n" + base64.StdEncoding.EncodeToString([]byte("\xff\x00bytes"))[6:]
	want := document("f", wrapped, map[string]any{"encoding": "base64"})
	o := d.must(d.create(want))
	for _, c := range []struct {
		name           string
		recorded       map[string]any
		there          string
		content, coded string
	}{
		{"as given, line breaks too", want, "", wrapped, "base64"},
		{"unknown", nil, "", "/wBieXRlcw==", "base64"},
		{"changed, of base64", want, "text", "dGV4dA==", "base64"},
		{"changed, of text", document("f", "hello"), "text", "text", "text"},
		{"changed to no text", document("f", "hello"), "\xff", "/w==", "base64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.there != "" {
				d.put("f", c.there)
			}
			read := d.must(d.read(o, c.recorded))
			if read.Properties["content"] != c.content || read.Properties["encoding"] != c.coded {
				t.Errorf("got %v", read.Properties)
			}
		})
	}
}

func TestFileThatIsThere(t *testing.T) {
	d := newDrawer(t)
	d.put("mine", "hello")
	d.must(d.create(document("mine", "hello")))
	d.holds("mine", "hello", "-rw-------")

	d.put("theirs", "canary of theirs")
	_, err := d.create(document("theirs", "hello"))
	d.refused(err, providers.Conflict, "theirs exists with another content")
	d.holds("theirs", "canary of theirs", "-rw-r--r--")

	hold := providers.Held
	held := &providers.Request{
		Action: providers.Create, Properties: document("mine", "hello"),
		Holder: func(context.Context, string) (string, providers.Hold) { return "node gate of stack two", hold },
	}
	_, err = d.play(t.Context(), held)
	d.refused(err, providers.Conflict, "mine is the file of node gate of stack two")
	hold = providers.Made // and let go
	d.must(d.play(t.Context(), held))
}

func TestFileWhereNoneCanBe(t *testing.T) {
	d := newDrawer(t)
	outside := t.TempDir()
	d.put("plain", "hello")
	if err := errors.Join(
		os.Mkdir(filepath.Join(d.folder, "folder"), 0o700),
		os.Symlink(filepath.Join(outside, "x"), filepath.Join(d.folder, "link")),
		os.Symlink(outside, filepath.Join(d.folder, "out")),
		os.Symlink("folder", filepath.Join(d.folder, "in")),
	); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		kind providers.Kind
		text string
	}{
		{"folder", providers.Conflict, "folder is a folder"},
		{"link", providers.Conflict, "link is a symbolic link"},
		{"plain/x", providers.Conflict, "make the folder plain"},
		{"out/x", providers.Conflict, "out/x is behind a link that leads out of the folder"},
		{"../x", providers.Invalid, "is no path below"},
		{"/x", providers.Invalid, "is no path below"},
		{"a/../x", providers.Invalid, "is no path below"},
		{".", providers.Invalid, "is no path below"},
		{`a\b`, providers.Invalid, "is no path below"},
		{"", providers.Invalid, "is no path below"},
		{".orchestrate/state.db", providers.Invalid, "where the state is kept"},
	} {
		t.Run(c.path, func(t *testing.T) {
			_, err := d.create(document(c.path, "canary"))
			d.refused(err, c.kind, c.text)
		})
	}
	d.must(d.create(document("in/x", "hello"))) // a link that stays inside
	d.holds("folder/x", "hello", "-rw-------")
	if left, _ := os.ReadDir(outside); len(left) != 0 {
		t.Errorf("written outside: %v", left)
	}
}

// A folder that has become a link leading outside holds the file no more, and what
// lies there instead is left alone.
func TestFileBehindALink(t *testing.T) {
	d := newDrawer(t)
	made := d.must(d.create(document("sub/f", "hello")))
	outside := t.TempDir()
	if err := errors.Join(
		os.Rename(filepath.Join(d.folder, "sub"), filepath.Join(outside, "sub")),
		os.Symlink(filepath.Join(outside, "sub"), filepath.Join(d.folder, "sub")),
	); err != nil {
		t.Fatal(err)
	}
	_, err := d.read(made, document("sub/f", "hello"))
	d.refused(err, providers.NotFound, "there is no file")
	_, err = d.create(document("sub/f", "hello"))
	d.refused(err, providers.Conflict, "behind a link that leads out of the folder")
	if b, err := os.ReadFile(filepath.Join(outside, "sub", "f")); err != nil || string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestFileBadContent(t *testing.T) {
	d := newDrawer(t)
	_, err := d.create(document("f", "canary!", map[string]any{"encoding": "base64"}))
	d.refused(err, providers.Invalid, "not base64")
	_, err = d.create(document("f", "canary", map[string]any{"mode": "rw"}))
	d.refused(err, providers.Invalid, "not an octal number")
	d.holds("f", "", "")
}

func TestFileChangedOutside(t *testing.T) {
	d := newDrawer(t)
	want := document("f", "hello")
	o := d.must(d.create(want))
	d.put("f", "edited")
	read := d.must(d.read(o, want))
	if read.Properties["content"] != "edited" || read.Attributes["written"] != helloSum || read.Attributes["sha256"] == helloSum {
		t.Errorf("got %+v", read)
	}

	_, err := d.update(o, want, document("f", "next"))
	d.refused(err, providers.Conflict, "was changed after it was looked at")
	d.holds("f", "edited", "")

	d.delete(read)
	d.holds("f", "edited", "")

	o = d.must(d.update(read, read.Properties, want)) // as the plan of the drift says
	d.holds("f", "hello", "")
	d.delete(o)
	d.holds("f", "", "")
}

func TestFileIsPutBack(t *testing.T) {
	d := newDrawer(t)
	want := document("f", "hello")
	o := d.must(d.create(want))
	if err := os.Chmod(filepath.Join(d.folder, "f"), 0o644); err != nil {
		t.Fatal(err)
	}
	if read := d.must(d.read(o, want)); read.Properties["mode"] != "0644" {
		t.Errorf("got %+v", read)
	}
	d.must(d.update(o, document("f", "hello", map[string]any{"mode": "0644"}), want))
	d.holds("f", "hello", "-rw-------")
	if err := os.Remove(filepath.Join(d.folder, "f")); err != nil {
		t.Fatal(err)
	}
	d.must(d.update(o, want, want))
	d.holds("f", "hello", "-rw-------")
}

// A file is found where it was made, wherever the command runs.
func TestFileOfAnotherFolder(t *testing.T) {
	there, here := newDrawer(t), newDrawer(t)
	want := document("a/f", "hello")
	o := there.must(there.create(want))
	if diff := cmp.Diff(o, here.must(here.read(o, want))); diff != "" {
		t.Error(diff)
	}
	o = here.must(here.update(o, want, document("a/f", "more")))
	there.holds("a/f", "more", "-rw-------")
	here.holds("a/f", "", "")
	here.delete(o)
	there.holds("a/f", "", "")

	o = there.must(there.create(want))
	if err := os.RemoveAll(there.folder); err != nil {
		t.Fatal(err)
	}
	_, err := here.read(o, want)
	here.refused(err, providers.NotFound, "there is no file")
	here.delete(o)

	for _, id := range []string{filepath.Join(there.folder, "f"), "/etc/passwd", here.folder} {
		_, err = here.Read(t.Context(), &providers.Request{ObjectID: id})
		here.refused(err, providers.Invalid, "is no path below")
	}
}

// What a command has left that died while it wrote is of no account.
func TestFileLeftHalfWritten(t *testing.T) {
	d := newDrawer(t)
	d.must(d.create(document("f", "hello")))
	names, err := filepath.Glob(filepath.Join(d.folder, ".orchestrate-*"))
	if err != nil || len(names) != 0 {
		t.Fatalf("%v, %v", names, err)
	}
	if err := os.Symlink("/dev/null", filepath.Join(d.folder, data.TemporaryName("g"))); err != nil {
		t.Fatal(err)
	}
	d.must(d.create(document("g", "hello")))
	d.holds("g", "hello", "-rw-------")
	if names, _ := filepath.Glob(filepath.Join(d.folder, ".orchestrate-*")); len(names) != 0 {
		t.Errorf("left %v", names)
	}
}

// Nothing is written for somebody who has lost the right to.
func TestFileAsksBeforeItWrites(t *testing.T) {
	d := newDrawer(t)
	lost := errors.New("the lease is lost")
	ctx := providers.Permitted(t.Context(), func() error { return lost })
	_, err := d.play(ctx, &providers.Request{Action: providers.Create, Properties: document("f", "hello")})
	if !errors.Is(err, lost) {
		t.Error(err)
	}
	d.holds("f", "", "")
}

func TestFileIsSettled(t *testing.T) {
	d := newDrawer(t)
	settle := func(a providers.Action) (*providers.Object, error) {
		return d.play(t.Context(), &providers.Request{
			Action: a, Settling: true, ObjectID: filepath.Join(d.folder, "f"), Prior: document("f", "before"), Properties: document("f", "hello"),
			Attributes: map[string]any{"path": "f", "written": "of before"},
		})
	}
	if o := d.must(settle(providers.Create)); o != nil {
		t.Errorf("made %+v", o)
	}
	d.holds("f", "", "")
	d.put("f", "before")
	if o := d.must(settle(providers.Update)); o.Properties["content"] != "before" || o.Attributes["written"] != "of before" {
		t.Errorf("got %+v", o)
	}
	d.put("f", "hello")
	for _, a := range []providers.Action{providers.Create, providers.Update} {
		if o := d.must(settle(a)); o == nil || o.Properties["content"] != "hello" {
			t.Errorf("%s: got %+v", a, o)
		}
	}
	d.holds("f", "hello", "-rw-r--r--") // nothing was written
}

func TestFilePreflight(t *testing.T) {
	d := newDrawer(t)
	d.put("theirs", "theirs")
	d.put("edited", "edited")
	d.put("folder/x", "")
	d.put("moves", "ours")
	create := func(node string, properties map[string]any) *providers.Request {
		return &providers.Request{Action: providers.Create, Node: node, Properties: properties}
	}
	unknown := document("theirs", "")
	delete(unknown, "content")
	reqs := []*providers.Request{
		create("a", document("new", "x")),
		create("b", document("new", "x")),
		create("c", document("theirs", "x")),
		create("d", unknown),
		create("e", document("theirs", "theirs")),
		create("f", document("folder", "x")),
		create("g", document("bad", "x!", map[string]any{"encoding": "base64"})),
		create("h", document("moves", "x")),
		{Action: providers.Delete, Node: "old", ObjectID: filepath.Join(d.folder, "moves"), Attributes: map[string]any{"written": "ours"}},
		{Action: providers.Delete, Node: "x", ObjectID: "edited", Attributes: map[string]any{"written": helloSum}},
		{Action: providers.Delete, Node: "y", ObjectID: "gone", Attributes: map[string]any{"written": helloSum}},
		{Action: providers.Create, Node: "z", Properties: map[string]any{"content": "the path is not known yet"}},
	}
	found, err := d.Provider.(providers.Preflighter).Preflight(t.Context(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		text := f.Node + ": " + f.Message
		if f.Warning {
			text = "warning: " + text
		}
		got = append(got, text)
	}
	want := []string{
		`b: Node "a" writes new too.`,
		`c: theirs exists, and was not made by this stack; only a file with the wanted content is taken.`,
		`d: Node "c" writes theirs too.`,
		`warning: d: theirs exists, and was not made by this stack; only a file with the wanted content is taken.`,
		`e: Node "c" writes theirs too.`,
		`f: folder is a folder.`,
		`g: the content is not base64, as its encoding says.`,
		`warning: old: moves is no longer as the stack wrote it, so it stays where it is.`,
		`warning: x: edited is no longer as the stack wrote it, so it stays where it is.`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFileIsSearchedFor(t *testing.T) {
	d := newDrawer(t)
	d.put("f", "hello")
	for _, c := range []struct{ content, doubt string }{{"hello", ""}, {"other", "its content is another one"}} {
		all, err := d.Provider.(providers.Searcher).Search(t.Context(), &providers.Request{Properties: document("f", c.content)}, providers.Operation{})
		if err != nil || len(all) != 1 || all[0].ID != filepath.Join(d.folder, "f") || all[0].Doubt != c.doubt {
			t.Errorf("got %+v, %v", all, err)
		}
	}
	if all, err := d.Provider.(providers.Searcher).Search(t.Context(), &providers.Request{Properties: document("g", "")}, providers.Operation{}); len(all) != 0 || err != nil {
		t.Errorf("got %+v, %v", all, err)
	}
}

// A disk that can't be written to is told with its reason.
func TestFileOnAFullDisk(t *testing.T) {
	if err := data.DiskError("write f", &os.PathError{Op: "write", Path: "/secret/f", Err: data.NoSpace}); err != nil {
		d := newDrawer(t)
		d.refused(err, providers.Quota, "write f: no space left on device")
	}
	d := newDrawer(t)
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	if err := os.Chmod(d.folder, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := d.create(document("f", "canary"))
	d.refused(err, providers.Invalid, "permission denied")
}

func TestFileHealth(t *testing.T) {
	d := newDrawer(t)
	want := document("f", "hello")
	o := d.must(d.create(want))
	for _, c := range []struct {
		change func() error
		want   []string
	}{
		{func() error { return nil }, nil},
		{func() error { return os.Chmod(filepath.Join(d.folder, "f"), 0o644) }, []string{"Its mode is 0644 instead of 0600."}},
		{func() error { return os.WriteFile(filepath.Join(d.folder, "f"), []byte("canary"), 0o600) }, []string{
			"Its content is another one than on record.", "Its mode is 0644 instead of 0600.",
		}},
	} {
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		req := &providers.Request{ObjectID: o.ID, Attributes: o.Attributes, Properties: want}
		h, err := d.Provider.(providers.HealthReader).Health(t.Context(), req, d.must(d.Read(t.Context(), req)))
		var got []string
		for _, s := range h.Symptoms {
			got = append(got, s.Message)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
}

// The catalogue tells early, with the place in the blueprint, what the provider
// would refuse: both have the same rule.
func TestPathsAsTheCatalogueHasThem(t *testing.T) {
	text, err := os.ReadFile("../../schemas/types/orchestrate.json")
	if err != nil {
		t.Fatal(err)
	}
	type path struct {
		Pattern string
		Not     struct{ Pattern string }
	}
	var catalogue map[string]struct {
		Rules []struct {
			Then struct{ Properties struct{ Path path } }
		}
	}
	if err := json.Unmarshal(text, &catalogue); err != nil {
		t.Fatal(err)
	}
	var is, not *regexp.Regexp
	for _, r := range catalogue["Orchestrate.File"].Rules {
		if p := r.Then.Properties.Path; p.Pattern != "" {
			is = regexp.MustCompile(p.Pattern)
		} else if p.Not.Pattern != "" {
			not = regexp.MustCompile(p.Not.Pattern)
		}
	}
	d := newDrawer(t)
	parts := []string{"a", ".", "..", "...", ".a", "..a", "a.", "a\\", "", ".orchestrate", ".orchestrates", "用户", "a b"}
	for _, first := range parts {
		for _, second := range append(parts, "none") {
			name := first + "/" + second
			if second == "none" {
				name = first
			}
			_, err := d.create(document(name, "hello"))
			var e *providers.Error
			refused := errors.As(err, &e) && e.Kind == providers.Invalid
			if told := !is.MatchString(name) || not.MatchString(name); told != refused {
				t.Errorf("%q: the catalogue refuses it: %v, the provider: %v", name, told, err)
			}
		}
	}
}
