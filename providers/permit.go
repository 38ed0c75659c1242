package providers

import "context"

// Permitted returns a context under which changing requests ask before they
// leave: one that ask refuses is not sent. A provider may look at many things
// before it sends its request, and the right to send it may be lost meanwhile.
func Permitted(ctx context.Context, ask func() error) context.Context {
	return context.WithValue(ctx, permitKey{}, ask)
}

type permitKey struct{}

// MaySend asks whether a changing request may leave right now. It is nil where
// nobody has to be asked.
func MaySend(ctx context.Context) error {
	ask, ok := ctx.Value(permitKey{}).(func() error)
	if !ok {
		return nil
	}
	return ask()
}
