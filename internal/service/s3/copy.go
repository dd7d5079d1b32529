package s3

import (
	"context"
	"encoding/xml"
	"net/url"
	"strings"

	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/policy"
)

// A copySource says what is copied.
type copySource struct {
	Source            string `rest:"header=x-amz-copy-source"`
	SourceIfMatch     string `rest:"header=x-amz-copy-source-if-match"`
	SourceIfNone      string `rest:"header=x-amz-copy-source-if-none-match"`
	SourceIfModified  string `rest:"header=x-amz-copy-source-if-modified-since"`
	SourceIfNotSince  string `rest:"header=x-amz-copy-source-if-unmodified-since"`
	SourceBucketOwner string `rest:"header=x-amz-source-expected-bucket-owner"`
}

// location reads BUCKET/KEY?versionId=ID, encoded as in a URL.
func (c *copySource) location() (bucket, key, id string, ok bool) {
	path, query, _ := strings.Cut(c.Source, "?")
	path, err := url.PathUnescape(strings.TrimPrefix(path, "/"))
	if err != nil {
		return "", "", "", false
	}
	if query != "" {
		values, err := url.ParseQuery(query)
		if err != nil {
			return "", "", "", false
		}
		id = values.Get("versionId")
	}
	bucket, key, ok = strings.Cut(path, "/")
	return bucket, key, id, ok && bucket != "" && key != ""
}

// keysTo adds the condition key that says what is copied.
func (c *copySource) keysTo(keys policy.Map) {
	if bucket, key, _, ok := c.location(); ok {
		set(keys, "s3:x-amz-copy-source", bucket+"/"+key)
	}
}

// An original is what is copied.
type original struct {
	in getObjectInput
	b  *bucket
	*version
}

// source returns what is copied, once the caller may read it.
func (s *Service) source(ctx context.Context, c *copySource) (*original, error) {
	in := getObjectInput{IfMatch: c.SourceIfMatch, IfNoneMatch: c.SourceIfNone, IfModifiedSince: c.SourceIfModified, IfUnmodifiedSince: c.SourceIfNotSince}
	var ok bool
	if in.Bucket, in.Key, in.VersionID, ok = c.location(); !ok {
		return nil, invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	if c.SourceBucketOwner != "" && c.SourceBucketOwner != s.cfg.Account {
		return nil, accessDenied("Access Denied")
	}
	b, v, err := s.find(ctx, &in, "s3:GetObject")
	if err != nil {
		return nil, err
	}
	wanted, err := in.conditions(v)
	if err == nil && !wanted {
		err = preconditionFailed()
	}
	return &original{in, b, v}, err
}

type copyObjectInput struct {
	target
	Key string
	copySource
	objectSettings
	MetadataDirective string `rest:"header=x-amz-metadata-directive"`
	TaggingDirective  string `rest:"header=x-amz-tagging-directive"`
	Checksum          string `rest:"header=x-amz-checksum-algorithm"`
	IfMatch           string `rest:"header=If-Match"`
	IfNoneMatch       string `rest:"header=If-None-Match"`
}

func (in *copyObjectInput) keys() policy.Map {
	settings := in.objectSettings
	if !in.newTags() {
		settings.Tagging = "" // what it says does not happen
	}
	keys := settings.keys()
	in.keysTo(keys)
	set(keys, "s3:x-amz-metadata-directive", in.MetadataDirective)
	return keys
}

// newTags reports whether the copy's tags are not those of its source.
func (in *copyObjectInput) newTags() bool { return in.TaggingDirective == "REPLACE" }

// copyTags returns the tags of the source, to a caller who may read them there and
// set them here.
func (s *Service) copyTags(ctx context.Context, in *copyObjectInput, b *bucket, from *original) ([]tag, error) {
	if len(from.Tags) == 0 {
		return nil, nil
	}
	if err := s.allow(ctx, from.b, from.version, &from.in, "s3:GetObjectTagging"); err != nil {
		return nil, err
	}
	keys := in.keys()
	setRequestTags(keys, from.Tags)
	return from.Tags, s.authorize(ctx, b, keys, ask{"s3:PutObjectTagging", s.objectARN(in.Bucket, in.Key)})
}

type copyResult struct {
	XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyObjectResult"`
	ETag         string
	LastModified string
	ChecksumType string `xml:",omitempty"`
	checksumElement
	VersionID     string `rest:"header=x-amz-version-id" xml:"-"`
	SourceVersion string `rest:"header=x-amz-copy-source-version-id" xml:"-"`
	encryption
}

func (s *Service) copyObject(ctx context.Context, in *copyObjectInput) (*copyResult, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	from, err := s.source(ctx, &in.copySource)
	if err != nil {
		return nil, err
	}
	switch {
	case in.MetadataDirective != "" && in.MetadataDirective != "COPY" && in.MetadataDirective != "REPLACE":
		return nil, invalidArgument("Unknown metadata directive.")
	case in.TaggingDirective != "" && in.TaggingDirective != "COPY" && in.TaggingDirective != "REPLACE":
		return nil, invalidArgument("Unknown tagging directive.")
	case from.in.Bucket == in.Bucket && from.in.Key == in.Key && from.ID == s.currentID(b, in.Key) && in.MetadataDirective != "REPLACE" && in.SSE == "":
		return nil, invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	case from.Size > maxPut:
		return nil, invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(maxPut))
	}
	v, err := in.checked(b)
	if err != nil {
		return nil, err
	}
	if in.MetadataDirective != "REPLACE" {
		v.Headers, v.Metadata = from.Headers, from.Metadata
	}
	if !in.newTags() {
		if v.Tags, err = s.copyTags(ctx, in, b, from); err != nil {
			return nil, err
		}
	}
	hold := s.cfg.Contents.Hold()
	defer hold.Release()
	v.Segments, v.Size, v.ETag, v.Checksum = from.Segments, from.Size, from.ETag, from.Checksum
	if len(from.Parts) > 0 || in.Checksum != "" && in.Checksum != from.Checksum.Algorithm {
		algorithm := in.Checksum
		if algorithm == "" {
			algorithm = from.Checksum.Algorithm
		}
		body, err := s.read(ctx, from.Segments, 0, from.Size)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		c, err := s.keep(ctx, hold, body, &sums{Algorithm: algorithm})
		if err != nil {
			return nil, err
		}
		v.Segments, v.ETag, v.Checksum = c.segments, c.etag(), c.checksum
	}
	still := func(tx *store.Tx, _ *bucket) error {
		return s.stillThere(tx, from.in.Bucket, from.in.Key, from.version)
	}
	if err := s.commit(ctx, in.Bucket, in.Key, &v, precondition{in.IfMatch, in.IfNoneMatch}, still); err != nil {
		return nil, err
	}
	w := written(b, &v)
	out := &copyResult{
		ETag: w.ETag, LastModified: stamp(v.Modified), checksumElement: element(v.Checksum.Algorithm, v.Checksum.Value), ChecksumType: v.Checksum.kind(),
		VersionID: w.VersionID, encryption: v.Encryption,
	}
	if from.ID != nullVersion {
		out.SourceVersion = from.ID
	}
	return out, nil
}

