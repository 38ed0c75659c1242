package huaweicloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Service is one client of the SDK. T is its type, such as *bcs.BcsClient.
type Service[T any] struct {
	Host string // first label of its public host name, such as "bcs"
	New  func(*core.HcHttpClient) T
	// Global is true for a service whose paths hold no project.
	Global bool
	// Account is true for a service that has one address for all regions, and
	// whose calls are about the account.
	Account bool
}

// Read makes a call that changes nothing. It is repeated, with growing waits
// and as the server's Retry-After asks, when it was throttled or the server
// failed. call is a method of the SDK's client, such
// as (*bcs.BcsClient).ListBlockchains. Within providers.Sharing, equal calls
// get one answer, which nobody may change.
func Read[T, Q, R any](ctx context.Context, c *Client, s Service[T], operation string, call func(T, *Q) (*R, error), q *Q) (*R, error) {
	asked, err := json.Marshal(q)
	if err != nil {
		return nil, &providers.Error{Kind: providers.Unexpected, Operation: operation, Err: err}
	}
	key := fmt.Sprintf("%p %s %s %s", c, s.Host, operation, asked)
	return providers.Shared(ctx, key, func(ctx context.Context) (*R, error) {
		return persistently(ctx, c, s, operation, call, q)
	})
}

// persistently repeats a call as Read says.
func persistently[T, Q, R any](ctx context.Context, c *Client, s Service[T], operation string, call func(T, *Q) (*R, error), q *Q) (*R, error) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = c.firstWait
	waits.MaxInterval = 30 * time.Second

	ctx, waiting, err := await(ctx, c, s, operation)
	if err != nil {
		return nil, inOperation(err, operation)
	}
	var last error
	out, err := backoff.Retry(ctx, func() (*R, error) {
		out, err := attempt(ctx, c, s, operation, &exchange{}, call, q)
		waiting.Heard(err)
		last = err
		return out, verdict(err)
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(uint(c.attempts)), backoff.WithMaxElapsedTime(10*time.Minute))
	if err != nil && last != nil {
		err = last
	}
	if err = waiting.Over(err); err != nil {
		return nil, err
	}
	return out, nil
}

// await begins to wait for the endpoint of a service. What has to be asked of
// others before, such as the project's ID, is a waiting of its own.
func await[T any](ctx context.Context, c *Client, s Service[T], operation string) (context.Context, *providers.Waiting, error) {
	patience := providers.PatienceOf(ctx)
	if patience == nil {
		return ctx, nil, nil
	}
	if c.credsErr != nil {
		return ctx, nil, c.credsErr
	}
	endpoint, _, err := c.reach(ctx, s.Host, s.Global, s.Account)
	if err != nil {
		return ctx, nil, err
	}
	_, host, _ := strings.Cut(endpoint, "://")
	ctx, waiting := patience.Await(ctx, host, operation)
	return ctx, waiting, nil
}

// Change makes a call that may change something. It is sent once: after an
// error of kind Ambiguous the caller looks before it sends again.
func Change[T, Q, R any](ctx context.Context, c *Client, s Service[T], operation string, call func(T, *Q) (*R, error), q *Q) (*R, error) {
	return attempt(ctx, c, s, operation, &exchange{changes: true}, call, q)
}

// verdict tells the retry loop what to do about an error.
func verdict(err error) error {
	var e *providers.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case !e.Retryable(), e.Kind == providers.Busy, e.Kind == providers.Unavail && e.Status == 0:
		// Whoever can't be reached at all is left to the caller, who tells
		// people that it waits.
		return backoff.Permanent(err)
	case e.RetryAfter > 0:
		return &backoff.RetryAfterError{Duration: e.RetryAfter}
	}
	return err
}

// attempt makes one signed request. The SDK takes no context, so each attempt
// has a client of its own (they cost microseconds) whose transport carries
// ours; connections are shared underneath. x says what kind of call it is.
func attempt[T, Q, R any](ctx context.Context, c *Client, s Service[T], operation string, x *exchange, call func(T, *Q) (*R, error), q *Q) (*R, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+x.extra)
	defer cancel()
	x.ctx, x.next = ctx, c.transport
	hc, err := prepare(ctx, c, s, x)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, inOperation(err, operation)
	}
	begun := time.Now()
	out, err := call(s.New(hc), q)
	failure := x.judge(operation, x.changes, err)
	c.logCall(operation, x, time.Since(begun), failure)
	if failure != nil {
		c.scrub(failure, x)
		return nil, failure
	}
	return out, nil
}

