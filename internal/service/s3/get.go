package s3

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

type objectInput struct {
	target
	Key       string
	VersionID string `rest:"query=versionId"`
}

func (in *objectInput) object() *objectInput { return in }
func (in *objectInput) keys() policy.Map     { return versionKeys(in.VersionID) }

// An objectRequest is about an object that there is: its input embeds an
// [objectInput].
type objectRequest interface {
	object() *objectInput
	keys() policy.Map
}

func versionKeys(id string) policy.Map {
	keys := policy.Map{}
	set(keys, "s3:versionid", id)
	return keys
}

// objectAsk is what an action on an object needs: on a version it is another.
func (s *Service) objectAsk(action, bucket, key, versionID string) []ask {
	if versionID != "" {
		action = strings.Replace(action, "Object", "ObjectVersion", 1)
	}
	return []ask{{action, s.objectARN(bucket, key)}}
}

type getObjectInput struct {
	objectInput
	Range             string `rest:"header=Range"`
	PartNumber        *int   `rest:"query=partNumber"`
	IfMatch           string `rest:"header=If-Match"`
	IfNoneMatch       string `rest:"header=If-None-Match"`
	IfModifiedSince   string `rest:"header=If-Modified-Since"`
	IfUnmodifiedSince string `rest:"header=If-Unmodified-Since"`
	ChecksumMode      string `rest:"header=x-amz-checksum-mode"`

	CacheControl       string `rest:"query=response-cache-control"`
	ContentDisposition string `rest:"query=response-content-disposition"`
	ContentEncoding    string `rest:"query=response-content-encoding"`
	ContentLanguage    string `rest:"query=response-content-language"`
	ContentType        string `rest:"query=response-content-type"`
	Expires            string `rest:"query=response-expires"`
}

type getObjectOutput struct {
	contentHeaders
	writtenHeaders
	Status       int               `rest:"status"`
	Modified     time.Time         `rest:"header=Last-Modified"`
	AcceptRanges string            `rest:"header=Accept-Ranges"`
	ContentRange string            `rest:"header=Content-Range"`
	PartsCount   int               `rest:"header=x-amz-mp-parts-count"`
	TagCount     int               `rest:"header=x-amz-tagging-count"`
	Metadata     map[string]string `rest:"prefix=x-amz-meta-"`
	Length       int64             `rest:"length"`
	Body         io.ReadCloser     `rest:"body"`
}

// find returns the version of a key that is asked for, to a caller who is allowed
// the actions on it. Who may not list the bucket does not learn what there is not.
func (s *Service) find(ctx context.Context, in objectRequest, actions ...string) (*bucket, *version, error) {
	at := in.object()
	b, err := s.bucket(at.Bucket)
	if err != nil {
		return nil, nil, err
	}
	o, _ := s.objects(b).Get(at.Key)
	v, missing := o.version(at.VersionID)
	if err := s.allow(ctx, b, v, in, actions...); err != nil {
		return nil, nil, err
	}
	if missing != nil {
		if !s.may(ctx, b, ask{"s3:ListBucket", s.bucketARN(at.Bucket)}) {
			return nil, nil, accessDenied("Access Denied")
		}
		return nil, nil, missing
	}
	return b, v, nil
}

// allow refuses a caller who is not allowed the actions on an object, whose tags
// may decide; v is nil where there is none.
func (s *Service) allow(ctx context.Context, b *bucket, v *version, in objectRequest, actions ...string) error {
	keys, at := in.keys(), in.object()
	if v != nil {
		for _, t := range v.Tags {
			keys["s3:existingobjecttag/"+strings.ToLower(t.Key)] = policy.One(t.Value)
		}
	}
	for _, action := range actions {
		if err := s.authorize(ctx, b, keys, s.objectAsk(action, at.Bucket, at.Key, at.VersionID)...); err != nil {
			return err
		}
	}
	return nil
}

// version returns the version with an id, or the current one.
func (o *object) version(id string) (*version, error) {
	if id == "" {
		if v := o.current(); v != nil {
			return v, nil
		}
		return nil, noSuchKey()
	}
	for i := range o.Versions {
		if v := &o.Versions[i]; v.ID == id {
			if v.DeleteMarker {
				return nil, awserr.New("MethodNotAllowed", http.StatusMethodNotAllowed, "The specified method is not allowed against this resource.")
			}
			return v, nil
		}
	}
	return nil, awserr.New("NoSuchVersion", http.StatusNotFound, "The specified version does not exist.")
}

func (s *Service) getObject(ctx context.Context, in *getObjectInput) (*getObjectOutput, error) {
	out, v, offset, err := s.describe(ctx, in)
	if err != nil || out.Status == http.StatusNotModified {
		return out, err
	}
	out.Body, err = s.read(ctx, v.Segments, offset, out.Length)
	return out, err
}

