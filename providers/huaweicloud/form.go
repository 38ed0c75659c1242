package huaweicloud

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// Form is a multipart body. Its file is read while it is sent, so that it needs no
// more memory than a small one.
type Form struct {
	Fields []Field // in the order in which they are sent
	File   *FormFile
	// Sent is told how many bytes of the file are on the way, each time some are;
	// nil: nobody wants to know.
	Sent func(sent, all int64)
}

// Field is a named text of a form.
type Field struct{ Name, Text string }

// FormFile is a file of a form.
type FormFile struct {
	Field, Name, Media string
	Size               int64
	// Open begins to read it. It is called again if a connection has died before
	// anything of the request went out.
	Open func() (io.ReadCloser, error)
}

const (
	// maxSignedBytes is the longest body for which the service takes a signature
	// (HBS API reference 2.4.2). What is longer comes with a token.
	maxSignedBytes = 12 << 20
	// slowestBytes is what a line has to carry in a second: an upload that is slower
	// runs out of time.
	slowestBytes = 64 << 10
)

// Upload is Change for a call whose body is a form.
func Upload[T, Q, R any](ctx context.Context, c *Client, s Service[T], operation string, call func(T, *Q) (*R, error), q *Q, f *Form) (*R, error) {
	body, err := f.body()
	if err != nil {
		return nil, inOperation(err, operation)
	}
	if body.length > maxSignedBytes {
		if body.token, err = c.Token(ctx); err != nil {
			return nil, err
		}
	}
	if body.first, err = body.open(); err != nil {
		return nil, inOperation(err, operation)
	}
	defer body.first.Close() // it may never be sent
	x := &exchange{changes: true, body: body, extra: time.Duration(body.length/slowestBytes) * time.Second}
	return attempt(ctx, c, s, operation, x, call, q)
}

// formBody is a form as it goes over the wire.
type formBody struct {
	media  string
	head   []byte // everything before the file
	file   *FormFile
	tail   string // and after it
	length int64
	sent   func(sent, all int64)
	token  string // takes the place of the signature; "": the body may be signed for
	first  io.ReadCloser
}

func (f *Form) body() (*formBody, error) {
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	for _, field := range f.Fields {
		if err := w.WriteField(field.Name, field.Text); err != nil {
			return nil, fmt.Errorf("write field %s of a form: %w", field.Name, err)
		}
	}
	b := &formBody{media: w.FormDataContentType(), file: f.File, sent: f.Sent}
	if f.File != nil {
		if _, err := w.CreatePart(f.File.header()); err != nil {
			return nil, fmt.Errorf("write file %s of a form: %w", f.File.Name, err)
		}
		b.length = f.File.Size
	}
	b.head = bytes.Clone(head.Bytes())
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("end a form: %w", err)
	}
	b.tail = string(head.Bytes()[len(b.head):])
	b.length += int64(head.Len())
	return b, nil
}

// quoted is what may stand between quotes in a header.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "")

func (f *FormFile) header() textproto.MIMEHeader {
	return textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s"`, quoted.Replace(f.Field), quoted.Replace(f.Name))},
		"Content-Type":        {f.Media},
	}
}

// open begins to read the body.
func (b *formBody) open() (io.ReadCloser, error) {
	if b.file == nil {
		return io.NopCloser(io.MultiReader(bytes.NewReader(b.head), strings.NewReader(b.tail))), nil
	}
	file, err := b.file.Open()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", b.file.Name, err)
	}
	counted := &counter{r: file, all: b.file.Size, sent: b.sent}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(b.head), counted, strings.NewReader(b.tail)), file}, nil
}

// counter tells how much of a file was read. One that is shorter or longer than it
// should be is an error, so that it is never sent whole.
type counter struct {
	r         io.Reader
	read, all int64
	sent      func(sent, all int64)
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read += int64(n)
	if c.sent != nil && n > 0 {
		c.sent(c.read, c.all)
	}
	if err == io.EOF && c.read != c.all || c.read > c.all {
		return n, fmt.Errorf("the file has another length than before: %d of %d bytes were read", c.read, c.all)
	}
	return n, err
}

// put gives a request that the SDK has made and signed its body. The signature
// does not cover a body that is not JSON, nor the type of it.
func (b *formBody) put(r *http.Request) {
	r.Body, r.GetBody, r.ContentLength = b.first, b.open, b.length
	r.Header.Set("Content-Type", b.media)
	if b.token != "" {
		for name := range r.Header {
			if name == "Authorization" || strings.HasPrefix(name, "X-Sdk-") {
				r.Header.Del(name)
			}
		}
		r.Header.Set("X-Auth-Token", b.token)
	}
}
