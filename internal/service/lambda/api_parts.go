package lambda

import (
	"context"
	"maps"
	"regexp"

	"github.com/hakonegate/hakone/internal/wire"
)

// The inputs of permissions, aliases and tags as clients send them.
type (
	addPermissionRequest struct {
		FunctionName        string
		Qualifier           string `rest:"query=Qualifier"`
		StatementId         string
		Action              string
		Principal           string
		SourceArn           string
		SourceAccount       string
		EventSourceToken    string
		FunctionUrlAuthType string
		PrincipalOrgID      string
		RevisionId          string

		InvokedViaFunctionUrl bool
	}
	removePermissionRequest struct {
		FunctionName string
		StatementId  string
		Qualifier    string `rest:"query=Qualifier"`
		RevisionId   string `rest:"query=RevisionId"`
	}
	aliasRequest struct {
		FunctionName string
		Name         string
	}
	tagsRequest struct {
		Resource string
		Tags     map[string]string
		TagKeys  []string `rest:"query=tagKeys"`
	}
)

type statementAnswer struct{ Statement string }

func (s *Service) addPermission(ctx context.Context, in *addPermissionRequest) (*statementAnswer, error) {
	text, err := s.AddPermission(ctx, &AddPermissionInput{
		FunctionName: in.FunctionName, Qualifier: in.Qualifier, StatementId: in.StatementId, Action: in.Action, Principal: in.Principal,
		SourceArn: in.SourceArn, SourceAccount: in.SourceAccount, EventSourceToken: in.EventSourceToken,
		FunctionUrlAuthType: in.FunctionUrlAuthType, PrincipalOrgID: in.PrincipalOrgID, RevisionId: in.RevisionId,
		InvokedViaFunctionUrl: in.InvokedViaFunctionUrl,
	})
	return &statementAnswer{text}, err
}

func (s *Service) removePermission(ctx context.Context, in *removePermissionRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.RemovePermission(ctx, in.FunctionName, in.Qualifier, in.StatementId, in.RevisionId)
}

type policyAnswer struct{ Policy, RevisionId string }

func (s *Service) getPolicy(_ context.Context, in *functionRequest) (*policyAnswer, error) {
	text, revision, err := s.GetPolicy(in.FunctionName, in.Qualifier)
	return &policyAnswer{text, revision}, err
}

type versionList struct {
	Versions   []Function
	NextMarker string `json:",omitempty"`
}

func (s *Service) listVersions(_ context.Context, in *listOfFunctionRequest) (*versionList, error) {
	f, err := s.find(in.FunctionName)
	if err != nil {
		return nil, err
	}
	list, next, err := page(in.paging, 50, bare(allVersions(f)), func(f *Function) string { return f.Version }, byNumber)
	return &versionList{list, next}, err
}

type aliasList struct {
	Aliases    []Alias
	NextMarker string `json:",omitempty"`
}

func (s *Service) listAliases(_ context.Context, in *listOfFunctionRequest) (*aliasList, error) {
	f, err := s.find(in.FunctionName)
	if err != nil {
		return nil, err
	}
	var all []Alias
	for _, name := range sortedKeys(f.Aliases) {
		a := f.Aliases[name]
		other := a.RoutingConfig != nil && a.RoutingConfig.AdditionalVersionWeights[in.FunctionVersion] > 0
		if in.FunctionVersion == "" || in.FunctionVersion == a.FunctionVersion || other {
			all = append(all, a)
		}
	}
	list, next, err := page(in.paging, 50, all, func(a *Alias) string { return a.Name }, byText)
	return &aliasList{list, next}, err
}

func (s *Service) getAlias(_ context.Context, in *aliasRequest) (*Alias, error) {
	return s.GetAlias(in.FunctionName, in.Name)
}

func (s *Service) deleteAlias(ctx context.Context, in *aliasRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.DeleteAlias(ctx, in.FunctionName, in.Name)
}

type tagsAnswer struct{ Tags map[string]string }

const taggedPattern = `arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)`

var taggedRE = regexp.MustCompile(`^` + taggedPattern + `$`)

// taggable refuses what has no tags.
func (s *Service) taggable(resource string) error {
	if !taggedRE.MatchString(resource) {
		var v violations
		v.add(resource, "resource", "satisfy regular expression pattern: "+taggedPattern)
		return v.err()
	}
	r, err := s.resolve(resource, "")
	if err != nil {
		return err
	}
	if r.qualifier != "" {
		return invalidParameter("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	return nil
}

func (s *Service) listTags(_ context.Context, in *tagsRequest) (*tagsAnswer, error) {
	if err := s.taggable(in.Resource); err != nil {
		return nil, err
	}
	tags, err := s.Tags(in.Resource)
	return &tagsAnswer{tags}, err
}

func (s *Service) tagResource(ctx context.Context, in *tagsRequest) (*wire.Nothing, error) {
	if len(in.Tags) == 0 {
		if err := s.taggable(in.Resource); err != nil {
			return nil, err
		}
		return nil, invalidParameter("An error occurred and the request cannot be processed.")
	}
	return s.retag(ctx, in.Resource, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
}

func (s *Service) untagResource(ctx context.Context, in *tagsRequest) (*wire.Nothing, error) {
	if len(in.TagKeys) == 0 {
		return nil, violations{"Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"}.err()
	}
	return s.retag(ctx, in.Resource, func(tags map[string]string) {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
	})
}

const maxTags = 50

func (s *Service) retag(ctx context.Context, resource string, fn func(map[string]string)) (*wire.Nothing, error) {
	if err := s.taggable(resource); err != nil {
		return nil, err
	}
	r, err := s.resolve(resource, "")
	if err != nil {
		return nil, err
	}
	return &wire.Nothing{}, s.change(ctx, r.name, func(f *record) error {
		if f.Tags == nil {
			f.Tags = map[string]string{}
		}
		if fn(f.Tags); len(f.Tags) > maxTags {
			return invalidParameter("Number of tags exceeds resource tag limit.")
		}
		return nil
	})
}
