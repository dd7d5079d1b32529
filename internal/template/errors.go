package template

import (
	"errors"
	"fmt"
	"strings"
)

// An Error is a template that CloudFormation would refuse. Error returns
// AWS's exact text; Detail adds what AWS does not say.
type Error struct {
	Message string   `json:"message"`         // AWS's text, exactly, where AWS has one
	Notes   []Note   `json:"notes,omitempty"` // the places, in source order
	Hint    string   `json:"hint,omitempty"`  // advice, such as "did you mean X?"
	More    []*Error `json:"more,omitempty"`  // further faults; AWS would report them only after this one is mended
}

// A Note is a place and what is to be said about it.
type Note struct {
	Position
	Text string `json:"text,omitempty"`
}

// A Warning is something that CloudFormation accepts, or would refuse where
// we do not, and that surely surprises.
type Warning struct {
	Position
	Text string `json:"text"`
}

// String returns the position and the text on one line.
func (w Warning) String() string {
	if p := w.Position.String(); p != "" {
		return p + ": " + w.Text
	}
	return w.Text
}

// Error returns AWS's text.
func (e *Error) Error() string { return e.Message }

// Detail returns the long form: AWS's text; for each place file:line:column,
// the line and a caret; the hint; and the further faults in the same form.
func (e *Error) Detail() string {
	var b strings.Builder
	e.detail(&b)
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return printable(r)
	}, b.String())
}

func (e *Error) detail(b *strings.Builder) {
	b.WriteString(e.Message)
	for i, n := range e.Notes {
		if i == maxFaults {
			fmt.Fprintf(b, "\nand %d more places", len(e.Notes)-i)
			break
		}
		b.WriteString("\n" + n.Position.String())
		if n.Text != "" {
			if !n.Position.IsZero() || n.File != "" {
				b.WriteString(": ")
			}
			b.WriteString(n.Text)
		}
		if caret := n.caret(); caret != "" {
			b.WriteString("\n    " + strings.ReplaceAll(caret, "\n", "\n    "))
		}
	}
	if e.Hint != "" {
		b.WriteString("\n" + e.Hint)
	}
	for _, more := range e.More {
		b.WriteString("\n")
		more.detail(b)
	}
}

// Format prints the long form for %+v and AWS's text for the other verbs.
func (e *Error) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'v' && f.Flag('+'):
		_, _ = fmt.Fprint(f, e.Detail())
	case verb == 'q':
		_, _ = fmt.Fprintf(f, "%q", e.Message)
	default:
		_, _ = fmt.Fprint(f, e.Message)
	}
}

// Join returns one [*Error] of all that is not nil: the first, with the others in
// its More, each text at one place once. It returns nil if there is nothing.
func Join(errs ...error) error {
	var f faults
	seen := map[string]bool{}
	var add func(e *Error)
	add = func(e *Error) {
		one := *e
		one.More = nil
		places := make([]string, len(one.Notes))
		for i, n := range one.Notes {
			places[i] = n.Position.String()
		}
		if key := one.Message + "\n" + strings.Join(places, "\n"); !seen[key] {
			seen[key] = true
			f.add(&one)
		}
		for _, more := range e.More {
			add(more)
		}
	}
	for _, err := range errs {
		var e *Error
		switch {
		case err == nil:
		case errors.As(err, &e):
			add(e)
		default:
			add(&Error{Message: err.Error()})
		}
	}
	return f.err()
}

// UnsupportedProperty is the refusal of a property that a type does not have.
func UnsupportedProperty(p Pair, known []string) *Error {
	e := errorf(p.KeyPosition, "Encountered unsupported property %s", p.Key)
	e.Hint = didYouMean(p.Key, known)
	return e
}

// errorf returns an error at p.
func errorf(p Position, format string, args ...any) *Error {
	e := &Error{Message: fmt.Sprintf(format, args...)}
	if !p.IsZero() || p.File != "" {
		e.Notes = []Note{{Position: p}}
	}
	return e
}

// withHint sets the hint and returns e.
func (e *Error) withHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}
