package s3

import (
	"context"
	"errors"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// Types returns the CloudFormation resource types that S3 serves.
func (s *Service) Types() []stack.Type {
	return []stack.Type{
		{
			Name: "AWS::S3::Bucket", Level: stack.Real, Handler: bucketType{s}, Properties: bucketProperties{}, Replace: []string{"BucketName"},
			Attributes:   []string{"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"},
			NameProperty: "BucketName", MaxName: 63, LowerName: true,
		},
		{
			Name: "AWS::S3::BucketPolicy", Level: stack.Real, Handler: policyType{s}, Properties: policyProperties{}, Replace: []string{"Bucket"}, Attributes: []string{},
			Required: []string{"Bucket", "PolicyDocument"},
		},
	}
}

type bucketType struct{ s *Service }

// bucketProperties are those that are honoured: any other is refused by name.
type bucketProperties struct {
	BucketName              string
	AccessControl           string
	VersioningConfiguration *struct {
		Status string `required:"true" oneof:"Enabled,Suspended"`
	}
	BucketEncryption               *encryptionProperties
	PublicAccessBlockConfiguration *publicAccessBlock
	Tags                           []tag
	LifecycleConfiguration         *struct {
		Rules                              []lifecycleProperties `required:"true"`
		TransitionDefaultMinimumObjectSize string                // of transitions
	}
	OwnershipControls *struct {
		Rules []struct{ ObjectOwnership string }
	}
	CorsConfiguration *struct{ CorsRules []corsProperties }
}

type encryptionProperties struct {
	ServerSideEncryptionConfiguration []struct {
		ServerSideEncryptionByDefault *defaultEncryption
		BucketKeyEnabled              bool
	}
}

type lifecycleProperties struct {
	ID                                string `json:"Id"`
	Prefix                            *string
	Status                            string `required:"true"`
	ExpirationInDays                  *int
	ExpirationDate                    string
	ExpiredObjectDeleteMarker         bool
	NoncurrentVersionExpirationInDays *int
	NoncurrentVersionExpiration       *noncurrentExpiration
	AbortIncompleteMultipartUpload    *abortIncomplete
	TagFilters                        []tag
	ObjectSizeGreaterThan             *int64
	ObjectSizeLessThan                *int64
}

type corsProperties struct {
	ID             string `json:"Id"`
	AllowedHeaders []string
	AllowedMethods []string
	AllowedOrigins []string
	ExposedHeaders []string
	MaxAge         *int
}

// apply configures b as the properties say; what they do not say is as in a new
// bucket.
func (p *bucketProperties) apply(b *bucket) error {
	if p.AccessControl != "" && p.AccessControl != "Private" {
		return unsupported("AccessControl " + p.AccessControl + ": buckets have no access control lists")
	}
	if p.OwnershipControls != nil {
		for _, r := range p.OwnershipControls.Rules {
			if r.ObjectOwnership != ownerEnforced {
				return unsupported("ObjectOwnership " + r.ObjectOwnership + ": buckets have no access control lists")
			}
		}
	}
	if p.VersioningConfiguration != nil {
		b.Versioning = p.VersioningConfiguration.Status
	} else if b.Versioning != "" {
		b.Versioning = suspended
	}
	b.Tags, b.PublicAccess = p.Tags, &publicAccessBlock{true, true, true, true}
	if p.PublicAccessBlockConfiguration != nil {
		b.PublicAccess = p.PublicAccessBlockConfiguration
	}
	b.Encryption, b.Lifecycle, b.CORS = encryptionConfiguration{}, nil, nil
	if p.BucketEncryption != nil {
		for _, r := range p.BucketEncryption.ServerSideEncryptionConfiguration {
			b.Encryption.Rules = append(b.Encryption.Rules, encryptionRule{r.ServerSideEncryptionByDefault, r.BucketKeyEnabled})
		}
		if err := b.Encryption.check(); err != nil {
			return err
		}
	}
	if p.LifecycleConfiguration != nil {
		b.Lifecycle = &lifecycleConfiguration{}
		for i := range p.LifecycleConfiguration.Rules {
			r, err := p.LifecycleConfiguration.Rules[i].rule()
			if err != nil {
				return err
			}
			b.Lifecycle.Rules = append(b.Lifecycle.Rules, r)
		}
		if err := b.Lifecycle.check(); err != nil {
			return err
		}
	}
	if p.CorsConfiguration != nil {
		b.CORS = &corsConfiguration{}
		for _, r := range p.CorsConfiguration.CorsRules {
			b.CORS.Rules = append(b.CORS.Rules, corsRule{r.ID, r.AllowedHeaders, r.AllowedMethods, r.AllowedOrigins, r.ExposedHeaders, r.MaxAge})
		}
		if err := b.CORS.check(); err != nil {
			return err
		}
	}
	return checkTags(b.Tags, maxBucketTags)
}

func (p *lifecycleProperties) rule() (lifecycleRule, error) {
	r := lifecycleRule{
		ID: p.ID, Status: p.Status, NoncurrentVersionExpiration: p.NoncurrentVersionExpiration, AbortIncompleteMultipartUpload: p.AbortIncompleteMultipartUpload,
		Filter: &lifecycleFilter{And: &lifecycleAnd{Tags: p.TagFilters, ObjectSizeGreaterThan: p.ObjectSizeGreaterThan, ObjectSizeLessThan: p.ObjectSizeLessThan}},
	}
	if p.Prefix != nil {
		r.Filter.And.Prefix = *p.Prefix
	}
	if p.ExpirationInDays != nil || p.ExpirationDate != "" || p.ExpiredObjectDeleteMarker {
		r.Expiration = &expiration{Date: p.ExpirationDate, ExpiredObjectDeleteMarker: p.ExpiredObjectDeleteMarker}
	}
	if days := p.ExpirationInDays; days != nil {
		if *days < 1 {
			return r, invalidArgument("ExpirationInDays must be a positive integer")
		}
		r.Expiration.Days = *days
	}
	if days := p.NoncurrentVersionExpirationInDays; days != nil {
		if r.NoncurrentVersionExpiration != nil {
			return r, invalidRequest("NoncurrentVersionExpirationInDays cannot be specified with NoncurrentVersionExpiration")
		}
		r.NoncurrentVersionExpiration = &noncurrentExpiration{NoncurrentDays: *days}
	}
	return r, nil
}

func (t bucketType) result(name string) stack.Result {
	domain := name + ".s3."
	return stack.Result{PhysicalID: name, Attributes: map[string]string{
		"Arn": t.s.bucketARN(name), "DomainName": domain + "amazonaws.com", "RegionalDomainName": domain + t.s.cfg.Region + ".amazonaws.com",
		"DualStackDomainName": domain + "dualstack." + t.s.cfg.Region + ".amazonaws.com",
		"WebsiteURL":          "http://" + name + ".s3-website-" + t.s.cfg.Region + ".amazonaws.com",
	}}
}

// Create implements [stack.Handler].
func (t bucketType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p bucketProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	b := bucket{Name: p.BucketName}
	if b.Name == "" {
		b.Name = r.ProposedName
	}
	if err := p.apply(&b); err != nil {
		return stack.Result{}, err
	}
	err := t.s.newBucket(ctx, &b)
	var refusal *awserr.Error
	if errors.As(err, &refusal) && refusal.Code == codeOwned {
		err = awserr.New("AlreadyExists", 409, "%s already exists", b.Name)
	}
	return t.result(b.Name), err
}

// Update implements [stack.Handler].
func (t bucketType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	var p bucketProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	return t.result(r.PhysicalID), t.s.buckets.Update(ctx, r.PhysicalID, p.apply)
}

// Delete implements [stack.Handler]. A bucket that is not empty stays.
func (t bucketType) Delete(ctx context.Context, r *stack.Request) error {
	return gone(t.s.removeBucket(ctx, r.PhysicalID))
}

// gone turns the refusal of a bucket that is not there into success.
func gone(err error) error {
	var refusal *awserr.Error
	if errors.As(err, &refusal) && refusal.Code == "NoSuchBucket" {
		return nil
	}
	return err
}

type policyType struct{ s *Service }

type policyProperties struct {
	Bucket         string
	PolicyDocument *template.Node
}

func (t policyType) put(ctx context.Context, n *template.Node) (stack.Result, error) {
	var p policyProperties
	if err := n.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if _, err := t.s.bucket(p.Bucket); err != nil {
		return stack.Result{}, err
	}
	text := p.PolicyDocument.Str()
	if !p.PolicyDocument.IsScalar() {
		text = string(p.PolicyDocument.JSON(""))
	}
	return stack.Result{PhysicalID: p.Bucket}, t.s.setPolicy(ctx, p.Bucket, text)
}

// Create implements [stack.Handler].
func (t policyType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	return t.put(ctx, r.Properties)
}

// Update implements [stack.Handler].
func (t policyType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	return t.put(ctx, r.Properties)
}

// Delete implements [stack.Handler].
func (t policyType) Delete(ctx context.Context, r *stack.Request) error {
	err := t.s.buckets.Update(ctx, r.PhysicalID, func(b *bucket) error { b.Policy = ""; return nil })
	if !t.s.HasBucket(r.PhysicalID) {
		return nil
	}
	return err
}
