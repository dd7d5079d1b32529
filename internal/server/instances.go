package server

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/imds"
	"github.com/hakonegate/hakone/internal/instance"
	"github.com/hakonegate/hakone/internal/service/ec2"
	"github.com/hakonegate/hakone/internal/wire"
)

// instance finds the instance that a request names.
func (s *Server) instance(r *http.Request) (*imds.Services, error) {
	input, err := decode[InstanceRequest](r)
	if err != nil {
		return nil, err
	}
	i, err := s.ec2.Find(input.Instance)
	if err != nil {
		return nil, err
	}
	return s.metadataOf(&i), nil
}

// findInstance returns what an instance's metadata endpoint tells.
func (s *Server) findInstance(ctx context.Context, r *http.Request) (any, error) {
	i, err := s.instance(r)
	if err != nil {
		return nil, err
	}
	return i.Instance(ctx)
}

// An InstanceSession is what a session as an instance must know.
type InstanceSession struct {
	Instance *imds.Instance `json:"instance"`
	Egress   ec2.Egress     `json:"egress"` // what its security groups let it reach
}

// openInstance returns what a session as an instance must know, if the security
// groups let whoever asks open one.
func (s *Server) openInstance(ctx context.Context, r *http.Request) (any, error) {
	found, err := s.instance(r)
	if err != nil {
		return nil, err
	}
	i, err := s.ec2.Find(found.InstanceID)
	if err != nil {
		return nil, err
	}
	if err := s.ec2.Admit(&i, s.config.Proxies.SourceIP(r.RemoteAddr, r.Header), sshPort); err != nil {
		return nil, err
	}
	facts, err := found.Instance(ctx)
	if err != nil {
		return nil, err
	}
	return &InstanceSession{facts, s.ec2.Egress(&i)}, nil
}

// instanceNames lists the names that lead to the data plane and the control plane
// inside an instance.
func (s *Server) instanceNames() instance.Names {
	names := instance.Names{Gateway: s.apiNames(), Control: slices.Clone(s.serviceNames)}
	for _, bucket := range s.s3.Buckets() {
		names.Control = append(names.Control, bucket+".s3."+s.config.Region+"."+awsDomain(s.config.Region), bucket+".s3."+awsDomain(s.config.Region))
	}
	return names
}

// instanceLife is how long an instance's credentials live, as on EC2.
const instanceLife = 6 * time.Hour

// instanceSession returns credentials of an instance's role, as EC2 gets them: if
// the role trusts EC2.
func (s *Server) instanceSession(ctx context.Context, r *http.Request) (any, error) {
	i, err := s.instance(r)
	if err != nil {
		return nil, err
	}
	return i.RoleCredentials(ctx, instanceLife)
}

// roleSession returns credentials of a role for the operator, who holds the
// account: the role's trust policy is not asked.
func (s *Server) roleSession(ctx context.Context, r *http.Request) (any, error) {
	input, err := decode[SessionRequest](r)
	if err != nil {
		return nil, err
	}
	roleARN := input.Role
	if !strings.HasPrefix(roleARN, "arn:") {
		role, ok := s.iam.RoleByName(s.physicalID(input.Role, "AWS::IAM::Role"))
		if !ok {
			return nil, fmt.Errorf("there is no role %q: name it by its logical ID in a stack, its name or its ARN", input.Role)
		}
		roleARN = role.ARN
	}
	caller, _ := access.From(ctx)
	return s.sts.SessionOf(ctx, access.Session{RoleARN: roleARN, SessionName: cmp.Or(caller.UserName, "hakone")})
}

// apiNames lists the names by which AWS's clients know the APIs: their own and
// the custom domains.
func (s *Server) apiNames() []string {
	names := []string{}
	for _, api := range s.apis.GetApis() {
		names = append(names, api.ApiId+".execute-api."+s.config.Region+"."+awsDomain(s.config.Region))
	}
	for domain := range s.apis.Domains() {
		names = append(names, domain.Name)
	}
	return names
}

// namesOf lists the names by which AWS's clients know services.
func namesOf(services []wire.Service, region string) []string {
	var names []string
	for _, service := range services {
		names = append(names, service.Name+"."+region+"."+awsDomain(region))
		if service.Global || service.Name == "s3" {
			names = append(names, service.Name+"."+awsDomain(region))
		}
	}
	return names
}

// awsDomain is what the names of a region's services end in.
func awsDomain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
