package s3

import (
	"context"
	"strings"

	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/policy"
)

type putObjectTaggingInput struct {
	objectInput
	Tagging *tagging `rest:"xml"`
}

func (in *putObjectTaggingInput) keys() policy.Map {
	keys := in.objectInput.keys()
	if in.Tagging != nil {
		setRequestTags(keys, in.Tagging.Tags)
	}
	return keys
}

// setRequestTags adds the condition keys of tags that an object shall get.
func setRequestTags(keys policy.Map, tags []tag) {
	if len(tags) == 0 {
		return
	}
	var names []string
	for _, t := range tags {
		names = append(names, t.Key)
		keys["s3:requestobjecttag/"+strings.ToLower(t.Key)] = policy.One(t.Value)
	}
	keys["s3:requestobjecttagkeys"] = policy.Many(names...)
}

type versionOutput struct {
	VersionID string `rest:"header=x-amz-version-id"`
}

func (s *Service) putObjectTagging(ctx context.Context, in *putObjectTaggingInput) (*versionOutput, error) {
	const action = "s3:PutObjectTagging"
	if _, _, err := s.find(ctx, in, action); err != nil {
		return nil, err
	}
	tags, err := in.Tagging.checked(maxObjectTags)
	if err != nil {
		return nil, err
	}
	return s.retag(ctx, in, action, tags)
}

func (s *Service) deleteObjectTagging(ctx context.Context, in *objectInput) (*versionOutput, error) {
	const action = "s3:DeleteObjectTagging"
	if _, _, err := s.find(ctx, in, action); err != nil {
		return nil, err
	}
	return s.retag(ctx, in, action, nil)
}

// retag gives an object other tags, if those that it has by then allow it.
func (s *Service) retag(ctx context.Context, r objectRequest, action string, tags []tag) (*versionOutput, error) {
	out, in := &versionOutput{}, r.object()
	err := s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		b, ok := s.buckets.In(tx).Get(in.Bucket)
		if !ok {
			return noSuchBucket()
		}
		o, _ := s.objects(&b).In(tx).Get(in.Key)
		v, err := o.version(in.VersionID)
		if err != nil {
			return err
		}
		if err := s.allow(ctx, &b, v, r, action); err != nil {
			return err
		}
		v.Tags = tags
		if b.Versioning != "" {
			out.VersionID = v.ID
		}
		return s.objects(&b).In(tx).Put(in.Key, o)
	})
	return out, err
}

func (s *Service) getObjectTagging(ctx context.Context, in *objectInput) (*taggingOutput, error) {
	b, v, err := s.find(ctx, in, "s3:GetObjectTagging")
	if err != nil {
		return nil, err
	}
	out := &taggingOutput{}
	out.TagSet.Tag = v.Tags
	if b.Versioning != "" {
		out.VersionID = v.ID
	}
	return out, nil
}
