package s3

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/internal/wire/restxml"
)

// unsupported refuses by name what is not honoured.
func unsupported(what string) error {
	return restxml.NotImplemented("hakone does not support %s", what)
}

// configure changes a bucket.
func (s *Service) configure(ctx context.Context, name string, change func(*bucket) error) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.buckets.Update(ctx, name, change)
}

func notConfigured(code, format string, args ...any) error {
	return awserr.New(code, http.StatusNotFound, format, args...)
}

// Versioning.

type versioningConfiguration struct {
	Status    string `xml:",omitempty"`
	MfaDelete string `xml:",omitempty"`
}

type putVersioningInput struct {
	target
	Configuration *versioningConfiguration `rest:"xml"`
}

type getVersioningOutput struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ VersioningConfiguration"`
	versioningConfiguration
}

const (
	enabled   = "Enabled"
	suspended = "Suspended"
	disabled  = "Disabled"
)

func (s *Service) putBucketVersioning(ctx context.Context, in *putVersioningInput) (*wire.Nothing, error) {
	c := in.Configuration
	switch {
	case c == nil, c.Status != enabled && c.Status != suspended:
		return nil, awserr.New("IllegalVersioningConfigurationException", http.StatusBadRequest, "The Versioning element must be specified")
	case c.MfaDelete == enabled:
		return nil, unsupported("MfaDelete: there are no MFA devices")
	}
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.Versioning = c.Status; return nil })
}

func (s *Service) getBucketVersioning(_ context.Context, in *bucketInput) (*getVersioningOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	return &getVersioningOutput{versioningConfiguration: versioningConfiguration{Status: b.Versioning}}, nil
}

// Encryption. It is a label: contents are kept as they are in the data directory,
// which only its owner can read.

type encryptionConfiguration struct {
	Rules []encryptionRule `xml:"Rule"`
}

type encryptionRule struct {
	Default          *defaultEncryption `xml:"ApplyServerSideEncryptionByDefault"`
	BucketKeyEnabled bool
}

type defaultEncryption struct {
	SSEAlgorithm   string
	KMSMasterKeyID string `xml:",omitempty" json:",omitempty"`
}

type encryption struct {
	SSE       string `rest:"header=x-amz-server-side-encryption" xml:"-" json:",omitempty"`
	KeyID     string `rest:"header=x-amz-server-side-encryption-aws-kms-key-id" xml:"-" json:",omitempty"`
	BucketKey string `rest:"header=x-amz-server-side-encryption-bucket-key-enabled" xml:"-" json:",omitempty"`
}

var algorithms = []string{"AES256", "aws:kms", "aws:kms:dsse"}

func (c *encryptionConfiguration) check() error {
	if len(c.Rules) != 1 {
		return malformedXML()
	}
	d := c.Rules[0].Default
	if d == nil {
		return nil
	}
	if !slices.Contains(algorithms, d.SSEAlgorithm) {
		return malformedXML()
	}
	if d.SSEAlgorithm == algorithms[0] && d.KMSMasterKeyID != "" {
		return invalidArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
	}
	return nil
}

// encryptionOf returns the encryption of a new object in a bucket. What the object
// does not say is as in the bucket, a bucket key also for an algorithm of its own;
// only that of SSE-KMS can have one.
func (b *bucket) encryptionOf(asked encryption) (encryption, error) {
	rule := encryptionRule{Default: &defaultEncryption{SSEAlgorithm: algorithms[0]}}
	if len(b.Encryption.Rules) == 1 {
		rule.BucketKeyEnabled = b.Encryption.Rules[0].BucketKeyEnabled
		if d := b.Encryption.Rules[0].Default; d != nil {
			rule.Default = d
		}
	}
	switch {
	case asked.SSE != "" && !slices.Contains(algorithms, asked.SSE):
		return asked, invalidArgument("The encryption method specified is not supported")
	case asked.KeyID != "" && (asked.SSE == "" || asked.SSE == algorithms[0]):
		return asked, invalidArgument("Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	case asked.SSE == "":
		asked.SSE, asked.KeyID = rule.Default.SSEAlgorithm, rule.Default.KMSMasterKeyID
	}
	switch strings.ToLower(asked.BucketKey) {
	case "":
	case "true", "false":
		rule.BucketKeyEnabled = strings.EqualFold(asked.BucketKey, "true")
	default:
		return asked, invalidArgument("Value for x-amz-server-side-encryption-bucket-key-enabled header is invalid.")
	}
	asked.BucketKey = ""
	if rule.BucketKeyEnabled && asked.SSE == "aws:kms" {
		asked.BucketKey = "true"
	}
	return asked, nil
}

type putEncryptionInput struct {
	target
	Configuration *encryptionConfiguration `rest:"xml"`
}

type getEncryptionOutput struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ServerSideEncryptionConfiguration"`
	encryptionConfiguration
}

