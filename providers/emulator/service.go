package emulator

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// service is one of the vendor's services.
type service struct {
	name string // also the contract's file name without .yaml

	// owns tells the service by a request's path, split at the slashes.
	owns func(segments []string) bool

	operations map[string]handler // by operationId of the contract
	settle     map[string]settler // by kind of work

	errorShape func(e *apiError, requestID string) any
	plain      func(status int) *apiError  // the refusal for a bare status
	violation  func(v violation) *apiError // the refusal for a broken contract
	relax      func(c *contract)           // loosens a rule that the handlers keep; may be nil

	contract *contract
}

// allServices makes every service that there is, without its contract.
func allServices() []*service {
	return []*service{bcsService(), hbsService(), bssService(), vpcService(), ecsService(), eipService(), iamService()}
}

// handler answers one operation. An error that is no *apiError becomes a 500.
// It changes nothing but through c's transaction, which an error undoes.
type handler func(c *call) (reply, error)

// settler carries out what a piece of asynchronous work does at its end. c.now
// is the moment it ended, which may be long ago.
type settler func(c *call, id string) error

// reply is an answer. The zero status stands for the one that the contract
// gives for success.
type reply struct {
	status int
	header http.Header
	body   any    // to be written as JSON; nil: no body, unless file is set
	file   []byte // to be written as it is

	refusal *apiError // told instead, although what was done stands
}

// answer is a reply with a JSON body.
func answer(body any) (reply, error) { return reply{body: body}, nil }

// wiresOf shows each of a list as an answer does: an empty list as one, not as null.
func wiresOf[T, W any](list []T, wire func(T) (W, error)) ([]W, error) {
	wires := make([]W, len(list))
	for i, v := range list {
		var err error
		if wires[i], err = wire(v); err != nil {
			return nil, err
		}
	}
	return wires, nil
}

// nothing is a reply without a body.
func nothing() (reply, error) { return reply{}, nil }

// call is one request on its way through a handler, with the transaction
// that its work is part of.
type call struct {
	*tx
	e       *Emulator
	now     time.Time
	params  map[string]string // from the path
	query   url.Values
	header  http.Header
	body    []byte
	peer    *x509.Certificate // of the client's TLS; nil without one
	fault   Fault
	project string
}

// decode reads the JSON body into v. The contract has checked it before.
func (c *call) decode(v any) error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return fmt.Errorf("decoding a request body that its contract accepts: %w", err)
	}
	return nil
}

// ends is when work that is documented to take d ends if it starts now.
func (c *call) ends(d time.Duration) time.Time { return c.now.Add(c.e.takes(d)) }

// intQuery is a number from the query, or the default.
func (c *call) intQuery(name string, or int) int {
	n, err := strconv.Atoi(c.query.Get(name))
	if err != nil {
		return or
	}
	return n
}

// settleDue ends all work whose time has come, in the order of its ends.
func (c *call) settleDue() error {
	for {
		w, err := c.nextDue(c.now)
		if err != nil || w == nil {
			return err
		}
		at := *c
		at.now, at.fault = w.due, Fault{} // the fault is of the call that comes in
		if err := c.e.settler(w.kind)(&at, w.id); err != nil {
			return fmt.Errorf("ending %s %s: %w", w.kind, w.id, err)
		}
	}
}

// settler finds who ends work of that kind.
func (e *Emulator) settler(kind string) settler {
	for _, s := range e.services {
		if f, ok := s.settle[kind]; ok {
			return f
		}
	}
	return func(*call, string) error { return fmt.Errorf("no service ends work of kind %q", kind) }
}

// page cuts a list sorted by ID as the vendor's marker paging does: what comes
// after the marker, limit of them.
func page[T any](c *call, list []T, id func(T) string, limit int) []T {
	marker := c.query.Get("marker")
	limit = c.intQuery("limit", limit)
	out := []T{}
	for _, v := range list {
		if marker != "" && id(v) <= marker {
			continue
		}
		if len(out) == limit {
			break
		}
		out = append(out, v)
	}
	return out
}
