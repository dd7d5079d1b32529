package server

import (
	"context"
	"fmt"
	"net"
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
// elsewhere.
func (s *Server) leadToS3() {
	if s.config.Services.has("s3") {
		return
	}
	address := s.control.listener.Addr().String()
	if at, err := netip.ParseAddrPort(address); err == nil && at.Addr().IsUnspecified() {
		address = net.JoinHostPort("127.0.0.1", fmt.Sprint(at.Port()))
	}
	s.variables["AWS_ENDPOINT_URL_S3"] = "http://" + address
}
