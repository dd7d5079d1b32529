package iam

import (
	"crypto/rand"
	"encoding/base32"

	"github.com/hakonegate/hakone/arn"
)

// Prefixes of unique ids (AWS: "IAM identifiers").
const (
	prefixUser            = "AIDA"
	prefixRole            = "AROA"
	prefixGroup           = "AGPA"
	prefixPolicy          = "ANPA"
	prefixInstanceProfile = "AIPA"
	prefixAccessKey       = "AKIA"
)

// newID returns a prefix and 17 random characters of A–Z and 2–7.
func newID(prefix string) string {
	b := make([]byte, 15)
	_, _ = rand.Read(b) // never fails
	return prefix + base32.StdEncoding.EncodeToString(b)[:17]
}

// arn names a resource of this account, such as "role" + "/path/" + name.
func (s *Service) arn(kind, path, name string) string {
	return arn.ARN{Partition: s.partition, Service: "iam", Account: s.account, Resource: kind + path + name}.String()
}
