package s3

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // an ETag is MD5; nothing is authenticated by it
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/internal/wire/checksum"
)

const (
	maxParts = 10000
	minPart  = 5 << 20 // of all but the last
)

// An upload is an object that comes in parts.
type upload struct {
	Key       string
	Initiated time.Time
	Version   version // without content
	Algorithm checksum.Algorithm
	Whole     bool // the checksum is of the whole, not of the parts' checksums
}

// A part is one that has come.
type part struct {
	Modified time.Time
	Size     int64
	ETag     string
	Checksum sum
	CRC      string // CRC64NVME, in base64
	Segments []segment
}

// pending returns the uploads under way to a bucket, by their ids, and parts what
// has come of them, by [partKey].
func (s *Service) pending(b *bucket) store.Collection[upload] {
	return store.In[upload](s.cfg.Store, "s3.uploads."+b.ID)
}

func (s *Service) parts(b *bucket) store.Collection[part] {
	return store.In[part](s.cfg.Store, "s3.parts."+b.ID)
}

func partKey(uploadID string, number int) string { return fmt.Sprintf("%s/%05d", uploadID, number) }

func noSuchUpload() error {
	return awserr.New("NoSuchUpload", http.StatusNotFound, "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
}

type createUploadInput struct {
	target
	Key string
	objectSettings
	Algorithm    string `rest:"header=x-amz-checksum-algorithm"`
	ChecksumType string `rest:"header=x-amz-checksum-type"`
}

type createUploadOutput struct {
	XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
	Bucket       string
	Key          string
	UploadId     string
	Algorithm    string `rest:"header=x-amz-checksum-algorithm" xml:"-"`
	ChecksumType string `rest:"header=x-amz-checksum-type" xml:"-"`
	encryption
}

func (s *Service) createMultipartUpload(ctx context.Context, in *createUploadInput) (*createUploadOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if len(in.Key) > maxKey {
		return nil, awserr.New("KeyTooLongError", http.StatusBadRequest, "Your key is too long")
	}
	u := upload{Key: in.Key, Initiated: s.cfg.Now().UTC(), Algorithm: checksum.CRC64NVME}
	if u.Version, err = in.checked(b); err != nil {
		return nil, err
	}
	if in.Algorithm != "" {
		var ok bool
		if u.Algorithm, ok = checksum.Named(in.Algorithm); !ok {
			return nil, invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
		}
	}
	u.Whole = u.Algorithm == checksum.CRC64NVME || in.ChecksumType == fullObject
	if in.ChecksumType == composite && u.Algorithm == checksum.CRC64NVME || u.Whole && !u.Algorithm.Joins() {
		return nil, invalidRequest("The %s checksum type cannot be used with the %s checksum algorithm.", in.ChecksumType, strings.ToLower(string(u.Algorithm)))
	}
	id := randomID(32)
	s.emptying.RLock()
	defer s.emptying.RUnlock()
	err = s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		if _, ok := s.buckets.In(tx).Get(in.Bucket); !ok {
			return noSuchBucket()
		}
		return s.pending(b).In(tx).Create(id, u)
	})
	if err != nil {
		return nil, err
	}
	out := &createUploadOutput{Bucket: in.Bucket, Key: in.Key, UploadId: id, encryption: u.Version.Encryption}
	if in.Algorithm != "" {
		out.Algorithm, out.ChecksumType = string(u.Algorithm), (&sum{Composite: !u.Whole}).kind()
	}
	return out, nil
}

type uploadPartInput struct {
	target
	Key        string
	UploadID   string `rest:"query=uploadId"`
	PartNumber int    `rest:"query=partNumber"`
	sums
	Length int64     `rest:"length"`
	Body   io.Reader `rest:"body"`
}

