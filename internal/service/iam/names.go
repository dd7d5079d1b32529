package iam

import (
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

var (
	nameChars   = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathChars   = regexp.MustCompile(`^(/|/[!-~]+/)$`)
	tagKeyChars = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$`)
	tagChars    = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// checkName refuses a name that IAM would; field is the parameter's wire name.
func checkName(field, name string, longest int) error {
	switch {
	case name == "":
		return awserr.Validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", field)
	case len(name) > longest:
		return awserr.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", name, field, longest)
	case !nameChars.MatchString(name):
		return awserr.Validation("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", field)
	default:
		return nil
	}
}

// checkPath returns the path to use, "/" when none is given.
func checkPath(path string) (string, error) {
	switch {
	case path == "":
		return "/", nil
	case len(path) > 512:
		return "", awserr.Validation("1 validation error detected: Value '%s' at 'path' failed to satisfy constraint: Member must have length less than or equal to 512", path)
	case !pathChars.MatchString(path) || strings.Contains(path, "//"):
		return "", awserr.Validation("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	default:
		return path, nil
	}
}

// fold is the key of a record: names are unique without regard to case.
func fold(name string) string { return strings.ToLower(name) }

// Errors that several operations answer with.

func noSuch(format string, args ...any) error {
	return awserr.New("NoSuchEntity", 404, format, args...)
}

func exists(format string, args ...any) error {
	return awserr.New("EntityAlreadyExists", 409, format, args...)
}

func conflict(message string) error {
	return awserr.New("DeleteConflict", 409, "%s", message)
}

func limit(format string, args ...any) error {
	return awserr.New("LimitExceeded", 409, format, args...)
}
