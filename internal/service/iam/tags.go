package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
)

// TagInput tags, untags or lists the tags of what the one name that is set
// names.
type TagInput struct {
	RoleName            string
	UserName            string
	PolicyArn           string
	InstanceProfileName string

	OpenIDConnectProviderArn string

	Tags    []Tag
	TagKeys []string
	Page
}

// ListTagsOutput is a page of tags.
type ListTagsOutput struct {
	Tags []Tag
	Paging
}

// A tagTarget is one kind of record that has tags.
type tagTarget struct {
	get    func(name string) ([]Tag, error)
	update func(ctx context.Context, name string, change func(*[]Tag) error) error
}

// target finds what in names.
func (s *Service) target(in *TagInput) (tagTarget, string) {
	targets := s.tagTargets()
	switch {
	case in.RoleName != "":
		return targets["role"], in.RoleName
	case in.UserName != "":
		return targets["user"], in.UserName
	case in.PolicyArn != "":
		return targets["policy"], in.PolicyArn
	case in.OpenIDConnectProviderArn != "":
		return targets["oidc-provider"], in.OpenIDConnectProviderArn
	default:
		return targets["instance-profile"], in.InstanceProfileName
	}
}

// Tag adds tags, as TagRole, TagUser, TagPolicy and TagInstanceProfile do.
func (s *Service) Tag(ctx context.Context, in *TagInput) (*wire.Nothing, error) {
	t, name := s.target(in)
	return s.done(t.update(ctx, name, func(tags *[]Tag) (err error) {
		*tags, err = addTags(*tags, in.Tags)
		return err
	}))
}

// Untag removes tags, as UntagRole and its kin do.
func (s *Service) Untag(ctx context.Context, in *TagInput) (*wire.Nothing, error) {
	t, name := s.target(in)
	return s.done(t.update(ctx, name, func(tags *[]Tag) error {
		*tags = removeTags(*tags, in.TagKeys)
		return nil
	}))
}

// ListTags lists tags, as ListRoleTags and its kin do.
func (s *Service) ListTags(_ context.Context, in *TagInput) (*ListTagsOutput, error) {
	t, name := s.target(in)
	tags, err := t.get(name)
	if err != nil {
		return nil, err
	}
	tags, paging, err := page(append([]Tag{}, tags...), in.Page, func(t Tag) string { return t.Key })
	if err != nil {
		return nil, err
	}
	return &ListTagsOutput{tags, paging}, nil
}

// tagTargets are the kinds of records that have tags.
func (s *Service) tagTargets() map[string]tagTarget {
	return map[string]tagTarget{
		"role": {
			get: func(n string) ([]Tag, error) {
				r, ok := s.roles.Get(fold(n))
				if !ok {
					return nil, noRole(n)
				}
				return r.Tags, nil
			},
			update: func(ctx context.Context, n string, f func(*[]Tag) error) error {
				return s.updateRole(ctx, n, func(r *Role) error { return f(&r.Tags) })
			},
		},
		"user": {
			get: func(n string) ([]Tag, error) {
				u, ok := s.users.Get(fold(n))
				if !ok {
					return nil, noUser(n)
				}
				return u.Tags, nil
			},
			update: func(ctx context.Context, n string, f func(*[]Tag) error) error {
				return s.updateUser(ctx, n, func(u *User) error { return f(&u.Tags) })
			},
		},
		"policy": {
			get: func(arn string) ([]Tag, error) {
				p, ok := s.managed(arn)
				if !ok {
					return nil, noPolicy(arn)
				}
				return slices.Clone(p.Tags), nil
			},
			update: func(ctx context.Context, arn string, f func(*[]Tag) error) error {
				return s.updatePolicy(ctx, arn, func(p *Policy) error { return f(&p.Tags) })
			},
		},
		"oidc-provider": {
			get: func(arn string) ([]Tag, error) {
				p, ok := s.oidc.Get(arn)
				if !ok {
					return nil, noProvider(arn)
				}
				return p.Tags, nil
			},
			update: func(ctx context.Context, arn string, f func(*[]Tag) error) error {
				return s.updateOIDC(ctx, arn, func(p *OpenIDConnectProvider) error { return f(&p.Tags) })
			},
		},
		"instance-profile": {
			get: func(n string) ([]Tag, error) {
				p, ok := s.profiles.Get(fold(n))
				if !ok {
					return nil, noProfile(n)
				}
				return p.Tags, nil
			},
			update: func(ctx context.Context, n string, f func(*[]Tag) error) error {
				return s.updateProfile(ctx, n, func(p *InstanceProfile) error { return f(&p.Tags) })
			},
		},
	}
}

// A Tag is one of a record's tags.
type Tag struct{ Key, Value string }

// checkTags refuses tags that IAM would.
func checkTags(tags []Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || len(t.Key) > 128 || !tagKeyChars.MatchString(t.Key):
			return awserr.Validation("1 validation error detected: Value '%s' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", t.Key)
		case len(t.Value) > 256 || !tagChars.MatchString(t.Value):
			return awserr.Validation("1 validation error detected: Value '%s' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", t.Value)
		case seen[fold(t.Key)]:
			return awserr.New("InvalidInput", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[fold(t.Key)] = true
	}
	if len(tags) > 50 {
		return limit("The number of tags has reached the maximum limit.")
	}
	return nil
}

// addTags overlays tags with more; keys are unique without regard to case.
func addTags(tags, more []Tag) ([]Tag, error) {
	merged := append([]Tag(nil), tags...)
next:
	for _, t := range more {
		for i := range merged {
			if strings.EqualFold(merged[i].Key, t.Key) {
				merged[i] = t
				continue next
			}
		}
		merged = append(merged, t)
	}
	return merged, checkTags(merged)
}

// removeTags removes the tags with the given keys.
func removeTags(tags []Tag, keys []string) []Tag {
	var left []Tag
	for _, t := range tags {
		keep := true
		for _, k := range keys {
			keep = keep && !strings.EqualFold(k, t.Key)
		}
		if keep {
			left = append(left, t)
		}
	}
	return left
}

func tagMap(tags []Tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}
