package huaweicloud

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// exchange carries one attempt of one call: it gives the SDK's request our
// context, and keeps what the SDK drops of the answer. Only the goroutine of
// the call uses it, except for the two flags.
type exchange struct {
	ctx     context.Context
	next    http.RoundTripper
	changes bool          // it must not leave unasked
	body    *formBody     // takes the place of the SDK's; nil: that is it
	extra   time.Duration // that it takes beyond the time of other calls

	barred    error       // why it was not to leave
	asked     atomic.Bool // the transport began to look for a connection
	connected atomic.Bool // it had one: from here on the request may have left

	host       string
	status     int // 0: no answer
	requestID  string
	retryAfter time.Duration
	answer     *boundedBody // nil: no answer
}

// RoundTrip implements http.RoundTripper.
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	x.host = r.URL.Host
	if x.changes {
		if x.barred = providers.MaySend(x.ctx); x.barred != nil {
			return nil, x.barred
		}
	}
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { x.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) },
	}
	r = r.WithContext(httptrace.WithClientTrace(x.ctx, trace))
	if x.body != nil {
		r = r.Clone(r.Context()) // whose headers are the SDK's
		x.body.put(r)
	}
	resp, err := x.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	x.status = resp.StatusCode
	x.requestID = requestID(resp.Header)
	x.retryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	x.answer = &boundedBody{ReadCloser: resp.Body, left: maxAnswerBytes}
	resp.Body = x.answer
	return resp, nil
}

func requestID(h http.Header) string {
	if id := h.Get("X-Request-Id"); id != "" {
		return id
	}
	return h.Get("X-Iam-Trace-Id")
}

// maxAnswerBytes bounds what one answer may take in memory: the largest ones,
// lists and certificate archives, stay far below.
const maxAnswerBytes = 64 << 20

// boundedBody fails once more than left bytes were read, and keeps what it began
// with.
type boundedBody struct {
	io.ReadCloser
	left  int64
	begun []byte // without white space, as far as saysNothing needs it
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errAnswerTooLarge
	}
	for _, c := range p[:n] {
		if len(b.begun) > len("null") {
			break
		}
		if c > ' ' {
			b.begun = append(b.begun, c)
		}
	}
	return n, err
}

// saysNothing reports whether the answer holds nothing at all, as gateways write
// it that have lost what the service said.
func (b *boundedBody) saysNothing() bool {
	switch string(b.begun) {
	case "", "null", "{}":
		return true
	}
	return false
}
