package apigatewayv2

import (
	"context"
	"crypto/md5" //nolint:gosec // S3's entity tags are MD5
	"encoding/hex"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// Objects are those of S3, from which documents are read.
type Objects interface {
	// Read returns an object of at most limit bytes, of its latest version where
	// versionID is empty.
	Read(ctx context.Context, bucket, key, versionID string, limit int64) ([]byte, error)
}

// maxDocument is AWS's limit for a document to import.
const maxDocument = 6 << 20

// bodyLocation is where CloudFormation finds an API's document.
type bodyLocation struct{ Bucket, Key, Version, Etag string }

// readBody reads the document that BodyS3Location names into Body.
func (s *Service) readBody(ctx context.Context, p *apiProperties) error {
	at := p.BodyS3Location
	switch {
	case at == nil:
		return nil
	case !p.Body.IsNull():
		return badRequest("An API has either Body or BodyS3Location")
	case at.Bucket == "" || at.Key == "":
		return badRequest("BodyS3Location needs Bucket and Key")
	case s.config.Objects == nil:
		return badRequest("BodyS3Location is not served by this gateway; give the document as Body")
	}
	where := "s3://" + at.Bucket + "/" + at.Key
	contents, err := s.config.Objects.Read(ctx, at.Bucket, at.Key, at.Version, maxDocument)
	if err != nil {
		return badRequest("BodyS3Location %s: %v", where, err)
	}
	if tag := strings.Trim(at.Etag, `"`); tag != "" && tag != etag(contents) {
		return badRequest("BodyS3Location %s: the Etag is %s, not %s", where, etag(contents), tag)
	}
	if p.Body, _, err = template.ParseValue(where, contents); err != nil {
		return badRequest("BodyS3Location %s: unable to parse the OpenAPI document: %v", where, err)
	}
	return nil
}

func etag(contents []byte) string {
	sum := md5.Sum(contents) //nolint:gosec // S3's entity tags are MD5
	return hex.EncodeToString(sum[:])
}
