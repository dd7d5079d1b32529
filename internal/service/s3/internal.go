package s3

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire/restxml"
	"github.com/hakonegate/hakone/policy"
)

// Read returns the content of an object of at most so many bytes, for another
// service. versionID may be empty. Who calls (see [access.With]) must be allowed to
// read it; a context without a caller is the operator's own.
func (s *Service) Read(ctx context.Context, bucketName, key, versionID string, limit int64) ([]byte, error) {
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	in := &getObjectInput{}
	in.Bucket, in.Key, in.VersionID = bucketName, key, versionID
	o, _ := s.objects(b).Get(key)
	v, err := o.version(versionID)
	if caller, _ := access.From(ctx); caller.Kind != policy.Anonymous {
		if err := s.allow(ctx, b, v, in, "s3:GetObject"); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	if v.Size > limit {
		return nil, awserr.New("EntityTooLarge", http.StatusBadRequest, "The object has %d bytes, at most %d are taken", v.Size, limit)
	}
	body, err := s.read(ctx, v.Segments, 0, v.Size)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// ReadURL is [Service.Read] of an object that a URL names, as templates do:
// s3://BUCKET/KEY, https://s3.REGION.amazonaws.com/BUCKET/KEY,
// https://BUCKET.s3.REGION.amazonaws.com/KEY, or at this server's own address.
func (s *Service) ReadURL(ctx context.Context, address string, limit int64) ([]byte, error) {
	bucketName, key, id, ok := parseURL(address)
	if !ok {
		return nil, awserr.Validation("TemplateURL must reference a valid S3 object to which you have access.")
	}
	return s.Read(ctx, bucketName, key, id, limit)
}

func parseURL(address string) (bucketName, key, versionID string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", "", "", false
	}
	t := restxml.Target{Bucket: u.Host, Key: strings.TrimPrefix(u.Path, "/")}
	switch u.Scheme {
	case "s3":
	case "http", "https":
		if t, ok = restxml.TargetOf(u.Host, u.EscapedPath()); !ok {
			return "", "", "", false
		}
	default:
		return "", "", "", false
	}
	return t.Bucket, t.Key, u.Query().Get("versionId"), t.Bucket != "" && t.Key != ""
}

// Write puts an object for another service. Who calls must be allowed to.
func (s *Service) Write(ctx context.Context, bucketName, key, contentType string, content []byte) error {
	b, err := s.bucket(bucketName)
	if err != nil {
		return err
	}
	in := &putObjectInput{Key: key, Length: int64(len(content)), Body: bytes.NewReader(content)}
	in.Bucket, in.ContentType = bucketName, contentType
	if err := s.authorize(ctx, b, in.keys(), s.putAsks(bucketName, key, "")...); err != nil {
		return err
	}
	_, err = s.putObject(ctx, in)
	return err
}
