package access

import "context"

type contextKey struct{}

type contextValue struct {
	caller *Caller
	facts  *RequestFacts
}

// With returns a context in which operations find their caller and what is
// known of the request.
func With(ctx context.Context, c *Caller, f *RequestFacts) context.Context {
	return context.WithValue(ctx, contextKey{}, contextValue{c, f})
}

// From returns the caller and the facts that [With] put there. Without them the
// caller is anonymous and the facts are empty, never nil.
func From(ctx context.Context) (*Caller, *RequestFacts) {
	v, ok := ctx.Value(contextKey{}).(contextValue)
	if !ok || v.caller == nil || v.facts == nil {
		return Anonymous(), &RequestFacts{}
	}
	return v.caller, v.facts
}
