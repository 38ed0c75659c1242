// Package huaweicloud wires the vendor's SDK once for all providers: where a
// service is, who calls it, how long a call may take, which calls are repeated
// and what a failure means. A typed call of the SDK goes in; its typed answer
// or a *providers.Error comes out. What the calls are for is left to the
// packages of the services.
package huaweicloud

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Config says how a Client reaches the cloud. The zero Config reaches nothing
// until credentials are found, but makes a Client.
type Config struct {
	// Endpoint (scheme://host[:port]) serves every service, such as an
	// emulator; "" means the public endpoints of the region.
	Endpoint string

	// Env looks up environment variables; nil: there are none.
	Env func(name string) string
	// ReadFile reads the profile file; nil means os.ReadFile.
	ReadFile func(path string) ([]byte, error)
	// Home is the folder that holds .huaweicloud/credentials; "" means none.
	Home string

	// Transport carries the requests; nil means a pool of its own that honours
	// the proxy variables.
	Transport http.RoundTripper
	Timeout   time.Duration // of one attempt of one call; 0 means 120 s
	// Attempts is how often a call that changes nothing is tried; 0 means 5.
	Attempts int
	// FirstWait is the mean wait before the second attempt, doubled before
	// each further one; 0 means 500 ms.
	FirstWait time.Duration

	// Late is what Client.Late returns; 0 means 30 s, or 10 s for an endpoint
	// on this machine, which has no gateway before it.
	Late time.Duration

	UserAgent string       // "" means orchestrate and its version
	Log       *slog.Logger // nil: discard
}

// Client is the way to all services of one account. It can be made without
// credentials: the first call then fails and says what to set. It is safe for
// concurrent use.
type Client struct {
	endpoint  string // without a slash at its end; "" means by region
	env       func(string) string
	creds     Credentials
	credsErr  error // why creds cannot be used
	transport http.RoundTripper
	timeout   time.Duration
	attempts  int
	firstWait time.Duration
	late      time.Duration
	userAgent string
	log       *slog.Logger
	project   lookedUp
	domain    lookedUp
	token     token
	together  gatherings
}

// New returns a Client. Only a malformed endpoint is an error here; missing
// credentials are one when the first call needs them.
func New(cfg Config) (*Client, error) {
	endpoint, err := checkEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	c := &Client{
		endpoint:  endpoint,
		env:       cfg.Env,
		transport: cfg.Transport,
		timeout:   or(cfg.Timeout, 120*time.Second),
		attempts:  or(cfg.Attempts, 5),
		firstWait: or(cfg.FirstWait, 500*time.Millisecond),
		late:      or(cfg.Late, lateness(endpoint)),
		userAgent: or(cfg.UserAgent, defaultUserAgent()),
		log:       cfg.Log,
		project:   lookedUp{turn: make(chan struct{}, 1)},
		domain:    lookedUp{turn: make(chan struct{}, 1)},
	}
	if c.env == nil {
		c.env = func(string) string { return "" }
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.transport == nil {
		c.transport = pooled()
	}
	readFile := cfg.ReadFile
	if readFile == nil {
		readFile = os.ReadFile
	}
	c.creds, c.credsErr = LookupCredentials(c.env, cfg.Home, readFile)
	return c, nil
}

// Credentials returns what was found, and where.
func (c *Client) Credentials() Credentials { return c.creds }

// CheckCredentials returns why no call can be made: the error of every call
// while there are no usable credentials.
func (c *Client) CheckCredentials() error { return c.credsErr }

// Late is how long after its sender's death a request may still be carried out,
// or its work be shown: it may lie in the queue of a gateway, and gateways give
// up after about this time.
func (c *Client) Late() time.Duration { return c.late }

func lateness(endpoint string) time.Duration {
	u, err := url.Parse(endpoint)
	if err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()) {
		return 10 * time.Second
	}
	return 30 * time.Second
}

// Endpoint is the one that serves every service, "" if each has a public one.
func (c *Client) Endpoint() string { return c.endpoint }

// Region returns the region's name, "" if none is set.
func (c *Client) Region() string { return c.creds.Region.Value() }

// CloseIdleConnections closes the connections that no call uses.
func (c *Client) CloseIdleConnections() {
	(&http.Client{Transport: c.transport}).CloseIdleConnections()
}

// checkEndpoint refuses what the SDK would drop without a word: it only takes
// scheme, host and port of an endpoint.
func checkEndpoint(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", badEndpoint(s, "it is not of the form https://host:port")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", badEndpoint(u.Redacted(), "it may only have a scheme, a host and a port")
	}
	return u.Scheme + "://" + u.Host, nil
}

func badEndpoint(s, why string) error {
	return &providers.Error{
		Kind:    providers.Invalid,
		Message: fmt.Sprintf("endpoint %q cannot be used: %s", s, why),
		Advice:  "Give an endpoint such as http://127.0.0.1:8080.",
	}
}

// endpointOf returns where a service is reached. The variables that the SDK
// reads for one service and region, such as
// HUAWEICLOUD_SDK_REGION_BCS_CN_NORTH_4, win over the public endpoint.
func (c *Client) endpointOf(host string) (string, error) {
	if c.endpoint != "" {
		return c.endpoint, nil
	}
	region := c.Region()
	if region == "" {
		return "", noRegion()
	}
	if s, err := c.namedEndpoint(host, region); s != "" || err != nil {
		return s, err
	}
	return "https://" + host + "." + region + ".myhuaweicloud.com", nil
}

// accountRegion is the region under which the SDK knows the services that have
// one address for all regions.
const accountRegion = "cn-north-1"

// accountEndpoint is endpointOf for such a service.
func (c *Client) accountEndpoint(host string) (string, error) {
	if c.endpoint != "" {
		return c.endpoint, nil
	}
	if s, err := c.namedEndpoint(host, accountRegion); s != "" || err != nil {
		return s, err
	}
	return "https://" + host + ".myhuaweicloud.com", nil
}

// namedEndpoint is the one that the environment names; "" if it names none.
func (c *Client) namedEndpoint(host, region string) (string, error) {
	name := "HUAWEICLOUD_SDK_REGION_" + strings.ToUpper(host+"_"+strings.ReplaceAll(region, "-", "_"))
	first, _, _ := strings.Cut(c.env(name), ",")
	if first != "" && !strings.Contains(first, "://") {
		first = "https://" + first
	}
	return checkEndpoint(first)
}

// pooled is http.DefaultTransport with room for the parallel calls of one
// execution to one host.
func pooled() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 32
	return t
}

// defaultUserAgent must not be empty: without one the SDK writes an
// identification file into the user's home.
func defaultUserAgent() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = strings.Trim(info.Main.Version, "()")
	}
	return "orchestrate/" + version
}

// or returns v unless it is the zero value.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
