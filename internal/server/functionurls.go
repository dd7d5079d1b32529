package server

import (
	"net/http"

	"github.com/hakonegate/hakone/internal/gateway/functionurl"
	"github.com/hakonegate/hakone/sigv4"
)

// dataHandler serves the data plane: function URLs, and APIs.
func (s *Server) dataHandler() http.Handler {
	c := functionurl.Config{Functions: s.lambda, Keys: s.sts, Region: s.config.Region, Proxies: s.config.Proxies, Log: s.log, Bound: s.gateway.BoundBody}
	if s.config.NoReplay {
		c.Replay = &sigv4.ReplayCache{}
	}
	return functionurl.New(c, s.gateway)
}
