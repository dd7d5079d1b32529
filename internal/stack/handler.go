package stack

import (
	"context"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// A Type is a resource type that this installation serves.
//
// Name and Handler are required. Replace lists the property names whose change
// makes a new physical resource; "*" stands for all of them. Attributes are
// what Fn::GetAtt may ask for ("Outputs.*" allows any name with that prefix).
// Required lists the properties that a resource must have. MaxName is the
// longest physical name that the type takes; 0 means 64.
//
// Outside says that what the handler makes is not in the store, so that a failed
// call leaves it: the engine then deletes, or updates back, what was begun.
//
// Needs says what the operator must give first for the type to be served, in
// words for him; such a type is as one that is not known, but for that.
//
// Properties is a value of the struct that a resource's properties are decoded
// into; nil: only Required is known of them before a deployment. Its fields with
// the tag refuse are refused before the handler is called. Check, if not
// nil, finds what more the handler would refuse of the values that are known: a
// [*template.Error].
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
	Outside      bool
	Needs        string
	Properties   any
	Check        func(properties *template.Node) error
}

// A Level says how much of a resource exists locally. Its zero value is
// Unknown, so that a type that forgot to say is not taken for a real one.
type Level uint8

// The levels, from nothing to the real thing.
const (
	Unknown     Level = iota // no type of that name is served
	Placeholder              // nothing behind it, accepted by the operator: --placeholder
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

// MarshalText returns the level's word.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the level's word; any other means [Unknown].
func (l *Level) UnmarshalText(text []byte) error {
	*l = Unknown
	for _, level := range []Level{Placeholder, Record, Real} {
		if level.String() == string(text) {
			*l = level
		}
	}
	return nil
}

// A Handler creates, changes and deletes the resources of one type.
//
// Calls for different resources run concurrently; one at a time for each resource.
// What a call writes to the store under its context is taken back when the call
// fails or the process dies in it, so handlers need not clean up after themselves.
// Handlers of types that are Outside say with an error, by Result.PhysicalID, that
// something was begun all the same; after the process died in Create, Delete is
// asked for the proposed name, whether it was made or not.
// Delete of what is gone succeeds. An error's text becomes the reason in the
// stack's events; for an [awserr.Error] that is its Message.
type Handler interface {
	// Create makes the resource.
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
	ClientToken                string         // unique to this physical resource
}

// A Result is what became of a request.
type Result struct {
	PhysicalID string
	Ref        string              // what Ref gives; "" means PhysicalID
	Attributes map[string]string   // what Fn::GetAtt gives
	Lists      map[string][]string // attributes that are lists
	NoEcho     bool                // what Fn::GetAtt gives must not be shown
}

// Types are the resource types served, by name.
type Types map[string]Type

// A Restorer is a Handler whose resources may get lost without its doing, such as
// in an emulator that keeps them in memory.
type Restorer interface {
	// Restore makes r.PhysicalID again if it is not there, and reports whether it
	// did.
	Restore(ctx context.Context, r *Request) (bool, error)
}

// customResource is the type that serves all those named Custom::Something.
const customResource = "AWS::CloudFormation::CustomResource"

func isCustom(typeName string) bool {
	return typeName == customResource || strings.HasPrefix(typeName, "Custom::")
}

// Find returns the type that serves resources of the named type.
func (t Types) Find(name string) (Type, bool) {
	if isCustom(name) {
		name = customResource
	}
	typ, ok := t[name]
	return typ, ok && typ.Needs == ""
}

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
