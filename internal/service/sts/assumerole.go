package sts

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

// Durations of sessions.
const (
	defaultSession = time.Hour
	shortest       = 15 * time.Minute
	longest        = 12 * time.Hour
	chainedLongest = time.Hour
)

var (
	sessionNameChars = regexp.MustCompile(`^[\w+=,.@-]*$`)
	externalIDChars  = regexp.MustCompile(`^[\w+=,.@:/-]*$`)
)

// AssumeRoleInput is the input of [Service.AssumeRole].
type AssumeRoleInput struct {
	RoleArn           string `wire:"required"`
	RoleSessionName   string `wire:"required"`
	DurationSeconds   *int
	Policy            string
	PolicyArns        []PolicyDescriptor
	ExternalId        *string
	Tags              []Tag
	TransitiveTagKeys []string
	SourceIdentity    string
	SerialNumber      string
	TokenCode         string
}

// AssumeRoleOutput is the answer of [Service.AssumeRole].
type AssumeRoleOutput struct {
	Credentials      *Credentials
	AssumedRoleUser  *AssumedRoleUser
	PackedPolicySize *int
	SourceIdentity   string
}

// AssumeRole gives the caller a session of a role whose trust policy allows it.
func (s *Service) AssumeRole(ctx context.Context, in *AssumeRoleInput) (*AssumeRoleOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	caller, facts := access.From(ctx)
	if caller.Kind == policy.Root {
		return nil, denied("Roles may not be assumed by root accounts.")
	}
	wish := &session{
		Kind: roleSession, Name: in.RoleSessionName, Policy: in.Policy, PolicyARNs: arns(in.PolicyArns),
		Transitive: in.TransitiveTagKeys, Source: in.SourceIdentity, Direct: true,
	}
	if err := inherit(wish, caller, in.Tags); err != nil {
		return nil, err
	}
	role, ok := s.identities.RoleByARN(in.RoleArn)
	if !ok { // not told apart from a role that does not trust the caller
		return nil, notAuthorized(caller, "sts:AssumeRole", in.RoleArn)
	}
	if err := trusted(caller, trustFacts(facts, wish, in.ExternalId), "sts:AssumeRole", wish, role); err != nil {
		return nil, err
	}
	if in.SerialNumber != "" || in.TokenCode != "" {
		return nil, denied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
	}
	life, err := lifetime(in.DurationSeconds, role, caller.IsSession())
	if err != nil {
		return nil, err
	}
	return s.session(role, wish, life)
}

// session issues a session of role.
func (s *Service) session(role *access.Role, wish *session, life time.Duration) (*AssumeRoleOutput, error) {
	packed, err := s.checkPolicies(wish)
	if err != nil {
		return nil, err
	}
	wish.ID = role.ID
	c, err := s.issue(wish, life)
	if err != nil {
		return nil, err
	}
	return &AssumeRoleOutput{
		Credentials:      c,
		AssumedRoleUser:  &AssumedRoleUser{AssumedRoleId: role.ID + ":" + wish.Name, Arn: s.sessionARN(role.Name, wish.Name)},
		PackedPolicySize: packed,
		SourceIdentity:   wish.Source,
	}, nil
}

// AssumeForService gives an AWS service, such as "lambda.amazonaws.com", a session
// of a role that trusts it. A role that does not is an AccessDenied.
func (s *Service) AssumeForService(_ context.Context, servicePrincipal string, want access.Session) (*access.Credentials, error) {
	caller := access.ServicePrincipal(servicePrincipal)
	wish := &session{Kind: roleSession, Name: want.SessionName, Policy: want.Policy, PolicyARNs: want.PolicyARNs, Tags: want.Tags}
	if want.Origin != (access.Origin{}) {
		origin := want.Origin
		wish.Origin = &origin
	}
	if err := checkSessionName(want.SessionName); err != nil {
		return nil, err
	}
	role, ok := s.identities.RoleByARN(want.RoleARN)
	if !ok {
		return nil, notAuthorized(caller, "sts:AssumeRole", want.RoleARN)
	}
	facts := &access.RequestFacts{Time: s.now(), Secure: true, SourceARN: want.SourceARN, SourceAccount: s.account}
	if err := trusted(caller, trustFacts(facts, wish, nil), "sts:AssumeRole", wish, role); err != nil {
		return nil, err
	}
	life := want.Duration
	if life == 0 {
		life = defaultSession
	}
	out, err := s.session(role, wish, life)
	if err != nil {
		return nil, err
	}
	return out.Credentials.plain(role.ARN), nil
}

// SessionOf gives the operator a session of a role without asking its trust
// policy, for commands that already hold the account's data directory. The
// session's own policies are the role's, as ever.
func (s *Service) SessionOf(_ context.Context, want access.Session) (*access.Credentials, error) {
	if err := checkSessionName(want.SessionName); err != nil {
		return nil, err
	}
	role, ok := s.identities.RoleByARN(want.RoleARN)
	if !ok {
		return nil, awserr.New("NoSuchEntity", 404, "The role %s cannot be found.", want.RoleARN)
	}
	wish := &session{Kind: roleSession, Name: want.SessionName, Policy: want.Policy, PolicyARNs: want.PolicyARNs, Tags: want.Tags, Direct: true}
	life := want.Duration
	if life == 0 {
		life = defaultSession
	}
	out, err := s.session(role, wish, life)
	if err != nil {
		return nil, err
	}
	return out.Credentials.plain(role.ARN), nil
}

