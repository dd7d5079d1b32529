package lambda

import (
	"context"
	"net/http"
	"regexp"
	"strconv"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/awserr"
)

// PublishVersionInput asks for a version of the present code and
// configuration.
type PublishVersionInput struct {
	FunctionName string
	Description  *string // nil keeps the function's
	CodeSha256   string  // "" or the present one
	RevisionId   string  // "" or the present one
}

// PublishVersion makes an immutable version of $LATEST. When nothing changed
// since the last one, that one is returned.
func (s *Service) PublishVersion(ctx context.Context, in *PublishVersionInput) (*Function, error) {
	r, err := s.resolve(in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	var made Function
	err = s.change(ctx, r.name, func(f *record) error {
		if in.CodeSha256 != "" && in.CodeSha256 != f.Latest.CodeSha256 {
			return invalidParameter("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", in.CodeSha256, f.Latest.CodeSha256)
		}
		if in.RevisionId != "" && in.RevisionId != f.Latest.RevisionId {
			return staleRevision("GetFunction/GetAlias")
		}
		number := s.publish(f, "")
		v := f.Versions[number]
		if in.Description != nil {
			v.Description = *in.Description
			f.Versions[number] = v
		}
		made = v.Function
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// publish adds a version to the record, unless the last one is the same, and
// returns its number.
func (s *Service) publish(f *record, description string) string {
	if last, ok := f.Versions[strconv.Itoa(f.Next-1)]; ok && last.LastModified == f.Latest.LastModified && last.CodeSha256 == f.Latest.CodeSha256 {
		return last.Version
	}
	v := f.Latest
	v.Version = strconv.Itoa(f.Next)
	v.FunctionArn = s.arn(v.FunctionName, v.Version)
	v.RevisionId = uuid.NewString()
	set(&v.Description, description)
	if f.Versions == nil {
		f.Versions = map[string]version{}
	}
	f.Versions[v.Version] = v
	f.Next++
	return v.Version
}

func (s *Service) deleteVersion(ctx context.Context, r reference) error {
	return s.change(ctx, r.name, func(f *record) error {
		for _, a := range f.Aliases {
			used := a.FunctionVersion == r.qualifier
			if a.RoutingConfig != nil {
				_, also := a.RoutingConfig.AdditionalVersionWeights[r.qualifier]
				used = used || also
			}
			if used {
				return conflict("Function version cannot be deleted: it is used by the alias %s.", a.AliasArn)
			}
		}
		delete(f.Versions, r.qualifier) // deleting what is gone succeeds, as on Lambda
		delete(f.Policies, r.qualifier)
		delete(f.Provisioned, r.qualifier)
		return nil
	})
}

// CreateAliasInput makes an alias.
type CreateAliasInput struct {
	FunctionName    string
	Name            string
	FunctionVersion string
	Description     string
	RoutingConfig   *RoutingConfig
}

const aliasPattern = `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`

var aliasRE = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)

// CreateAlias makes an alias.
func (s *Service) CreateAlias(ctx context.Context, in *CreateAliasInput) (*Alias, error) {
	r, err := s.resolve(in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	if !aliasRE.MatchString(in.Name) || isNumber(in.Name) {
		var v violations
		v.add(in.Name, "name", "satisfy regular expression pattern: "+aliasPattern)
		return nil, v.err()
	}
	a := Alias{
		AliasArn: s.arn(r.name, in.Name), Name: in.Name, FunctionVersion: in.FunctionVersion, Description: in.Description,
		RevisionId: uuid.NewString(), RoutingConfig: in.RoutingConfig,
	}
	err = s.change(ctx, r.name, func(f *record) error {
		if _, ok := f.Aliases[in.Name]; ok {
			return conflict("Alias already exists: %s", a.AliasArn)
		}
		if err := s.checkAlias(f, &a); err != nil {
			return err
		}
		if f.Aliases == nil {
			f.Aliases = map[string]Alias{}
		}
		f.Aliases[in.Name] = a
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &a, nil
}

// checkAlias checks where an alias leads.
func (s *Service) checkAlias(f *record, a *Alias) error {
	name := f.Latest.FunctionName
	if a.FunctionVersion != latest {
		if _, ok := f.Versions[a.FunctionVersion]; !ok {
			return functionNotFound(s.arn(name, a.FunctionVersion))
		}
	}
	if a.RoutingConfig == nil {
		return nil
	}
	weights := a.RoutingConfig.AdditionalVersionWeights
	if len(weights) > 1 {
		return invalidParameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for other, share := range weights {
		switch _, ok := f.Versions[other]; {
		case !isNumber(other):
			return awserr.New("ValidationException", http.StatusBadRequest, "1 validation error detected: Value '{%s=%v}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]", other, share)
		case a.FunctionVersion == latest:
			return overLimit("$LATEST is not supported for an alias pointing to more than 1 version")
		case other == a.FunctionVersion:
			return invalidParameter("Invalid function version %s. Function version %s is already included in routing configuration.", other, other)
		case !ok:
			return functionNotFound(s.arn(name, other))
		case share < 0 || share > 1:
			return awserr.New("ValidationException", http.StatusBadRequest, "1 validation error detected: Value '{%s=%v}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0]", other, share)
		}
	}
	return nil
}

// UpdateAliasInput changes an alias; what is empty or nil stays.
type UpdateAliasInput struct {
	FunctionName    string
	Name            string
	FunctionVersion string
	Description     *string
	RoutingConfig   *RoutingConfig
	RevisionId      string
}

// UpdateAlias changes an alias. The next call already follows it.
func (s *Service) UpdateAlias(ctx context.Context, in *UpdateAliasInput) (*Alias, error) {
	r, err := s.resolve(in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	var made Alias
	err = s.change(ctx, r.name, func(f *record) error {
		a, ok := f.Aliases[in.Name]
		if !ok {
			return notFound("Alias not found: %s", s.arn(r.name, in.Name))
		}
		if in.RevisionId != "" && in.RevisionId != a.RevisionId {
			return staleRevision("GetFunction/GetAlias")
		}
		set(&a.FunctionVersion, in.FunctionVersion)
		setTo(&a.Description, in.Description)
		if in.RoutingConfig != nil {
			if a.RoutingConfig = in.RoutingConfig; len(in.RoutingConfig.AdditionalVersionWeights) == 0 {
				a.RoutingConfig = nil
			}
		}
		if err := s.checkAlias(f, &a); err != nil {
			return err
		}
		a.RevisionId = uuid.NewString()
		f.Aliases[in.Name] = a
		made = a
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetAlias returns an alias.
func (s *Service) GetAlias(name, alias string) (*Alias, error) {
	r, err := s.resolve(name, "")
	if err != nil {
		return nil, err
	}
	f, err := s.read(r)
	if err != nil {
		return nil, err
	}
	a, ok := f.Aliases[alias]
	if !ok {
		return nil, notFound("Cannot find alias arn: %s", s.arn(r.name, alias))
	}
	return &a, nil
}

// DeleteAlias deletes an alias with its policy. Deleting what is gone succeeds.
func (s *Service) DeleteAlias(ctx context.Context, name, alias string) error {
	r, err := s.resolve(name, "")
	if err != nil {
		return err
	}
	return s.change(ctx, r.name, func(f *record) error {
		delete(f.Aliases, alias)
		delete(f.Provisioned, alias)
		delete(f.Async, alias)
		delete(f.Policies, alias)
		delete(f.URLs, alias)
		return nil
	})
}
