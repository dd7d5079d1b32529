package server

import (
	"io"

	"github.com/hakonegate/hakone/internal/gateway"
)

// A DataPlane is what an operator chooses for the listeners of the APIs. The
// zero value is one that limits nothing.
type DataPlane struct {
	// AccessLog gets the line of every request to a stage, in the stage's
	// format, else in the Common Log Format; nil: log groups only.
	AccessLog io.Writer

	// CertFile and KeyFile are a certificate chain and its key, which are read
	// anew when they change. Names that it does not cover get a certificate of the
	// local authority, as all do when both are empty.
	CertFile, KeyFile string

	// ACME gets certificates of a public authority for the custom domain names; nil:
	// none.
	ACME *ACME

	// Truststores are files with the certificates of mutual TLS, by the URI that
	// a custom domain name has for them: s3://bucket/key. They are read anew when
	// they change.
	Truststores map[string]string

	// MaxConnections is how many connections are held at once; 0: what the
	// system's limit of open files allows, at most 12,000.
	MaxConnections int

	// Throttle limits the requests of all APIs together; nil: no limit.
	Throttle *gateway.Throttle

	// ForwardedProto is what functions and backends are told of the protocol that
	// clients speak; "" is the truth.
	ForwardedProto string

	// HTTPIssuers lets JWT issuers of other machines, too, have http URLs.
	HTTPIssuers bool

	// VPCLinks are where private integrations lead.
	VPCLinks gateway.VPCLinks
}
