package providertest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// SameAsRead checks that ReadAll gives for each request what Read gives.
func SameAsRead(t *testing.T, p providers.Provider, reqs []*providers.Request) {
	t.Helper()
	lister, ok := p.(providers.Lister)
	if !ok {
		t.Fatalf("%s can't be read together", reqs[0].Type)
	}
	all, err := lister.ReadAll(t.Context(), reqs)
	if err != nil || len(all) != len(reqs) {
		t.Fatalf("reading %d objects gave %d: %v", len(reqs), len(all), err)
	}
	for i, req := range reqs {
		o, err := p.Read(t.Context(), req)
		if !reflect.DeepEqual(all[i].Object, o) {
			t.Errorf("%s %s: ReadAll gave\n\t%+v, Read\n\t%+v", req.Type, req.ObjectID, all[i].Object, o)
		}
		if kindOf(all[i].Err) != kindOf(err) {
			t.Errorf("%s %s: ReadAll failed with %v, Read with %v", req.Type, req.ObjectID, all[i].Err, err)
		}
	}
}

// kindOf returns the kind of a provider's error, "" for none.
func kindOf(err error) providers.Kind {
	var e *providers.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	}
	return providers.Unexpected
}
