package huaweicloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

var bcs = huaweicloud.Service[*sdk.BcsClient]{Host: "bcs", New: sdk.NewBcsClient}

const canary = "canary-secret-that-must-not-show"

// environment holds credentials that no server knows.
func environment(more ...string) func(string) string {
	env := map[string]string{"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": canary, "HW_PROJECT_ID": "p1", "HW_REGION_NAME": "r1"}
	for i := 0; i+1 < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return func(name string) string { return env[name] }
}

func newClient(t *testing.T, endpoint string, change ...func(*huaweicloud.Config)) *huaweicloud.Client {
	t.Helper()
	cfg := huaweicloud.Config{Endpoint: endpoint, Env: environment(), FirstWait: time.Millisecond}
	for _, f := range change {
		f(&cfg)
	}
	c, err := huaweicloud.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func read(ctx context.Context, c *huaweicloud.Client) (*model.ListBlockchainsResponse, error) {
	return huaweicloud.Read(ctx, c, bcs, "ListBlockchains", (*sdk.BcsClient).ListBlockchains, &model.ListBlockchainsRequest{})
}

func change(ctx context.Context, c *huaweicloud.Client) (*model.CreateNewBlockchainResponse, error) {
	return huaweicloud.Change(ctx, c, bcs, "CreateNewBlockchain", (*sdk.BcsClient).CreateNewBlockchain,
		&model.CreateNewBlockchainRequest{Body: &model.CreateRequestBody{Name: "ledger"}})
}

func failure(t *testing.T, err error) *providers.Error {
	t.Helper()
	var e *providers.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is not a provider error", err)
	}
	return e
}

func bcsError(code string) string {
	return fmt.Sprintf(`{"error_code":%q,"error_msg":"told so"}`, code)
}