func (in *AssumeRoleInput) check() error {
	if err := length("roleArn", in.RoleArn, 20, 2048); err != nil {
		return err
	}
	if err := checkSessionName(in.RoleSessionName); err != nil {
		return err
	}
	if in.ExternalId != nil {
		if err := length("externalId", *in.ExternalId, 2, 1224); err != nil {
			return err
		}
		if !externalIDChars.MatchString(*in.ExternalId) {
			return pattern("externalId", *in.ExternalId, `[\w+=,.@:\/-]*`)
		}
	}
	if in.SourceIdentity != "" {
		if err := length("sourceIdentity", in.SourceIdentity, 2, 64); err != nil {
			return err
		}
		if !sessionNameChars.MatchString(in.SourceIdentity) {
			return pattern("sourceIdentity", in.SourceIdentity, `[\w+=,.@-]*`)
		}
	}
	return nil
}

func checkSessionName(name string) error {
	if err := length("roleSessionName", name, 2, 64); err != nil {
		return err
	}
	if !sessionNameChars.MatchString(name) {
		return pattern("roleSessionName", name, `[\w+=,.@-]*`)
	}
	return nil
}

// lifetime returns how long a session lasts; with credentials of a role that
// assumes a role, an hour at most.
func lifetime(seconds *int, role *access.Role, chained bool) (time.Duration, error) {
	if seconds == nil {
		return defaultSession, nil
	}
	d := time.Duration(*seconds) * time.Second
	switch {
	case *seconds < int(shortest/time.Second) || *seconds > int(longest/time.Second):
		return 0, rangeError("durationSeconds", *seconds, shortest, longest)
	case chained && d > chainedLongest:
		return 0, awserr.Validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case d > role.MaxSession:
		return 0, awserr.Validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	default:
		return d, nil
	}
}

// inherit adds what passes down a chain of roles: transitive tags and the source
// identity.
func inherit(wish *session, caller *access.Caller, tags []Tag) error {
	if err := checkTags(tags, wish.Transitive); err != nil {
		return err
	}
	for _, t := range tags {
		if wish.Tags == nil {
			wish.Tags = map[string]string{}
		}
		for _, inherited := range caller.TransitiveTagKeys {
			if strings.EqualFold(inherited, t.Key) {
				return awserr.New("InvalidParameterValue", 400, "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
			}
		}
		wish.Tags[t.Key] = t.Value
	}
	for _, key := range caller.TransitiveTagKeys {
		if v, ok := caller.SessionTags[key]; ok {
			if wish.Tags == nil {
				wish.Tags = map[string]string{}
			}
			wish.Tags[key] = v
			wish.Transitive = append(slices.Clone(wish.Transitive), key)
		}
	}
	switch {
	case caller.SourceIdentity == "":
	case wish.Source != "" && wish.Source != caller.SourceIdentity:
		return denied("The SourceIdentity of a session cannot be changed")
	default:
		wish.Source = caller.SourceIdentity
	}
	return nil
}

// trustFacts returns the facts that a trust policy is judged by.
func trustFacts(f *access.RequestFacts, wish *session, externalID *string) *access.RequestFacts {
	facts := *f
	facts.Tags = wish.Tags
	facts.Keys = policy.Map{"sts:rolesessionname": policy.One(wish.Name)}
	maps.Copy(facts.Keys, f.Keys)
	if externalID != nil {
		facts.Keys["sts:externalid"] = policy.One(*externalID)
	}
	if wish.Source != "" {
		facts.Keys["sts:sourceidentity"] = policy.One(wish.Source)
	}
	if len(wish.Transitive) > 0 {
		facts.Keys["sts:transitivetagkeys"] = policy.Many(wish.Transitive...)
	}
	return &facts
}

// trusted asks the role's trust policy, and the caller's own policies, for all
// that the session needs.
func trusted(caller *access.Caller, facts *access.RequestFacts, action string, wish *session, role *access.Role) error {
	actions := []string{action}
	if len(wish.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if wish.Source != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, a := range actions {
		if !access.AuthorizeTrust(caller, facts, a, role).Allowed() {
			return notAuthorized(caller, a, role.ARN)
		}
	}
	return nil
}

// checkPolicies refuses session policies that STS would, and returns how much of
// the room they take, in percent; nil without any.
func (s *Service) checkPolicies(wish *session) (*int, error) {
	if len(wish.PolicyARNs) > policy.MaxSessionARNs {
		return nil, awserr.Validation("1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to %d", policy.MaxSessionARNs)
	}
	if len(wish.Policy) > policy.MaxSessionSize {
		return nil, awserr.Validation("1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to %d", policy.MaxSessionSize)
	}
	if wish.Policy != "" {
		_, err := policy.Parse(policy.Session, []byte(wish.Policy))
		if malformed, ok := errors.AsType[*policy.MalformedError](err); ok {
			return nil, &awserr.Error{Code: "MalformedPolicyDocument", Status: 400, Message: malformed.Message, Err: err}
		}
		if err != nil {
			return nil, err
		}
	}
	for _, arn := range wish.PolicyARNs {
		if _, ok := s.identities.ManagedPolicy(arn); !ok {
			return nil, awserr.Validation("Policy %s does not exist or is not attachable.", arn)
		}
	}
	return packedSize(wish)
}
