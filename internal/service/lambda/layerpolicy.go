package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

type (
	layerPermissionRequest struct {
		LayerName      string
		VersionNumber  string
		RevisionId     string `rest:"query=RevisionId"`
		StatementId    string
		Action         string
		Principal      string
		OrganizationId string
	}
	layerPermissionAnswer struct {
		Statement  string
		RevisionId string
	}
	layerPolicyAnswer struct {
		Policy     string
		RevisionId string
	}
)

// version returns which version a request is about.
func (in *layerPermissionRequest) version() *layerRequest {
	return &layerRequest{in.LayerName, in.VersionNumber}
}

func (s *Service) layerPermissionARN(in *layerPermissionRequest) string {
	return s.layerVersionARN(in.version())
}

// addLayerPermission is AddLayerVersionPermission.
func (s *Service) addLayerPermission(ctx context.Context, in *layerPermissionRequest) (*layerPermissionAnswer, error) {
	var v violations
	if in.Action != "lambda:GetLayerVersion" {
		v.add(in.Action, "action", "satisfy regular expression pattern: lambda:GetLayerVersion")
	}
	if !sidRE.MatchString(in.StatementId) {
		v.add(in.StatementId, "statementId", "satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	permission := AddPermissionInput{StatementId: in.StatementId, Action: in.Action, Principal: in.Principal, PrincipalOrgID: in.OrganizationId}
	st, err := permission.statement(s.layerPermissionARN(in), s.cfg.Partition)
	if err != nil {
		return nil, err
	}
	var out layerPermissionAnswer
	err = s.changeLayerVersion(ctx, in.version(), func(l *LayerVersion) error {
		p := &l.Policy
		if in.RevisionId != "" && in.RevisionId != p.RevisionId {
			return staleRevision("GetLayerPolicy")
		}
		if slices.ContainsFunc(p.Statements, func(other Statement) bool { return other.Sid == st.Sid }) {
			return conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
		}
		p.Statements = append(p.Statements, st)
		p.RevisionId = uuid.NewString()
		text, err := json.Marshal(st)
		out = layerPermissionAnswer{string(text), p.RevisionId}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// getLayerPolicy is GetLayerVersionPolicy.
func (s *Service) getLayerPolicy(_ context.Context, in *layerRequest) (*layerPolicyAnswer, error) {
	v, err := s.layerVersion(in)
	if err != nil {
		return nil, err
	}
	if len(v.Policy.Statements) == 0 {
		return nil, notFound("No policy is associated with the given resource.")
	}
	return &layerPolicyAnswer{v.Policy.text(), v.Policy.RevisionId}, nil
}

// removeLayerPermission is RemoveLayerVersionPermission.
func (s *Service) removeLayerPermission(ctx context.Context, in *layerPermissionRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.changeLayerVersion(ctx, in.version(), func(l *LayerVersion) error {
		p := &l.Policy
		i := slices.IndexFunc(p.Statements, func(st Statement) bool { return st.Sid == in.StatementId })
		switch {
		case i < 0:
			return notFound("Statement %s is not found in resource policy.", in.StatementId)
		case in.RevisionId != "" && in.RevisionId != p.RevisionId:
			return staleRevision("GetLayerPolicy")
		}
		p.Statements = slices.Delete(p.Statements, i, i+1)
		p.RevisionId = uuid.NewString()
		return nil
	})
}

// changeLayerVersion changes what of a version can be changed: its policy.
func (s *Service) changeLayerVersion(ctx context.Context, in *layerRequest, fn func(*LayerVersion) error) error {
	none := notFound("Layer version %s does not exist.", s.layerVersionARN(in))
	if _, err := s.layerVersion(in); err != nil {
		if gone(err) == nil {
			err = none
		}
		return err
	}
	err := s.layers.Update(ctx, s.layerName(in.LayerName), func(l *layer) error {
		v, ok := l.Versions[in.VersionNumber]
		if !ok {
			return none
		}
		if err := fn(&v); err != nil {
			return err
		}
		l.Versions[in.VersionNumber] = v
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return none
	}
	return err
}

// layerPolicy is the policy of a layer version; nil if it has none.
func (s *Service) layerPolicy(arn string) *policy.Policy {
	v, err := s.GetLayerVersion(arn)
	if err != nil || len(v.Policy.Statements) == 0 {
		return nil
	}
	document, err := policy.Load(policy.Resource, []byte(v.Policy.text()))
	if err != nil {
		return nil // nobody is allowed by it
	}
	return policy.New("policy of "+arn, arn, document)
}

// layerByARN is GetLayerVersionByArn, which has the path of ListLayers.
func (s *Service) layerByARN(ctx context.Context, arn string) (*layerAnswer, error) {
	if err := s.askOf(ctx, "lambda:GetLayerVersion", arn, nil, s.layerPolicy(arn)); err != nil {
		return nil, err
	}
	if strings.Count(arn, ":") != 7 {
		var v violations
		v.add(arn, "arn", `satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)`)
		return nil, v.err()
	}
	v, err := s.GetLayerVersion(arn)
	if err != nil {
		return nil, notFound("The resource you requested does not exist.")
	}
	return layerAnswerOf(v), nil
}
