package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/bcs"
	"github.com/orchestrate-tosca/orchestrate/providers/data"
	"github.com/orchestrate-tosca/orchestrate/providers/ecs"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/vpc"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// cloud is the one that a command calls: its providers, and where it is.
type cloud struct {
	name      string // as --cloud gives it
	providers providers.Registry
	client    *huaweicloud.Client
	close     func()
}

// openCloud wires the providers to the cloud that --cloud names. Nothing is
// called yet, and credentials are looked up only when something is.
func (a *app) openCloud(ctx context.Context) (*cloud, error) {
	config := huaweicloud.Config{Env: a.getenv, Home: a.getenv("HOME"), Log: a.logger()}
	done := func() {}
	switch name := a.opts.cloud; name {
	case "huaweicloud":
	case "local":
		local, err := a.startLocal(ctx)
		if err != nil {
			return nil, err
		}
		config.Endpoint, config.Env, config.Home, done = local.url, localEnvironment, "", local.stop
	default:
		config.Endpoint = name
	}
	client, err := huaweicloud.New(config)
	if err != nil {
		done()
		return nil, usageError{command: a.command, err: fmt.Errorf("--cloud is huaweicloud, local, or the URL of an endpoint: %w", err)}
	}
	reg := providers.Registry{}
	data.Register(reg)
	bcs.Register(reg, client)
	vpc.Register(reg, client)
	ecs.Register(reg, client)
	return &cloud{name: a.opts.cloud, providers: reg, client: client, close: done}, nil
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
