// Package providers is the seam between the executor and the clouds. It owns
// the Provider interface, the registry of node types and the classes of
// errors. An action on one cloud object goes in as a Request; attributes and
// operation handles come out. It knows nothing of blueprints, plans or HTTP.
package providers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
)

// Action is what a provider does to one cloud object.
type Action string

// The actions that a provider carries out. Replacement is a delete and a
// create, reading is Provider.Read.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Request describes one action on one cloud object. Values are plain JSON
// values: nil, bool, int64, float64, string, []any, map[string]any. Secrets are
// in clear here; a provider never logs a Request.
type Request struct {
	Action Action
	Type   string // node type without its prefix, such as "BCS.Instance"
	Stack  string
	Node   string

	// Properties are what the blueprint wants, defaults filled in.
	// For Delete they are the recorded ones.
	Properties map[string]any

	// Prior holds the recorded properties; nil for Create.
	Prior map[string]any

	// ObjectID is the recorded ID of the cloud object; "" for Create.
	ObjectID string

	// Attributes are the recorded attributes; nil for Create.
	Attributes map[string]any

	// Along is true for the Delete of an object that goes with its container: it
	// counts in a preflight, but no call is made for it.
	Along bool

	// Refers holds, by property, the Create or Update of the same plan on the
	// object that the property refers to: what that is going to be. The zero
	// value stands for "nothing of it changes". In a preflight only.
	Refers map[string]*Request

	// Beside lists each Create and Update of the same plan, of whatever type, this
	// request among them: what is named without a reference is looked for there.
	// In a preflight only.
	Beside []*Request

	// Settling is true while it is found out what an earlier execution left:
	// what its requests have begun is waited for, but nothing new is sent, since
	// nobody may want it any more. A Create that has made nothing is then Done
	// without an Object. So is an Update of which nothing is known to have been
	// sent; another one is Done as far as it came, with the Object as it is.
	Settling bool

	// Answer answers the *QuestionError of an earlier Advance of a Create: the
	// ID of the object that it has made, or AnswerNone. It goes with one Advance,
	// so that nothing is answered that has not been asked.
	Answer string

	// Holder says which other node, such as "node gate of stack two", has to do with
	// an object of the same type, and what. nil: it is not known. In a Create only,
	// which must not take for its own what belongs to another.
	Holder func(ctx context.Context, id string) (by string, hold Hold)

	// Content opens what a file holds that a property names, by the digest that
	// stands there; see Open. nil where nothing is sent.
	Content func(ctx context.Context, sha256 string) (io.ReadCloser, error)
	// Told hears what the Advance is at; see Tell. nil: nobody listens.
	Told func(Progress)
}

// Hold is what another node has to do with an object.
type Hold int

// The holds, the weakest first.
const (
	NotHeld   Hold = iota // nothing
	MaybeMade             // it creates one of that name, and it is not known yet which
	Made                  // it has made it lately, and does not have it on record: not yet, or no more
	Held                  // it has it on record
)

// String returns the property of that name as text, "" when it is absent.
func (r *Request) String(name string) string { return Text(r.Properties[name]) }

// Text renders a scalar as text; nil gives "".
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// DefaultName is the name of a cloud object whose blueprint gives it none: it
// tells the object's stack and node to whoever looks at the cloud.
func (r *Request) DefaultName() string { return r.Stack + "-" + r.Node }

// Operation is a provider's handle on unfinished work. The executor makes it
// durable before it calls Advance with it, and hands it back unchanged, also
// to another process after a crash. The zero Operation stands for "not begun".
type Operation struct {
	// Stage tells the provider how far the action is; "" before the first call.
	Stage string `json:"stage,omitempty"`
	// ID is the cloud's own ID of the work: an operation record, a job; "" if it has none.
	ID string `json:"id,omitempty"`
	// ObjectID is the cloud object as far as it is known.
	ObjectID string `json:"object_id,omitempty"`
	// Note is what else the provider must know to go on; nothing secret.
	Note map[string]string `json:"note,omitempty"`
	// Secret is the same for what nobody may see: it is recorded sealed, beside the
	// handle. A handle that differs in nothing else is not recorded.
	Secret map[string]string `json:"-"`
}

// Substep is a part of an operation as the cloud reports it.
type Substep struct {
	Name   string `json:"name"`
	Status string `json:"status"` // waiting, processing, finished, failed
	Detail string `json:"detail,omitempty"`
}

// Progress is the answer to one Advance.
type Progress struct {
	// Done ends the action: Object is what exists now (nil after Delete).
	Done   bool
	Object *Object

	// Next is the handle to go on with when not Done. If it differs from the
	// one given, it is recorded before the next Advance.
	Next Operation

	// After is how long to wait before the next Advance; 0 means at once.
	// The executor lengthens it step by step while nothing changes.
	After time.Duration

	Substeps []Substep
	Transfer *Transfer // of what is being sent; nil: nothing that takes its time
	Message  string    // one line for humans, such as "waiting for BCSSVC01-99-..."
}

// Object is a cloud object as it was read.
type Object struct {
	ID string
	// Attributes always hold refID and refName.
	Attributes map[string]any
	// Properties holds those properties that can be read back, in the shape of
	// the node type; what cannot be read is absent.
	Properties map[string]any
	// Evidence says why a found object is taken for the one asked for, such as
	// "same name, made 3 s after the intent".
	Evidence string
}

