package sts

import (
	"context"
	"regexp"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

const (
	defaultToken = 12 * time.Hour
	longestToken = 36 * time.Hour
)

// GetCallerIdentityOutput says who signed.
type GetCallerIdentityOutput struct {
	UserId  string
	Account string
	Arn     string
}

// GetCallerIdentity tells the caller who it is. No policy can forbid it.
func (s *Service) GetCallerIdentity(ctx context.Context, _ *struct{}) (*GetCallerIdentityOutput, error) {
	c, _ := access.From(ctx)
	return &GetCallerIdentityOutput{UserId: c.UserID, Account: c.AccountID, Arn: c.ARN}, nil
}

// GetSessionTokenInput is the input of [Service.GetSessionToken].
type GetSessionTokenInput struct {
	DurationSeconds *int
	SerialNumber    string
	TokenCode       string
}

// CredentialsOutput holds new credentials.
type CredentialsOutput struct{ Credentials *Credentials }

// GetSessionToken gives a user temporary credentials with its own permissions,
// without those for IAM and most of STS.
func (s *Service) GetSessionToken(ctx context.Context, in *GetSessionTokenInput) (*CredentialsOutput, error) {
	c, _ := access.From(ctx)
	if c.Temporary || c.Kind != policy.User {
		return nil, denied("Cannot call GetSessionToken with session credentials")
	}
	if in.SerialNumber != "" || in.TokenCode != "" {
		return nil, denied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
	}
	life, err := tokenLifetime(in.DurationSeconds)
	if err != nil {
		return nil, err
	}
	credentials, err := s.issue(&session{Kind: userSession, ID: c.UserID, Direct: true}, life)
	if err != nil {
		return nil, err
	}
	return &CredentialsOutput{credentials}, nil
}

func tokenLifetime(seconds *int) (time.Duration, error) {
	if seconds == nil {
		return defaultToken, nil
	}
	if *seconds < int(shortest/time.Second) || *seconds > int(longestToken/time.Second) {
		return 0, rangeError("durationSeconds", *seconds, shortest, longestToken)
	}
	return time.Duration(*seconds) * time.Second, nil
}

// GetFederationTokenInput is the input of [Service.GetFederationToken].
type GetFederationTokenInput struct {
	Name            string `wire:"required"`
	Policy          string
	PolicyArns      []PolicyDescriptor
	Tags            []Tag
	DurationSeconds *int
}

// FederatedUser names a federated user's session.
type FederatedUser struct {
	FederatedUserId string
	Arn             string
}

// GetFederationTokenOutput is the answer of [Service.GetFederationToken].
type GetFederationTokenOutput struct {
	Credentials      *Credentials
	FederatedUser    *FederatedUser
	PackedPolicySize *int
}

// GetFederationToken gives a user credentials to hand to somebody else: they may
// do what the user may and the session policies allow, which is nothing without.
func (s *Service) GetFederationToken(ctx context.Context, in *GetFederationTokenInput) (*GetFederationTokenOutput, error) {
	c, _ := access.From(ctx)
	if c.Temporary || c.Kind != policy.User {
		return nil, denied("Cannot call GetFederationToken with session credentials")
	}
	if err := length("name", in.Name, 2, 32); err != nil {
		return nil, err
	}
	if !sessionNameChars.MatchString(in.Name) {
		return nil, pattern("name", in.Name, `[\w+=,.@-]*`)
	}
	life, err := tokenLifetime(in.DurationSeconds)
	if err != nil {
		return nil, err
	}
	wish := &session{Kind: federatedSession, ID: c.UserID, Name: in.Name, Policy: in.Policy, PolicyARNs: arns(in.PolicyArns), Direct: true}
	if err := inherit(wish, &access.Caller{}, in.Tags); err != nil {
		return nil, err
	}
	packed, err := s.checkPolicies(wish)
	if err != nil {
		return nil, err
	}
	credentials, err := s.issue(wish, life)
	if err != nil {
		return nil, err
	}
	return &GetFederationTokenOutput{
		Credentials:      credentials,
		FederatedUser:    &FederatedUser{FederatedUserId: s.account + ":" + in.Name, Arn: "arn:" + s.partition + ":sts::" + s.account + ":federated-user/" + in.Name},
		PackedPolicySize: packed,
	}, nil
}

// GetAccessKeyInfoInput names an access key.
type GetAccessKeyInfoInput struct {
	AccessKeyId string `wire:"required"`
}

// GetAccessKeyInfoOutput names the key's account.
type GetAccessKeyInfoOutput struct{ Account string }

var keyIDChars = regexp.MustCompile(`^[A-Z0-9]{16,128}$`)

// GetAccessKeyInfo reads the account from an access key id, which need not exist.
func (s *Service) GetAccessKeyInfo(_ context.Context, in *GetAccessKeyInfoInput) (*GetAccessKeyInfoOutput, error) {
	account, ok := access.AccountOfKeyID(in.AccessKeyId)
	if !ok || !keyIDChars.MatchString(in.AccessKeyId) {
		return nil, awserr.Validation("Value '%s' at 'AccessKeyId' is not the id of an access key", in.AccessKeyId)
	}
	return &GetAccessKeyInfoOutput{account}, nil
}

// API returns STS's surface.
func (s *Service) API() wire.Service {
	return wire.Service{
		Name:      "sts",
		Protocol:  wire.Query,
		Version:   "2011-06-15",
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Global:    true,
		Operations: []wire.Operation{
			wire.Op("GetCallerIdentity", s.GetCallerIdentity, nil).As(wire.ByOperation),
			wire.Op("AssumeRole", s.AssumeRole, nil).As(wire.ByOperation),
			wire.Op("AssumeRoleWithWebIdentity", s.AssumeRoleWithWebIdentity, nil).As(wire.Unsigned),
			wire.Op("GetSessionToken", s.GetSessionToken, nil).As(wire.ByOperation),
			wire.Op("GetFederationToken", s.GetFederationToken, func(in *GetFederationTokenInput) string {
				return "arn:" + s.partition + ":sts::" + s.account + ":federated-user/" + in.Name
			}),
			wire.Op("GetAccessKeyInfo", s.GetAccessKeyInfo, nil),
			wire.Op("DecodeAuthorizationMessage", s.DecodeAuthorizationMessage, nil),
		},
	}
}