// signers are the kinds of credentials that sign requests, as the SDK calls them:
// for a project, and for the account.
const signers = "basic.Credentials,global.Credentials"

// prepare finds endpoint, credentials and project of a call.
func prepare[T any](ctx context.Context, c *Client, s Service[T], x *exchange) (*core.HcHttpClient, error) {
	if c.credsErr != nil {
		return nil, c.credsErr
	}
	endpoint, signer, err := c.reach(ctx, s.Host, s.Global, s.Account)
	if err != nil {
		return nil, err
	}
	// No time-out of the SDK's: it would be one more clock beside the context.
	cfg := config.DefaultHttpConfig().WithHttpRoundTripper(x).WithTimeout(0).WithUserAgent(c.userAgent)
	hc, err := core.NewHcHttpClientBuilder().WithCredentialsType(signers).WithEndpoint(endpoint).WithCredential(signer).WithHttpConfig(cfg).SafeBuild()
	if err != nil {
		return nil, fmt.Errorf("make a client for %s: %w", endpoint, err)
	}
	return hc, nil
}

// reach finds where a service is, and what its calls are signed with.
func (c *Client) reach(ctx context.Context, host string, global, account bool) (endpoint string, signer auth.ICredential, err error) {
	if account {
		if endpoint, err = c.accountEndpoint(host); err != nil {
			return "", nil, err
		}
		domainID, err := c.DomainID(ctx)
		if err != nil {
			return "", nil, err
		}
		signer, err = c.creds.accountSigner(domainID)
		return endpoint, signer, err
	}
	if endpoint, err = c.endpointOf(host); err != nil {
		return "", nil, err
	}
	var projectID string
	if !global {
		if projectID, err = c.ProjectID(ctx); err != nil {
			return "", nil, err
		}
	}
	signer, err = c.creds.signer(projectID)
	return endpoint, signer, err
}

// inOperation names the operation in an error that came before the request.
func inOperation(err error, operation string) error {
	var e *providers.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &providers.Error{Kind: providers.Unavail, Operation: operation, Message: "stopped before anything was sent", Err: err}
	}
	if !errors.As(err, &e) {
		return &providers.Error{Kind: providers.Unexpected, Operation: operation, Err: err}
	}
	if e.Operation != "" || errors.Is(err, providers.ErrGaveUp) { // which is about an endpoint
		return err
	}
	named := *e
	named.Operation = operation
	return &named
}

func (c *Client) logCall(operation string, x *exchange, took time.Duration, failure *providers.Error) {
	attrs := []any{
		slog.String("operation", operation),
		slog.String("host", x.host),
		slog.Int("status", x.status),
		slog.Duration("took", took.Round(time.Millisecond)),
		slog.String("request_id", x.requestID),
	}
	if failure != nil {
		attrs = append(attrs, slog.String("kind", string(failure.Kind)), slog.String("code", failure.Code))
	}
	c.log.Debug("cloud call", attrs...)
}

// scrub takes the client's own secrets out of a message: a server or a proxy
// might echo what it was sent.
func (c *Client) scrub(e *providers.Error, x *exchange) {
	Scrub(e, c.creds.SecretKey.value, c.creds.SecurityToken.value)
	if x.body != nil && x.body.token != "" {
		Scrub(e, x.body.token)
		if e.Status == http.StatusUnauthorized {
			c.token.gone(x.body.token)
		}
	}
}

// Scrub replaces secrets in the message of a provider error and drops the
// cause, whose text may repeat them, if it does.
func Scrub(err error, secrets ...string) {
	var e *providers.Error
	if !errors.As(err, &e) {
		return
	}
	for _, s := range secrets {
		if len(s) < 4 { // would tear unrelated words apart
			continue
		}
		e.Message = strings.ReplaceAll(e.Message, s, "(sensitive value)")
		if e.Err != nil && strings.Contains(e.Err.Error(), s) {
			e.Err = nil
		}
	}
}
