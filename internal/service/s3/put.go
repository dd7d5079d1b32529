package s3

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire/checksum"
	"github.com/hakonegate/hakone/policy"
)

const (
	maxKey      = 1024
	maxMetadata = 2048
	maxVersions = 2000 // of one key
)

// objectSettings are what a client says of a new object beside its content.
type objectSettings struct {
	contentHeaders
	encryption
	ACL          string            `rest:"header=x-amz-acl"`
	StorageClass string            `rest:"header=x-amz-storage-class"`
	Tagging      string            `rest:"header=x-amz-tagging"`
	Metadata     map[string]string `rest:"prefix=x-amz-meta-"`
}

// checked returns the parts of a version that the settings say.
func (o *objectSettings) checked(b *bucket) (version, error) {
	v := version{Headers: o.contentHeaders, Metadata: o.Metadata}
	switch {
	case o.ACL != "" && o.ACL != "private" && o.ACL != "bucket-owner-full-control":
		return v, awserr.New("AccessControlListNotSupported", http.StatusBadRequest, "The bucket does not allow ACLs")
	case o.StorageClass != "" && o.StorageClass != standard:
		return v, unsupported("the storage class " + o.StorageClass)
	}
	if v.Headers.ContentType == "" {
		v.Headers.ContentType = "binary/octet-stream"
	}
	// aws-chunked is how the content came, not what it is.
	encodings := slices.DeleteFunc(strings.Split(v.Headers.ContentEncoding, ","), func(e string) bool { return strings.TrimSpace(e) == "aws-chunked" })
	v.Headers.ContentEncoding = strings.TrimSpace(strings.Join(encodings, ","))
	size := 0
	for k, value := range o.Metadata {
		size += len(k) + len(value)
	}
	if size > maxMetadata {
		return v, awserr.New("MetadataTooLarge", http.StatusBadRequest, "Your metadata headers exceed the maximum allowed metadata size")
	}
	var err error
	if v.Encryption, err = b.encryptionOf(o.encryption); err != nil {
		return v, err
	}
	v.Tags, err = parseTagging(o.Tagging)
	return v, err
}

const standard = "STANDARD"

