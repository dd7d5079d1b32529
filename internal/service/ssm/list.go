package ssm

import (
	"context"
	"encoding/base64"
	"slices"
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

// A Filter selects parameters.
type Filter struct {
	Key    string
	Option string
	Values []string
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
	path := strings.TrimSuffix(in.Path, "/") + "/"
	list := []Parameter{}
	for name, p := range s.parameters.All() {
		rest, under := strings.CutPrefix(name, path)
		if !under || !in.Recursive && strings.Contains(rest, "/") || len(p.Versions) == 0 || !matches(&p, in.ParameterFilters) {
			continue
		}
		shown, err := s.shown(&p, p.last(), "", in.WithDecryption)
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	list, next, err := page(list, in.Page, 10, func(p Parameter) string { return p.Name })
	if err != nil {
		return nil, err
	}
	return &GetParametersByPathOutput{list, next}, nil
}

// matches reports whether p passes all filters.
func matches(p *parameter, filters []Filter) bool {
	for _, f := range filters {
		var have []string
		switch key := strings.TrimPrefix(f.Key, "tag:"); {
		case key != f.Key:
			for _, t := range p.Tags {
				if t.Key == key {
					have = []string{t.Value}
				}
			}
			if len(f.Values) == 0 && have != nil {
				continue
			}
		case f.Key == "Name":
			have = []string{p.Name}
		case f.Key == "Type":
			have = []string{p.last().Type}
		case f.Key == "KeyId":
			have = []string{p.last().KeyId}
		case f.Key == "Tier":
			have = []string{p.last().Tier}
		case f.Key == "DataType":
			have = []string{p.last().DataType}
		case f.Key == "Path":
			have = []string{p.Name[:strings.LastIndex(p.Name, "/")+1]}
			if f.Option == "" || f.Option == "OneLevel" || f.Option == "Recursive" {
				f = Filter{Key: f.Key, Option: "BeginsWith", Values: f.Values}
			}
		}
		if !slices.ContainsFunc(have, func(h string) bool { return f.accepts(h) }) {
			return false
		}
	}
	return true
}

func (f *Filter) accepts(have string) bool {
	return slices.ContainsFunc(f.Values, func(want string) bool {
		switch f.Option {
		case "BeginsWith":
			return strings.HasPrefix(have, want)
		case "Contains":
			return strings.Contains(have, want)
		default:
			return have == want
		}
	})
}

// DescribeParametersInput is the input of [Service.DescribeParameters].
type DescribeParametersInput struct {
	ParameterFilters []Filter
	Filters          []Filter
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
	list := []ParameterMetadata{}
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
	out := &GetParameterHistoryOutput{Parameters: []ParameterHistory{}}
	for i := range p.Versions {
		v := &p.Versions[i]
		shown, err := s.shown(&p, v, "", in.WithDecryption)
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, ParameterHistory{s.metadata(&p, v), shown.Value, append([]string{}, v.Labels...)})
	}
	return out, nil
}
