package server

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/service/s3"
)

// openS3 makes the S3 service.
func (s *Server) openS3(ctx context.Context) error {
	contents, err := blob.OpenPool(ctx, s.engine)
	if err != nil {
		return fmt.Errorf("open contents of buckets: %w", err)
	}
	s.s3 = s3.New(s3.Config{Store: s.store, Contents: contents, Account: s.config.Account, Region: s.config.Region, Log: s.log})
	return nil
}

// leadToS3 lets functions find S3 here, unless the operator says that it is
// elsewhere. A control plane that listens on every address is reached from workers
// at the one that the servers between them see.
func (s *Server) leadToS3() {
	if s.config.Services.has("s3") {
		return
	}
	const name = "AWS_ENDPOINT_URL_S3"
	address := s.control.listener.Addr().String()
	s.variables[name] = "http://" + reachable(address, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	if s.workers == nil {
		return
	}
	if seen, ok := s.engine.SeenAs(); ok {
		address = reachable(address, seen)
	}
	s.workers.Variables[name] = "http://" + address
}

// reachable returns where a listener is reached: at the address given if it
// listens on every one.
func reachable(listener string, at netip.Addr) string {
	a, err := netip.ParseAddrPort(listener)
	if err != nil || !a.Addr().IsUnspecified() {
		return listener
	}
	return netip.AddrPortFrom(at, a.Port()).String()
}
