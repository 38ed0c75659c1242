package huaweicloud_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

func TestPages(t *testing.T) {
	item := func(i int) string { return strconv.Itoa(i) }
	for _, c := range []struct{ items, asked int }{{0, 1}, {1, 1}, {3, 2}, {7, 3}} {
		asked := 0
		all, err := huaweicloud.Pages(3, func(s *string) string { return *s }, func(marker *string) ([]string, error) {
			asked++
			var page []string
			for i := range c.items {
				if (marker == nil || item(i) > *marker) && len(page) < 3 {
					page = append(page, item(i))
				}
			}
			return page, nil
		})
		if err != nil || len(all) != c.items || asked != c.asked || !slices.IsSorted(all) {
			t.Errorf("%d items: got %v after %d calls, %v", c.items, all, asked, err)
		}
	}
}

func TestPagesOfAServerThatDoesNotPage(t *testing.T) {
	all, err := huaweicloud.Pages(2, func(s *string) string { return *s }, func(*string) ([]string, error) { return []string{"a", "b"}, nil })
	if err != nil || len(all) > 4 {
		t.Errorf("got %v, %v", all, err)
	}
}

// reads is a Read that knows some objects and fails for others.
func reads(failures map[string]error) func(context.Context, *providers.Request) (*providers.Object, error) {
	return func(_ context.Context, req *providers.Request) (*providers.Object, error) {
		if err := failures[req.ObjectID]; err != nil {
			return nil, err
		}
		return &providers.Object{ID: req.ObjectID}, nil
	}
}

func requests(ids ...string) []*providers.Request {
	var out []*providers.Request
	for _, id := range ids {
		out = append(out, &providers.Request{ObjectID: id})
	}
	return out
}

func TestReadEach(t *testing.T) {
	gone := &providers.Error{Kind: providers.NotFound}
	for _, c := range []struct {
		name     string
		failures map[string]error
		ofAll    providers.Kind
	}{
		{"an absent object is its own affair", map[string]error{"b": gone}, ""},
		{"refused credentials concern all", map[string]error{"a": gone, "b": &providers.Error{Kind: providers.Auth}}, providers.Auth},
		{"so does a service that is away", map[string]error{"c": &providers.Error{Kind: providers.Unavail}}, providers.Unavail},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := huaweicloud.ReadEach(t.Context(), requests("a", "b", "c"), reads(c.failures))
			if c.ofAll != "" {
				if !huaweicloud.IsKind(err, c.ofAll) || all != nil {
					t.Errorf("got %v, %v", all, err)
				}
				return
			}
			for i, id := range []string{"a", "b", "c"} {
				if want := c.failures[id]; !errors.Is(all[i].Err, want) || want == nil && all[i].Object.ID != id {
					t.Errorf("%s: got %+v", id, all[i])
				}
			}
		})
	}
}

func TestReadEachStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all, err := huaweicloud.ReadEach(ctx, requests("a"), reads(nil))
	if all != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", all, err)
	}
}

// What a list lacks is looked at before it counts as gone.
func TestListingIsNoEvidenceOfAbsence(t *testing.T) {
	var read []string
	l := huaweicloud.Listing[string]{
		List: func(context.Context, []*providers.Request) (map[string]*string, error) {
			listed := "listed"
			return map[string]*string{"a": &listed, "b": &listed}, nil
		},
		Object: func(v *string, req *providers.Request) (*providers.Object, error) {
			return &providers.Object{ID: req.ObjectID, Evidence: *v}, nil
		},
		Read: func(_ context.Context, req *providers.Request) (*providers.Object, error) {
			read = append(read, req.ObjectID)
			return &providers.Object{ID: req.ObjectID}, nil
		},
	}
	all, err := l.ReadAll(t.Context(), requests("a", "late", "b"))
	if err != nil || !slices.Equal(read, []string{"late"}) || all[1].Object == nil || all[0].Object.Evidence != "listed" {
		t.Errorf("read %v, got %v, %v", read, all, err)
	}
}
