package trace

import "io"

// Explain tells r in plain words: what happened, why, and what to do about it.
func Explain(w io.Writer, r *Request) error {
	return nil
}
