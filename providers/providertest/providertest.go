// Package providertest is the conformance kit of node type providers: what the
// executor relies on, shown by driving a provider through the life of objects
// while all sorts of trouble happen. It knows neither the providers nor the
// cloud; a test brings both. The trouble is made on our side of the cloud (Wire),
// so that an emulator and a real account are driven alike.
package providertest

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Config says what to drive, and with what.
type Config struct {
	Type string
	// Properties are those of the create, with all defaults: valid, and those of no
	// object that exists.
	Properties map[string]any
	// Change holds the properties that an update sets; nil: nothing of the type
	// can be changed.
	Change map[string]any

	// Content opens what the files hold that properties name, by digest; nil: they
	// name none.
	Content func(ctx context.Context, sha256 string) (io.ReadCloser, error)

	// Ready lets somebody else do, by the clouds of their own, what has to be done
	// before each create; nil: nothing has.
	Ready func(t *testing.T, partner func(typ string) Cloud)

	// Check looks at each object that an action has ended with; nil: nobody does.
	Check func(t *testing.T, o *providers.Object)

	// Unread names the properties that the cloud does not show, sorted.
	Unread []string
	// Missing is an ID, in the form of the type, of which there is no object.
	Missing string
	// Works are the actions whose work goes on after their request was taken, and
	// may fail then.
	Works []providers.Action
	// Unexplained tells that the service does not say why work has failed.
	Unexplained bool

	// Foreign holds what is different of an object of the same name that somebody
	// else has made, so that the cloud lets it be.
	Foreign map[string]any
	// Namesakes tells that the cloud lets several objects have one name, or that
	// they have none. Without it a create has to refuse what exists already.
	Namesakes bool
	// Nameless tells that nothing could stand in the way of a create.
	Nameless bool

	// Forgotten tells that a delete does not reach the cloud, so that the object
	// can still be read.
	Forgotten bool
	// NotImported tells that an object can't be read by its ID alone: the provider
	// has to say so.
	NotImported bool
	// Repeatable tells that a create may be carried out again after a lost answer,
	// because what the lost one made is worth nothing, or to make it again is to
	// change nothing.
	Repeatable bool
}

// Cloud is where a provider is driven.
type Cloud struct {
	Provider providers.Provider
	Stack    string // begins the names of what has no name of its own
	// Wire carries all requests of Provider.
	Wire *Wire
	// Wait lets time pass in the cloud.
	Wait func(ctx context.Context, d time.Duration) error

	// Partner is the cloud as another tenant has it, by node type; nil: there is
	// none.
	Partner func(typ string) Cloud

	// Made is told of each object that an action has made, or of which a failed one
	// knows that it may have: deletion is the request that removes it. Gone is told
	// of each that was removed. nil: nobody keeps account.
	Made func(id string, deletion *providers.Request)
	Gone func(id string)

	// Fail lets the work that the next changing request begins end as failed, for
	// that reason; nil: the cloud can't be told to.
	Fail func(reason string)
	// Remains lists what is there, in any order; nil: nobody knows.
	Remains func(t *testing.T) []string
}

// Case is one thing that a provider is driven through.
type Case struct {
	Name string
	// Brief is true for those that are driven for each variant of a type, and not
	// only for one.
	Brief bool

	run func(k *kit, t *testing.T)
}

// Cases returns everything that a provider is driven through.
func Cases() []Case {
	return []Case{
		{"life", true, (*kit).life},
		{"absence", false, (*kit).absence},
		{"intent alone", false, (*kit).intent},
		{"crash after every step", true, (*kit).crashes},
		{"lost answers", true, (*kit).lostAnswers},
		{"lost requests", false, (*kit).lostRequests},
		{"gateway time-outs", false, (*kit).timeOuts},
		{"unreachable", false, (*kit).unreachable},
		{"throttled", false, (*kit).throttled},
		{"not authenticated", false, (*kit).notAuthenticated},
		{"not authorized", false, (*kit).notAuthorized},
		{"shown late", false, (*kit).shownLate},
		{"lost and shown late", false, (*kit).lostAndShownLate},
		{"settled after a lost answer", false, (*kit).settledAnswer},
		{"settled after a lost request", false, (*kit).settledRequest},
		{"settled update", false, (*kit).settledUpdate},
		{"settled anywhere", true, (*kit).settledAnywhere},
		{"lasting", false, (*kit).lasting},
		{"namesake", false, (*kit).namesake},
		{"work fails: create", false, (*kit).createFails},
		{"work fails: update", false, (*kit).updateFails},
		{"work fails: delete", false, (*kit).deleteFails},
	}
}

// Run drives a provider through the case.
func (c Case) Run(t *testing.T, cfg Config, cloud Cloud) {
	t.Helper()
	k := &kit{Config: cfg, cloud: cloud}
	before := k.remains(t)
	c.run(k, t)
	k.cloud.Wire.calm()
	if hasty := k.cloud.Wire.impatient(); len(hasty) > 0 {
		t.Errorf("repeated before the time that the cloud had asked for: %v", hasty)
	}
	if after := k.remains(t); !cfg.Forgotten && !k.orphans && !t.Failed() {
		sameRemains(t, before, after)
	}
}

// kit drives one type through one case.
type kit struct {
	Config
	cloud Cloud
	// refusing is true while the credentials are refused of whatever is struck.
	refusing bool
	// orphans is true if what the case leaves behind is nobody's.
	orphans bool
}

// remains counts what is in the cloud.
func (k *kit) remains(t *testing.T) map[string]int {
	t.Helper()
	if k.cloud.Remains == nil {
		return nil
	}
	out := map[string]int{}
	for _, what := range k.cloud.Remains(t) {
		out[what]++
	}
	return out
}

func sameRemains(t *testing.T, before, after map[string]int) {
	t.Helper()
	for what, n := range after {
		if n > before[what] {
			t.Errorf("left behind: %s", what)
		}
	}
	for what, n := range before {
		if n > after[what] {
			t.Errorf("taken along: %s", what)
		}
	}
}

func isKind(err error, kind providers.Kind) bool {
	e := failure(err)
	return e != nil && e.Kind == kind
}

// failure is the provider's error in err; nil if there is none.
func failure(err error) *providers.Error {
	var e *providers.Error
	if !errors.As(err, &e) {
		return nil
	}
	return e
}

func retryable(err error) bool {
	e := failure(err)
	return e != nil && e.Retryable()
}