func TestWhatAnswersMean(t *testing.T) {
	for name, tt := range map[string]struct {
		status         int
		body           string
		onRead, onWork providers.Kind // "": no error
	}{
		"done":                             {200, `{"blockchains":[]}`, "", ""},
		"nothing said":                     {200, " {\n} ", providers.Unexpected, ""},
		"null":                             {200, `null`, providers.Unexpected, ""},
		"empty body":                       {200, ``, providers.Unexpected, ""},
		"accepted":                         {202, ``, providers.Unexpected, ""},
		"number for a list":                {200, `{"blockchains":5,"blockchain_id":5}`, providers.Unexpected, providers.Ambiguous},
		"no JSON":                          {200, `<html>`, providers.Unexpected, providers.Ambiguous},
		"redirection":                      {302, ``, providers.Unexpected, providers.Unexpected},
		"gone":                             {400, bcsError("BCS.4001011"), providers.NotFound, providers.NotFound},
		"gone at its delete":               {400, bcsError("BCS.4001202"), providers.NotFound, providers.NotFound},
		"being created":                    {400, bcsError("BCS.4001001"), providers.Busy, providers.Busy},
		"other work":                       {400, bcsError("BCS.4001020"), providers.Busy, providers.Busy},
		"consortium busy":                  {400, bcsError("BCS.4001196"), providers.Busy, providers.Busy},
		"name taken":                       {400, bcsError("BCS.4001018"), providers.Conflict, providers.Conflict},
		"cluster taken":                    {400, bcsError("BCS.4006039"), providers.Conflict, providers.Conflict},
		"weak password":                    {400, bcsError("BCS.4001045"), providers.Invalid, providers.Invalid},
		"no permission, as 400":            {400, bcsError("BCS.4001032"), providers.Auth, providers.Auth},
		"cluster unhealthy":                {400, bcsError("BCS.4001049"), providers.Failed, providers.Failed},
		"fault inside the service":         {400, bcsError("BCS.4001134"), providers.Failed, providers.Failed},
		"invitee full":                     {400, bcsError("BCS.4001063"), providers.Quota, providers.Quota},
		"unknown code":                     {400, bcsError("BCS.4999999"), providers.Invalid, providers.Invalid},
		"bad token":                        {401, bcsError("BCS.4010401"), providers.Auth, providers.Auth},
		"bad token, no code":               {401, ``, providers.Auth, providers.Auth},
		"forbidden":                        {403, bcsError("BCS.4030403"), providers.Auth, providers.Auth},
		"unknown URL":                      {404, bcsError("BCS.4040404"), providers.Unexpected, providers.Unexpected},
		"gateway knows no such call":       {404, bcsError("APIGW.0101"), providers.Unexpected, providers.Unexpected},
		"another server's 404":             {404, `<html>not here</html>`, providers.Unexpected, providers.Unexpected},
		"gone, as other services say it":   {404, `{"code":"VPC.0202","message":"no subnet"}`, providers.NotFound, providers.NotFound},
		"gone, nested as ECS says it":      {404, `{"error":{"code":"Ecs.0114","message":"no server"}}`, providers.NotFound, providers.NotFound},
		"in use, as other services say it": {409, `{"code":"VPC.0209","message":"in use"}`, providers.Conflict, providers.Conflict},
		"throttled":                        {429, bcsError("APIGW.0308"), providers.Throttled, providers.Throttled},
		"server failed":                    {500, bcsError("BCS.5000500"), providers.Unavail, providers.Ambiguous},
		"gateway timed out":                {504, ``, providers.Unavail, providers.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Request-Id", "req-7")
				w.Header().Set("Location", "http://elsewhere.invalid/")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			})
			c := newClient(t, url, func(cfg *huaweicloud.Config) { cfg.Attempts = 2 })
			_, readErr := read(t.Context(), c)
			_, workErr := change(t.Context(), c)
			for operation, got := range map[string]struct {
				err  error
				want providers.Kind
			}{"ListBlockchains": {readErr, tt.onRead}, "CreateNewBlockchain": {workErr, tt.onWork}} {
				if got.want == "" {
					if got.err != nil {
						t.Errorf("%s: %v", operation, got.err)
					}
					continue
				}
				e := failure(t, got.err)
				if e.Kind != got.want {
					t.Errorf("%s: kind %s, want %s (%v)", operation, e.Kind, got.want, e)
				}
				if e.Operation != operation || e.Status != tt.status || e.RequestID != "req-7" || e.Advice == "" {
					t.Errorf("%s: incomplete: %+v", operation, e)
				}
			}
		})
	}
}

func TestErrorKeepsWhatTheVendorSays(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req-9")
		w.WriteHeader(400)
		fmt.Fprint(w, `{"error_code":"BCS.4001018","error_msg":"taken  by\nanother"}`)
	})
	_, err := change(t.Context(), newClient(t, url))
	const want = "CreateNewBlockchain: HTTP 400 BCS.4001018 taken by another (request req-9)"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestReadIsRepeated(t *testing.T) {
	var calls atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "SDK-HMAC-SHA256 Access=AK, ") || r.URL.Path != "/v2/p1/blockchains" {
			t.Errorf("not signed, or another path: %s %v", r.URL, r.Header)
		}
		switch calls.Add(1) {
		case 1:
			w.WriteHeader(429)
		case 2:
			w.WriteHeader(503)
		case 3:
			cut(t, w)
		default:
			fmt.Fprint(w, `{"count":0,"blockchains":[]}`)
		}
	})
	if _, err := read(t.Context(), newClient(t, url)); err != nil {
		t.Fatal(err)
	}
	if n := calls.Load(); n != 4 {
		t.Errorf("%d calls", n)
	}
}

func TestReadGivesUp(t *testing.T) {
	var calls atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); w.WriteHeader(503) })
	_, err := read(t.Context(), newClient(t, url, func(c *huaweicloud.Config) { c.Attempts = 3 }))
	if e := failure(t, err); e.Kind != providers.Unavail || calls.Load() != 3 {
		t.Errorf("%d calls: %v", calls.Load(), e)
	}
}

