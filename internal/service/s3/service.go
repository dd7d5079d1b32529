// Package s3 is Simple Storage Service: buckets, objects with their versions, and
// uploads in parts.
//
// [Service.API] is its surface. Every operation asks the caller's policies and the
// bucket's, see [op]. Contents are kept in segments of at most 4 MiB in a
// [blob.Pool]; records of buckets, objects and uploads in the store. [Service.Run]
// applies lifecycle rules and gives the room of deleted contents back.
//
// Other services read and write objects with [Service.Read], [Service.ReadURL] and
// [Service.Write].
package s3

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/store"
)

// A Config is what a [Service] works with. Store, Contents, Account and Region are
// required.
type Config struct {
	Store                      *store.Store
	Contents                   *blob.Pool
	Account, Region, Partition string           // Partition "" means "aws"
	Log                        *slog.Logger     // nil discards
	Now                        func() time.Time // nil means time.Now
}

// A Service is S3 of one account and region. It is safe for concurrent use.
type Service struct {
	cfg     Config
	owner   owner
	buckets store.Collection[bucket]

	policies policies
	emptying sync.RWMutex  // written by who deletes a bucket, read by who puts something into one
	uploads  chan struct{} // those that hold a segment in memory
	dirty    chan struct{} // contents may have lost their last reference

	downloads atomic.Int64 // bytes that readers hold in memory
}

// maxUploads bounds the segments in memory: 4 MiB each.
const maxUploads = 64

// New returns the service.
func New(c Config) *Service {
	if c.Partition == "" {
		c.Partition = "aws"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	sum := sha256.Sum256([]byte(c.Account))
	return &Service{
		cfg: c, owner: owner{ID: hex.EncodeToString(sum[:])}, buckets: store.In[bucket](c.Store, "s3.buckets"),
		uploads: make(chan struct{}, maxUploads), dirty: make(chan struct{}, 1),
	}
}

// A bucket is one bucket and how it is configured.
type bucket struct {
	Name, ID     string
	Created      time.Time
	Versioning   string                  `json:",omitempty"` // Enabled, Suspended, or "" if it never was
	Encryption   encryptionConfiguration `json:",omitzero"`
	Policy       string                  `json:",omitempty"`
	PublicAccess *publicAccessBlock      `json:",omitempty"` // nil: everything may be public
	Tags         []tag                   `json:",omitempty"`
	Lifecycle    *lifecycleConfiguration `json:",omitempty"`
	CORS         *corsConfiguration      `json:",omitempty"`
}

// An owner is the account as S3 names it.
type owner struct{ ID string }

type tag struct{ Key, Value string }

// An object is what a key leads to: its versions, the newest first.
type object struct{ Versions []version }

// A version is one content of a key, or a mark that it was deleted.
type version struct {
	ID           string // "null" for what was put while versions were not kept
	Modified     time.Time
	DeleteMarker bool `json:",omitempty"`
	Size         int64
	ETag         string            `json:",omitempty"` // without quotes
	Checksum     sum               `json:",omitzero"`
	Headers      contentHeaders    `json:",omitzero"`
	Metadata     map[string]string `json:",omitempty"`
	Tags         []tag             `json:",omitempty"`
	Encryption   encryption        `json:",omitzero"`
	Segments     []segment         `json:",omitempty"`
	Parts        []partSize        `json:",omitempty"` // of an upload in parts
}

// contentHeaders are kept with an object and sent with it.
type contentHeaders struct {
	ContentType        string `rest:"header=Content-Type" xml:"-" json:",omitempty"`
	ContentEncoding    string `rest:"header=Content-Encoding" xml:"-" json:",omitempty"`
	ContentDisposition string `rest:"header=Content-Disposition" xml:"-" json:",omitempty"`
	ContentLanguage    string `rest:"header=Content-Language" xml:"-" json:",omitempty"`
	CacheControl       string `rest:"header=Cache-Control" xml:"-" json:",omitempty"`
	Expires            string `rest:"header=Expires" xml:"-" json:",omitempty"`
}

// A sum is a checksum of a content. A composite one is of the checksums of its
// parts.
type sum struct {
	Algorithm string
	Value     string // in base64, for a composite one with "-PARTS"
	Composite bool   `json:",omitempty"`
}

type partSize struct {
	Number   int
	Size     int64
	Checksum string `json:",omitempty"`
}

// nullVersion is the id of what was put while versions were not kept.
const nullVersion = "null"

func (s *Service) objects(b *bucket) store.Collection[object] {
	return store.In[object](s.cfg.Store, "s3.objects."+b.ID)
}

// bucketARN returns the ARN of a bucket, objectARN that of an object.
func (s *Service) bucketARN(name string) string { return "arn:" + s.cfg.Partition + ":s3:::" + name }

func (s *Service) objectARN(name, key string) string { return s.bucketARN(name) + "/" + key }

// Buckets lists the names of the buckets.
func (s *Service) Buckets() []string {
	var names []string
	for name := range s.buckets.All() {
		names = append(names, name)
	}
	return names
}

// HasBucket reports whether there is a bucket of that name.
func (s *Service) HasBucket(name string) bool {
	_, ok := s.buckets.Get(name)
	return ok
}

func (s *Service) bucket(name string) (*bucket, error) {
	b, ok := s.buckets.Get(name)
	if !ok {
		return nil, noSuchBucket()
	}
	return &b, nil
}

func noSuchBucket() error {
	return awserr.New("NoSuchBucket", http.StatusNotFound, "The specified bucket does not exist")
}

func invalidArgument(message string) error {
	return awserr.New("InvalidArgument", http.StatusBadRequest, "%s", message)
}

func malformedXML() error {
	return awserr.New("MalformedXML", http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema")
}

func invalidRequest(format string, args ...any) error {
	return awserr.New("InvalidRequest", http.StatusBadRequest, format, args...)
}

// stamp writes a time as S3's XML has it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
