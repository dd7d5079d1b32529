package stack

import (
	"context"

	"github.com/hakonegate/hakone/internal/template"
)

// A Type is a resource type that this installation serves.
//
// Name and Handler are required. Replace lists the property names whose change
// makes a new physical resource; "*" stands for all of them. Attributes are
// what Fn::GetAtt may ask for ("Outputs.*" allows any name with that prefix).
// Required lists the properties that a resource must have. MaxName is the
// longest physical name that the type takes; 0 means 64.
type Type struct {
	Name       string
	Level      Level
	Replace    []string
	Attributes []string
	Required   []string
	Handler    Handler

	NameProperty string // the property that names the resource, such as "RoleName"; "" if none does
	MaxName      int
	LowerName    bool // generated names are in lower case, as S3 wants them
}

// A Level says how much of a resource exists locally. Its zero value is
// Unknown, so that a type that forgot to say is not taken for a real one.
type Level uint8

// The levels, from nothing to the real thing.
const (
	Unknown     Level = iota // no type of that name is served
	Placeholder              // accepted unknowingly: the operator said --placeholder
	Record                   // validated and stored, with ids of the right shape; no local effect
	Real                     // acts locally
)

// String returns the word shown to people.
func (l Level) String() string {
	switch l {
	case Real:
		return "real"
	case Record:
		return "recorded"
	case Placeholder:
		return "placeholder"
	default:
		return "unknown"
	}
}

// A Handler creates, changes and deletes the resources of one type.
//
// Calls for different resources run concurrently. Every call may be repeated
// after a crash: Delete of what is gone succeeds, and a Create with the same
// ClientToken either finishes the earlier one or fails. An error's text becomes
// the reason in the stack's events; for an [awserr.Error] that is its Message.
type Handler interface {
	// Create makes the resource. When it fails it leaves nothing behind, or
	// returns a Result with the PhysicalID of what has to be deleted.
	Create(ctx context.Context, r *Request) (Result, error)
	// Update changes the resource r.PhysicalID from the properties old to
	// r.Properties. It is not called when a property of Type.Replace changed.
	Update(ctx context.Context, r *Request, old *template.Node) (Result, error)
	// Delete removes r.PhysicalID; r.Properties are those it was last made with.
	Delete(ctx context.Context, r *Request) error
}

// A Request says what to do with one resource.
type Request struct {
	Account, Region, Partition string
	StackName, StackID         string
	LogicalID, Type            string
	PhysicalID                 string         // empty in Create
	Properties                 *template.Node // resolved; a mapping, never nil, not to be changed
	Metadata                   *template.Node // the resource's Metadata, resolved as far as possible; may be nil
	ProposedName               string         // STACK-LOGICAL-XXXXXXXXXXXX, cut to the type's limit; stable for the life of the resource
	ClientToken                string         // the same when a call is repeated
}

// A Result is what became of a request.
type Result struct {
	PhysicalID string
	Ref        string            // what Ref gives; "" means PhysicalID
	Attributes map[string]string // what Fn::GetAtt gives
}

// Types are the resource types served, by name.
type Types map[string]Type

// Collect makes one table of the lists that services return.
func Collect(lists ...[]Type) Types {
	t := Types{}
	for _, l := range lists {
		for _, typ := range l {
			t[typ.Name] = typ
		}
	}
	return t
}