func TestReadIsNotRepeatedInVain(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404} {
		var calls atomic.Int32
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); w.WriteHeader(status) })
		if _, err := read(t.Context(), newClient(t, url)); err == nil || calls.Load() != 1 {
			t.Errorf("%d: %d calls, %v", status, calls.Load(), err)
		}
	}
}

func TestChangeIsSentOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   providers.Kind
	}{
		"throttled":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, providers.Throttled},
		"failed":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, providers.Ambiguous},
		"connection cut": {func(w http.ResponseWriter, _ *http.Request) { cut(t, w) }, providers.Ambiguous},
		"answer cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			fmt.Fprint(w, "{")
		}, providers.Ambiguous},
		"never an answer": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, providers.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				// A handler that does not read the body would not see the client leave.
				_, _ = new(bytes.Buffer).ReadFrom(r.Body)
				tt.answer(w, r)
			})
			_, err := change(t.Context(), newClient(t, url, func(c *huaweicloud.Config) { c.Timeout = 200 * time.Millisecond }))
			if e := failure(t, err); e.Kind != tt.want || calls.Load() != 1 {
				t.Errorf("%d calls, kind %s, want %s: %v", calls.Load(), e.Kind, tt.want, e)
			}
		})
	}
}

// cut closes the connection of a request without an answer.
func cut(t *testing.T, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	conn.Close()
}

func TestNothingWasSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	tls.StartTLS() // under a certificate signed by nobody we know
	defer tls.Close()
	for name, url := range map[string]string{
		"refused":             "http://" + l.Addr().String(),
		"no such host":        "http://no-such-host.invalid",
		"foreign certificate": tls.URL,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := change(t.Context(), newClient(t, url))
			if e := failure(t, err); e.Kind != providers.Unavail || !e.Retryable() || e.Advice == "" {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestCancelledBeforeSending(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := change(ctx, newClient(t, serve(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") })))
	if e := failure(t, err); e.Kind != providers.Unavail || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v", e)
	}
}

// A changing request asks whether it still may leave, at the last moment: the
// right to send it may have been lost while it was looked at other things.
func TestAsksBeforeItSends(t *testing.T) {
	var sent atomic.Int32
	c := newClient(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		sent.Add(1)
		fmt.Fprint(w, `{"count":0}`)
	}))
	lost := errors.New("another process is at work")
	ctx := providers.Permitted(t.Context(), func() error { return lost })
	if _, err := read(ctx, c); err != nil || sent.Load() != 1 {
		t.Errorf("a call that changes nothing: %v, sent %d times", err, sent.Load())
	}
	_, err := change(ctx, c)
	if e := failure(t, err); sent.Load() != 1 || e.Kind != providers.Unavail || !errors.Is(err, lost) {
		t.Errorf("sent %d times, %+v", sent.Load(), e)
	}
	if _, err := change(providers.Permitted(t.Context(), func() error { return nil }), c); err != nil || sent.Load() != 2 {
		t.Errorf("sent %d times, %v", sent.Load(), err)
	}
}

func TestForeignTransportIsNotBelieved(t *testing.T) {
	c := newClient(t, "http://cloud.invalid", func(c *huaweicloud.Config) {
		c.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken pipe") })
	})
	if _, err := change(t.Context(), c); failure(t, err).Kind != providers.Ambiguous {
		t.Errorf("%v", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWithoutCredentials(t *testing.T) {
	c, err := huaweicloud.New(huaweicloud.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = read(t.Context(), c)
	e := failure(t, err)
	if e.Kind != providers.Auth || e.Operation != "ListBlockchains" || !strings.Contains(e.Advice, "HW_ACCESS_KEY") {
		t.Errorf("%+v", e)
	}
}

func TestPublicEndpoint(t *testing.T) {
	for name, tt := range map[string]struct {
		env  []string
		want string
	}{
		"of the region":       {nil, "https://bcs.r1.myhuaweicloud.com"},
		"as the SDK is told":  {[]string{"HUAWEICLOUD_SDK_REGION_BCS_R1", "bcs.example.com"}, "https://bcs.example.com"},
		"the first of many":   {[]string{"HUAWEICLOUD_SDK_REGION_BCS_R1", "https://a.example,https://b.example"}, "https://a.example"},
		"region with hyphens": {[]string{"HW_REGION_NAME", "cn-north-4", "HUAWEICLOUD_SDK_REGION_BCS_CN_NORTH_4", "https://n4.example"}, "https://n4.example"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			c := newClient(t, "", func(c *huaweicloud.Config) {
				c.Env = environment(tt.env...)
				c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
					got = r.URL.Scheme + "://" + r.URL.Host
					return nil, errors.New("stop here")
				})
			})
			_, _ = change(t.Context(), c)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	c := newClient(t, "", func(c *huaweicloud.Config) { c.Env = environment("HW_REGION_NAME", "") })
	if _, err := change(t.Context(), c); failure(t, err).Kind != providers.Auth || !strings.Contains(failure(t, err).Advice, "HW_REGION_NAME") {
		t.Errorf("%v", err)
	}
}

func TestEndpointIsChecked(t *testing.T) {
	for _, bad := range []string{"127.0.0.1:80", "ftp://h", "http://h/path", "http://h?q", "http://user:" + canary + "@h", "http://"} {
		_, err := huaweicloud.New(huaweicloud.Config{Endpoint: bad})
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := huaweicloud.New(huaweicloud.Config{Endpoint: "http://127.0.0.1:80/"}); err != nil {
		t.Error(err)
	}
}

func TestProjectIsLookedUpOnce(t *testing.T) {
	var lookUps atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v3/projects":
			lookUps.Add(1)
			if r.Header.Get("Authorization") == "" || r.URL.Query().Get("name") != "r1" {
				t.Errorf("%v %v", r.URL, r.Header)
			}
			fmt.Fprint(w, `{"projects":[{"id":"other","name":"r1_sub"},{"id":"p9","name":"r1"}]}`)
		case "/v2/p9/blockchains":
			fmt.Fprint(w, `{"count":0}`)
		default:
			t.Errorf("unexpected path %s", r.URL.Path)
		}
	})
	c := newClient(t, url, func(c *huaweicloud.Config) { c.Env = environment("HW_PROJECT_ID", "") })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := read(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := lookUps.Load(); n != 1 {
		t.Errorf("%d look-ups", n)
	}
}

func TestNoSuchProject(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"projects":[]}`) })
	_, err := change(t.Context(), newClient(t, url, func(c *huaweicloud.Config) { c.Env = environment("HW_PROJECT_ID", "") }))
	if e := failure(t, err); e.Kind != providers.Auth || !strings.Contains(e.Advice, "HW_PROJECT_ID") {
		t.Errorf("%+v", e)
	}
}

// A server that sends back what it was sent must not bring a secret into an
// error or a log.
func TestSecretsStayOut(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"error_code":"BCS.4004025","error_msg":"bad: %s %s"}`, canary, r.Header.Get("X-Security-Token"))
	})
	var log bytes.Buffer
	c := newClient(t, url, func(c *huaweicloud.Config) {
		c.Env = environment("HW_SECURITY_TOKEN", canary+"-token")
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := change(t.Context(), c)
	shown := fmt.Sprintf("%v %+v %#v %v %+v", err, failure(t, err), failure(t, err), c.Credentials(), c.Credentials())
	shown += fmt.Sprintf("%#v", c.Credentials()) + log.String()
	if strings.Contains(shown, canary) {
		t.Errorf("a secret shows: %s", shown)
	}
	if !strings.Contains(log.String(), "operation=CreateNewBlockchain") || !strings.Contains(log.String(), "status=400") {
		t.Errorf("log: %s", log.String())
	}
}
