package ssm

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
)

// PutParameterInput is the input of [Service.PutParameter].
type PutParameterInput struct {
	Name           string `wire:"required"`
	Value          string `wire:"required"`
	Type           string
	Description    string
	Overwrite      bool
	AllowedPattern string
	DataType       string
	Tier           string
	KeyId          string
	Tags           []Tag
	Policies       string
}

// PutParameterOutput tells the new version.
type PutParameterOutput struct {
	Version int64
	Tier    string
}

// PutParameter creates a parameter, or with Overwrite gives it a new version.
func (s *Service) PutParameter(ctx context.Context, in *PutParameterInput) (*PutParameterOutput, error) {
	if err := checkName(in.Name); err != nil {
		return nil, err
	}
	if in.Policies != "" && in.Policies != "[]" {
		return nil, validation("hakone has no parameter policies: Policies must be empty")
	}
	v := version{
		Version: 1, Type: in.Type, Value: in.Value, Description: in.Description, AllowedPattern: in.AllowedPattern,
		DataType: cmp.Or(in.DataType, "text"), Tier: cmp.Or(in.Tier, "Standard"), Modified: wire.Epoch{Time: s.now().UTC()},
	}
	caller, _ := access.From(ctx)
	v.User = caller.ARN
	err := s.store.Atomically(ctx, func(tx *store.Tx) error {
		p, _ := s.parameters.In(tx).Get(in.Name)
		if err := s.put(&p, in, &v); err != nil {
			return err
		}
		return s.parameters.In(tx).Put(in.Name, p)
	})
	if err != nil {
		return nil, err
	}
	return &PutParameterOutput{Version: v.Version, Tier: v.Tier}, nil
}

