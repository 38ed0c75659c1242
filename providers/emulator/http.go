package emulator

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

const (
	// maxBodyBytes is the longest body that a signed request may carry.
	maxBodyBytes = 12 << 20
	// maxUploadedBytes is the longest form that may come with a token: the
	// largest contract, and the fields beside it.
	maxUploadedBytes = maxJavaArchive + 1<<20
)

// ServeHTTP answers one request. Paths under /_emulator/ are the emulator's
// own: log and objects, without authentication.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_emulator/") {
		e.serveInside(w, r)
		return
	}
	x := &exchange{e: e, r: r, began: e.opts.Now(), requestID: strings.ReplaceAll(newID(), "-", "")}
	out := x.answer()
	if x.unanswered(out.status) {
		// The way of net/http to cut a connection without an answer.
		panic(http.ErrAbortHandler)
	}
	out.write(w)
}

// unanswered reports whether the connection is cut instead of an answer.
func (x *exchange) unanswered(status int) bool {
	return x.fault.CutConnection || x.fault.LoseReply && status < 400
}

// exchange is one request and what is found out about it on the way.
type exchange struct {
	e         *Emulator
	r         *http.Request
	began     time.Time
	requestID string

	service *service // nil: the path is nobody's
	route   *route   // nil: the service has no such operation
	params  map[string]string
	fault   Fault
	body    []byte
}

// wire is an answer as it goes out.
type wire struct {
	status int
	code   string // of a refusal, for the log
	header http.Header
	body   []byte
}

func (w wire) write(to http.ResponseWriter) {
	for name, values := range w.header {
		to.Header()[name] = values
	}
	to.WriteHeader(w.status)
	to.Write(w.body) //nolint:errcheck // the client has gone; nobody is left to tell
}

// answer takes the request through: which operation, what shall go wrong, who
// asks, is it well formed, do it, is the answer well formed, write it down.
func (x *exchange) answer() wire {
	if err := x.readBody(); err != nil {
		return x.refused(err)
	}
	if err := x.identify(); err != nil {
		return x.refused(err)
	}
	x.fault = x.e.opts.Faults.Fault(x.r.Context(), Call{
		Service: x.service.name, Operation: x.route.id, Method: x.r.Method, Path: x.r.URL.Path,
	})
	pass(x.r.Context(), x.fault.Delay)

	// From here on a client that goes away changes nothing: the cloud goes on.
	ctx := context.WithoutCancel(x.r.Context())
	var out wire
	err := x.e.store.within(ctx, func(t *tx) error {
		c := &call{
			tx: t, e: x.e, now: x.e.opts.Now(), params: x.params, query: x.r.URL.Query(), header: x.r.Header,
			body: x.body, peer: peer(x.r), fault: x.fault, project: x.e.opts.ProjectID, // until admit knows better
		}
		if err := c.settleDue(); err != nil {
			return err
		}
		failure := t.attempt(func() error {
			var err error
			out, err = x.work(c)
			return err
		})
		if failure != nil {
			out = x.refused(failure)
		}
		return x.record(t, out)
	})
	if err != nil {
		return x.refused(err)
	}
	return out
}

func (x *exchange) readBody() error {
	limit := bodyLimit(x.r)
	var body bytes.Buffer
	body.Grow(int(min(max(x.r.ContentLength, 0), limit)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(nil, x.r.Body, limit))
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return &apiError{status: http.StatusRequestEntityTooLarge, code: "APIGW.0201", message: "The request body is too large"}
	}
	if err != nil {
		return &apiError{status: http.StatusBadRequest, code: "APIGW.0201", message: "The request body could not be read"}
	}
	x.body = body.Bytes()
	return nil
}

// bodyLimit is how long a body may be: a signature covers less than a token
// lets in.
func bodyLimit(r *http.Request) int64 {
	if r.Header.Get("X-Auth-Token") != "" && strings.HasPrefix(r.Header.Get("Content-Type"), mediaForm) {
		return maxUploadedBytes
	}
	return maxBodyBytes
}

