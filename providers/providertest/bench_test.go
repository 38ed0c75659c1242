package providertest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// subject is a node type that the kit is driven over. To add one: a line in the
// list of its service, and a function that makes what it needs and says with
// which properties it is made.
type subject struct {
	typ string
	// variant tells it from others of its type, of which only one has none: all
	// cases are driven over that one, and the brief ones over the others.
	variant string
	// with makes what the type needs beside itself, by bench.make.
	with func(b *bench) providertest.Config
}

// subjects are all of them.
func subjects() []subject {
	return slices.Concat(bcsSubjects, hbsSubjects, contractSubjects, vpcSubjects, ecsSubjects, ownSubjects)
}

func (s subject) name() string { return strings.TrimSpace(s.typ + " " + s.variant) }

// config is what the kit drives.
func (s subject) config(b *bench) providertest.Config {
	cfg := s.with(b)
	cfg.Type = s.typ
	cfg.Properties = completed(nodeType(b.t, s.typ).Properties, cfg.Properties)
	cfg.Check = func(t *testing.T, o *providers.Object) { tells(t, s.typ, o) }
	return cfg
}

// bench is where a subject makes what it needs: in an emulator, or in an account.
type bench struct {
	t *testing.T
	// cloud serves a node type.
	cloud func(typ string) providertest.Cloud
	// other is the bench of another tenant; nil: there is none.
	other *bench
	// prefix begins the names of what an account holds.
	prefix string
	// known holds what is told about an account; nil: it is an emulator, which takes
	// everything.
	known map[string]string
}

// make makes an object that is needed.
func (b *bench) make(typ, node string, properties map[string]any) *providers.Object {
	b.t.Helper()
	return b.cloud(typ).Make(b.t, typ, node, properties)
}

// name is a name that nothing else in the account has.
func (b *bench) name(short string) string { return b.prefix + short }

// given is something of the account that has to be there, such as a cluster;
// emulators do with what is said here.
func (b *bench) given(name, emulated string) string {
	b.t.Helper()
	if b.known == nil {
		return emulated
	}
	value, ok := b.known[name]
	if !ok {
		b.t.Skipf("it needs something of the account: -given %s=...", name)
	}
	return value
}

// partner is the bench of another tenant, the one who invites or is invited.
func (b *bench) partner() *bench {
	b.t.Helper()
	if b.other == nil {
		b.t.Skip("it needs two tenants")
	}
	return b.other
}

func TestEveryTypeHasASubject(t *testing.T) {
	registry := newCloud(t).registry
	whole := map[string]int{}
	for _, s := range subjects() {
		if _, err := registry.For(s.typ); err != nil {
			t.Errorf("%s: %v", s.name(), err)
		}
		if s.variant == "" {
			whole[s.typ]++
		}
	}
	for _, typ := range registry.Types() {
		if whole[typ] != 1 {
			t.Errorf("%s has %d subjects without a variant", typ, whole[typ])
		}
	}
}