func (s *Service) uploadPart(ctx context.Context, in *uploadPartInput) (*writtenHeaders, error) {
	if in.Length < 0 {
		return nil, awserr.New("MissingContentLength", http.StatusLengthRequired, "You must provide the Content-Length HTTP header.")
	}
	p, err := s.putPart(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &writtenHeaders{ETag: quoted(p.ETag)}
	out.setChecksum(p.Checksum)
	out.ChecksumType = ""
	return out, nil
}

func (s *Service) putPart(ctx context.Context, in *uploadPartInput) (*part, error) {
	b, u, err := s.findUpload(in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return nil, err
	}
	if in.PartNumber < 1 || in.PartNumber > maxParts {
		return nil, invalidArgument("Part number must be an integer between 1 and 10000, inclusive")
	}
	algorithm, _, err := in.announced()
	switch {
	case err != nil:
		return nil, err
	case algorithm == "":
		in.Algorithm = string(u.Algorithm)
	case algorithm != u.Algorithm:
		return nil, invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", strings.ToLower(string(u.Algorithm)), strings.ToLower(string(algorithm)))
	}
	hold := s.cfg.Contents.Hold()
	defer hold.Release()
	c, err := s.keep(ctx, hold, in.Body, &in.sums)
	if err != nil {
		return nil, err
	}
	p := part{Modified: s.cfg.Now().UTC(), Size: c.size, ETag: c.etag(), Checksum: c.checksum, CRC: c.crc, Segments: c.segments}
	err = s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		if _, ok := s.pending(b).In(tx).Get(in.UploadID); !ok {
			return noSuchUpload()
		}
		return s.parts(b).In(tx).Put(partKey(in.UploadID, in.PartNumber), p)
	})
	s.sweepSoon()
	return &p, err
}

func (s *Service) findUpload(bucketName, key, id string) (*bucket, *upload, error) {
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, nil, err
	}
	if id == "" {
		return nil, nil, noSuchUpload()
	}
	u, ok := s.pending(b).Get(id)
	if !ok || u.Key != key {
		return nil, nil, noSuchUpload()
	}
	return b, &u, nil
}

type completeInput struct {
	target
	Key      string
	UploadID string `rest:"query=uploadId"`
	sums
	ChecksumType string `rest:"header=x-amz-checksum-type"`
	ObjectSize   string `rest:"header=x-amz-mp-object-size"`
	IfMatch      string `rest:"header=If-Match"`
	IfNoneMatch  string `rest:"header=If-None-Match"`
	Upload       *struct {
		Parts []completedPart `xml:"Part"`
	} `rest:"xml"`
}

type completedPart struct {
	PartNumber int
	ETag       string
	checksumElement
}

type completeOutput struct {
	XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
	Location     string
	Bucket       string
	Key          string
	ETag         string
	ChecksumType string `xml:",omitempty"`
	checksumElement
	VersionID string `rest:"header=x-amz-version-id" xml:"-"`
	encryption
}

func (s *Service) completeMultipartUpload(ctx context.Context, in *completeInput) (*completeOutput, error) {
	b, u, err := s.findUpload(in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return nil, err
	}
	if in.Upload == nil || len(in.Upload.Parts) == 0 {
		return nil, malformedXML()
	}
	v := u.Version
	hold := s.cfg.Contents.Hold()
	defer hold.Release()
	if err := s.join(b, u, in, hold, &v); err != nil {
		return nil, err
	}
	end := func(tx *store.Tx, _ *bucket) error {
		err := s.pending(b).In(tx).Delete(in.UploadID)
		if errors.Is(err, store.ErrNotFound) {
			return noSuchUpload()
		}
		return err
	}
	if err := s.commit(ctx, in.Bucket, in.Key, &v, precondition{in.IfMatch, in.IfNoneMatch}, end); err != nil {
		return nil, err
	}
	if err := s.forgetParts(context.WithoutCancel(ctx), b, in.UploadID); err != nil {
		s.cfg.Log.WarnContext(ctx, "parts of a finished upload stay until the next sweep", "bucket", b.Name, "error", err)
	}
	w := written(b, &v)
	return &completeOutput{
		Location: "/" + in.Bucket + "/" + in.Key, Bucket: in.Bucket, Key: in.Key, ETag: w.ETag, ChecksumType: v.Checksum.kind(),
		checksumElement: element(v.Checksum.Algorithm, v.Checksum.Value), VersionID: w.VersionID, encryption: v.Encryption,
	}, nil
}

