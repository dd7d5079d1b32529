package s3

import (
	"context"

	"github.com/hakonegate/hakone/internal/store"
)

type putObjectTaggingInput struct {
	objectInput
	Tagging *tagging `rest:"xml"`
}

type versionOutput struct {
	VersionID string `rest:"header=x-amz-version-id"`
}

func (s *Service) putObjectTagging(ctx context.Context, in *putObjectTaggingInput) (*versionOutput, error) {
	tags, err := in.Tagging.checked(maxObjectTags)
	if err != nil {
		return nil, err
	}
	return s.retag(ctx, &in.objectInput, tags)
}

func (s *Service) deleteObjectTagging(ctx context.Context, in *objectInput) (*versionOutput, error) {
	return s.retag(ctx, in, nil)
}

func (s *Service) retag(ctx context.Context, in *objectInput, tags []tag) (*versionOutput, error) {
	if _, _, err := s.find(ctx, in.Bucket, in.Key, in.VersionID); err != nil {
		return nil, err
	}
	out := &versionOutput{}
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
		v.Tags = tags
		if b.Versioning != "" {
			out.VersionID = v.ID
		}
		return s.objects(&b).In(tx).Put(in.Key, o)
	})
	return out, err
}

func (s *Service) getObjectTagging(ctx context.Context, in *objectInput) (*taggingOutput, error) {
	b, v, err := s.find(ctx, in.Bucket, in.Key, in.VersionID)
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
