package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// RegisterFile adds Orchestrate.File to a registry. What is made lies below folder,
// an absolute path; what leads out of it, a symbolic link too, is refused.
func RegisterFile(reg providers.Registry, folder string) { reg["Orchestrate.File"] = file{folder} }

// file provides Orchestrate.File: a file on this machine, most often what a cloud
// handed out. Its content counts as a secret.
//
// A file appears whole or not at all (disk.go), so after a lost record it is either
// as it was or as it is wanted. Nothing is overwritten that the record does not
// tell of: a create takes only what has the wanted content already, an update
// replaces only what it was planned for, and a delete removes only what the stack
// has written. Its ID is the whole path, so that it is found where it was made,
// wherever the command runs; it is gone if that folder is.
//
//	create: ""  --absent, or the same-->  write  --written-->  done
type file struct{ folder string }

const (
	// stageWrite follows on the look of a create: from here on a file that holds the
	// wanted content is ours.
	stageWrite = "write"
	// stageLeave ends a delete that leaves the file, after that was told.
	stageLeave = "leave"
)

// maxFileBytes is how much a file may hold: its content is kept in the state.
const maxFileBytes = 16 << 20

// stateFolder is where state and local cloud live by default.
const stateFolder = ".orchestrate"

// fileProperties are the properties of a file.
type fileProperties struct {
	Path     string `json:"path"`
	Content  string `json:"content"`
	Encoding string `json:"encoding"` // text, base64
	Mode     string `json:"mode"`     // four octal digits
}

// wanted is what a file is to be.
type wanted struct {
	path    string
	content []byte
	mode    fs.FileMode
}

// fileWanted reads properties. No message repeats the content.
func fileWanted(properties map[string]any) (wanted, error) {
	var p fileProperties
	if err := providers.Decode(properties, &p); err != nil {
		return wanted{}, invalidf("the properties of a file can't be read")
	}
	if err := checkPath(p.Path); err != nil {
		return wanted{}, err
	}
	content, err := decode(p.Content, p.Encoding)
	if err != nil {
		return wanted{}, err
	}
	mode, err := strconv.ParseUint(p.Mode, 8, 9)
	if err != nil {
		return wanted{}, invalidf("the mode %q is not an octal number such as 0600", p.Mode)
	}
	return wanted{p.Path, content, fs.FileMode(mode)}, nil
}

// checkPath refuses what is not the path of a file below the folder, written in
// the one way that it has.
func checkPath(name string) error {
	first, _, _ := strings.Cut(name, "/")
	switch {
	case !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00"):
		return invalidf("%q is no path below the folder of the stack: names joined by slashes, without . and ..", name)
	case first == stateFolder:
		return invalidf("%q lies in %s, where the state is kept", name, stateFolder)
	}
	return nil
}

// decode gives the bytes that a content stands for.
func decode(content, encoding string) ([]byte, error) {
	if encoding != "base64" {
		return []byte(content), nil
	}
	b, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return nil, invalidf("the content is not base64, as its encoding says")
	}
	return b, nil
}

