package stack

import "strings"

// KnownType reports whether AWS has a resource type of that name.
func KnownType(name string) bool {
	return strings.HasPrefix(name, "AWS::")
}
