package cloudformation

import (
	"context"
	"errors"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
)

// An Objects reads templates that are S3 objects. Who calls must be allowed to
// read them.
type Objects interface {
	ReadURL(ctx context.Context, url string, limit int64) ([]byte, error)
}

// fetch returns the template at an address: one that was packed here, or an S3
// object.
func (s *Service) fetch(ctx context.Context, url string) (string, error) {
	if hash, ok := blobOf(url); ok && s.cfg.Blobs != nil {
		content, err := s.cfg.Blobs.Get(ctx, hash)
		if err != nil || len(content) > maxTemplate {
			return "", awserr.Validation("S3 error: The specified key does not exist.")
		}
		return string(content), nil
	}
	if s.cfg.Objects == nil {
		return "", awserr.Validation("TemplateURL must reference a valid S3 object to which you have access.")
	}
	content, err := s.cfg.Objects.ReadURL(ctx, url, maxTemplate)
	var refusal *awserr.Error
	if errors.As(err, &refusal) && refusal.Code != "ValidationError" {
		return "", awserr.Validation("S3 error: %s", refusal.Message)
	}
	return string(content), err
}

// acting returns a context in which the role that a deployment is made with calls,
// if there is one; else the caller does.
func (s *Service) acting(ctx context.Context, roleARN string) context.Context {
	role := s.role(roleARN)
	if role == nil {
		return ctx
	}
	_, facts := access.From(ctx)
	return access.With(ctx, role.Caller("AWSCloudFormation"), facts)
}
