package ssm

import (
	"context"

	"github.com/hakonegate/hakone/internal/wire"
)

// API returns the parameter store's surface.
func (s *Service) API() wire.Service {
	many := func(names []string) []string {
		arns := make([]string, 0, len(names))
		for _, name := range names {
			arns = append(arns, s.arn(name))
		}
		return arns
	}
	return wire.Service{
		Name:     "ssm",
		Protocol: wire.JSON11,
		Target:   "AmazonSSM",
		Operations: []wire.Operation{
			wire.Op("PutParameter", s.PutParameter, func(in *PutParameterInput) string { return s.arn(in.Name) }),
			wire.Op("GetParameter", s.GetParameter, func(in *GetParameterInput) string { return s.arn(in.Name) }),
			wire.OpOnMany("GetParameters", s.GetParameters, func(in *GetParametersInput) []string { return many(in.Names) }),
			wire.Op("GetParametersByPath", s.GetParametersByPath, func(in *GetParametersByPathInput) string { return s.arn(in.Path) }),
			wire.Op("GetParameterHistory", s.GetParameterHistory, func(in *GetParameterHistoryInput) string { return s.arn(in.Name) }),
			wire.Op("LabelParameterVersion", s.LabelParameterVersion, func(in *LabelInput) string { return s.arn(in.Name) }),
			wire.Op("UnlabelParameterVersion", s.UnlabelParameterVersion, func(in *LabelInput) string { return s.arn(in.Name) }),
			wire.Op("DescribeParameters", s.DescribeParameters, nil),
			wire.Op("DeleteParameter", s.DeleteParameter, func(in *DeleteParameterInput) string { return s.arn(in.Name) }),
			wire.OpOnMany("DeleteParameters", s.DeleteParameters, func(in *DeleteParametersInput) []string { return many(in.Names) }),
			wire.Op("AddTagsToResource", s.AddTagsToResource, func(in *TagsInput) string { return s.arn(in.ResourceId) }),
			wire.Op("RemoveTagsFromResource", s.RemoveTagsFromResource, func(in *TagsInput) string { return s.arn(in.ResourceId) }),
			wire.Op("ListTagsForResource", s.ListTagsForResource, func(in *TagsInput) string { return s.arn(in.ResourceId) }),
		},
	}
}

// Lookup returns the value and type of a parameter for a template's parameters
// and dynamic references; secure strings are opened. Public parameters, such as
// the newest Amazon Linux image, are answered by rule unless a record of the same
// name exists.
func (s *Service) Lookup(name string) (value, kind string, ok bool) {
	p, v, selector, err := s.find(name)
	if err != nil {
		return "", "", false
	}
	shown, err := s.shown(&p, v, selector, true)
	if err != nil {
		return "", "", false
	}
	return shown.Value, shown.Type, true
}

// PutSecret stores a secure string, replacing what has the name.
func (s *Service) PutSecret(ctx context.Context, name, description, value string) error {
	_, err := s.PutParameter(ctx, &PutParameterInput{Name: name, Description: description, Value: value, Type: typeSecure, Overwrite: true, Tier: "Advanced"})
	return err
}

// DeleteSecret removes a secure string; none is fine.
func (s *Service) DeleteSecret(ctx context.Context, name string) error {
	_, err := s.DeleteParameter(ctx, &DeleteParameterInput{Name: name})
	return gone(err)
}