func (s *Service) currentID(b *bucket, key string) string {
	o, _ := s.objects(b).Get(key)
	if v := o.current(); v != nil {
		return v.ID
	}
	return ""
}

// stillThere refuses a change that shares the segments of a version which has gone
// meanwhile: they may go, too.
func (s *Service) stillThere(tx *store.Tx, bucketName, key string, v *version) error {
	b, ok := s.buckets.In(tx).Get(bucketName)
	if !ok {
		return noSuchBucket()
	}
	o, _ := s.objects(&b).In(tx).Get(key)
	for _, have := range o.Versions {
		if have.ID == v.ID && have.Modified.Equal(v.Modified) {
			return nil
		}
	}
	return noSuchKey()
}

type copyPartInput struct {
	target
	Key string
	copySource
	UploadID    string `rest:"query=uploadId"`
	PartNumber  int    `rest:"query=partNumber"`
	SourceRange string `rest:"header=x-amz-copy-source-range"`
}

func (in *copyPartInput) keys() policy.Map {
	keys := policy.Map{}
	in.keysTo(keys)
	return keys
}

type copyPartResult struct {
	XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyPartResult"`
	ETag         string
	LastModified string
	checksumElement
	SourceVersion string `rest:"header=x-amz-copy-source-version-id" xml:"-"`
}

func (s *Service) uploadPartCopy(ctx context.Context, in *copyPartInput) (*copyPartResult, error) {
	from, err := s.source(ctx, &in.copySource)
	if err != nil {
		return nil, err
	}
	offset, length, partial, err := parseRange(in.SourceRange, from.Size)
	if err != nil || in.SourceRange != "" && !partial {
		return nil, invalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	}
	body, err := s.read(ctx, from.Segments, offset, length)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	p, err := s.putPart(ctx, &uploadPartInput{target: in.target, Key: in.Key, UploadID: in.UploadID, PartNumber: in.PartNumber, Body: body})
	if err != nil {
		return nil, err
	}
	out := &copyPartResult{ETag: quoted(p.ETag), LastModified: stamp(p.Modified), checksumElement: element(p.Checksum.Algorithm, p.Checksum.Value)}
	if from.ID != nullVersion {
		out.SourceVersion = from.ID
	}
	return out, nil
}