// put adds a version to p, which has none when it is new. It may run again.
func (s *Service) put(p *parameter, in *PutParameterInput, v *version) error {
	v.Version, v.Type, v.Value = 1, in.Type, in.Value
	if len(p.Versions) > 0 {
		old := p.last()
		if !in.Overwrite {
			return awserr.New("ParameterAlreadyExists", 400, "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
		}
		if len(in.Tags) > 0 {
			return validation("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
		}
		v.Version, v.Type = old.Version+1, cmp.Or(in.Type, old.Type)
		if (v.Type == typeSecure) != (old.Type == typeSecure) {
			return awserr.New("HierarchyTypeMismatchException", 400, "The parameter %s cannot change its type from %s to %s", in.Name, old.Type, v.Type)
		}
	}
	if err := check(v); err != nil {
		return err
	}
	if v.Type == typeSecure {
		sealed, err := s.sealed(in.Name, in.Value)
		if err != nil {
			return err
		}
		v.Value, v.KeyId = sealed, cmp.Or(in.KeyId, defaultKey)
	}
	p.Name = in.Name
	if len(in.Tags) > 0 {
		p.Tags = in.Tags
	}
	if len(p.Versions) == maxHistory {
		if oldest := &p.Versions[0]; len(oldest.Labels) > 0 {
			return awserr.New("ParameterMaxVersionLimitExceeded", 400,
				"You attempted to create a new version of %s by calling the PutParameter API with the overwrite flag. Version %d, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.", in.Name, oldest.Version)
		}
		p.Versions = slices.Clone(p.Versions[1:])
	}
	p.Versions = append(p.Versions, *v)
	return nil
}

// check refuses values that Systems Manager would; v.Value is still plain.
func check(v *version) error {
	if v.Tier == "Intelligent-Tiering" {
		v.Tier = "Standard"
		if len(v.Value) > 4096 {
			v.Tier = "Advanced"
		}
	}
	most := 4096
	switch v.Tier {
	case "Standard":
	case "Advanced":
		most = 8192
	default:
		return validation("1 validation error detected: Value '%s' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]", v.Tier)
	}
	switch v.Type {
	case typeString, typeList, typeSecure:
	case "":
		return validation("A parameter type is required when you create a parameter.")
	default:
		return validation("1 validation error detected: Value '%s' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]", v.Type)
	}
	if len(v.Value) > most {
		return validation("%s tier parameters support a maximum parameter value of %d characters.", v.Tier, most)
	}
	if v.AllowedPattern != "" {
		re, err := regexp.Compile("^(?:" + v.AllowedPattern + ")$")
		if err != nil {
			return awserr.New("InvalidAllowedPatternException", 400, "The request does not meet the regular expression requirement.")
		}
		if v.Type != typeSecure && !re.MatchString(v.Value) {
			return awserr.New("ParameterPatternMismatchException", 400, "Parameter value, cannot be validated against allowedPattern: %s", v.AllowedPattern)
		}
	}
	if v.DataType == "aws:ec2:image" && !strings.HasPrefix(v.Value, "ami-") {
		return validation("The parameter value is not the id of a machine image: ami-…")
	}
	return nil
}

// GetParameterInput is the input of [Service.GetParameter].
type GetParameterInput struct {
	Name           string `wire:"required"`
	WithDecryption bool
}

// GetParameterOutput holds a parameter.
type GetParameterOutput struct{ Parameter Parameter }

// GetParameter returns one parameter.
func (s *Service) GetParameter(_ context.Context, in *GetParameterInput) (*GetParameterOutput, error) {
	p, v, selector, err := s.find(in.Name)
	if err != nil {
		return nil, err
	}
	out, err := s.shown(&p, v, selector, in.WithDecryption)
	if err != nil {
		return nil, err
	}
	return &GetParameterOutput{out}, nil
}

// GetParametersInput is the input of [Service.GetParameters].
type GetParametersInput struct {
	Names          []string `wire:"required"`
	WithDecryption bool
}

// GetParametersOutput holds those that exist and the names of the others.
type GetParametersOutput struct {
	Parameters        []Parameter
	InvalidParameters []string
}

// GetParameters returns up to ten parameters.
func (s *Service) GetParameters(_ context.Context, in *GetParametersInput) (*GetParametersOutput, error) {
	if len(in.Names) > 10 {
		return nil, validation("1 validation error detected: Value '%v' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10", in.Names)
	}
	out := &GetParametersOutput{Parameters: []Parameter{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		p, v, selector, err := s.find(name)
		if err != nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		shown, err := s.shown(&p, v, selector, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, shown)
	}
	return out, nil
}

// DeleteParameterInput names a parameter.
type DeleteParameterInput struct {
	Name string `wire:"required"`
}

// DeleteParameter deletes a parameter with all its versions.
func (s *Service) DeleteParameter(ctx context.Context, in *DeleteParameterInput) (*wire.Nothing, error) {
	err := s.parameters.Delete(ctx, s.plain(in.Name))
	if errors.Is(err, store.ErrNotFound) {
		return nil, notFound(in.Name)
	}
	return &wire.Nothing{}, err
}

// DeleteParametersInput names parameters.
type DeleteParametersInput struct {
	Names []string `wire:"required"`
}

// DeleteParametersOutput says which ones existed.
type DeleteParametersOutput struct{ DeletedParameters, InvalidParameters []string }

// DeleteParameters deletes up to ten parameters.
func (s *Service) DeleteParameters(ctx context.Context, in *DeleteParametersInput) (*DeleteParametersOutput, error) {
	if len(in.Names) > 10 {
		return nil, validation("1 validation error detected: Value '%v' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10", in.Names)
	}
	out := &DeleteParametersOutput{DeletedParameters: []string{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		err := s.parameters.Delete(ctx, s.plain(name))
		switch {
		case errors.Is(err, store.ErrNotFound):
			out.InvalidParameters = append(out.InvalidParameters, name)
		case err != nil:
			return nil, err
		default:
			out.DeletedParameters = append(out.DeletedParameters, name)
		}
	}
	return out, nil
}

// TagsInput tags, untags or lists the tags of a parameter.
type TagsInput struct {
	ResourceType string
	ResourceId   string `wire:"required"`
	Tags         []Tag
	TagKeys      []string
}

// ListTagsOutput holds the tags of a parameter.
type ListTagsOutput struct{ TagList []Tag }

// AddTagsToResource adds tags to a parameter.
func (s *Service) AddTagsToResource(ctx context.Context, in *TagsInput) (*wire.Nothing, error) {
	return s.retag(ctx, in, func(tags []Tag) []Tag {
		for _, t := range in.Tags {
			i := slices.IndexFunc(tags, func(old Tag) bool { return old.Key == t.Key })
			if i < 0 {
				tags = append(tags, t)
			} else {
				tags[i] = t
			}
		}
		return tags
	})
}

// RemoveTagsFromResource removes tags from a parameter.
func (s *Service) RemoveTagsFromResource(ctx context.Context, in *TagsInput) (*wire.Nothing, error) {
	return s.retag(ctx, in, func(tags []Tag) []Tag {
		return slices.DeleteFunc(tags, func(t Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	})
}

func (s *Service) retag(ctx context.Context, in *TagsInput, change func([]Tag) []Tag) (*wire.Nothing, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	err := s.parameters.Update(ctx, in.ResourceId, func(p *parameter) error {
		if p.Tags = change(p.Tags); len(p.Tags) > 50 {
			return awserr.New("TooManyTagsError", 400, "A parameter has 50 tags at most.")
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, awserr.New("InvalidResourceId", 400, "The parameter %s does not exist.", in.ResourceId)
	}
	return &wire.Nothing{}, err
}

func (in *TagsInput) check() error {
	if in.ResourceType != "Parameter" {
		return awserr.New("InvalidResourceType", 400, "hakone tags only Parameter, not %s.", in.ResourceType)
	}
	return nil
}

// ListTagsForResource lists the tags of a parameter.
func (s *Service) ListTagsForResource(_ context.Context, in *TagsInput) (*ListTagsOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	p, ok := s.parameters.Get(in.ResourceId)
	if !ok {
		return nil, awserr.New("InvalidResourceId", 400, "The parameter %s does not exist.", in.ResourceId)
	}
	return &ListTagsOutput{append([]Tag{}, p.Tags...)}, nil
}
