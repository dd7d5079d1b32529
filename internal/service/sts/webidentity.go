package sts

import (
	"context"
	"errors"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

// Errors of [WebIdentities], wrapped or not.
var (
	ErrWebTokenExpired = errors.New("web identity token expired")
	ErrNoProvider      = errors.New("no provider of the token's issuer")
	ErrWebAudience     = errors.New("no client ID of the provider is the token's audience")
)

// WebIdentities verifies the tokens of OpenID Connect providers.
type WebIdentities interface {
	// Verify checks signature, issuer, audience and time of a token. Its errors
	// are shown to nobody but the operator, except those above.
	Verify(ctx context.Context, token string) (*WebIdentity, error)
}

// A WebIdentity is what a verified token says.
type WebIdentity struct {
	Provider string            // host name and path of the issuer, without https://
	Subject  string            // sub
	Audience string            // the client id that the provider was made for
	Claims   map[string]string // further claims that trust policies may test: amr, azp, email …
}

// AssumeRoleWithWebIdentityInput is the input of
// [Service.AssumeRoleWithWebIdentity].
type AssumeRoleWithWebIdentityInput struct {
	RoleArn          string `wire:"required"`
	RoleSessionName  string `wire:"required"`
	WebIdentityToken string `wire:"required"`
	ProviderId       string
	Policy           string
	PolicyArns       []PolicyDescriptor
	DurationSeconds  *int
}

// AssumeRoleWithWebIdentityOutput is the answer of
// [Service.AssumeRoleWithWebIdentity].
type AssumeRoleWithWebIdentityOutput struct {
	Credentials                 *Credentials
	SubjectFromWebIdentityToken string
	AssumedRoleUser             *AssumedRoleUser
	PackedPolicySize            *int
	Provider                    string
	Audience                    string
}

// AssumeRoleWithWebIdentity gives the bearer of an OpenID Connect token a session
// of a role that trusts its provider. The request is not signed.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, in *AssumeRoleWithWebIdentityInput) (*AssumeRoleWithWebIdentityOutput, error) {
	if err := (&AssumeRoleInput{RoleArn: in.RoleArn, RoleSessionName: in.RoleSessionName}).check(); err != nil {
		return nil, err
	}
	if err := length("webIdentityToken", in.WebIdentityToken, 4, 20000); err != nil {
		return nil, err
	}
	if in.ProviderId != "" {
		return nil, awserr.New("InvalidIdentityToken", 400, "Only OpenID Connect ID tokens are accepted here, not OAuth 2.0 access tokens")
	}
	if s.web == nil {
		return nil, awserr.New("InvalidIdentityToken", 400, "No OpenIDConnect provider found in your account for the token")
	}
	who, err := s.web.Verify(ctx, in.WebIdentityToken)
	switch {
	case errors.Is(err, ErrWebTokenExpired):
		return nil, &awserr.Error{Code: "ExpiredTokenException", Status: 400, Message: "Token expired", Err: err}
	case errors.Is(err, ErrNoProvider):
		return nil, &awserr.Error{Code: "InvalidIdentityToken", Status: 400, Message: "No OpenIDConnect provider found in your account for the token", Err: err}
	case errors.Is(err, ErrWebAudience):
		return nil, &awserr.Error{Code: "InvalidIdentityToken", Status: 400, Message: "Incorrect token audience", Err: err}
	case err != nil:
		return nil, &awserr.Error{Code: "InvalidIdentityToken", Status: 400, Message: "Couldn't retrieve verification key from your identity provider, or the token is not valid", Err: err}
	}
	return s.webSession(ctx, in, who)
}

func (s *Service) webSession(ctx context.Context, in *AssumeRoleWithWebIdentityInput, who *WebIdentity) (*AssumeRoleWithWebIdentityOutput, error) {
	refused := denied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
	role, ok := s.identities.RoleByARN(in.RoleArn)
	if !ok {
		return nil, refused
	}
	provider := "arn:" + s.partition + ":iam::" + s.account + ":oidc-provider/" + who.Provider
	caller := &access.Caller{Kind: policy.WebIdentity, AccountID: s.account, FederatedProvider: provider}
	wish := &session{
		Kind: roleSession, Name: in.RoleSessionName, Policy: in.Policy, PolicyARNs: arns(in.PolicyArns),
		Provider: provider, Direct: true,
	}
	_, facts := access.From(ctx)
	facts = trustFacts(facts, wish, nil)
	prefix := strings.ToLower(who.Provider) + ":"
	for name, value := range who.Claims {
		facts.Keys[prefix+strings.ToLower(name)] = policy.One(value)
	}
	facts.Keys[prefix+"sub"], facts.Keys[prefix+"aud"] = policy.One(who.Subject), policy.One(who.Audience)
	if !access.AuthorizeTrust(caller, facts, "sts:AssumeRoleWithWebIdentity", role).Allowed() {
		return nil, refused
	}
	life, err := lifetime(in.DurationSeconds, role, false)
	if err != nil {
		return nil, err
	}
	out, err := s.session(role, wish, life)
	if err != nil {
		return nil, err
	}
	return &AssumeRoleWithWebIdentityOutput{
		Credentials: out.Credentials, AssumedRoleUser: out.AssumedRoleUser, PackedPolicySize: out.PackedPolicySize,
		SubjectFromWebIdentityToken: who.Subject, Audience: who.Audience, Provider: provider,
	}, nil
}
