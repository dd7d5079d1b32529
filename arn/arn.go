// Package arn reads and writes Amazon Resource Names.
//
// An [ARN] is the six parts of "arn:partition:service:region:account:resource"
// as text. [Parse] splits one and [ARN.String] joins it again, byte for byte.
// What the resource part means is each service's own business, and wildcards
// are the policy language's.
package arn

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalid is wrapped by the errors of [Parse].
var ErrInvalid = errors.New("invalid ARN")

// An ARN names one AWS resource. Region and Account are empty where the
// service has none, as in arn:aws:s3:::bucket.
type ARN struct{ Partition, Service, Region, Account, Resource string }

// Parse splits s. The resource keeps everything after the fifth colon, colons
// included. Partition, service and resource must not be empty, and no part may
// hold a control character.
func Parse(s string) (ARN, error) {
	rest, ok := strings.CutPrefix(s, "arn:")
	if !ok {
		return ARN{}, fmt.Errorf("%w %.200q: does not start with 'arn:'", ErrInvalid, s)
	}
	p := strings.SplitN(rest, ":", 5)
	if len(p) != 5 {
		return ARN{}, fmt.Errorf("%w %.200q: %d of 6 parts", ErrInvalid, s, len(p)+1)
	}
	a := ARN{Partition: p[0], Service: p[1], Region: p[2], Account: p[3], Resource: p[4]}
	switch {
	case a.Partition == "":
		return ARN{}, fmt.Errorf("%w %.200q: no partition", ErrInvalid, s)
	case a.Service == "":
		return ARN{}, fmt.Errorf("%w %.200q: no service", ErrInvalid, s)
	case a.Resource == "":
		return ARN{}, fmt.Errorf("%w %.200q: no resource", ErrInvalid, s)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return ARN{}, fmt.Errorf("%w %.200q: control character", ErrInvalid, s)
	}
	return a, nil
}

// String returns the ARN as text; that of the zero ARN is empty.
func (a ARN) String() string {
	if a == (ARN{}) {
		return ""
	}
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// ResourceType returns the resource's type and its ID: "role" and "app/reader"
// of role/app/reader, "function" and "f:live" of function:f:live. A resource
// without a type, as an S3 bucket's, is all ID.
func (a ARN) ResourceType() (kind, id string) {
	if i := strings.IndexAny(a.Resource, "/:"); i >= 0 {
		return a.Resource[:i], a.Resource[i+1:]
	}
	return "", a.Resource
}

// MarshalText returns the ARN as text.
func (a ARN) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is [Parse]; empty text gives the zero ARN.
func (a *ARN) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = ARN{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