func (s *Service) headObject(ctx context.Context, in *getObjectInput) (*getObjectOutput, error) {
	out, _, _, err := s.describe(ctx, in)
	return out, err
}

// describe returns the answer to a GET but for the content, which begins at
// offset.
func (s *Service) describe(ctx context.Context, in *getObjectInput) (out *getObjectOutput, v *version, offset int64, err error) {
	b, v, err := s.find(ctx, in, "s3:GetObject")
	if err != nil {
		return nil, nil, 0, err
	}
	out = &getObjectOutput{
		contentHeaders: v.Headers, writtenHeaders: writtenHeaders{ETag: quoted(v.ETag), encryption: v.Encryption},
		Modified: v.Modified, AcceptRanges: "bytes", Metadata: v.Metadata, TagCount: len(v.Tags), Length: v.Size, Status: http.StatusOK,
	}
	if b.Versioning != "" {
		out.VersionID = v.ID
	}
	modified, err := in.conditions(v)
	if err != nil {
		return nil, nil, 0, err
	}
	if !modified {
		out.Status, out.Length = http.StatusNotModified, 0
		return out, v, 0, nil
	}
	if err := in.override(ctx, &out.contentHeaders); err != nil {
		return nil, nil, 0, err
	}
	offset, length, partial, err := in.part(v)
	if err != nil {
		return nil, nil, 0, err
	}
	if in.PartNumber != nil {
		out.PartsCount = len(v.Parts)
	}
	if partial {
		out.Status, out.Length = http.StatusPartialContent, length
		out.ContentRange = fmt.Sprintf("bytes %d-%d/%d", offset, offset+length-1, v.Size)
	}
	if strings.EqualFold(in.ChecksumMode, enabled) && length == v.Size {
		out.setChecksum(v.Checksum)
	}
	return out, v, offset, nil
}

// conditions reports whether the content is wanted; an error refuses it.
func (in *getObjectInput) conditions(v *version) (modified bool, err error) {
	second := v.Modified.Truncate(time.Second)
	since, sinceErr := http.ParseTime(in.IfModifiedSince)
	until, untilErr := http.ParseTime(in.IfUnmodifiedSince)
	switch {
	case in.IfMatch != "" && !matches(in.IfMatch, v.ETag),
		in.IfMatch == "" && untilErr == nil && second.After(until):
		return false, preconditionFailed()
	case in.IfNoneMatch != "":
		return !matches(in.IfNoneMatch, v.ETag), nil
	case sinceErr == nil:
		return second.After(since), nil
	}
	return true, nil
}

// override sets the headers that a signed request asks for instead of the
// object's.
func (in *getObjectInput) override(ctx context.Context, h *contentHeaders) error {
	any := false
	for _, o := range []struct {
		to    *string
		value string
	}{
		{&h.CacheControl, in.CacheControl},
		{&h.ContentDisposition, in.ContentDisposition},
		{&h.ContentEncoding, in.ContentEncoding},
		{&h.ContentLanguage, in.ContentLanguage},
		{&h.ContentType, in.ContentType},
		{&h.Expires, in.Expires},
	} {
		if o.value != "" {
			*o.to, any = o.value, true
		}
	}
	if caller, _ := access.From(ctx); any && caller.Kind == policy.Anonymous {
		return invalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
	}
	return nil
}

// part returns the range that is asked for.
func (in *getObjectInput) part(v *version) (offset, length int64, partial bool, err error) {
	if in.PartNumber != nil {
		if in.Range != "" {
			return 0, 0, false, invalidRequest("Cannot specify both Range header and partNumber query parameter")
		}
		return partOf(v, *in.PartNumber)
	}
	offset, length, partial, err = parseRange(in.Range, v.Size)
	return offset, length, partial, err
}

func partOf(v *version, number int) (offset, length int64, partial bool, err error) {
	if len(v.Parts) == 0 && number == 1 {
		return 0, v.Size, v.Size > 0, nil
	}
	for _, p := range v.Parts {
		if p.Number == number {
			return offset, p.Size, true, nil
		}
		offset += p.Size
	}
	return 0, 0, false, awserr.New("InvalidPartNumber", http.StatusRequestedRangeNotSatisfiable, "The requested partnumber is not satisfiable")
}