// Provider serves one node type. Its methods are safe for concurrent use.
type Provider interface {
	// Advance takes an action one move further. With the zero Operation it
	// begins. Each call makes at most one changing request to the cloud, and
	// an action that needs several returns a new Operation between them, so
	// that the executor can record it first. resumed is true for the first
	// call after a crash or an ambiguous answer: the request that belongs to
	// op may have been sent already, so the provider looks before it sends.
	Advance(ctx context.Context, req *Request, op Operation, resumed bool) (Progress, error)

	// Read returns the object with req.ObjectID, or an Error of kind NotFound.
	Read(ctx context.Context, req *Request) (*Object, error)

	// Find looks for objects that a lost Create of req may have made: same
	// name, same parent. None found gives an empty list.
	Find(ctx context.Context, req *Request) ([]*Object, error)
}

// Lister is a Provider that reads many objects with few calls, because the
// service lists them.
type Lister interface {
	Provider
	// ReadAll reads the objects of all requests, in their order. An error is
	// about all of them; one that concerns a single object stands in its
	// Reading.
	ReadAll(ctx context.Context, reqs []*Request) ([]Reading, error)
}

// Effectless is a Provider whose objects exist only in the state of their stack:
// nothing outside changes by its actions, and Advance is done with them at once.
// So no intent has to be on record before an action: one that is not on record
// never was. Advance is called in the midst of other work and must not wait.
type Effectless interface {
	Provider
	Effectless()
}

// Reading is what Read would have returned.
type Reading struct {
	Object *Object
	Err    error
}

// Worker is a Provider of objects that are worked on after the answer to the request
// that asked for it.
type Worker interface {
	Provider
	// Working says what work runs on the object of an Update or a Delete, or on what
	// it is in, so that what is read of it need not last; "" if none does or the
	// object does not exist. It changes nothing.
	Working(ctx context.Context, req *Request) (string, error)
}

// Lagging is a Provider whose requests may be carried out after their sender's
// death.
type Lagging interface {
	Provider
	// Late is for how long: they may lie in the queue of a gateway.
	Late() time.Duration
}

// Searcher is a Provider that can tell, long after a Create, what it may have
// made, whatever became of it.
type Searcher interface {
	Provider
	// Search returns what is there now that the Create of req may have made, which
	// was sent under op: by its name and place, and by what existed before. What
	// can't be it is left out.
	Search(ctx context.Context, req *Request, op Operation) ([]Candidate, error)
}

// Preflighter is a Provider that knows before the first changing call what the
// service is going to refuse.
type Preflighter interface {
	Provider
	// Preflight looks at all planned actions on objects of its type together; a
	// replacement is a Delete and a Create of the same node. It changes nothing.
	// Properties that are not known yet are absent. What is found is returned,
	// sorted by node; an error says that it could not look, or not everywhere,
	// and may come beside findings.
	Preflight(ctx context.Context, reqs []*Request) ([]Finding, error)
}

// Finding is something that stands against an action.
type Finding struct {
	Node     string
	Property string // that it is about; "" for none
	Kind     Kind   // Quota, Conflict, Invalid, Busy
	Warning  bool   // the action will work all the same
	Message  string // in sentences, with the figures
	Advice   string // what to do

	// Object is the ID of what stands in the way of several actions alike, also
	// of objects of other types: it is told of once. "" if there is none.
	Object string
	More   int // actions besides that of Node that Object stands in the way of
}

// Kind classes errors by what the executor does about them.
type Kind string

// The kinds of errors.
const (
	Invalid    Kind = "invalid"     // the request is wrong; it would fail again
	NotFound   Kind = "not_found"   // the object does not exist
	Conflict   Kind = "conflict"    // the name or the parent is taken
	Busy       Kind = "busy"        // other work runs on the object; try again later
	Throttled  Kind = "throttled"   // too many requests
	Auth       Kind = "auth"        // 401, 403, missing credentials
	Quota      Kind = "quota"       // a limit is used up
	Unavail    Kind = "unavailable" // the endpoint could not be reached; nothing was sent
	Ambiguous  Kind = "ambiguous"   // sent, outcome unknown: look before anything else
	Failed     Kind = "failed"      // the operation itself failed
	Unexpected Kind = "unexpected"  // everything else
)

// Error is a failed call, told in full: which operation, how it answered, what
// to do next.
type Error struct {
	Kind       Kind
	Operation  string // the API operation, such as "CreateNewBlockchain"
	Status     int    // HTTP status; 0 when there was no answer
	Code       string // the vendor's code
	RequestID  string
	Message    string        // the vendor's message, or ours
	Advice     string        // what to do
	RetryAfter time.Duration // the server's wish; 0 when it has none
	Err        error         // the cause, if any
}

// Error tells operation, status, code, message and request ID in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Operation != "" {
		b.WriteString(e.Operation + ": ")
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, "HTTP %d ", e.Status)
	}
	if e.Code != "" {
		b.WriteString(e.Code + " ")
	}
	switch {
	case e.Message != "":
		b.WriteString(e.Message)
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	default:
		b.WriteString(string(e.Kind))
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return strings.TrimSpace(b.String())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the same Advance may be called again after a wait
// without any risk of doing a thing twice.
func (e *Error) Retryable() bool {
	switch e.Kind {
	case Busy, Throttled, Unavail:
		return true
	}
	return false
}

// Registry maps node types (without prefix) to their providers.
type Registry map[string]Provider

// For returns the provider of a type.
func (r Registry) For(typ string) (Provider, error) {
	if p, ok := r[typ]; ok {
		return p, nil
	}
	return nil, &Error{Kind: Invalid, Message: fmt.Sprintf("no provider serves node type %q", typ)}
}

// Types lists the served node types, sorted.
func (r Registry) Types() []string {
	out := make([]string, 0, len(r))
	for t := range r {
		out = append(out, t)
	}
	sort.Strings(out)
	return out
}

// Decode copies plain JSON values into a typed struct by its json tags; numbers
// keep their kind. It is how providers read Properties.
func Decode(values map[string]any, into any) error {
	b, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("encode properties: %w", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("decode properties: %w", err)
	}
	return nil
}
