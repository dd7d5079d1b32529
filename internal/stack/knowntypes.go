package stack

import (
	_ "embed"
	"strings"
	"sync"
)

// awsTypes lists the resource types of CloudFormation in all public regions, one
// a line. They are names from AWS's published resource schemas.
//
//go:embed awstypes.txt
var awsTypes string

var knownTypes = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for name := range strings.Lines(awsTypes) {
		known[strings.TrimSpace(name)] = true
	}
	return known
})

// KnownType reports whether AWS has a resource type of that name. Any name of the
// form Custom::Name is one.
func KnownType(name string) bool {
	return knownTypes()[name] || strings.HasPrefix(name, "Custom::") && len(name) > len("Custom::")
}
