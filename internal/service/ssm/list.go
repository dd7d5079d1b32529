package ssm

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
)

// A Page asks for a part of a list.
type Page struct {
	NextToken  string
	MaxResults int
}

// page cuts a list that is sorted by name. The token is the name of the last
// item that was sent.
func page[T any](list []T, p Page, most int, name func(T) string) ([]T, string, error) {
	if p.MaxResults < 0 || p.MaxResults > most {
		return nil, "", validation("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to %d", p.MaxResults, most)
	}
	if p.MaxResults > 0 {
		most = p.MaxResults
	}
	if p.NextToken != "" {
		after, err := base64.RawURLEncoding.DecodeString(p.NextToken)
		if err != nil {
			return nil, "", awserr.New("InvalidNextToken", 400, "The specified token is not valid.")
		}
		list = list[sort.Search(len(list), func(i int) bool { return name(list[i]) > string(after) }):]
	}
	if len(list) <= most {
		return list, "", nil
	}
	return list[:most], base64.RawURLEncoding.EncodeToString([]byte(name(list[most-1]))), nil
}

// GetParametersByPathInput is the input of [Service.GetParametersByPath].
type GetParametersByPathInput struct {
	Path             string `wire:"required"`
	Recursive        bool
	WithDecryption   bool
	ParameterFilters []Filter
	Page
}

// GetParametersByPathOutput is a page of parameters.
type GetParametersByPathOutput struct {
	Parameters []Parameter
	NextToken  string `json:",omitempty"`
}

// GetParametersByPath returns the parameters under a path.
func (s *Service) GetParametersByPath(_ context.Context, in *GetParametersByPathInput) (*GetParametersByPathOutput, error) {
	if !strings.HasPrefix(in.Path, "/") {
		return nil, validation(`The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`)
	}
	if err := checkFilters(in.ParameterFilters, pathFilters); err != nil {
		return nil, err
	}
	path := strings.TrimSuffix(in.Path, "/") + "/"
	under := func(name string) bool {
		rest, is := strings.CutPrefix(name, path)
		return is && (in.Recursive || !strings.Contains(rest, "/"))
	}
	list := []Parameter{}
	for name, p := range s.parameters.All() {
		if !under(name) || len(p.Versions) == 0 || !matches(&p, in.ParameterFilters) {
			continue
		}
		v, selector := p.labelled(in.ParameterFilters)
		if v == nil {
			continue
		}
		shown, err := s.shown(&p, v, selector, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	for _, name := range publicNames {
		if !strings.HasPrefix(path, "/aws/") {
			break
		}
		if p, v, _, err := s.find(name); err == nil && under(name) && len(in.ParameterFilters) == 0 {
			shown, err := s.shown(&p, v, "", false)
			if err != nil {
				return nil, err
			}
			list = append(list, shown)
		}
	}
	list, next, err := page(list, in.Page, 10, func(p Parameter) string { return p.Name })
	if err != nil {
		return nil, err
	}
	return &GetParametersByPathOutput{list, next}, nil
}

// DescribeParametersInput is the input of [Service.DescribeParameters].
type DescribeParametersInput struct {
	ParameterFilters []Filter
	Filters          []Filter
	Shared           bool
	Page
}

// ParameterMetadata is a parameter without its value.
type ParameterMetadata struct {
	Name             string
	ARN              string
	Type             string
	KeyId            string `json:",omitempty"`
	Description      string `json:",omitempty"`
	AllowedPattern   string `json:",omitempty"`
	Version          int64
	Tier             string
	DataType         string
	LastModifiedDate wire.Epoch
	LastModifiedUser string `json:",omitempty"`
	Policies         []struct{}
}

// DescribeParametersOutput is a page of descriptions.
type DescribeParametersOutput struct {
	Parameters []ParameterMetadata
	NextToken  string `json:",omitempty"`
}

// DescribeParameters lists parameters without their values.
func (s *Service) DescribeParameters(_ context.Context, in *DescribeParametersInput) (*DescribeParametersOutput, error) {
	if err := errors.Join(checkFilters(in.ParameterFilters, describeFilters), checkFilters(in.Filters, describeFilters)); err != nil {
		return nil, err
	}
	list := []ParameterMetadata{}
	if in.Shared {
		return &DescribeParametersOutput{Parameters: list}, nil // nobody shares any
	}
	for _, p := range s.parameters.All() {
		if len(p.Versions) > 0 && matches(&p, in.ParameterFilters) && matches(&p, in.Filters) {
			list = append(list, s.metadata(&p, p.last()))
		}
	}
	list, next, err := page(list, in.Page, 50, func(p ParameterMetadata) string { return p.Name })
	if err != nil {
		return nil, err
	}
	return &DescribeParametersOutput{list, next}, nil
}

func (s *Service) metadata(p *parameter, v *version) ParameterMetadata {
	return ParameterMetadata{
		Name: p.Name, ARN: s.arn(p.Name), Type: v.Type, KeyId: v.KeyId, Description: v.Description, AllowedPattern: v.AllowedPattern,
		Version: v.Version, Tier: v.Tier, DataType: v.DataType, LastModifiedDate: v.Modified, LastModifiedUser: v.User, Policies: []struct{}{},
	}
}

// GetParameterHistoryInput is the input of [Service.GetParameterHistory].
type GetParameterHistoryInput struct {
	Name           string `wire:"required"`
	WithDecryption bool
	Page
}

// ParameterHistory is one version of a parameter.
type ParameterHistory struct {
	ParameterMetadata
	Value  string
	Labels []string
}

// GetParameterHistoryOutput is a page of versions.
type GetParameterHistoryOutput struct {
	Parameters []ParameterHistory
	NextToken  string `json:",omitempty"`
}

// GetParameterHistory lists the versions of a parameter, oldest first.
func (s *Service) GetParameterHistory(_ context.Context, in *GetParameterHistoryInput) (*GetParameterHistoryOutput, error) {
	name := s.plain(in.Name)
	p, ok := s.parameters.Get(name)
	if !ok {
		return nil, notFound(name)
	}
	versions, next, err := page(p.Versions, in.Page, 50, func(v version) string { return fmt.Sprintf("%019d", v.Version) })
	if err != nil {
		return nil, err
	}
	out := &GetParameterHistoryOutput{Parameters: []ParameterHistory{}, NextToken: next}
	for i := range versions {
		v := &versions[i]
		shown, err := s.shown(&p, v, "", in.WithDecryption)
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, ParameterHistory{s.metadata(&p, v), shown.Value, append([]string{}, v.Labels...)})
	}
	return out, nil
}
