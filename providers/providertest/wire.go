package providertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Wire carries the requests of the provider that is driven, and makes trouble on
// our side of the cloud: it refuses, loses, holds back and shows old answers. So
// the same trouble can be made with every cloud, a real one included. It is safe
// for concurrent use; only one case at a time may use it.
type Wire struct {
	next http.RoundTripper

	mu      sync.Mutex
	changes bool               // the next request is one that may change something
	sent    []sent             // the changing requests, in order
	pick    func(key) *trouble // what happens to a request; nil: nothing does
	struck  []key              // the requests that something happened to
	wishes  map[key]time.Time  // before which a request is not to be repeated
	hasty   []key              // those that were, nevertheless
	shown   map[string]*answer // the last good answer of each read, by URL
	hiding  *hiding            // nil: everything is shown
}

// NewWire returns a Wire that sends by next; nil stands for
// http.DefaultTransport.
func NewWire(next http.RoundTripper) *Wire {
	if next == nil {
		next = http.DefaultTransport
	}
	return &Wire{next: next, wishes: map[key]time.Time{}, shown: map[string]*answer{}}
}

// key says what a request is for: its method and its path.
type key struct{ method, path string }

func (k key) String() string { return k.method + " " + k.path }

// sent is a request that may have changed something.
type sent struct {
	key
	carriedOut bool // it arrived, and was answered with success
}

// trouble is what happens to one request instead of a smooth exchange.
type trouble struct {
	unreachable bool          // there is no connection: nothing leaves
	carried     bool          // it arrives, whatever is answered then
	status      int           // that is answered; 0: the connection breaks off
	retryAfter  time.Duration // that is asked for with the status
}

// The troubles that there are.
var (
	unreachable = trouble{unreachable: true}
	lostRequest = trouble{}
	lostAnswer  = trouble{carried: true}
	timedOut    = trouble{carried: true, status: http.StatusGatewayTimeout}
	broken      = trouble{status: http.StatusServiceUnavailable}
)

// once strikes each request with each of the troubles, once each and in their
// order, and then lets it pass.
func once(troubles ...trouble) func(key) *trouble {
	times := map[key]int{}
	return func(k key) *trouble {
		n := times[k]
		if n == len(troubles) {
			return nil
		}
		times[k]++
		return &troubles[n]
	}
}

// leaving is told that the next request may change something; see
// providers.Permitted.
func (w *Wire) leaving() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = true
	return nil
}

// strike lets trouble come over the requests from now on. changing and reading
// decide about those that may change something, and about the others; nil: nothing
// happens to them.
func (w *Wire) strike(changing, reading func(key) *trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pick = func(k key) *trouble {
		f := reading
		if w.changes {
			f = changing
		}
		if f == nil {
			return nil
		}
		return f(k)
	}
}

// Calm ends all trouble.
func (w *Wire) Calm() { w.calm() }

// calm ends all trouble, and tells which requests were struck.
func (w *Wire) calm() []key {
	w.mu.Lock()
	defer w.mu.Unlock()
	struck := w.struck
	w.pick, w.struck, w.hiding = nil, nil, nil
	clear(w.wishes)
	return struck
}

// Done lists the changing requests that were carried out, in order.
func (w *Wire) Done() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, s := range w.sent {
		if s.carriedOut {
			out = append(out, s.String())
		}
	}
	return out
}

// marks says how many changing requests have left, and how many requests were
// struck.
func (w *Wire) marks() (left, struck int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sent), len(w.struck)
}

// impatient lists the requests that were repeated before the cloud had asked for.
func (w *Wire) impatient() []key {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.hasty)
}

// RoundTrip implements http.RoundTripper.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	k := key{r.Method, r.URL.Path}
	number, tr := w.begin(k)
	if number < 0 { // a read
		if old := w.old(r); old != nil {
			return old.response(r), drop(r)
		}
	}
	if tr == nil {
		resp, err := w.next.RoundTrip(r)
		return resp, w.end(r, number, resp, err)
	}
	if tr.carried {
		resp, err := w.next.RoundTrip(r)
		if w.end(r, number, resp, err) == nil {
			resp.Body.Close()
		}
	} else if err := drop(r); err != nil {
		return nil, err
	}
	return tr.outcome(r)
}

// drop does away with the body of a request that goes nowhere.
func drop(r *http.Request) error {
	if r.Body == nil {
		return nil
	}
	return r.Body.Close()
}

