package huaweicloud

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// fewObjects is how many objects are rather read one by one than found in a
// list, which may be long.
const fewObjects = 2

// atOnce is how many objects ReadEach reads at the same time.
const atOnce = 8

// ReadEach implements providers.Lister.ReadAll by the Read of the type: for
// objects that many share the answers of few calls, which it makes once each.
func ReadEach(ctx context.Context, reqs []*providers.Request, read func(context.Context, *providers.Request) (*providers.Object, error)) ([]providers.Reading, error) {
	ctx, cancel := context.WithCancel(providers.Sharing(ctx))
	defer cancel()
	out := make([]providers.Reading, len(reqs))
	var (
		wg    sync.WaitGroup
		once  sync.Once
		ofAll error
		turns = make(chan struct{}, atOnce)
	)
	for i, req := range reqs {
		turns <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-turns }()
			o, err := read(ctx, req)
			if concernsAll(err) {
				once.Do(func() { ofAll = err })
				cancel()
			}
			out[i] = providers.Reading{Object: o, Err: err}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); ofAll == nil && err != nil {
		ofAll = &providers.Error{Kind: providers.Unavail, Message: "stopped before everything was read", Err: err}
	}
	if ofAll != nil {
		return nil, ofAll
	}
	return out, nil
}

// concernsAll tells whether an error is about credentials, endpoint or load,
// rather than about one object.
func concernsAll(err error) bool {
	var e *providers.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case providers.Auth, providers.Throttled, providers.Unavail:
		return true
	}
	return false
}

// Listing is how objects are read that the service lists. T is one as the list
// holds it, which has to be all that Read has.
type Listing[T any] struct {
	// List returns, by ID, at least those objects of the requests that exist.
	List func(ctx context.Context, reqs []*providers.Request) (map[string]*T, error)
	// Object makes of one what Read would return.
	Object func(v *T, req *providers.Request) (*providers.Object, error)
	// Read is that of the provider.
	Read func(ctx context.Context, req *providers.Request) (*providers.Object, error)
}

// ReadAll implements providers.Lister.ReadAll. That an object is not listed is
// no evidence that it is gone: lists run late, lose what moves between two
// pages, and leave out what the user must not list. Read has the last word.
func (l Listing[T]) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	if len(reqs) <= fewObjects {
		return ReadEach(ctx, reqs, l.Read)
	}
	listed, err := l.List(ctx, reqs)
	if err != nil {
		if !mayReadOnly(err) {
			return nil, err
		}
		listed = nil
	}
	return ReadEach(ctx, reqs, func(ctx context.Context, req *providers.Request) (*providers.Object, error) {
		if v := listed[req.ObjectID]; v != nil {
			return l.Object(v, req)
		}
		return l.Read(ctx, req)
	})
}

// mayReadOnly tells whether single reads may work although listing did not:
// rights are given for each call.
func mayReadOnly(err error) bool {
	var e *providers.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Kind == providers.Auth && e.Status == http.StatusForbidden || !concernsAll(err)
}

// Pages collects a list that is read page by page: next returns the page after
// a marker, "" being the first, and is asked until a page is not full.
func Pages[T any](size int, id func(*T) string, next func(marker *string) ([]T, error)) ([]T, error) {
	var all []T
	var marker *string
	for {
		page, err := next(marker)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < size {
			return all, nil
		}
		last := id(&page[len(page)-1])
		if marker != nil && *marker == last {
			return all, nil // a server that ignores the marker would list for ever
		}
		marker = &last
	}
}

// ByID indexes what was listed.
func ByID[T any](list []T, id func(*T) string) map[string]*T {
	out := make(map[string]*T, len(list))
	for i := range list {
		out[id(&list[i])] = &list[i]
	}
	return out
}
