package lambda

import (
	"context"
	"errors"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/execenv"
)

// An Objects reads code that is in S3. Who calls must be allowed to read it.
type Objects interface {
	Read(ctx context.Context, bucket, key, versionID string, limit int64) ([]byte, error)
}

// object returns the archive that is an S3 object.
func (s *Service) object(ctx context.Context, c Code) ([]byte, error) {
	if s.cfg.Objects == nil {
		return nil, invalidParameter("Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist")
	}
	content, err := s.cfg.Objects.Read(ctx, c.S3Bucket, c.S3Key, c.S3ObjectVersion, execenv.MaxUnpacked)
	var refusal *awserr.Error
	switch {
	case !errors.As(err, &refusal):
		return content, err
	case refusal.Code == "AccessDenied":
		return nil, awserr.New("AccessDeniedException", 403, "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for %s/%s. S3 Error Code: AccessDenied. S3 Error Message: Access Denied", c.S3Bucket, c.S3Key)
	default:
		return nil, invalidParameter("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", refusal.Code, refusal.Message)
	}
}
