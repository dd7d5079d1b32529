package stack

import (
	"crypto/rand"
	"strings"
)

const (
	suffixLength = 12
	defaultName  = 64 // characters; the limit of roles and functions
)

// ProposeName returns a name for a resource that has none of its own:
// STACK-LOGICAL-XXXXXXXXXXXX. A long name loses the ends of its stack and logical
// parts, never of the suffix: two functions of a stack with a long name must not
// become one.
func (t *Type) ProposeName(stackName, logicalID string) string {
	limit := t.MaxName
	if limit <= 0 {
		limit = defaultName
	}
	room := max(limit-suffixLength-2, 2)
	if excess := len(stackName) + len(logicalID) - room; excess > 0 {
		logical := max(len(logicalID)-excess, min(len(logicalID), room/2))
		logicalID = logicalID[:logical]
		stackName = strings.TrimRight(stackName[:min(len(stackName), room-logical)], "-")
	}
	name := stackName + "-" + logicalID + "-" + suffix()
	if t.LowerName {
		name = strings.ToLower(name)
	}
	return name
}

// suffix returns 12 random characters of upper-case base 36.
func suffix() string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	out := make([]byte, 0, suffixLength)
	var random [32]byte
	for len(out) < suffixLength {
		_, _ = rand.Read(random[:]) // never fails
		for _, b := range random {
			if b < 252 && len(out) < suffixLength { // 252 is the last multiple of 36: no character is likelier
				out = append(out, alphabet[b%36])
			}
		}
	}
	return string(out)
}
