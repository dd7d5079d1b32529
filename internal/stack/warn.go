package stack

import "context"

type warningsKey struct{}

// WithWarnings returns a context under which handlers tell warn what AWS accepts
// but cannot do what its author meant. warn is called concurrently.
func WithWarnings(ctx context.Context, warn func(text string)) context.Context {
	return context.WithValue(ctx, warningsKey{}, warn)
}

// Warn tells whoever deploys, and reports whether somebody listens.
func Warn(ctx context.Context, text string) bool {
	warn, ok := ctx.Value(warningsKey{}).(func(string))
	if ok {
		warn(text)
	}
	return ok
}
