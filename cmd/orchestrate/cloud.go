package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/bcs"
	"github.com/orchestrate-tosca/orchestrate/providers/data"
	"github.com/orchestrate-tosca/orchestrate/providers/ecs"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/hbs"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/vpc"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// cloud is the one that a command calls: its providers, and where it is.
type cloud struct {
	name      string // huaweicloud, local or endpoint
	providers providers.Registry
	endpoint  string // "" unless --cloud gives a URL
	client    *huaweicloud.Client
	dial      func(ctx context.Context, network, address string) (net.Conn, error) // nil: over the network
	close     func()
}

// openCloud wires the providers to the cloud that --cloud names. Nothing is
// called yet, and credentials are looked up only when something is.
func (a *app) openCloud(ctx context.Context) (*cloud, error) {
	config := huaweicloud.Config{Env: a.getenv, Home: a.getenv("HOME"), Log: a.logger()}
	if a.dial != nil {
		config.Transport = &http.Transport{DialContext: a.dial}
	}
	done, given := func() {}, ""
	name := a.opts.cloud
	switch name {
	case "huaweicloud":
	case "local":
		local, err := a.startLocal(ctx)
		if err != nil {
			return nil, err
		}
		config.Endpoint, config.Env, config.Home, done = local.url, localEnvironment, "", local.stop
		config.Late = time.Second // it dies with its client, and its requests with it
	default:
		config.Endpoint, given, name = name, name, "endpoint"
	}
	client, err := huaweicloud.New(config)
	if err != nil {
		done()
		return nil, usageError{command: a.command, err: fmt.Errorf("--cloud is huaweicloud, local, or the URL of an endpoint: %w", err)}
	}
	reg := providers.Registry{}
	data.Register(reg)
	folder, err := os.Getwd() // after -C; a blueprint's files lie where its state lies
	if err != nil {
		done()
		return nil, fmt.Errorf("find the working folder: %w", err)
	}
	data.RegisterFile(reg, folder)
	bcs.Register(reg, client)
	hbs.Register(reg, client)
	vpc.Register(reg, client)
	ecs.Register(reg, client)
	return &cloud{name: name, providers: reg, endpoint: given, client: client, dial: a.dial, close: done}, nil
}

// place says which part of which cloud is called. An endpoint's URL is left
// out: an emulator may come back at another one.
func (c *cloud) place() state.Place {
	creds := c.client.Credentials()
	return state.Place{Cloud: c.name, Region: creds.Region.Value(), Project: creds.ProjectID.Value()}
}

// reachTimeout is how long an endpoint may take to accept a connection.
const reachTimeout = 5 * time.Second

// reach tells missing credentials and an endpoint that is down before the first
// call: nothing is recorded of what cannot begin, and calls would patiently wait
// for the endpoint to come up. Only an endpoint that was given by its URL is
// looked at. Node types that need no cloud need neither.
func (c *cloud) reach(ctx context.Context, types []string) error {
	if !slices.ContainsFunc(types, callsCloud) {
		return nil
	}
	if err := c.client.CheckCredentials(); err != nil {
		return err
	}
	u, err := url.Parse(c.endpoint)
	if c.endpoint == "" || err != nil {
		return nil
	}
	dial := c.dial
	if dial == nil {
		if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err != nil || proxy != nil {
			return nil // the proxy is what is called
		}
		dial = (&net.Dialer{}).DialContext
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme // "http" and "https" are names of ports
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	conn, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return &providers.Error{
			Kind: providers.Unavail, Message: fmt.Sprintf("nothing answers at %s: %v", c.endpoint, err), Err: err,
			Advice: "Nothing was sent. Check the URL given to --cloud, and that what it names is running.",
		}
	}
	return conn.Close()
}

// callsCloud reports whether elements of a node type need a cloud at all.
func callsCloud(nodeType string) bool { return !strings.HasPrefix(nodeType, "Orchestrate.") }

// typesOf are the node types of elements.
func typesOf(st *state.Stack) []string {
	types := make([]string, 0, len(st.Elements))
	for _, e := range st.Elements {
		types = append(types, e.Type)
	}
	return types
}

// typesOfSteps are the node types that a plan calls the cloud for. What only
// leaves the record needs no cloud: one that is gone for good must not hold a
// stack.
func typesOfSteps(p *planner.Plan) []string {
	var types []string
	for _, s := range actingSteps(p) {
		if s.Action == planner.Delete && (s.Retained || s.Gone || s.Forgotten != "") {
			continue
		}
		types = append(types, s.Type)
	}
	return types
}

// localCloud is the emulator inside this process. Everything goes over a
// socket on the loopback interface, as to the real cloud.
type localCloud struct {
	url  string
	stop func()
}

// startLocal listens; the emulator itself is opened by the first request, so
// that a command that calls nothing leaves no file behind.
func (a *app) startLocal(ctx context.Context) (*localCloud, error) {
	if !(a.opts.emulatorSpeed > 0) {
		return nil, usageError{command: a.command, err: fmt.Errorf("--emulator-speed: %v is not above 0", a.opts.emulatorSpeed)}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the local cloud: %w", err)
	}
	// The emulator outlives the first interrupt: what runs must reach a
	// recorded point.
	lazy := &lazyEmulator{ctx: context.WithoutCancel(ctx), opts: emulator.Options{
		DB: besides("cloud.db"), Contracts: schemas.OpenAPI(), Speed: a.opts.emulatorSpeed, Log: a.logger(),
	}}
	srv := &http.Server{Handler: lazy}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(l) // ends with Close
	}()
	return &localCloud{
		url: "http://" + l.Addr().String(),
		stop: func() {
			srv.Close()
			<-served
			lazy.close()
		},
	}, nil
}

// localEnvironment is where the providers find what lets them into the local
// cloud, whatever the user's own environment says.
func localEnvironment(name string) string {
	switch name {
	case "HW_ACCESS_KEY":
		return emulator.DefaultAccessKey
	case "HW_SECRET_KEY":
		return emulator.DefaultSecretKey
	case "HW_PROJECT_ID":
		return emulator.DefaultProjectID
	case "HW_DOMAIN_ID":
		return emulator.DefaultDomainID
	case "HW_REGION_NAME":
		return emulator.DefaultRegion
	case "HW_USER_ID":
		return emulator.DefaultUserID
	}
	return ""
}

// lazyEmulator opens the emulator at the first request.
type lazyEmulator struct {
	ctx  context.Context
	opts emulator.Options

	once  sync.Once
	cloud *emulator.Emulator
	err   error
}

func (l *lazyEmulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.once.Do(l.open)
	if l.err != nil {
		http.Error(w, l.err.Error(), http.StatusServiceUnavailable)
		return
	}
	l.cloud.ServeHTTP(w, r)
}

func (l *lazyEmulator) open() {
	if l.err = os.MkdirAll(filepath.Dir(l.opts.DB), 0o700); l.err == nil {
		l.cloud, l.err = emulator.Open(l.ctx, l.opts)
	}
}

func (l *lazyEmulator) close() {
	l.once.Do(func() { l.err = http.ErrServerClosed })
	if l.cloud != nil {
		l.cloud.Close()
	}
}
