package cloudformation

import (
	"context"
	"regexp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

const principal = "cloudformation.amazonaws.com"

// bootstrapRole is the name that CDK gives to the role that its deployments pass.
var bootstrapRole = regexp.MustCompile(`^arn:[a-z-]+:iam::\d{12}:role/cdk-[a-z0-9]+-cfn-exec-role-\d{12}-[a-z0-9-]+$`)

// role returns the role whose permissions a stack's deployments have: the one
// that the call passes, which its caller must be allowed to pass, or else the one
// that the stack has since an earlier call. "" means the caller's own permissions.
//
// CDK always passes the role of its bootstrap stack. Where there is none the
// caller's own permissions decide, as CDK falls back to them for its other roles.
func (a api) role(ctx context.Context, passed string, k *Stack) (string, error) {
	if passed == "" {
		if k == nil {
			return "", nil
		}
		return k.RoleARN, nil
	}
	role := a.s.role(passed)
	if role == nil {
		if bootstrapRole.MatchString(passed) {
			return "", nil
		}
		return "", invalidRole(passed)
	}
	caller, facts := access.From(ctx)
	pass := *facts
	pass.Keys = policy.Map{"iam:passedtoservice": policy.One(principal)}
	if d := access.Authorize(caller, &pass, "iam:PassRole", role.ARN, a.s.cfg.Account, nil); !d.Allowed() {
		return "", access.Denied("AccessDenied", caller, "iam:PassRole", role.ARN, d)
	}
	if d := access.AuthorizeTrust(access.ServicePrincipal(principal), &access.RequestFacts{}, "sts:AssumeRole", role); !d.Allowed() {
		return "", invalidRole(passed)
	}
	return role.ARN, nil
}

func invalidRole(arn string) error {
	return awserr.Validation("Role %s is invalid or cannot be assumed", arn)
}

func (s *Service) role(arn string) *access.Role {
	if s.cfg.Role == nil {
		return nil
	}
	r, _ := s.cfg.Role(arn)
	return r
}
