package sam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// A fault is one cause for which a template is refused. Its message is AWS's.
type fault struct {
	sortKey string
	message string
	place   template.Position
}

func (f *fault) Error() string { return f.message }

// An eventError is a fault of one event; the resource that has the event
// wraps it.
type eventError struct {
	message string
	place   template.Position
}

func (f *eventError) Error() string { return f.message }

func invalidResource(id string, at *template.Node, format string, args ...any) *fault {
	return &fault{sortKey: id, message: "Resource with id [" + id + "] is invalid. " + fmt.Sprintf(format, args...), place: position(at)}
}

func invalidEvent(id string, at *template.Node, format string, args ...any) *eventError {
	return &eventError{message: "Event with id [" + id + "] is invalid. " + fmt.Sprintf(format, args...), place: position(at)}
}

func invalidTemplate(at *template.Node, format string, args ...any) *fault {
	message := "Structure of the SAM template is invalid. " + fmt.Sprintf(format, args...)
	return &fault{sortKey: message, message: message, place: position(at)}
}

func invalidGlobals(at *template.Node, format string, args ...any) *fault {
	message := "'Globals' section is invalid. " + fmt.Sprintf(format, args...)
	return &fault{sortKey: message, message: message, place: position(at)}
}

// asFault makes the fault of resource id out of an error met in expanding it.
func asFault(id string, r *template.Node, err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		if f.place.IsZero() {
			f.place = r.Position
		}
		return f
	}
	if e, ok := errors.AsType[*eventError](err); ok {
		f := invalidResource(id, r, "%s", e.message)
		if !e.place.IsZero() {
			f.place = e.place
		}
		return f
	}
	return invalidResource(id, r, "%s", err)
}

func (t *translator) fail(f *fault) { t.faults = append(t.faults, f) }

// collect makes AWS's one message of all causes.
func collect(faults []*fault) error {
	slices.SortStableFunc(faults, func(a, b *fault) int { return strings.Compare(a.sortKey, b.sortKey) })
	faults = slices.CompactFunc(faults, func(a, b *fault) bool { return a.message == b.message })
	e := &template.Error{Message: fmt.Sprintf("Invalid Serverless Application Specification document. Number of errors found: %d.", len(faults))}
	for _, f := range faults {
		e.Message += " " + f.message
		e.Notes = append(e.Notes, template.Note{Position: f.place, Text: f.message})
	}
	return e
}

func position(n *template.Node) template.Position {
	if n == nil {
		return template.Position{}
	}
	return n.Position
}
