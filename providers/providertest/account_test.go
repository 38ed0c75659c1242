package providertest_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// The flags of TestAccount.
var (
	cloudFlag = flag.String("cloud", "", "drive an account: huaweicloud, or the URL of an endpoint; credentials as for the command")
	typesFlag = flag.String("types", "", "the node types to drive in the account, with commas")
	buyFlag   = flag.Bool("buy", false, "buy in the account what costs money")
	givenFlag = given{}
)

func init() { flag.Var(givenFlag, "given", "something of the account, as name=value; may be repeated") }

// given is what is told about an account.
type given map[string]string

// String implements flag.Value.
func (g given) String() string { return fmt.Sprint(map[string]string(g)) }

// Set implements flag.Value.
func (g given) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("it has to be name=value")
	}
	g[name] = value
	return nil
}

// TestAccount drives node types in a real account, see CONTRIBUTING.md.
func TestAccount(t *testing.T) {
	if *cloudFlag == "" {
		t.Skip("no account: give -cloud and -types")
	}
	if *typesFlag == "" {
		t.Fatal("name the node types to drive: -types VPC.VPC,VPC.Subnet")
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := newAccount(t, reached(""), *buyFlag, givenFlag)
	a.interrupted = interrupted
	if os.Getenv(partnerPrefix+"HW_ACCESS_KEY") != "" {
		a.partner = newAccount(t, reached(partnerPrefix), *buyFlag, givenFlag.of("partner-"))
	}
	t.Logf("all that is made has a name that begins with %s or %s", a.stack, a.prefix)
	for typ := range strings.SplitSeq(*typesFlag, ",") {
		found := slices.DeleteFunc(of(strings.TrimSpace(typ)), func(s subject) bool { return s.variant != "" })
		if len(found) == 0 {
			t.Errorf("there is no node type %q", typ)
		}
		for _, s := range found {
			t.Run(s.name(), func(t *testing.T) { a.drive(t, s, providertest.Cases()) })
		}
	}
}

// partnerPrefix begins the variables that hold the credentials of the other tenant.
const partnerPrefix = "PARTNER_"

// reached says how an account is reached whose variables have a prefix.
func reached(prefix string) huaweicloud.Config {
	cfg := huaweicloud.Config{Env: func(name string) string { return os.Getenv(prefix + name) }}
	if *cloudFlag != "huaweicloud" {
		cfg.Endpoint = *cloudFlag
	}
	if home, err := os.UserHomeDir(); err == nil && prefix == "" {
		cfg.Home = home
	}
	return cfg
}

// of is what is told about another tenant.
func (g given) of(prefix string) given {
	out := given{}
	for name, value := range g {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			out[rest] = value
		}
	}
	return out
}

// account is a project in which other things live too.
type account struct {
	wire     *providertest.Wire
	registry providers.Registry
	stack    string // begins the names of what is named by stack and node
	prefix   string // begins other names, which are short
	buy      bool
	known    map[string]string
	partner  *account // of the other tenant; nil: there is none

	interrupted context.Context      // ends when somebody wants an end
	made        []*providers.Request // the deletions of what is there, in the order in which it was made
}

func newAccount(t *testing.T, cfg huaweicloud.Config, buy bool, known map[string]string) *account {
	t.Helper()
	mark := strings.ToLower(rand.Text()[:6])
	a := &account{
		registry: providers.Registry{}, stack: "conformance-" + mark, prefix: "oc" + mark + "-",
		wire: providertest.NewWire(purse{open: buy, next: cfg.Transport}), buy: buy, known: known, interrupted: context.Background(),
	}
	cfg.Transport = a.wire
	client, err := huaweicloud.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.CheckCredentials(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	registerAll(a.registry, client, t.TempDir())
	return a
}

// drive drives a subject through cases, one after the other, and removes whatever
// they have left.
func (a *account) drive(t *testing.T, s subject, cases []providertest.Case) {
	if !a.buy && !costsNothing(s.typ) {
		t.Fatalf("%s costs money; -buy lets it be bought", s.typ)
	}
	defer a.clear(t, 0)
	cfg := s.config(a.bench(t))
	for i, c := range cases {
		if stays := cfg.Forgotten && !cfg.Nameless && !cfg.Namesakes; stays && i > 0 {
			a.clear(t, 0) // what can't be deleted goes with what it is in
			cfg = s.config(a.bench(t))
		}
		t.Run(c.Name, func(t *testing.T) {
			if a.interrupted.Err() != nil {
				t.Skip("interrupted")
			}
			defer a.clear(t, len(a.made))
			c.Run(t, cfg, a.cloud(s.typ))
		})
	}
}

func (a *account) bench(t *testing.T) *bench {
	b := &bench{t: t, cloud: a.cloud, prefix: a.prefix, known: a.known}
	if a.partner != nil {
		b.other = a.partner.bench(t)
	}
	return b
}

func (a *account) cloud(typ string) providertest.Cloud {
	in := providertest.Cloud{
		Provider: a.registry[typ], Stack: a.stack, Wire: a.wire, Wait: a.wait,
		Made: func(id string, deletion *providers.Request) {
			a.gone(id)
			a.made = append(a.made, deletion)
		},
		Gone: a.gone,
	}
	if a.partner != nil {
		in.Partner = a.partner.cloud
	}
	return in
}

func (a *account) gone(id string) {
	a.made = slices.DeleteFunc(a.made, func(d *providers.Request) bool { return d.ObjectID == id })
}

// clear removes what was made after the first so many, the newest first; then, if
// nothing is to be left, what the other tenant has.
func (a *account) clear(t *testing.T, first int) {
	in := a.interrupted
	a.interrupted = context.Background()
	defer func() { a.interrupted = in }()
	for _, d := range slices.Backward(slices.Clone(a.made[min(first, len(a.made)):])) {
		a.wire.Calm()
		if err := a.cloud(d.Type).Remove(t, d); err != nil {
			t.Errorf("%s %s is left in the account: %v", d.Type, d.ObjectID, err)
		}
	}
	if first == 0 && a.partner != nil {
		a.partner.clear(t, 0)
	}
}

// wait waits in the time that everybody has, until somebody wants an end.
func (a *account) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-a.interrupted.Done():
		return errors.New("interrupted")
	}
}

