package emulator

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Faults decides what goes wrong. Fault is asked once for each call that
// reaches a known operation, before anything else is looked at, and must be
// safe for concurrent use.
type Faults interface {
	Fault(ctx context.Context, c Call) Fault
}

// Call tells Faults which call is coming.
type Call struct {
	Service   string // such as "bcs"
	Operation string // operationId of the contract, such as "CreateNewBlockchain"
	Method    string
	Path      string
}

// Fault is what goes wrong with one call. The zero Fault is none.
type Fault struct {
	// Delay passes before the call is looked at.
	Delay time.Duration

	// Status is answered instead of doing the work; 0: the work is done.
	Status int
	// Code and Message go with Status; "" leaves them to the service.
	Code, Message string
	// RetryAfter goes with Status as a Retry-After header, in whole seconds.
	RetryAfter time.Duration

	// LoseReply cuts the connection after the work is done and durable.
	LoseReply bool
	// CutConnection cuts it before anything is looked at; no work is done.
	CutConnection bool

	// FailOperation lets the asynchronous operation that the call starts end
	// as failed, for this reason.
	FailOperation string
}

// The faults that tests need most.

// Throttle answers 429 and asks to wait.
func Throttle(wait time.Duration) Fault {
	return Fault{Status: http.StatusTooManyRequests, RetryAfter: wait}
}

// Unauthorized answers 401, however well the call is signed.
func Unauthorized() Fault { return Fault{Status: http.StatusUnauthorized} }

// ServerError answers 500 without doing the work.
func ServerError() Fault { return Fault{Status: http.StatusInternalServerError} }

// LoseReply does the work and cuts the connection.
func LoseReply() Fault { return Fault{LoseReply: true} }

// CutConnection cuts the connection and does no work, which looks to the client
// as LoseReply does.
func CutConnection() Fault { return Fault{CutConnection: true} }

// FailOperation accepts the call and lets its operation fail.
func FailOperation(reason string) Fault { return Fault{FailOperation: reason} }

// Rule says which calls get a Fault. Empty fields match everything.
type Rule struct {
	Service   string
	Operation string
	Method    string

	Skip  int // so many matching calls pass first
	Times int // then so many get the fault; 0: all of them

	// Probability is that of each call to get the fault, above 0 and up to 1;
	// 0 means 1: each does. Which calls they are follows from Seed, from the
	// place of the rule and from how many calls it was asked about before.
	Probability float64
	Seed        uint64

	Fault Fault
}

// Services returns the names that a Rule may have for its service, sorted.
func Services() []string {
	var out []string
	for _, s := range allServices() {
		out = append(out, s.name)
	}
	slices.Sort(out)
	return out
}

// Operations returns the names that a Rule may have for its operation, sorted.
func Operations() []string {
	var out []string
	for _, s := range allServices() {
		out = slices.AppendSeq(out, maps.Keys(s.operations))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r Rule) matches(c Call) bool {
	return (r.Service == "" || r.Service == c.Service) &&
		(r.Operation == "" || r.Operation == c.Operation) &&
		(r.Method == "" || r.Method == c.Method)
}

// Script is a Faults made of rules. The first rule that applies wins; the rules
// after it do not hear of the call.
type Script struct {
	mu    sync.Mutex
	rules []*scripted // guarded by mu
}

// scripted is a rule and what has become of the calls that it was asked about.
type scripted struct {
	Rule
	seen, struck int
	chance       *rand.Rand
}

// strikes decides about the next call that matches the rule. The chance is
// drawn for each such call, so that what a seed does depends on nothing but the
// number of the call.
func (r *scripted) strikes() bool {
	r.seen++
	if r.seen <= r.Skip || r.Times > 0 && r.struck >= r.Times {
		return false
	}
	if r.Probability > 0 && r.chance.Float64() >= r.Probability {
		return false
	}
	r.struck++
	return true
}

// NewScript makes a Script; without rules nothing goes wrong.
func NewScript(rules ...Rule) *Script {
	s := &Script{}
	s.Add(rules...)
	return s
}

// Add appends rules.
func (s *Script) Add(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rules {
		// The place goes into the seed: rules with the same one must not choose
		// the same calls.
		chance := rand.New(rand.NewPCG(r.Seed, uint64(len(s.rules))))
		s.rules = append(s.rules, &scripted{Rule: r, chance: chance})
	}
}

// Fault implements Faults.
func (s *Script) Fault(_ context.Context, c Call) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		if r.matches(c) && r.strikes() {
			return r.Fault
		}
	}
	return Fault{}
}

// refusal is the error that the fault answers with; nil if it lets the call in.
func (f Fault) refusal(s *service) *apiError {
	if f.Status == 0 {
		return nil
	}
	e := *s.plain(f.Status)
	e.retryAfter = f.RetryAfter
	if f.Code != "" {
		e.code = f.Code
	}
	if f.Message != "" {
		e.message = f.Message
	}
	return &e
}

// pass waits for d, or until the client has gone.
func pass(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// retryAfterSeconds rounds up: a client that waits as told shall not be early.
func retryAfterSeconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}
