package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Contracts are OpenAPI documents that several Emulators share, each parsed once.
// It is an fs.FS, to be handed over as Options.Contracts where many Emulators
// come and go, as in tests. It is safe for concurrent use.
type Contracts struct {
	fs.FS

	mu     sync.Mutex
	parsed map[string]*contract // by file name; guarded by mu
}

// ShareContracts makes Contracts of the files.
func ShareContracts(files fs.FS) *Contracts {
	return &Contracts{FS: files, parsed: map[string]*contract{}}
}

// of is the contract of a service, not yet loaded if nobody needed it.
func (c *Contracts) of(service string) *contract {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := service + ".yaml"
	if c.parsed[name] == nil {
		c.parsed[name] = &contract{files: c.FS, name: name}
	}
	return c.parsed[name]
}

// contract is the OpenAPI document of one service, parsed when first needed:
// the largest takes about 50 ms, which a command that calls one service should
// not pay for five.
type contract struct {
	files fs.FS
	name  string

	once   sync.Once
	err    error
	doc    *openapi3.T
	routes []*route
}

// route is one operation of a contract under its path.
type route struct {
	id       string // operationId
	method   string
	segments []string // of the path; a parameter is "{name}"
	success  int      // the status of success
	route    *routers.Route
}

// load parses the document once, and lets relax loosen it.
func (c *contract) load(relax func(*contract)) error {
	c.once.Do(func() {
		c.err = c.parse()
		if c.err == nil && relax != nil {
			relax(c)
		}
	})
	return c.err
}

func (c *contract) parse() error {
	data, err := fs.ReadFile(c.files, c.name)
	if err != nil {
		return fmt.Errorf("reading the contract %s: %w", c.name, err)
	}
	c.doc, err = openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return fmt.Errorf("parsing the contract %s: %w", c.name, err)
	}
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			c.routes = append(c.routes, &route{
				id:       op.OperationID,
				method:   method,
				segments: split(path),
				success:  successStatus(op),
				route:    &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: method, Operation: op},
			})
		}
	}
	return nil
}

// successStatus is the lowest 2xx status that an operation documents.
func successStatus(op *openapi3.Operation) int {
	for status := 200; status < 300; status++ {
		if op.Responses.Status(status) != nil {
			return status
		}
	}
	return http.StatusOK
}

// split cuts a path at its slashes.
func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// find returns the operation for a request's path, still escaped, and the
// values of its path parameters. Where several fit, the one that is literal
// further to the left wins: blockchains/flavors is no instance.
func (c *contract) find(method, escapedPath string) (*route, map[string]string) {
	segments := split(escapedPath)
	var best *route
	for _, r := range c.routes {
		if r.method == method && r.fits(segments) && (best == nil || r.moreLiteral(best)) {
			best = r
		}
	}
	if best == nil {
		return nil, nil
	}
	return best, best.params(segments)
}

func (r *route) fits(segments []string) bool {
	if len(segments) != len(r.segments) {
		return false
	}
	for i, s := range r.segments {
		if !isParameter(s) && s != segments[i] || segments[i] == "" {
			return false
		}
	}
	return true
}

func (r *route) moreLiteral(other *route) bool {
	for i := range r.segments {
		if a, b := isParameter(r.segments[i]), isParameter(other.segments[i]); a != b {
			return b
		}
	}
	return false
}

func (r *route) params(segments []string) map[string]string {
	params := map[string]string{}
	for i, s := range r.segments {
		if !isParameter(s) {
			continue
		}
		value, err := url.PathUnescape(segments[i])
		if err != nil {
			value = segments[i]
		}
		params[strings.Trim(s, "{}")] = value
	}
	return params
}

func isParameter(segment string) bool { return strings.HasPrefix(segment, "{") }

// options let the contract judge form and nothing else: who may call is
// checked before, and defaults are the handlers' business.
func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
		SkipSettingDefaults: true,
	}
}

// violation is how a request breaks its contract.
type violation struct {
	in      string // "path", "query", "header" or "body"
	pointer string // in the body, such as "/channels/0/channel_name"; "" for the body as a whole
	field   string // the parameter, or the last name of the pointer
	reason  string // never holds the value, which may be a secret
}

// checkRequest holds a request to its contract; nil if it keeps it.
func (r *route) checkRequest(req *http.Request, params map[string]string, body []byte) (*openapi3filter.RequestValidationInput, *violation) {
	body = withoutFiles(req.Header.Get("Content-Type"), body)
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.ContentLength = int64(len(body))
	input := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: r.route, Options: options()}
	err := openapi3filter.ValidateRequest(req.Context(), input)
	if err == nil {
		return input, nil
	}
	return input, explain(err)
}

// withoutFiles empties the files of a form: a contract says nothing of what is
// in them, and its check would copy them several times. A form that can't be
// read comes back as it is, for the check to find out why.
func withoutFiles(contentType string, body []byte) []byte {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != mediaForm {
		return body
	}
	var out bytes.Buffer
	w, r := multipart.NewWriter(&out), multipart.NewReader(bytes.NewReader(body), params["boundary"])
	if w.SetBoundary(params["boundary"]) != nil {
		return body
	}
	for {
		part, err := r.NextRawPart()
		if err == io.EOF { // as it is: one that is wrapped says that the end is missing
			w.Close() // into memory, which does not fail
			return out.Bytes()
		}
		if err != nil {
			return body
		}
		to, err := w.CreatePart(part.Header)
		if err == nil && part.FileName() == "" {
			_, err = io.Copy(to, part)
		}
		if err != nil {
			return body
		}
	}
}

// explain finds out where a request breaks its contract.
func explain(err error) *violation {
	v := &violation{in: "body", reason: "not as the contract asks"}
	var broken *openapi3filter.RequestError
	if errors.As(err, &broken) {
		if broken.Parameter != nil {
			v.in, v.field = broken.Parameter.In, broken.Parameter.Name
		}
		if broken.Reason != "" {
			v.reason = broken.Reason
		}
	}
	if errors.Is(err, openapi3filter.ErrInvalidRequired) {
		v.reason = "missing"
	}
	var parse *openapi3filter.ParseError
	if errors.As(err, &parse) {
		v.reason = "cannot be read as the contract's type"
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		v.reason = schema.Reason
		if pointer := schema.JSONPointer(); v.in == "body" && len(pointer) > 0 {
			v.pointer = "/" + strings.Join(pointer, "/")
			v.field = lastName(pointer)
		}
	}
	return v
}

// lastName is the last part of a JSON pointer that is no array index.
func lastName(pointer []string) string {
	for i := len(pointer) - 1; i >= 0; i-- {
		if strings.Trim(pointer[i], "0123456789") != "" {
			return pointer[i]
		}
	}
	return ""
}

// checkResponse holds an answer to the contract. What it finds is a mistake of
// the emulator, never of the client.
func (r *route) checkResponse(ctx context.Context, input *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte) error {
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 status,
		Header:                 header,
		Options:                options(),
	}
	out.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		return fmt.Errorf("the answer %d to %s breaks the contract: %w", status, r.id, err)
	}
	return nil
}
