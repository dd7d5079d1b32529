package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/endpoint"
	"github.com/hakonegate/hakone/internal/wire"
)

// controlHandler serves the control plane: the operator's API under /_hakone/,
// AWS's services everywhere else.
func (s *Server) controlHandler() http.Handler {
	operator := s.withMetricsToken(s.operatorHandler())
	tables := []wire.Service{s.sts.API(), s.iam.API(), s.ssm.API(), s.cloudformation.API(), s.lambda.API(), s.apis.API(), s.s3.API(), s.logs.API(), s.ec2.API()}
	s.serviceNames = namesOf(tables, s.config.Region)
	services := endpoint.New(endpoint.Config{
		Keys:     s.sts,
		Services: tables,
		Proxies:  s.config.Proxies,
		Account:  s.config.Account,
		Region:   s.config.Region,
		Log:      s.log,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, responsesPath) {
			s.takeResponse(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/_hakone/") {
			operator.ServeHTTP(w, r)
			return
		}
		services.ServeHTTP(w, r)
	})
}

// writeAdministrator keeps the administrator's access key in the data directory,
// readable only by its owner. Without a key, because somebody deleted it, the
// file goes.
func writeAdministrator(dataDir string, c *access.Credentials) error {
	if c == nil {
		return removeFile(administratorFile(dataDir))
	}
	known, err := ReadAdministrator(dataDir)
	if err == nil && known.AccessKeyID == c.AccessKeyID && known.SecretAccessKey == c.SecretAccessKey {
		return nil
	}
	text, err := json.Marshal(administrator{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey})
	if err != nil {
		return errors.Join(errors.New("encode the administrator's access key"), err)
	}
	if err := writeFile(administratorFile(dataDir), text); err != nil {
		return fmt.Errorf("keep the administrator's access key: %w", err)
	}
	return nil
}
