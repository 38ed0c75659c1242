package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
)

// tarBlock is the unit of tar files; a member takes a block for its header.
const tarBlock = 512

// tarGzip reads a gzipped tar file. It has no directory, so it is read through
// once, and its texts are kept: they are bounded together.
func (o *opener) tarGzip(packed []byte) {
	counted := &countingReader{r: bytes.NewReader(packed)}
	z, err := gzip.NewReader(counted)
	if err != nil {
		o.damaged(err)
		return
	}
	// What is read beyond the members' texts (headers, padding, the two blocks
	// at the end and what some tools pad the file with) is bounded as well.
	overhead := (o.limits.Members + 1) * 8 * tarBlock
	stream := &boundedReader{r: z, packed: counted, left: o.limits.Unpacked + overhead, limits: o.limits}
	r := tar.NewReader(stream)
	for !o.done() {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			o.drain(stream)
			return
		}
		if err != nil {
			o.tarFailed(err)
			return
		}
		if !o.tarMember(r, h) {
			return
		}
	}
}

// tarMember keeps the text of one member; ok is false if reading can't go on.
func (o *opener) tarMember(r io.Reader, h *tar.Header) (ok bool) {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return true // git archive writes the commit there
	}
	e := entry{name: h.Name, directory: h.Typeflag == tar.TypeDir, size: h.Size, special: special(h.FileInfo().Mode())}
	if h.Typeflag == tar.TypeLink {
		e.special = "a link"
	}
	name, ok := o.admit(e)
	if !ok {
		return !o.exceeded()
	}
	text := make([]byte, h.Size) // admitted: within the limits
	if _, err := io.ReadFull(r, text); err != nil {
		o.tarFailed(err)
		return false
	}
	o.archive.members[name] = func() ([]byte, error) { return text, nil }
	return true
}

// exceeded reports whether a limit was reached, after which reading on would
// only cost time.
func (o *opener) exceeded() bool {
	for _, d := range o.diags {
		if d.Code == "DSL104" {
			return true
		}
	}
	return false
}

// drain reads to the end of the gzip stream, where its checksum is compared.
func (o *opener) drain(stream io.Reader) {
	if _, err := io.Copy(io.Discard, stream); err != nil {
		o.tarFailed(err)
	}
}

func (o *opener) tarFailed(err error) {
	var bomb *bombError
	switch {
	case errors.Is(err, errTooLarge):
		o.admitSize(entry{size: math.MaxInt64})
	case errors.As(err, &bomb):
		o.bomb(o.file, bomb.times)
	default:
		o.damaged(err)
	}
}

var errTooLarge = errors.New("unpacks to too much")

// bombError tells that a stream unpacks to many times its packed size.
type bombError struct{ times int64 }

func (*bombError) Error() string { return "unpacks to too many times its size" }

// boundedReader fails when more is unpacked than the limits allow.
type boundedReader struct {
	r      io.Reader
	packed *countingReader
	read   int64
	left   int
	limits Limits
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.read += int64(n)
	if b.left -= n; b.left < 0 {
		return n, errTooLarge
	}
	if times := b.read / max(b.packed.n, 1); b.read >= int64(b.limits.RatioFrom) && times > int64(b.limits.Ratio) {
		return n, &bombError{times}
	}
	return n, err
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
