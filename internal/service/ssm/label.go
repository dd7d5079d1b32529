package ssm

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
)

// maxLabels is how many labels a version may have.
const maxLabels = 10

var (
	labelChars    = regexp.MustCompile(`^[a-zA-Z_.\-][a-zA-Z0-9_.\-]{0,99}$`)
	labelReserved = regexp.MustCompile(`^(?i:aws|ssm)`)
)

// LabelInput names labels of a version; version 0 is the newest.
type LabelInput struct {
	Name             string `wire:"required"`
	ParameterVersion int64
	Labels           []string `wire:"required"`
}

// LabelOutput tells the version, and the labels that cannot be labels.
type LabelOutput struct {
	InvalidLabels    []string
	ParameterVersion int64
}

// LabelParameterVersion puts labels on a version. A label that another version has
// moves.
func (s *Service) LabelParameterVersion(ctx context.Context, in *LabelInput) (*LabelOutput, error) {
	out := &LabelOutput{}
	err := s.relabel(ctx, in, func(p *parameter, v *version) error {
		*out = LabelOutput{InvalidLabels: []string{}, ParameterVersion: v.Version}
		for _, label := range in.Labels {
			if !labelChars.MatchString(label) || labelReserved.MatchString(label) {
				out.InvalidLabels = append(out.InvalidLabels, label)
				continue
			}
			for i := range p.Versions {
				p.Versions[i].Labels = without(p.Versions[i].Labels, label)
			}
			v.Labels = append(v.Labels, label)
		}
		if len(v.Labels) > maxLabels {
			return awserr.New("ParameterVersionLabelLimitExceeded", 400, "A parameter version can have maximum %d labels.", maxLabels)
		}
		return nil
	})
	return out, err
}

// UnlabelOutput tells what became of the labels.
type UnlabelOutput struct{ RemovedLabels, InvalidLabels []string }

// UnlabelParameterVersion takes labels from a version.
func (s *Service) UnlabelParameterVersion(ctx context.Context, in *LabelInput) (*UnlabelOutput, error) {
	if in.ParameterVersion == 0 {
		return nil, validation("1 validation error detected: Value null at 'parameterVersion' failed to satisfy constraint: Member must not be null")
	}
	out := &UnlabelOutput{}
	err := s.relabel(ctx, in, func(_ *parameter, v *version) error {
		*out = UnlabelOutput{[]string{}, []string{}}
		for _, label := range in.Labels {
			if slices.Contains(v.Labels, label) {
				out.RemovedLabels = append(out.RemovedLabels, label)
			} else {
				out.InvalidLabels = append(out.InvalidLabels, label)
			}
			v.Labels = without(v.Labels, label)
		}
		return nil
	})
	return out, err
}

func without(labels []string, label string) []string {
	return slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == label })
}

// relabel changes the labels of one version.
func (s *Service) relabel(ctx context.Context, in *LabelInput, change func(*parameter, *version) error) error {
	name := s.plain(in.Name)
	err := s.parameters.Update(ctx, name, func(p *parameter) error {
		if in.ParameterVersion == 0 {
			return change(p, p.last())
		}
		i := slices.IndexFunc(p.Versions, func(v version) bool { return v.Version == in.ParameterVersion })
		if i < 0 {
			return noVersion(name, in.ParameterVersion)
		}
		return change(p, &p.Versions[i])
	})
	if errors.Is(err, store.ErrNotFound) {
		return notFound(name)
	}
	return err
}

func noVersion(name string, selector any) error {
	return awserr.New("ParameterVersionNotFound", 400, "Systems Manager could not find version %v of %s. Verify the version and try again.", selector, name)
}