// costsNothing tells whether the objects of a type are free of charge.
func costsNothing(typ string) bool {
	return slices.Contains([]string{"VPC.VPC", "VPC.Subnet"}, typ) || strings.HasPrefix(typ, "Orchestrate.")
}

// purse lets nothing out that may cost money, unless it is open: whatever else is
// wrong, nothing is bought by accident.
type purse struct {
	open bool
	next http.RoundTripper // nil: http.DefaultTransport
}

// RoundTrip implements http.RoundTripper.
func (p purse) RoundTrip(r *http.Request) (*http.Response, error) {
	if !p.open && r.Method != http.MethodGet && !free(r.URL.Path) {
		return nil, fmt.Errorf("%s %s may cost money, and nothing may be bought", r.Method, r.URL.Path)
	}
	return cmp.Or[http.RoundTripper](p.next, http.DefaultTransport).RoundTrip(r)
}

// free tells whether a path is one of VPCs or subnets: /v1/PROJECT/vpcs...
func free(path string) bool {
	parts := strings.Split(path, "/")
	return len(parts) > 3 && parts[1] == "v1" && (parts[3] == "vpcs" || parts[3] == "subnets")
}

// An account is driven over its own network, in the time of the day; what a case
// has left is removed, and what was there before stays.
func TestAccountIsLeftAsItWas(t *testing.T) {
	c := newCloud(t)
	c.make(t, "VPC.VPC", "old", vpcNamed("old"))
	env := c.emulator.Env()
	a := newAccount(t, huaweicloud.Config{Endpoint: c.url, Env: func(name string) string { return env[name] }}, false, nil)
	brief := slices.DeleteFunc(providertest.Cases(), func(c providertest.Case) bool { return !c.Brief })
	a.known = map[string]string{"zone": "az1"}
	a.drive(t, of("VPC.Subnet")[0], brief)

	a.cloud("VPC.VPC").Make(t, "VPC.VPC", "left", vpcNamed(""))
	changes, err := c.emulator.Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if last := changes[len(changes)-1]; !strings.Contains(last.Body, a.stack+"-left") {
		t.Errorf("made %s", last.Body)
	}
	a.clear(t, 0)
	objects, err := c.emulator.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if named := func(o emulator.Object) bool { return o.Name != "old" }; len(objects) != 1 || slices.ContainsFunc(objects, named) {
		t.Errorf("left are %v", objects)
	}
}

// Nothing is bought that nobody has allowed, whichever provider asks.
func TestNothingIsBoughtByAccident(t *testing.T) {
	c := newCloud(t)
	env := c.emulator.Env()
	a := newAccount(t, huaweicloud.Config{Endpoint: c.url, Env: func(name string) string { return env[name] }}, false, nil)
	for typ, properties := range map[string]map[string]any{"HBS.Instance": chain("chain-1", "alpha"), "BCS.Instance": ledger("ledger-01")} {
		req := creation(typ, "thing", properties)
		_, err := providertest.Drive(t.Context(), a.registry[typ], req, providers.Operation{Stage: huaweicloud.StageSend}, false)
		if err == nil || !strings.Contains(err.Error(), "may cost money") {
			t.Errorf("%s: %v", typ, err)
		}
	}
	if did := c.done(t); len(did) > 0 {
		t.Errorf("did %v", did)
	}
}