func invalidf(format string, args ...any) error {
	return &providers.Error{Kind: providers.Invalid, Message: fmt.Sprintf(format, args...)}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Advance implements providers.Provider.
func (p file) Advance(ctx context.Context, req *providers.Request, op providers.Operation, _ bool) (providers.Progress, error) {
	if req.Action == providers.Delete {
		return p.delete(ctx, req, op)
	}
	want, err := fileWanted(req.Properties)
	if err != nil {
		return providers.Progress{}, err
	}
	folder := p.folder
	if req.Action == providers.Update {
		if folder, _, err = p.place(req); err != nil {
			return providers.Progress{}, err
		}
	}
	root, err := open(folder)
	if err != nil {
		return providers.Progress{}, err
	}
	defer root.Close()
	if req.Action == providers.Update {
		return p.update(ctx, root, req, want)
	}
	return p.create(ctx, root, req, op, want)
}

// place takes the ID of a file apart: the folder that the path is below, and the
// path. At an import it may be the path alone.
func (p file) place(req *providers.Request) (folder, name string, err error) {
	folder, name = p.folder, req.ObjectID
	if filepath.IsAbs(name) {
		known := or(providers.Text(req.Attributes["path"]), req.String("path"))
		if above, ok := strings.CutSuffix(filepath.ToSlash(name), "/"+known); ok && known != "" {
			folder, name = filepath.FromSlash(or(above, "/")), known
		} else if name, err = filepath.Rel(folder, name); err != nil {
			return "", "", invalidf("%s does not lie below %s", req.ObjectID, folder)
		}
	}
	name = filepath.ToSlash(name)
	return folder, name, checkPath(name)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// id is the ID of a file.
func id(root *os.Root, name string) string {
	return filepath.Join(root.Name(), filepath.FromSlash(name))
}

// open opens a folder. It is not kept open: what is registered may never be used.
func open(folder string) (*os.Root, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, diskError("open the folder "+folder, err)
	}
	return root, nil
}

func (p file) create(ctx context.Context, root *os.Root, req *providers.Request, op providers.Operation, want wanted) (providers.Progress, error) {
	is, err := look(root, want.path)
	if err != nil {
		return providers.Progress{}, err
	}
	if err := stands(is, want); err != nil {
		return providers.Progress{}, err
	}
	switch {
	case op.Stage == "":
		if by := holder(ctx, req, id(root, want.path)); is.there && by != "" {
			return providers.Progress{}, &providers.Error{
				Kind: providers.Conflict, Message: want.path + " is the file of " + by, Advice: "Give each node a path of its own.",
			}
		}
		return providers.Progress{Next: providers.Operation{Stage: stageWrite}}, nil
	case req.Settling && !is.there:
		return providers.Progress{Done: true}, nil
	case req.Settling || is.as(want):
		return providers.Progress{Done: true, Object: fileObject(root, want.path, is, req.Properties, "")}, nil
	}
	return p.write(ctx, root, req, want, is)
}

// stands tells what is in the way of a file that is to be made.
func stands(is seen, want wanted) error {
	switch {
	case is.other != "":
		return taken(want.path, "is "+is.other)
	case is.there && !bytes.Equal(is.content, want.content):
		return taken(want.path, "exists with another content, and was not made by this stack")
	}
	return nil
}

func taken(name, why string) error {
	return &providers.Error{
		Kind: providers.Conflict, Message: name + " " + why,
		Advice: "Choose another path, move it away, or take it into the stack: orchestrate import NODE " + name + ".",
	}
}

// holder is the other node that has a file on record, "" if none has.
func holder(ctx context.Context, req *providers.Request, object string) string {
	if req.Holder == nil {
		return ""
	}
	by, hold := req.Holder(ctx, object)
	if hold != providers.Held {
		return "" // such as one that was let go
	}
	return by
}

// update replaces the file that it was planned for, or puts it back.
func (p file) update(ctx context.Context, root *os.Root, req *providers.Request, want wanted) (providers.Progress, error) {
	is, err := look(root, want.path)
	if err != nil {
		return providers.Progress{}, err
	}
	was, _ := decode(providers.Text(req.Prior["content"]), providers.Text(req.Prior["encoding"]))
	switch {
	case is.other != "":
		return providers.Progress{}, taken(want.path, "is "+is.other)
	case req.Settling && !is.there:
		return providers.Progress{}, absent(want.path)
	case req.Settling && !bytes.Equal(is.content, want.content):
		return providers.Progress{Done: true, Object: fileObject(root, want.path, is, req.Properties, providers.Text(req.Attributes["written"]))}, nil
	case req.Settling || is.as(want):
		return providers.Progress{Done: true, Object: fileObject(root, want.path, is, req.Properties, "")}, nil
	case is.there && !bytes.Equal(is.content, want.content) && !bytes.Equal(is.content, was):
		return providers.Progress{}, &providers.Error{
			Kind: providers.Conflict, Message: want.path + " was changed after it was looked at for the plan",
			Advice: "Save what was changed if it is needed, and plan again.",
		}
	}
	return p.write(ctx, root, req, want, is)
}

// write brings the file to what is wanted. is tells what is there now.
func (p file) write(ctx context.Context, root *os.Root, req *providers.Request, want wanted, is seen) (providers.Progress, error) {
	if err := providers.MaySend(ctx); err != nil {
		return providers.Progress{}, err
	}
	if err := put(root, want, is.there); err != nil {
		return providers.Progress{}, err
	}
	written := seen{there: true, content: want.content, mode: want.mode}
	return providers.Progress{Done: true, Object: fileObject(root, want.path, written, req.Properties, "")}, nil
}

// delete removes the file if it is as the stack has written it. One that is not
// holds somebody's work, and stays.
func (p file) delete(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	root, name, is, err := p.locate(req)
	if isAbsent(err) {
		return providers.Progress{Done: true}, nil
	}
	if err != nil {
		return providers.Progress{}, err
	}
	defer root.Close()
	switch {
	case !is.there || op.Stage == stageLeave:
		return providers.Progress{Done: true}, nil
	case digest(is.content) != providers.Text(req.Attributes["written"]):
		return providers.Progress{Next: providers.Operation{Stage: stageLeave}, Message: "it was changed since it was written, so the file stays"}, nil
	}
	if err := providers.MaySend(ctx); err != nil {
		return providers.Progress{}, err
	}
	return providers.Progress{Done: true}, remove(root, name)
}

// locate looks at the file of a request. A folder that is gone holds none.
func (p file) locate(req *providers.Request) (root *os.Root, name string, is seen, err error) {
	folder, name, err := p.place(req)
	if err != nil {
		return nil, "", seen{}, err
	}
	if root, err = open(folder); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = absent(req.ObjectID)
		}
		return nil, "", seen{}, err
	}
	if is, err = look(root, name); err != nil {
		root.Close()
	}
	return root, name, is, err
}

