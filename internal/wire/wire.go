// Package wire is how AWS services look from outside: tables of operations.
//
// A service describes itself as a [Service], one [Op] per operation, naming the
// Go function that does the work and the resource that a policy must allow. The
// front door (internal/endpoint) finds service and operation, asks for access and
// calls it; the packages below wire translate the protocols.
package wire

import (
	"context"
	"fmt"
	"net/http"
	"reflect"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

// A Protocol is one of AWS's ways to write requests and answers.
type Protocol uint8

// The protocols that the front door speaks.
const (
	Query     Protocol = iota + 1 // form in, XML out: iam, sts, cloudformation
	EC2Query                      // the same with ec2's lists and errors
	JSON11                        // awsJson1.1: X-Amz-Target and JSON: ssm, logs
	RESTJSON1                     // method, path and JSON: lambda, apigatewayv2
	RESTXML                       // method, path, parameters, XML and streams: s3
)

// A Service is one AWS service as its clients see it.
type Service struct {
	Name       string // as in the credential scope and in actions, such as "iam"
	Protocol   Protocol
	Version    string // API version of query services, such as "2010-05-08"
	Namespace  string // of the XML answers of query services
	Target     string // what precedes the operation in X-Amz-Target, such as "AmazonSSM"
	Global     bool   // not tied to a region; clients may sign for us-east-1
	Operations []Operation
	MaxBody    int64 // bytes of a request; 0 means what the front door takes
	LowerCamel bool  // restJson1: members are written with a small first letter
	Strict     bool  // query: a parameter that an operation does not read is refused

	// Refusal returns the body that tells of an error in restJson1; nil means
	// {"message": …}.
	Refusal func(*awserr.Error) any

	// HasBucket reports whether there is a bucket, so that a restXml request that
	// nobody signed finds its service; nil: none does.
	HasBucket func(name string) bool

	// CORS returns the headers of a restXml answer to a page from origin; nil: none.
	CORS func(bucket, origin, method string) http.Header

	// Facts tells what policies may ask of a call beside the global condition
	// keys; nil means nothing.
	Facts func(operation string, in any) Facts
}

// Facts are what a service knows of a call for conditions of policies. A field
// left zero makes its keys absent.
type Facts struct {
	Keys         policy.Map        // the service's own keys, in lower case
	RequestTags  map[string]string // aws:RequestTag/K and aws:TagKeys
	TagKeys      []string          // further aws:TagKeys, of calls that only name tags
	ResourceTags map[string]string // aws:ResourceTag/K
}

// Access says who may call an operation. The zero value asks the policies.
type Access uint8

// The kinds of access.
const (
	ByPolicy    Access = iota // the caller's policies must allow the action on the resource
	ByOperation               // signed or, of restXml, by nobody; the operation asks the policies itself
	Unsigned                  // needs no signature
)

// An Operation is one row of a service's table. Make it with [Op].
type Operation struct {
	Name   string
	Action string // what policies call it; "" means SERVICE:NAME
	Access Access

	Method, Path string // restJson1 and restXml, see [Operation.At]
	Status       int

	input     func() any
	resources func(in any) []string
	run       func(ctx context.Context, in any) (any, error)
}

// Op returns the operation that run performs. The resource function names what
// is acted upon, as an ARN; "" means the caller itself, and no function that
// policies can only say "*".
func Op[I, O any](name string, run func(context.Context, *I) (*O, error), resource func(*I) string) Operation {
	if resource == nil {
		return OpOnMany(name, run, func(*I) []string { return []string{"*"} })
	}
	return OpOnMany(name, run, func(in *I) []string { return []string{resource(in)} })
}

// OpOnMany is [Op] for operations that act upon several resources at once: the
// caller must be allowed each of them.
func OpOnMany[I, O any](name string, run func(context.Context, *I) (*O, error), resources func(*I) []string) Operation {
	return Operation{
		Name:  name,
		input: func() any { return new(I) },
		run: func(ctx context.Context, in any) (any, error) {
			typed, ok := in.(*I)
			if !ok {
				return nil, fmt.Errorf("wire: %s got a %T", name, in)
			}
			return run(ctx, typed)
		},
		resources: func(in any) []string {
			if typed, ok := in.(*I); ok {
				return resources(typed)
			}
			return nil
		},
	}
}

// As returns o with another access.
func (o Operation) As(a Access) Operation { o.Access = a; return o }

// Called returns o with the name that policies use for it.
func (o Operation) Called(action string) Operation { o.Action = action; return o }

// NewInput returns a pointer to an empty input.
func (o Operation) NewInput() any { return o.input() }

// Resources returns the ARNs that in acts upon, "*", or "" for the caller's own.
func (o Operation) Resources(in any) []string { return o.resources(in) }

// Run performs the operation. The context carries the caller, see [access.With].
func (o Operation) Run(ctx context.Context, in any) (any, error) {
	if missing := required(in); missing != "" {
		return nil, awserr.Validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", missing)
	}
	return o.run(ctx, in)
}

// required returns the wire name of the first field marked `wire:"required"`
// that in leaves empty.
func required(in any) string {
	v := reflect.ValueOf(in).Elem()
	for f := range v.Type().Fields() {
		if f.Tag.Get("wire") == "required" && v.FieldByIndex(f.Index).IsZero() {
			return lowerFirst(f.Name)
		}
	}
	return ""
}

func lowerFirst(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}

// Nothing is the output of operations that answer with their metadata alone.
type Nothing struct{}
