package endpoint

import (
	"net/http"
	"net/netip"
)

// isLocal reports whether a request came from this machine without a proxy: nobody
// listens between a machine and itself. The buckets of SAM CLI and CDK refuse what
// is not secure transport.
func isLocal(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
}
