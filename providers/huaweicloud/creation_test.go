package huaweicloud_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// lost is a create whose answer was lost: made tells whether the cloud has the
// object.
type lost struct {
	made  bool
	sends int
}

func (l *lost) creation(settling bool) huaweicloud.Creation {
	return huaweicloud.Creation{
		Request: &providers.Request{Settling: settling},
		Look:    func(context.Context) (map[string]string, error) { return nil, nil },
		Send: func(context.Context, providers.Operation) (providers.Operation, error) {
			l.sends++
			l.made = true
			return providers.Operation{ObjectID: "x"}, nil
		},
		Find: func(context.Context) ([]huaweicloud.Found, error) {
			if !l.made {
				return nil, nil
			}
			return []huaweicloud.Found{found("x")}, nil
		},
		Wait: func(_ context.Context, op providers.Operation) (providers.Progress, error) {
			return providers.Progress{Done: true, Object: &providers.Object{ID: op.ObjectID}}, nil
		},
	}
}

func found(id string) huaweicloud.Found {
	return huaweicloud.Found{Candidate: providers.Candidate{ID: id, Name: "web"}}
}

// resume advances from the recorded point before the request until the end.
func resume(t *testing.T, c huaweicloud.Creation) *providers.Object {
	t.Helper()
	op, resumed := providers.Operation{Stage: huaweicloud.StageSend}, true
	for range 10 {
		p, err := c.Advance(t.Context(), op, resumed)
		if err != nil {
			t.Fatal(err)
		}
		if p.Done {
			return p.Object
		}
		op, resumed = p.Next, false
	}
	t.Fatal("no end")
	return nil
}

func TestLostCreation(t *testing.T) {
	for _, tc := range []struct {
		name           string
		made, settling bool
		sends          int
		objectInTheEnd bool
	}{
		{"made: found, not made again", true, false, 0, true},
		{"not made: sent again", false, false, 1, true},
		{"settling, made: found", true, true, 0, true},
		{"settling, not made: nothing is sent any more", false, true, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := &lost{made: tc.made}
			o := resume(t, l.creation(tc.settling))
			if l.sends != tc.sends || (o != nil) != tc.objectInTheEnd {
				t.Errorf("sent %d times, object %v", l.sends, o)
			}
		})
	}
}

// TestLateCreation has the object appear only after a while: a request that
// was under way when its sender died.
func TestLateCreation(t *testing.T) {
	for _, settling := range []bool{false, true} {
		for _, crashes := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				l := &lost{}
				c := l.creation(settling)
				c.Late = 30 * time.Second
				op, resumed, begun := providers.Operation{Stage: huaweicloud.StageSend}, true, time.Now()
				for op.Stage == huaweicloud.StageSend {
					p, err := c.Advance(t.Context(), op, resumed)
					if err != nil || p.Done {
						t.Fatalf("settling %t, crashes %t, after %s: %+v, %v", settling, crashes, time.Since(begun), p, err)
					}
					op, resumed = p.Next, crashes
					time.Sleep(p.After)
					l.made = l.made || time.Since(begun) >= 25*time.Second
				}
				if l.sends != 0 || time.Since(begun) > 30*time.Second {
					t.Errorf("settling %t, crashes %t: sent %d times, waited %s", settling, crashes, l.sends, time.Since(begun))
				}
			})
		}
	}
}

// TestRefusedAgain sends a request again whose answer was lost; it is refused,
// because the first one was carried out after all, but shown late.
func TestRefusedAgain(t *testing.T) {
	late := &providers.Error{Kind: providers.Unavail}
	for _, kind := range []providers.Kind{providers.Conflict, providers.Invalid, providers.Quota, providers.Failed} {
		l := &lost{}
		c := l.creation(false)
		c.Send = func(context.Context, providers.Operation) (providers.Operation, error) {
			l.sends++
			l.made = true
			return providers.Operation{}, &providers.Error{Kind: kind}
		}
		if o := resume(t, c); o == nil || l.sends != 1 {
			t.Errorf("%s: sent %d times, object %v", kind, l.sends, o)
		}
		// It cannot be looked: what was made must not be forgotten.
		l.made = false
		find := c.Find
		c.Find = func(ctx context.Context) ([]huaweicloud.Found, error) {
			if l.made {
				return nil, late
			}
			return find(ctx)
		}
		again := providers.Operation{Stage: huaweicloud.StageSend, Note: map[string]string{"repeat": "send"}}
		if _, err := c.Advance(t.Context(), again, false); err != error(late) {
			t.Errorf("%s: without a look: %v", kind, err)
		}
	}
}
