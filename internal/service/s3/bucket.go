package s3

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
)

// reserved is the bucket under whose name templates have local code.
const reserved = "hakone-artifacts"

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	ownPrefix  = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	ownSuffix  = []string{"-s3alias", "--ols-s3", ".mrap", "--x-s3", "--table-s3"}
)

// checkBucketName refuses what S3 refuses as the name of a new bucket.
func checkBucketName(name string) error {
	_, address := netip.ParseAddr(name)
	own := slices.ContainsFunc(ownPrefix, func(p string) bool { return strings.HasPrefix(name, p) }) ||
		slices.ContainsFunc(ownSuffix, func(p string) bool { return strings.HasSuffix(name, p) })
	switch {
	case !bucketName.MatchString(name), strings.Contains(name, ".."), address == nil, own:
		return awserr.New("InvalidBucketName", http.StatusBadRequest, "The specified bucket is not valid.")
	case name == reserved:
		return awserr.New("BucketAlreadyExists", http.StatusConflict, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.")
	}
	return nil
}

type createBucketInput struct {
	Bucket          string
	ACL             string `rest:"header=x-amz-acl"`
	ObjectOwnership string `rest:"header=x-amz-object-ownership"`
	Configuration   *struct {
		LocationConstraint string
		Tags               []tag `xml:"Tags>Tag"`
	} `rest:"xml"`
}

type createBucketOutput struct {
	Location string `rest:"header=Location"`
	ARN      string `rest:"header=X-Amz-Bucket-Arn"`
}

func (s *Service) createBucket(ctx context.Context, in *createBucketInput) (*createBucketOutput, error) {
	location, tags := "", []tag(nil)
	if in.Configuration != nil {
		location, tags = in.Configuration.LocationConstraint, in.Configuration.Tags
	}
	switch {
	case in.ObjectOwnership != "" && in.ObjectOwnership != ownerEnforced:
		return nil, unsupported("object ownership " + in.ObjectOwnership + ": buckets have no access control lists")
	case in.ACL != "" && in.ACL != "private":
		return nil, awserr.New("InvalidBucketAclWithObjectOwnership", http.StatusBadRequest, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
	case location == "" && s.cfg.Region != "us-east-1":
		return nil, awserr.New("IllegalLocationConstraintException", http.StatusBadRequest, "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case location != "" && location != s.cfg.Region:
		return nil, awserr.New("IllegalLocationConstraintException", http.StatusBadRequest, "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", location)
	}
	err := s.newBucket(ctx, &bucket{Name: in.Bucket, Tags: tags})
	var refusal *awserr.Error
	if errors.As(err, &refusal) && refusal.Code == codeOwned && s.cfg.Region == "us-east-1" {
		err = nil // as the oldest region does it
	}
	if err != nil {
		return nil, err
	}
	return &createBucketOutput{Location: "/" + in.Bucket, ARN: s.bucketARN(in.Bucket)}, nil
}

const codeOwned = "BucketAlreadyOwnedByYou"

// newBucket makes a bucket. Like S3 it is private unless b says otherwise.
func (s *Service) newBucket(ctx context.Context, b *bucket) error {
	if err := checkBucketName(b.Name); err != nil {
		return err
	}
	if err := checkTags(b.Tags, maxBucketTags); err != nil {
		return err
	}
	b.ID, b.Created = randomID(8), s.cfg.Now().UTC()
	if b.PublicAccess == nil {
		b.PublicAccess = &publicAccessBlock{true, true, true, true}
	}
	err := s.buckets.Create(ctx, b.Name, *b)
	if errors.Is(err, store.ErrExists) {
		return awserr.New(codeOwned, http.StatusConflict, "Your previous request to create the named bucket succeeded and you already own it.")
	}
	return err
}

func randomID(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

type bucketInput struct{ target }

func (s *Service) deleteBucket(ctx context.Context, in *bucketInput) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.removeBucket(ctx, in.Bucket)
}

// removeBucket deletes a bucket that is empty, and the uploads under way to it.
func (s *Service) removeBucket(ctx context.Context, name string) error {
	s.emptying.Lock()
	defer s.emptying.Unlock()
	var gone bucket
	err := s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		b, ok := s.buckets.In(tx).Get(name)
		if !ok {
			return noSuchBucket()
		}
		if s.objects(&b).Len() > 0 {
			message := "The bucket you tried to delete is not empty"
			if b.Versioning != "" {
				message += ". You must delete all versions in the bucket."
			}
			return awserr.New("BucketNotEmpty", http.StatusConflict, "%s", message)
		}
		gone = b
		return s.buckets.In(tx).Delete(name)
	})
	if err != nil {
		return err
	}
	for id := range s.pending(&gone).All() {
		if err := s.forgetUpload(ctx, &gone, id); err != nil {
			return err
		}
	}
	return nil
}

type headBucketOutput struct {
	Region string `rest:"header=X-Amz-Bucket-Region"`
	ARN    string `rest:"header=X-Amz-Bucket-Arn"`
}

func (s *Service) headBucket(_ context.Context, in *bucketInput) (*headBucketOutput, error) {
	return &headBucketOutput{Region: s.cfg.Region, ARN: s.bucketARN(in.Bucket)}, nil
}

type locationOutput struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
	Location string   `xml:",chardata"`
}

func (s *Service) getBucketLocation(context.Context, *bucketInput) (*locationOutput, error) {
	if s.cfg.Region == "us-east-1" {
		return &locationOutput{}, nil
	}
	return &locationOutput{Location: s.cfg.Region}, nil
}

type listBucketsInput struct {
	Prefix            string `rest:"query=prefix"`
	ContinuationToken string `rest:"query=continuation-token"`
	MaxBuckets        *int   `rest:"query=max-buckets"`
	BucketRegion      string `rest:"query=bucket-region"`
}

type bucketEntry struct {
	Name         string
	CreationDate string
	BucketRegion string `xml:",omitempty"`
	BucketArn    string
}

type listBucketsOutput struct {
	XMLName           xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
	Owner             owner
	Buckets           []bucketEntry `xml:"Buckets>Bucket"`
	ContinuationToken string        `xml:",omitempty"`
	Prefix            string        `xml:",omitempty"`
}

func (s *Service) listBuckets(_ context.Context, in *listBucketsInput) (*listBucketsOutput, error) {
	most := 10000
	if in.MaxBuckets != nil {
		if most = *in.MaxBuckets; most < 1 || most > 10000 {
			return nil, invalidArgument("Argument max-buckets must be an integer between 1 and 10000")
		}
	}
	out := &listBucketsOutput{Owner: s.owner, Prefix: in.Prefix}
	for name, b := range s.buckets.All() {
		if !strings.HasPrefix(name, in.Prefix) || name <= in.ContinuationToken || cmp.Or(in.BucketRegion, s.cfg.Region) != s.cfg.Region {
			continue
		}
		if len(out.Buckets) == most {
			out.ContinuationToken = out.Buckets[most-1].Name
			break
		}
		out.Buckets = append(out.Buckets, bucketEntry{Name: name, CreationDate: stamp(b.Created), BucketRegion: s.cfg.Region, BucketArn: s.bucketARN(name)})
	}
	return out, nil
}