// Read implements providers.Provider. What has taken the place of the file, such
// as a folder or a link, is not it.
func (p file) Read(_ context.Context, req *providers.Request) (*providers.Object, error) {
	root, name, is, err := p.locate(req)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if !is.there {
		return nil, absent(req.ObjectID)
	}
	return fileObject(root, name, is, req.Properties, providers.Text(req.Attributes["written"])), nil
}

func absent(name string) error {
	return &providers.Error{Kind: providers.NotFound, Message: "there is no file " + name}
}

func isAbsent(err error) bool {
	var e *providers.Error
	return errors.As(err, &e) && e.Kind == providers.NotFound
}

// ReadAll implements providers.Lister.
func (p file) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	out := make([]providers.Reading, len(reqs))
	for i, req := range reqs {
		out[i].Object, out[i].Err = p.Read(ctx, req)
	}
	return out, nil
}

// Find implements providers.Provider: a create looks before it writes, so an intent
// alone has made nothing.
func (file) Find(context.Context, *providers.Request) ([]*providers.Object, error) { return nil, nil }

// fileObject is a file as it is there; given are the properties that it is compared
// with, written is the digest of what the stack wrote ("": what is there).
func fileObject(root *os.Root, name string, is seen, given map[string]any, written string) *providers.Object {
	sum := digest(is.content)
	if written == "" {
		written = sum
	}
	content, encoding := told(is.content, providers.Text(given["content"]), providers.Text(given["encoding"]))
	return &providers.Object{
		ID: id(root, name),
		Attributes: map[string]any{
			"refID": id(root, name), "refName": path.Base(name), "path": name, "sha256": sum, "written": written,
		},
		Properties: map[string]any{
			"path": name, "content": content, "encoding": encoding, "mode": modeText(is.mode, providers.Text(given["mode"])),
		},
	}
}

// told is what is in a file in the words of a blueprint: those that were given, as
// long as they say the same.
func told(b []byte, content, encoding string) (string, string) {
	if given, err := decode(content, encoding); err == nil && encoding != "" && bytes.Equal(given, b) {
		return content, encoding
	}
	if encoding == "base64" || !utf8.Valid(b) {
		return base64.StdEncoding.EncodeToString(b), "base64"
	}
	return string(b), "text"
}

// modeText is a mode as a blueprint writes it. Windows has none worth comparing.
func modeText(m fs.FileMode, given string) string {
	if runtime.GOOS == "windows" && given != "" {
		return given
	}
	return fmt.Sprintf("%04o", m.Perm())
}