// begin counts a request and decides what happens to it. number is its place among
// the changing ones, -1 for a read.
func (w *Wire) begin(k key) (number int, tr *trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Now().Before(w.wishes[k]) {
		w.hasty = append(w.hasty, k)
	}
	if w.pick != nil {
		tr = w.pick(k)
	}
	if tr != nil {
		w.struck = append(w.struck, k)
		if tr.retryAfter > 0 {
			w.wishes[k] = time.Now().Add(tr.retryAfter)
		}
	}
	if !w.changes {
		return -1, tr
	}
	w.changes = false
	w.sent = append(w.sent, sent{key: k})
	return len(w.sent) - 1, tr
}

// end notes how a request ended.
func (w *Wire) end(r *http.Request, number int, resp *http.Response, err error) error {
	if err != nil || resp.StatusCode >= 300 {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if number >= 0 {
		w.sent[number].carriedOut = true
		if w.hiding != nil && w.hiding.until.IsZero() {
			w.hiding.until, w.hiding.before = time.Now().Add(w.hiding.lasts), maps.Clone(w.shown)
		}
		return nil
	}
	if r.Method != http.MethodGet {
		return nil
	}
	a, err := answerOf(resp)
	if err == nil {
		w.shown[r.URL.String()] = a
	}
	return err
}

// outcome is what comes back instead of the answer of the cloud.
func (tr *trouble) outcome(r *http.Request) (*http.Response, error) {
	switch {
	case tr.unreachable:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	case tr.status == 0:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	}
	a := &answer{status: tr.status, header: http.Header{"Content-Type": {"application/json"}}, body: gatewayText(tr.status)}
	if tr.retryAfter > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int(tr.retryAfter.Seconds())))
	}
	return a.response(r), nil
}

// gatewayText is how the gateway before the services words a refusal. Other
// servers on the way word theirs in HTML.
func gatewayText(status int) []byte {
	code, ok := map[int]string{http.StatusTooManyRequests: "APIGW.0308", http.StatusUnauthorized: "APIGW.0301", http.StatusForbidden: "APIGW.0302"}[status]
	if !ok {
		return []byte("<html><body>" + http.StatusText(status) + "</body></html>")
	}
	return fmt.Appendf(nil, `{"error_code":%q,"error_msg":%q}`, code, http.StatusText(status))
}

// hiding is how what is made is shown late: reads that were made before go on to
// answer as they did then, and what is asked for by its ID does not exist.
type hiding struct {
	lasts  time.Duration
	until  time.Time          // zero: nothing was made yet
	before map[string]*answer // what was shown before it was made, by URL
	absent *answer            // to who asks for one of ids
	ids    []string
}

// hide lets the cloud show late what the next changing request makes. absent is
// how it answers if an object does not exist, nil if nobody asks by ID.
func (w *Wire) hide(lasts time.Duration, absent *answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hiding = &hiding{lasts: lasts, absent: absent}
}

// hideID adds the ID of what is hidden, once it is known.
func (w *Wire) hideID(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hiding != nil && id != "" && !slices.Contains(w.hiding.ids, id) {
		w.hiding.ids = append(w.hiding.ids, id)
	}
}

// old is the answer to a read while something is hidden; nil: that of the cloud.
func (w *Wire) old(r *http.Request) *answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hiding
	if h == nil || !time.Now().Before(h.until) || r.Method != http.MethodGet {
		return nil
	}
	a := h.before[r.URL.String()]
	if named := func(part string) bool { return slices.Contains(h.ids, part) }; slices.ContainsFunc(strings.Split(r.URL.Path, "/"), named) {
		a = h.absent
	}
	if a != nil {
		w.struck = append(w.struck, key{r.Method, r.URL.Path})
	}
	return a
}

// listen returns how the cloud answers to the last request of f, if it refuses
// that; nil if it does not.
func (w *Wire) listen(f func()) *answer {
	heard := &lastAnswer{next: w.next}
	w.next = heard
	defer func() { w.next = heard.next }()
	f()
	return heard.refusal
}

// lastAnswer keeps the last answer if it is a refusal.
type lastAnswer struct {
	next    http.RoundTripper
	refusal *answer
}

// RoundTrip implements http.RoundTripper.
func (l *lastAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	l.refusal = nil
	resp, err := l.next.RoundTrip(r)
	if err != nil || resp.StatusCode < 400 {
		return resp, err
	}
	l.refusal, err = answerOf(resp)
	return resp, err
}

// answer is one that was read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// answerOf reads an answer, and leaves it to be read again.
func answerOf(resp *http.Response) (*answer, error) {
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return &answer{status: resp.StatusCode, header: resp.Header.Clone(), body: body}, err
}

// response is the answer to another request.
func (a *answer) response(r *http.Request) *http.Response {
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}
}