// peer is the certificate that the client shows; nil without TLS.
func peer(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// identify finds the service and the operation.
func (x *exchange) identify() error {
	segments := split(x.r.URL.EscapedPath())
	for _, s := range x.e.services {
		if s.owns(segments) {
			x.service = s
			break
		}
	}
	if x.service == nil {
		return gatewayError(http.StatusNotFound)
	}
	if err := x.service.contract.load(x.service.relax); err != nil {
		return err
	}
	x.route, x.params = x.service.contract.find(x.r.Method, x.r.URL.EscapedPath())
	if x.route == nil {
		return x.service.plain(http.StatusNotFound)
	}
	return nil
}

// work checks and does what is asked.
func (x *exchange) work(c *call) (wire, error) {
	if x.fault.CutConnection {
		return wire{}, nil
	}
	if refusal := x.fault.refusal(x.service); refusal != nil {
		return wire{}, refusal
	}
	if err := x.admit(c); err != nil {
		return wire{}, err
	}
	input, broken := x.route.checkRequest(x.r, x.params, x.body)
	if broken != nil {
		return wire{}, x.service.violation(*broken)
	}
	handle, ok := x.service.operations[x.route.id]
	if !ok {
		return wire{}, fmt.Errorf("nothing answers %s, which is in the contract", x.route.id)
	}
	rep, err := handle(c)
	if err != nil {
		return wire{}, err
	}
	out, err := x.encode(rep)
	if err != nil {
		return wire{}, err
	}
	return out, x.route.checkResponse(c.ctx, input, out.status, out.header, out.body)
}

// admit checks who asks, and for which project, in which the call then is. IAM's
// token call and any other that takes no authentication is open.
func (x *exchange) admit(c *call) error {
	security := x.route.route.Operation.Security
	if security == nil || len(*security) > 0 {
		var err error
		if c.project, err = x.e.authenticate(c.tx, x.r, x.body, c.now); err != nil {
			x.e.opts.Log.Info("request refused", "request_id", x.requestID, "operation", x.route.id, "reason", err.Error())
			return x.service.plain(http.StatusUnauthorized)
		}
	}
	if project, ok := x.params["project_id"]; ok && project != c.project {
		return x.service.plain(http.StatusForbidden)
	}
	return nil
}

// encode turns a reply into what goes over the wire.
func (x *exchange) encode(rep reply) (wire, error) {
	if rep.refusal != nil {
		return x.refused(rep.refusal), nil
	}
	out := wire{status: rep.status, header: x.header()}
	if out.status == 0 {
		out.status = x.route.success
	}
	for name, values := range rep.header {
		out.header[name] = values
	}
	switch {
	case rep.file != nil:
		if out.header.Get("Content-Type") == "" {
			out.header.Set("Content-Type", "application/octet-stream")
		}
		out.body = rep.file
	case rep.body != nil:
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(rep.body); err != nil {
			return out, fmt.Errorf("encoding the answer to %s: %w", x.route.id, err)
		}
		out.header.Set("Content-Type", "application/json")
		out.body = b.Bytes()
	}
	return out, nil
}

func (x *exchange) header() http.Header {
	return http.Header{"X-Request-Id": {x.requestID}}
}

// refused is the answer that tells a failure in the service's shape.
func (x *exchange) refused(failure error) wire {
	shape, svc := shapeGateway, x.service
	if svc != nil {
		shape = svc.errorShape
	} else {
		svc = &service{plain: gatewayError}
	}
	refusal := asAPIError(failure, svc)
	var known *apiError
	if !errors.As(failure, &known) {
		x.e.opts.Log.Error("the emulator failed", "request_id", x.requestID, "method", x.r.Method, "path", x.r.URL.Path, "error", failure.Error())
	}
	body, err := json.Marshal(shape(refusal, x.requestID))
	if err != nil {
		body = []byte("{}")
	}
	header := x.header()
	header.Set("Content-Type", "application/json")
	if refusal.retryAfter > 0 {
		header.Set("Retry-After", retryAfterSeconds(refusal.retryAfter))
	}
	return wire{status: refusal.status, code: refusal.code, header: header, body: body}
}

// record writes a changing request into the log, and every request into slog.
func (x *exchange) record(t *tx, out wire) error {
	x.e.opts.Log.LogAttrs(x.r.Context(), slog.LevelDebug, "request",
		slog.String("request_id", x.requestID), slog.String("service", x.service.name),
		slog.String("operation", x.route.id), slog.Int("status", out.status), slog.String("code", out.code))
	if x.r.Method == http.MethodGet {
		return nil
	}
	return t.log(Change{
		Time:      x.began,
		Service:   x.service.name,
		Operation: x.route.id,
		Method:    x.r.Method,
		Path:      x.r.URL.RequestURI(),
		Body:      redact(x.r.Header.Get("Content-Type"), x.body),
		Status:    out.status,
		Code:      out.code,
		RequestID: x.requestID,
		Lost:      x.unanswered(out.status),
	})
}

// Paths of the side doors to BCS instances.
const (
	pathHealth = "/_emulator/health"
	pathAlarms = "/_emulator/alarms"
)

// serveInside answers the emulator's own paths:
//
//	GET /_emulator/log      changing requests, oldest first
//	GET /_emulator/objects  every object's kind, ID, name and parent
//	GET /_emulator/settings quotas, and flavours that are not for sale
//	PUT /_emulator/settings sets those that it names
//	PUT /_emulator/health   sets the health of a BCS instance
//	PUT /_emulator/alarms   lets an alarm of a BCS instance begin or end
func (e *Emulator) serveInside(w http.ResponseWriter, r *http.Request) {
	var v any
	var err error
	switch {
	case r.Method == http.MethodPut && r.URL.Path == "/_emulator/settings":
		if err := e.setFromRequest(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		v, err = e.Settings(r.Context())
	case r.Method == http.MethodPut && (r.URL.Path == pathHealth || r.URL.Path == pathAlarms):
		if err := e.setInstanceFromRequest(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		v = struct{}{}
	case r.Method != http.MethodGet:
		http.Error(w, "only GET, and PUT of settings, health and alarms", http.StatusMethodNotAllowed)
		return
	case r.URL.Path == "/_emulator/settings":
		v, err = e.Settings(r.Context())
	case r.URL.Path == "/_emulator/log":
		v, err = e.Changes(r.Context())
	case r.URL.Path == "/_emulator/objects":
		v, err = e.Objects(r.Context())
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		e.opts.Log.Error("the emulator failed", "path", r.URL.Path, "error", err.Error())
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.Encode(v) //nolint:errcheck // the client has gone
}
