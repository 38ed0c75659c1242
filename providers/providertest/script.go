package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Project is the project in whose paths a Script serves.
const Project = "p"

// Script is a cloud that answers each call with what a test says, the last
// answer of a call again and again. A call that the test does not expect fails
// it.
type Script struct {
	// URL is where it listens.
	URL string

	t       *testing.T
	refusal func(code string) (status int, body string)
	mu      sync.Mutex
	answers map[string][]string
	sent    []Sent
}

// Sent is a changing request that a Script got.
type Sent struct {
	Call   string // "METHOD path" below the project, with the query if there is one
	Body   string
	Header http.Header
}

// String gives call and body in one line.
func (s Sent) String() string { return strings.TrimSpace(s.Call + " " + s.Body) }

// NewScript serves answers by "METHOD path", the path below the project. An
// answer of digits is a refusal, which the service words in its own way.
func NewScript(t *testing.T, answers map[string][]string, refusal func(code string) (status int, body string)) *Script {
	t.Helper()
	s := &Script{t: t, answers: answers, refusal: refusal}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Env holds credentials that let a client in.
func (s *Script) Env(name string) string {
	return map[string]string{"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "some-secret", "HW_PROJECT_ID": Project}[name]
}

// Sent returns the changing requests in their order.
func (s *Script) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// Bodies returns the bodies of the changing requests.
func (s *Script) Bodies() []string {
	var out []string
	for _, r := range s.Sent() {
		out = append(out, r.Body)
	}
	return out
}

// ServeHTTP implements http.Handler.
func (s *Script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, path, _ := strings.Cut(r.URL.Path, "/"+Project+"/")
	call := r.Method + " " + path
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != http.MethodGet {
		s.keep(r, call)
	}
	queue := s.answers[call]
	if len(queue) == 0 {
		s.t.Errorf("unexpected call %s", call)
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	if len(queue) > 1 {
		s.answers[call] = queue[1:]
	}
	body := queue[0]
	if strings.Trim(body, "0123456789") == "" {
		var status int
		status, body = s.refusal(body)
		w.WriteHeader(status)
	}
	fmt.Fprint(w, body)
}

func (s *Script) keep(r *http.Request, call string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read the body of %s: %v", call, err)
	}
	if r.URL.RawQuery != "" {
		call += "?" + r.URL.RawQuery
	}
	s.sent = append(s.sent, Sent{Call: call, Body: strings.TrimSpace(string(body)), Header: r.Header})
}

// Drive advances an action from op until it is done, fails or took 20 moves; it
// does not wait.
func Drive(ctx context.Context, p providers.Provider, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var last providers.Progress
	for range 20 {
		progress, err := p.Advance(ctx, req, op, resumed)
		if err != nil || progress.Done {
			return progress, err
		}
		last, op, resumed = progress, progress.Next, false
	}
	return last, errors.New("does not end")
}

// Failure returns the provider's error in err, and fails the test if there is
// none.
func Failure(t *testing.T, err error) *providers.Error {
	t.Helper()
	var e *providers.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is not a provider error", err)
	}
	return e
}