// join makes a version of the parts that the client lists.
func (s *Service) join(b *bucket, u *upload, in *completeInput, hold *blob.Hold, v *version) error {
	etags, checksums := md5.New(), u.Algorithm.New() //nolint:gosec // as above
	if !slices.IsSortedFunc(in.Upload.Parts, func(a, b completedPart) int { return cmp.Or(cmp.Compare(a.PartNumber, b.PartNumber), -1) }) {
		return awserr.New("InvalidPartOrder", http.StatusBadRequest, "The list of parts was not in ascending order. Parts must be ordered by part number.")
	}
	whole := u.Algorithm.New().Sum(nil)
	for i, listed := range in.Upload.Parts {
		p, ok := s.heldPart(b, partKey(in.UploadID, listed.PartNumber), hold)
		announced := listed.value(string(u.Algorithm))
		if !ok || strings.Trim(listed.ETag, `"`) != p.ETag || announced != "" && announced != p.Checksum.Value {
			return awserr.New("InvalidPart", http.StatusBadRequest, "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
		}
		if p.Size < minPart && i < len(in.Upload.Parts)-1 {
			return awserr.New("EntityTooSmall", http.StatusBadRequest, "Your proposed upload is smaller than the minimum allowed size")
		}
		raw, err := base64.StdEncoding.DecodeString(p.Checksum.Value)
		if err != nil {
			return fmt.Errorf("checksum of a part: %w", err)
		}
		etag, err := hex.DecodeString(p.ETag)
		if err != nil {
			return fmt.Errorf("ETag of a part: %w", err)
		}
		etags.Write(etag)
		checksums.Write(raw)
		if u.Whole {
			whole = u.Algorithm.Join(whole, raw, p.Size)
		}
		v.Segments, v.Size = append(v.Segments, p.Segments...), v.Size+p.Size
		v.Parts = append(v.Parts, partSize{listed.PartNumber, p.Size, p.Checksum.Value})
	}
	n := len(in.Upload.Parts)
	v.ETag = fmt.Sprintf("%x-%d", etags.Sum(nil), n)
	v.Checksum = sum{Algorithm: string(u.Algorithm), Value: base64.StdEncoding.EncodeToString(whole)}
	if !u.Whole {
		v.Checksum.Value, v.Checksum.Composite = fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(checksums.Sum(nil)), n), true
	}
	return in.compare(u, v)
}

// heldPart returns a part whose segments stay under hold, also when another one
// takes its place meanwhile.
func (s *Service) heldPart(b *bucket, key string, hold *blob.Hold) (part, bool) {
	p, ok := s.parts(b).Get(key)
	for _, one := range p.Segments {
		hold.Keep(one.Hash)
	}
	again, still := s.parts(b).Get(key)
	return p, ok && still && again.ETag == p.ETag && again.Modified.Equal(p.Modified)
}

// compare refuses an object that is not what the client says it is.
func (in *completeInput) compare(u *upload, v *version) error {
	if in.ObjectSize != "" && in.ObjectSize != fmt.Sprint(v.Size) {
		return invalidRequest("The provided 'x-amz-mp-object-size' header value %s does not match what was computed: %d", in.ObjectSize, v.Size)
	}
	if in.ChecksumType != "" && in.ChecksumType != v.Checksum.kind() {
		return invalidRequest("The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", v.Checksum.kind())
	}
	algorithm, want, err := in.announced()
	if err != nil || want == "" {
		return err
	}
	if algorithm != u.Algorithm || want != v.Checksum.Value && want+fmt.Sprintf("-%d", len(v.Parts)) != v.Checksum.Value {
		return badDigest(string(algorithm))
	}
	return nil
}

type uploadInput struct {
	target
	Key      string
	UploadID string `rest:"query=uploadId"`
}

func (s *Service) abortMultipartUpload(ctx context.Context, in *uploadInput) (*wire.Nothing, error) {
	b, _, err := s.findUpload(in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return nil, err
	}
	return &wire.Nothing{}, s.forgetUpload(ctx, b, in.UploadID)
}

// forgetUpload ends an upload; forgetParts removes what came of one that ended.
func (s *Service) forgetUpload(ctx context.Context, b *bucket, id string) error {
	if err := s.pending(b).Delete(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.forgetParts(ctx, b, id)
}

func (s *Service) forgetParts(ctx context.Context, b *bucket, id string) error {
	const atOnce = 500
	var keys []string
	for key := range s.parts(b).Revisions() {
		if strings.HasPrefix(key, id+"/") {
			keys = append(keys, key)
		}
	}
	for len(keys) > 0 {
		now := keys[:min(atOnce, len(keys))]
		keys = keys[len(now):]
		err := s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
			for _, key := range now {
				if err := s.parts(b).In(tx).Delete(key); err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.sweepSoon()
	return nil
}