// parseTagging reads tags as headers have them: as parameters of a query.
func parseTagging(text string) ([]tag, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	var tags []tag
	for key, list := range values {
		for _, value := range list {
			tags = append(tags, tag{key, value})
		}
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return tags, checkTags(tags, maxObjectTags)
}

// keys are the condition keys that the settings set.
func (o *objectSettings) keys() policy.Map {
	keys := policy.Map{}
	set(keys, "s3:x-amz-acl", o.ACL)
	set(keys, "s3:x-amz-storage-class", o.StorageClass)
	set(keys, "s3:x-amz-server-side-encryption", o.SSE)
	set(keys, "s3:x-amz-server-side-encryption-aws-kms-key-id", o.KeyID)
	tags, err := parseTagging(o.Tagging)
	if err == nil {
		setRequestTags(keys, tags)
	}
	return keys
}

type putObjectInput struct {
	target
	Key string
	objectSettings
	sums
	IfMatch     string    `rest:"header=If-Match"`
	IfNoneMatch string    `rest:"header=If-None-Match"`
	Length      int64     `rest:"length"`
	Body        io.Reader `rest:"body"`
}

// putAsks is what putting an object needs.
func (s *Service) putAsks(bucket, key, tagging string) []ask {
	arn := s.objectARN(bucket, key)
	asks := []ask{{"s3:PutObject", arn}}
	if tagging != "" {
		asks = append(asks, ask{"s3:PutObjectTagging", arn})
	}
	return asks
}

// writtenHeaders tell what became of a content.
type writtenHeaders struct {
	ETag         string `rest:"header=ETag" xml:"-"`
	VersionID    string `rest:"header=x-amz-version-id" xml:"-"`
	Size         *int64 `rest:"header=x-amz-object-size" xml:"-"`
	ChecksumType string `rest:"header=x-amz-checksum-type" xml:"-"`
	CRC32        string `rest:"header=x-amz-checksum-crc32" xml:"-"`
	CRC32C       string `rest:"header=x-amz-checksum-crc32c" xml:"-"`
	CRC64NVME    string `rest:"header=x-amz-checksum-crc64nvme" xml:"-"`
	SHA1         string `rest:"header=x-amz-checksum-sha1" xml:"-"`
	SHA256       string `rest:"header=x-amz-checksum-sha256" xml:"-"`
	encryption
}

func (h *writtenHeaders) setChecksum(c sum) {
	if c.Value == "" {
		return
	}
	h.ChecksumType = c.kind()
	*map[checksum.Algorithm]*string{
		checksum.CRC32: &h.CRC32, checksum.CRC32C: &h.CRC32C, checksum.CRC64NVME: &h.CRC64NVME, checksum.SHA1: &h.SHA1, checksum.SHA256: &h.SHA256,
	}[checksum.Algorithm(c.Algorithm)] = c.Value
}

const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

func (c *sum) kind() string {
	if c.Composite {
		return composite
	}
	return fullObject
}

func quoted(etag string) string { return `"` + etag + `"` }

func (s *Service) putObject(ctx context.Context, in *putObjectInput) (*writtenHeaders, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if len(in.Key) > maxKey {
		return nil, awserr.New("KeyTooLongError", http.StatusBadRequest, "Your key is too long")
	}
	if in.Length < 0 {
		return nil, awserr.New("MissingContentLength", http.StatusLengthRequired, "You must provide the Content-Length HTTP header.")
	}
	v, err := in.checked(b)
	if err != nil {
		return nil, err
	}
	hold := s.cfg.Contents.Hold()
	defer hold.Release()
	c, err := s.keep(ctx, hold, in.Body, &in.sums)
	if err != nil {
		return nil, err
	}
	v.Segments, v.Size, v.ETag, v.Checksum = c.segments, c.size, c.etag(), c.checksum
	if err := s.commit(ctx, in.Bucket, in.Key, &v, precondition{in.IfMatch, in.IfNoneMatch}, nil); err != nil {
		return nil, err
	}
	return written(b, &v), nil
}

// written describes a version that was put into a bucket.
func written(b *bucket, v *version) *writtenHeaders {
	out := &writtenHeaders{ETag: quoted(v.ETag), encryption: v.Encryption}
	out.setChecksum(v.Checksum)
	if b.Versioning != "" {
		out.VersionID = v.ID
	}
	return out
}

// A precondition is what must be so of the current version of a key.
type precondition struct{ ifMatch, ifNoneMatch string }

func (p precondition) check(o *object) error {
	current := o.current()
	switch {
	case p.ifMatch != "" && current == nil:
		return noSuchKey()
	case p.ifMatch != "" && !matches(p.ifMatch, current.ETag),
		p.ifNoneMatch != "" && current != nil && matches(p.ifNoneMatch, current.ETag):
		return preconditionFailed()
	}
	return nil
}

func preconditionFailed() error {
	return awserr.New("PreconditionFailed", http.StatusPreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

// matches compares an ETag with the list of a condition.
func matches(list, etag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.Trim(strings.TrimPrefix(one, "W/"), `"`) == etag {
			return true
		}
	}
	return false
}

// current returns the version that a key leads to, nil if it is deleted.
func (o *object) current() *version {
	if len(o.Versions) == 0 || o.Versions[0].DeleteMarker {
		return nil
	}
	return &o.Versions[0]
}

// commit makes v the current version of a key; also, in the same change, what
// more does. It gives v its id and time.
func (s *Service) commit(ctx context.Context, bucketName, key string, v *version, p precondition, more func(*store.Tx, *bucket) error) error {
	s.emptying.RLock()
	defer s.emptying.RUnlock()
	err := s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		b, ok := s.buckets.In(tx).Get(bucketName)
		if !ok {
			return noSuchBucket()
		}
		if more != nil {
			if err := more(tx, &b); err != nil {
				return err
			}
		}
		objects := s.objects(&b).In(tx)
		o, _ := objects.Get(key)
		if err := p.check(&o); err != nil {
			return err
		}
		v.ID, v.Modified = nullVersion, s.cfg.Now().UTC().Truncate(time.Millisecond)
		if b.Versioning == enabled {
			v.ID = randomID(16)
		}
		if err := o.add(*v); err != nil {
			return err
		}
		return objects.Put(key, o)
	})
	s.sweepSoon()
	return err
}

// add puts v before the other versions; there is one null version at most.
func (o *object) add(v version) error {
	if v.ID == nullVersion {
		o.Versions = slices.DeleteFunc(o.Versions, func(old version) bool { return old.ID == nullVersion })
	}
	if len(o.Versions) >= maxVersions {
		return invalidRequest("%s", fmt.Sprintf("hakone keeps %d versions of a key: delete old ones, or have a lifecycle rule do it", maxVersions))
	}
	o.Versions = slices.Insert(o.Versions, 0, v)
	return nil
}

// sweepSoon says that contents may have lost their last reference.
func (s *Service) sweepSoon() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func noSuchKey() error {
	return awserr.New("NoSuchKey", http.StatusNotFound, "The specified key does not exist.")
}
