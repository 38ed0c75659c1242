package emulator_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	bcs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// contracts is where the OpenAPI documents are, seen from this package.
const contracts = "../../schemas/openapi"

// shared spares most tests the parsing.
var shared = emulator.ShareContracts(os.DirFS(contracts))

// clock is a clock that moves when told. It starts at the real time, because
// the SDK signs with the real time; tests stay below 15 minutes.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cloud is an emulator behind a server, its clock and its faults.
type cloud struct {
	*emulator.Emulator
	*clock
	url    string
	faults *emulator.Script
}

// complaints fails the test when the emulator logs an error: an answer that
// breaks its contract is a bug of the emulator.
type complaints struct{ t *testing.T }

func (w complaints) Write(line []byte) (int, error) {
	w.t.Errorf("the emulator complains: %s", line)
	return len(line), nil
}

// start makes a cloud in memory; options may be changed before.
func start(t *testing.T, change ...func(*emulator.Options)) *cloud {
	t.Helper()
	c := &cloud{clock: &clock{now: time.Now()}, faults: emulator.NewScript()}
	opts := emulator.Options{
		Contracts: shared,
		Now:       c.clock.Now,
		Faults:    c.faults,
		Log:       slog.New(slog.NewTextHandler(complaints{t}, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	for _, f := range change {
		f(&opts)
	}
	e, err := emulator.Open(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	c.Emulator, c.url = e, srv.URL
	return c
}

// credentials are the cloud's own.
func (c *cloud) credentials(t *testing.T) *basic.Credentials {
	t.Helper()
	env := c.Env()
	cred, err := basic.NewCredentialsBuilder().WithAk(env["HW_ACCESS_KEY"]).WithSk(env["HW_SECRET_KEY"]).
		WithProjectId(env["HW_PROJECT_ID"]).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

// client makes an SDK client over a service's builder.
func client(t *testing.T, b *core.HcHttpClientBuilder, endpoint string, cred *basic.Credentials) *core.HcHttpClient {
	t.Helper()
	hc, err := b.WithEndpoints([]string{endpoint}).WithCredential(cred).
		WithHttpConfig(config.DefaultHttpConfig().WithUserAgent("emulator-test").WithTimeout(20 * time.Second)).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	return hc
}

func (c *cloud) bcs(t *testing.T) *bcs.BcsClient {
	t.Helper()
	return bcs.NewBcsClient(client(t, bcs.BcsClientBuilder(), c.url, c.credentials(t)))
}

// wantCode checks the vendor's status and code of an SDK error.
func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %d %s", status, code)
	}
	se, ok := err.(*sdkerr.ServiceResponseError)
	if !ok {
		t.Fatalf("error %T %v, want %d %s", err, err, status, code)
	}
	if se.StatusCode != status || se.ErrorCode != code {
		t.Fatalf("error %d %s %q, want %d %s", se.StatusCode, se.ErrorCode, se.ErrorMessage, status, code)
	}
	if se.RequestId == "" {
		t.Errorf("error %s has no request ID", code)
	}
}

// must fails the test on an error, and returns the value.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ptr[T any](v T) *T { return &v }

// raw sends an unsigned request.
func raw(t *testing.T, method, url, body string, headers ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}
