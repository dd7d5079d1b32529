package awscurl

import (
	"slices"
	"strings"
)

// A flag is one option of the command line. Help, completion and manual page
// are made from it.
type flag struct {
	long     string
	short    byte
	arg      string // what the help calls the value; empty: a switch
	original bool   // the original's: keeps its unique prefixes, whatever is added beside it
	hidden   bool   // another spelling of the flag before it
	group    group
	help     string
	set      func(o *options, value string) error

	// optional decides whether a word is the value of a flag that may have one;
	// rest are the words after it.
	optional func(o *options, word string, rest []string) bool
}

// A group is a part of the help.
type group string

const (
	groupRequest    group = "request"
	groupSigning    group = "signing"
	groupIdentity   group = "credentials"
	groupConnection group = "connection"
	groupOutput     group = "output"
)

var groups = []struct {
	name  group
	title string
}{
	{groupRequest, "The request"},
	{groupSigning, "Signing"},
	{groupIdentity, "Credentials"},
	{groupConnection, "The connection"},
	{groupOutput, "Output"},
}

// flags returns all flags, in the order of the help.
func flags() []flag {
	return slices.Concat(requestFlags(), signingFlags(), identityFlags(), connectionFlags(), outputFlags())
}

// on makes the setter of a switch.
func on(field func(*options) *bool) func(*options, string) error {
	return func(o *options, _ string) error { *field(o) = true; return nil }
}

// text makes the setter of a flag whose value is kept; the last one wins.
func text(field func(*options) *string) func(*options, string) error {
	return func(o *options, value string) error { *field(o) = value; return nil }
}

// list makes the setter of a flag that may be repeated.
func list(field func(*options) *[]string) func(*options, string) error {
	return func(o *options, value string) error { *field(o) = append(*field(o), value); return nil }
}

// find returns the flag called name, or the one that name is a unique prefix
// of: the original's flags first.
func find(known []flag, name string) (*flag, error) {
	for i := range known {
		if known[i].long == name {
			return &known[i], nil
		}
	}
	for _, original := range []bool{true, false} {
		var found []*flag
		var names []string
		for i := range known {
			if known[i].original == original && name != "" && strings.HasPrefix(known[i].long, name) {
				found, names = append(found, &known[i]), append(names, "--"+known[i].long)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return nil, failf(exitUsage, "ambiguous option: --%s could match %s", name, strings.Join(names, ", "))
		}
	}
	return nil, failf(exitUsage, "unrecognized arguments: --%s", name)
}