func (s *Service) putBucketEncryption(ctx context.Context, in *putEncryptionInput) (*wire.Nothing, error) {
	if in.Configuration == nil {
		in.Configuration = &encryptionConfiguration{}
	}
	if err := in.Configuration.check(); err != nil {
		return nil, err
	}
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.Encryption = *in.Configuration; return nil })
}

func (s *Service) getBucketEncryption(_ context.Context, in *bucketInput) (*getEncryptionOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	c := b.Encryption
	if len(c.Rules) == 0 {
		c.Rules = []encryptionRule{{Default: &defaultEncryption{SSEAlgorithm: algorithms[0]}}}
	}
	return &getEncryptionOutput{encryptionConfiguration: c}, nil
}

func (s *Service) deleteBucketEncryption(ctx context.Context, in *bucketInput) (*wire.Nothing, error) {
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.Encryption = encryptionConfiguration{}; return nil })
}

// Tags.

const (
	maxBucketTags = 50
	maxObjectTags = 10
)

type tagging struct {
	Tags []tag `xml:"TagSet>Tag"`
}

type taggingOutput struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ Tagging"`
	TagSet  struct {
		Tag []tag
	}
	VersionID string `rest:"header=x-amz-version-id" xml:"-"`
}

type putBucketTaggingInput struct {
	target
	Tagging *tagging `rest:"xml"`
}

func checkTags(tags []tag, most int) error {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || len(t.Key) > 512:
			return awserr.New("InvalidTag", http.StatusBadRequest, "The TagKey you have provided is invalid")
		case len(t.Value) > 1024:
			return awserr.New("InvalidTag", http.StatusBadRequest, "The TagValue you have provided is invalid")
		case seen[t.Key]:
			return awserr.New("InvalidTag", http.StatusBadRequest, "Cannot provide multiple Tags with the same key")
		}
		seen[t.Key] = true
	}
	if len(tags) > most {
		return awserr.New("BadRequest", http.StatusBadRequest, "%s", fmt.Sprintf("Object tags cannot be greater than %d", most))
	}
	return nil
}

func (t *tagging) checked(most int) ([]tag, error) {
	if t == nil {
		return nil, malformedXML()
	}
	return t.Tags, checkTags(t.Tags, most)
}

func (s *Service) putBucketTagging(ctx context.Context, in *putBucketTaggingInput) (*wire.Nothing, error) {
	tags, err := in.Tagging.checked(maxBucketTags)
	if err != nil {
		return nil, err
	}
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.Tags = tags; return nil })
}

func (s *Service) getBucketTagging(_ context.Context, in *bucketInput) (*taggingOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if len(b.Tags) == 0 {
		return nil, notConfigured("NoSuchTagSet", "The TagSet does not exist")
	}
	out := &taggingOutput{}
	out.TagSet.Tag = b.Tags
	return out, nil
}

func (s *Service) deleteBucketTagging(ctx context.Context, in *bucketInput) (*wire.Nothing, error) {
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.Tags = nil; return nil })
}

// Ownership: the account owns everything.

const ownerEnforced = "BucketOwnerEnforced"

type ownershipControls struct {
	Rules []struct{ ObjectOwnership string } `xml:"Rule"`
}

type putOwnershipInput struct {
	target
	Controls *ownershipControls `rest:"xml"`
}

type ownershipOutput struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ OwnershipControls"`
	ownershipControls
}

func (s *Service) putOwnershipControls(_ context.Context, in *putOwnershipInput) (*wire.Nothing, error) {
	if in.Controls == nil || len(in.Controls.Rules) != 1 {
		return nil, malformedXML()
	}
	if o := in.Controls.Rules[0].ObjectOwnership; o != ownerEnforced {
		return nil, unsupported("object ownership " + o + ": buckets have no access control lists")
	}
	return &wire.Nothing{}, nil
}

func (s *Service) getOwnershipControls(context.Context, *bucketInput) (*ownershipOutput, error) {
	out := &ownershipOutput{}
	out.Rules = []struct{ ObjectOwnership string }{{ownerEnforced}}
	return out, nil
}
