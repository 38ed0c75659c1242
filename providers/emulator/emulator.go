package emulator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Credentials and names of the first tenant, unless Options say otherwise.
// They open no real account.
const (
	DefaultAccessKey = "EMULATORACCESSKEY000"
	DefaultSecretKey = "emulatorSecretKeyThatOpensNoRealAccount0"
	DefaultProjectID = "e0000000000000000000000000000001"
	DefaultDomainID  = "e0000000000000000000000000000002"
	DefaultUserID    = "e0000000000000000000000000000003"
	DefaultRegion    = "local-1"
	DefaultUserName  = "emulator"
	DefaultPassword  = "Emulator-Passw0rd"
)

const (
	defaultSpeed = 1000
)

// Options configure an Emulator. Only Contracts is required.
type Options struct {
	// DB is the SQLite file that keeps the cloud, made with mode 0600;
	// "" keeps it in memory until Close.
	DB string

	// Contracts holds bcs.yaml, hbs.yaml, bss.yaml, vpc.yaml, ecs.yaml, eip.yaml
	// and iam.yaml. A contract is parsed when its service is first called; with
	// a Contracts here, once for all Emulators that have it.
	Contracts fs.FS

	// Speed divides the durations that the services are documented to take;
	// 0 means 1000, at which an instance takes 1.2 s to create.
	Speed float64

	// Now is the clock; nil means time.Now. Signatures are checked against it.
	Now func() time.Time

	// Log gets a debug line a request and an error for every answer that
	// breaks its contract; nil drops both.
	Log *slog.Logger

	// Faults is asked before each call what shall go wrong; nil: nothing.
	Faults Faults

	AccessKey, SecretKey string
	UserName, Password   string // for tokens by password
	ProjectID, DomainID  string
	Region               string // also the name of each project

	// Partners are the tenants beside the one that the fields above describe,
	// to be invited to its consortiums or to invite it; nil: one, with the
	// Partner constants. Every field of a Tenant is needed.
	Partners []Tenant

	// InstanceQuota is how many BCS instances a project may have; 0 means 5.
	InstanceQuota int
	// Settings hold the other quotas, what is not for sale, and the versions of
	// the engines. Those that Emulator.Set made win over them.
	Settings Settings
}

// withDefaults fills in what is not set.
func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&o.AccessKey, DefaultAccessKey},
		{&o.SecretKey, DefaultSecretKey},
		{&o.UserName, DefaultUserName},
		{&o.Password, DefaultPassword},
		{&o.ProjectID, DefaultProjectID},
		{&o.DomainID, DefaultDomainID},
		{&o.Region, DefaultRegion},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if o.Partners == nil {
		o.Partners = []Tenant{partner()}
	}
	if o.Speed <= 0 {
		o.Speed = defaultSpeed
	}
	if o.InstanceQuota == 0 {
		o.InstanceQuota = defaultQuotas[QuotaInstances]
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Faults == nil {
		o.Faults = NewScript()
	}
	return o
}

// Emulator is the cloud. It is safe for concurrent use, and several Emulators,
// also of several processes, may serve the same file.
type Emulator struct {
	opts     Options
	tenants  []Tenant // the first one is of Options itself
	store    *store
	services []*service
}

// Open makes an Emulator over the cloud in opts.DB.
func Open(ctx context.Context, opts Options) (*Emulator, error) {
	if opts.Contracts == nil {
		return nil, errors.New("opening the emulator: Options.Contracts is missing")
	}
	opts = opts.withDefaults()
	if err := opts.Settings.check(); err != nil {
		return nil, fmt.Errorf("opening the emulator: %w", err)
	}
	tenants, err := opts.tenants()
	if err != nil {
		return nil, fmt.Errorf("opening the emulator: %w", err)
	}
	s, err := openStore(ctx, opts.DB)
	if err != nil {
		return nil, fmt.Errorf("opening the emulator: %w", err)
	}
	e := &Emulator{opts: opts, tenants: tenants, store: s}
	shared, ok := opts.Contracts.(*Contracts)
	if !ok {
		shared = ShareContracts(opts.Contracts)
	}
	for _, svc := range allServices() {
		svc.contract = shared.of(svc.name)
		e.services = append(e.services, svc)
	}
	return e, nil
}

// Close releases the file. Requests that come later fail.
func (e *Emulator) Close() error { return e.store.db.Close() }

// shutdownGrace is how long Serve lets running requests end.
const shutdownGrace = 2 * time.Second

// Serve answers on l until ctx ends, then lets running requests finish for up
// to two seconds and returns nil. It closes l.
func (e *Emulator) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           e,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(e.opts.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the emulator on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		srv.Close()
	}
	<-ended
	return nil
}

// takes is how long a piece of work that the service is documented to take d
// takes here.
func (e *Emulator) takes(d time.Duration) time.Duration {
	return time.Duration(float64(d) / e.opts.Speed)
}
