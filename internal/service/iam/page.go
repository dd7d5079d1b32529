package iam

import (
	"context"
	"encoding/base64"
	"sort"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
)

// A Page asks for a part of a list.
type Page struct {
	Marker   string
	MaxItems *int
}

// Paging says whether a list goes on.
type Paging struct {
	IsTruncated bool
	Marker      string
}

// page cuts a list, which is sorted by name, to the wanted part. The marker is
// the name of the last item that was sent.
func page[T any](list []T, p Page, name func(T) string) ([]T, Paging, error) {
	most := 100
	if p.MaxItems != nil {
		most = *p.MaxItems
	}
	if most < 1 || most > 1000 {
		return nil, Paging{}, awserr.Validation("1 validation error detected: Value '%d' at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000", most)
	}
	sort.SliceStable(list, func(i, j int) bool { return fold(name(list[i])) < fold(name(list[j])) })
	if p.Marker != "" {
		after, err := base64.RawURLEncoding.DecodeString(p.Marker)
		if err != nil {
			return nil, Paging{}, awserr.Validation("Invalid Marker.")
		}
		list = list[sort.Search(len(list), func(i int) bool { return fold(name(list[i])) > fold(string(after)) }):]
	}
	if len(list) <= most {
		return list, Paging{}, nil
	}
	list = list[:most]
	return list, Paging{IsTruncated: true, Marker: base64.RawURLEncoding.EncodeToString([]byte(name(list[most-1])))}, nil
}

// ownName returns the user name given, or that of the caller, as operations do
// that may be asked about oneself.
func ownName(ctx context.Context, name string) (string, error) {
	if name != "" {
		return name, nil
	}
	caller, _ := access.From(ctx)
	if caller.UserName == "" {
		return "", awserr.Validation("Must specify userName when calling with non-User credentials")
	}
	return caller.UserName, nil
}
