package archive

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
)

// zip reads the directory of a zip file; members are unpacked when they are
// read. The reader of the standard library holds them to the size and the
// checksum that the directory states.
func (o *opener) zip(packed []byte) {
	// Every entry of the directory costs some hundred bytes of memory, so they
	// are counted before the directory is read. Folders are entries too.
	if bytes.Count(packed, []byte("PK\x01\x02")) > 2*o.limits.Members {
		o.tooMany()
		return
	}
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		o.damaged(err)
		return
	}
	for _, f := range r.File {
		if o.done() {
			return
		}
		o.zipMember(f)
	}
}

func (o *opener) zipMember(f *zip.File) {
	name, ok := o.admit(entry{name: f.Name, directory: f.Mode().IsDir(), special: special(f.Mode()), size: int64(f.UncompressedSize64)})
	if !ok {
		return
	}
	const encrypted = 1
	switch {
	case f.Flags&encrypted != 0:
		o.refuse("DSL118", "The member %q is encrypted. Pack it without a password.", short(name))
	case f.Method != zip.Store && f.Method != zip.Deflate:
		o.refuse("DSL118", "The member %q is packed with method %d. Pack it with the usual method (deflate).", short(name), f.Method)
	case f.UncompressedSize64 >= uint64(o.limits.RatioFrom) && f.UncompressedSize64/uint64(o.limits.Ratio) > f.CompressedSize64:
		o.bomb(name, int64(f.UncompressedSize64/max(f.CompressedSize64, 1)))
	default:
		o.archive.members[name] = func() ([]byte, error) { return unzip(f) }
	}
}

func unzip(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", f.Name, err)
	}
	defer r.Close()
	text := make([]byte, 0, f.UncompressedSize64+bytes.MinRead) // admitted: within the limits
	buf := bytes.NewBuffer(text)
	if _, err := buf.ReadFrom(io.LimitReader(r, int64(f.UncompressedSize64))); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", f.Name, err)
	}
	// The checksum is compared when the end is read.
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, fmt.Errorf("unpack %s: %w", f.Name, zip.ErrFormat)
	}
	return buf.Bytes(), nil
}

// special names what is neither a file nor a directory, "" for these.
func special(m fs.FileMode) string {
	switch {
	case m.IsDir(), m.IsRegular():
		return ""
	case m&fs.ModeSymlink != 0:
		return "a link"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	}
	return "a special file"
}