// parseRange reads a Range header. Like S3 it takes one range, and ignores what
// it cannot read.
func parseRange(text string, size int64) (offset, length int64, partial bool, err error) {
	spec, ok := strings.CutPrefix(strings.TrimSpace(text), "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(spec, ",") {
		return 0, size, false, nil
	}
	from, fromErr := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
	to, toErr := strconv.ParseInt(strings.TrimSpace(last), 10, 64)
	switch {
	case first == "" && toErr == nil: // the last bytes
		from, to = max(size-to, 0), size-1
		if strings.TrimLeft(last, "0") == "" {
			from = size
		}
	case fromErr != nil || last != "" && toErr != nil || last != "" && to < from:
		return 0, size, false, nil
	case last == "" || to >= size:
		to = size - 1
	}
	if from >= size {
		return 0, 0, false, awserr.New("InvalidRange", http.StatusRequestedRangeNotSatisfiable, "The requested range is not satisfiable")
	}
	return from, to - from + 1, true, nil
}

// Attributes.

type attributesInput struct {
	objectInput
	Attributes       string `rest:"header=x-amz-object-attributes"`
	MaxParts         *int   `rest:"header=x-amz-max-parts"`
	PartNumberMarker *int   `rest:"header=x-amz-part-number-marker"`
}

type checksumElement struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
}

// element writes a checksum as an XML element.
func element(algorithm, value string) (c checksumElement) {
	switch algorithm {
	case "CRC32":
		c.ChecksumCRC32 = value
	case "CRC32C":
		c.ChecksumCRC32C = value
	case "CRC64NVME":
		c.ChecksumCRC64NVME = value
	case "SHA1":
		c.ChecksumSHA1 = value
	case "SHA256":
		c.ChecksumSHA256 = value
	}
	return c
}

// value returns the checksum of an algorithm.
func (c *checksumElement) value(algorithm string) string {
	return map[string]string{
		"CRC32": c.ChecksumCRC32, "CRC32C": c.ChecksumCRC32C, "CRC64NVME": c.ChecksumCRC64NVME, "SHA1": c.ChecksumSHA1, "SHA256": c.ChecksumSHA256,
	}[algorithm]
}

type typedChecksum struct {
	checksumElement
	ChecksumType string `xml:",omitempty"`
}

type attributePart struct {
	PartNumber int
	Size       int64
	checksumElement
}

type attributeParts struct {
	PartsCount           int
	PartNumberMarker     int
	NextPartNumberMarker int `xml:",omitempty"`
	MaxParts             int
	IsTruncated          bool
	Part                 []attributePart
}

type attributesOutput struct {
	XMLName      xml.Name        `xml:"http://s3.amazonaws.com/doc/2006-03-01/ GetObjectAttributesResponse"`
	Modified     time.Time       `rest:"header=Last-Modified" xml:"-"`
	VersionID    string          `rest:"header=x-amz-version-id" xml:"-"`
	ETag         string          `xml:",omitempty"`
	Checksum     *typedChecksum  `xml:",omitempty"`
	ObjectParts  *attributeParts `xml:",omitempty"`
	StorageClass string          `xml:",omitempty"`
	ObjectSize   *int64          `xml:",omitempty"`
}

func (s *Service) getObjectAttributes(ctx context.Context, in *attributesInput) (*attributesOutput, error) {
	b, v, err := s.find(ctx, in, "s3:GetObject", "s3:GetObjectAttributes")
	if err != nil {
		return nil, err
	}
	out := &attributesOutput{Modified: v.Modified}
	if b.Versioning != "" {
		out.VersionID = v.ID
	}
	for name := range strings.SplitSeq(in.Attributes, ",") {
		switch strings.TrimSpace(name) {
		case "ETag":
			out.ETag = v.ETag
		case "Checksum":
			out.Checksum = &typedChecksum{element(v.Checksum.Algorithm, v.Checksum.Value), v.Checksum.kind()}
		case "ObjectParts":
			out.ObjectParts = in.parts(v)
		case "StorageClass":
			out.StorageClass = standard
		case "ObjectSize":
			out.ObjectSize = &v.Size
		default:
			return nil, invalidArgument("Invalid attribute name specified.")
		}
	}
	return out, nil
}

func (in *attributesInput) parts(v *version) *attributeParts {
	if len(v.Parts) == 0 {
		return nil
	}
	p := &attributeParts{PartsCount: len(v.Parts), MaxParts: 1000}
	if in.MaxParts != nil && *in.MaxParts < p.MaxParts {
		p.MaxParts = *in.MaxParts
	}
	if in.PartNumberMarker != nil {
		p.PartNumberMarker = *in.PartNumberMarker
	}
	for _, one := range v.Parts {
		if one.Number <= p.PartNumberMarker {
			continue
		}
		if p.IsTruncated = len(p.Part) >= p.MaxParts; p.IsTruncated {
			break
		}
		p.Part = append(p.Part, attributePart{one.Number, one.Size, element(v.Checksum.Algorithm, one.Checksum)})
		p.NextPartNumberMarker = one.Number
	}
	return p
}
