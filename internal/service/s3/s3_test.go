package s3

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/policy"
)

// A bench is a service whose time a test sets.
type bench struct {
	*Service
	t   *testing.T
	mu  sync.Mutex
	now time.Time
}

func start(t *testing.T) *bench {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	st, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	contents, err := blob.OpenPool(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, now: time.Date(2031, 3, 9, 12, 0, 0, 0, time.UTC)}
	b.Service = New(Config{Store: st, Contents: contents, Account: "123456789012", Region: "eu-west-1", Now: func() time.Time {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.now
	}})
	return b
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// as is the context of a caller who may do what a statement says.
func as(t *testing.T, statement string) context.Context {
	t.Helper()
	d, err := policy.Parse(policy.Identity, []byte(`{"Version":"2012-10-17","Statement":`+statement+`}`))
	if err != nil {
		t.Fatal(err)
	}
	c := &access.Caller{Kind: policy.User, AccountID: "123456789012", ARN: "arn:aws:iam::123456789012:user/u", Policies: policy.Set{Identity: []*policy.Policy{policy.New("p", "", d)}}}
	return access.With(t.Context(), c, &access.RequestFacts{})
}

const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`

func (b *bench) put(bucketName, key, content string) {
	b.t.Helper()
	if err := b.Write(as(b.t, all), bucketName, key, "text/x", []byte(content)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) keys(bucketName string) string {
	b.t.Helper()
	made, err := b.bucket(bucketName)
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for key, o := range b.objects(made).All() {
		for i := range o.Versions {
			if o.Versions[i].DeleteMarker {
				key += "!"
			}
		}
		out = append(out, fmt.Sprintf("%s%d", key, len(o.Versions)))
	}
	return strings.Join(out, " ")
}

func TestOtherServicesReadAndWrite(t *testing.T) {
	b := start(t)
	if err := b.newBucket(t.Context(), &bucket{Name: "box"}); err != nil {
		t.Fatal(err)
	}
	b.put("box", "dir/k", "content")
	for _, address := range []string{
		"s3://box/dir/k", "https://s3.eu-west-1.amazonaws.com/box/dir/k", "https://box.s3.eu-west-1.amazonaws.com/dir/k", "http://127.0.0.1:4566/box/dir/k",
		"https://s3.amazonaws.com/box/dir%2Fk", "https://box.s3.amazonaws.com/dir/k?versionId=null",
	} {
		if got, err := b.ReadURL(t.Context(), address, 100); string(got) != "content" {
			t.Errorf("ReadURL(%s) = %q, %v", address, got, err)
		}
	}
	reader := as(t, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::box/dir/*"}`)
	if got, err := b.Read(reader, "box", "dir/k", "", 100); string(got) != "content" {
		t.Errorf("Read = %q, %v", got, err)
	}
	code := func(err error) string {
		var refusal *awserr.Error
		errors.As(err, &refusal)
		if refusal == nil {
			return ""
		}
		return refusal.Code
	}
	for name, tt := range map[string]struct {
		read func() error
		want string
	}{
		"who may not":     {func() error { _, err := b.Read(reader, "box", "k", "", 100); return err }, "AccessDenied"},
		"what is too big": {func() error { _, err := b.Read(reader, "box", "dir/k", "", 3); return err }, "EntityTooLarge"},
		"no key":          {func() error { _, err := b.Read(t.Context(), "box", "none", "", 3); return err }, "NoSuchKey"},
		"no bucket":       {func() error { _, err := b.Read(t.Context(), "none", "none", "", 3); return err }, "NoSuchBucket"},
		"no S3 address":   {func() error { _, err := b.ReadURL(t.Context(), "ftp://box/k", 3); return err }, "ValidationError"},
		"a host alone":    {func() error { _, err := b.ReadURL(t.Context(), "https://example.com/t", 3); return err }, "ValidationError"},
		"a write":         {func() error { return b.Write(reader, "box", "dir/k", "", nil) }, "AccessDenied"},
		"nobody's write":  {func() error { return b.Write(t.Context(), "box", "dir/k", "", nil) }, "AccessDenied"},
	} {
		if got := code(tt.read()); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestLifecycle(t *testing.T) {
	b := start(t)
	days := func(n int) *expiration { return &expiration{Days: n} }
	prefix := func(p string) *lifecycleFilter { return &lifecycleFilter{Prefix: &p} }
	large := int64(5)
	rules := &lifecycleConfiguration{Rules: []lifecycleRule{
		{Status: enabled, Filter: prefix("short/"), Expiration: days(1)},
		{Status: disabled, Filter: prefix("kept/"), Expiration: days(1)},
		{Status: enabled, Filter: &lifecycleFilter{And: &lifecycleAnd{Prefix: "large/", ObjectSizeGreaterThan: &large}}, Expiration: days(1)},
		{Status: enabled, Filter: prefix("dated/"), Expiration: &expiration{Date: "2031-03-11T00:00:00Z"}},
		{Status: enabled, Filter: prefix("versions/"), NoncurrentVersionExpiration: &noncurrentExpiration{NoncurrentDays: 2, NewerNoncurrentVersions: 1}},
		{Status: enabled, Filter: prefix("marked/"), NoncurrentVersionExpiration: &noncurrentExpiration{NoncurrentDays: 1}, Expiration: &expiration{ExpiredObjectDeleteMarker: true}},
		{Status: enabled, Filter: &lifecycleFilter{}, AbortIncompleteMultipartUpload: &abortIncomplete{1}},
	}}
	if err := rules.check(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain", "versioned"} {
		made := &bucket{Name: name, Lifecycle: rules}
		if name == "versioned" {
			made.Versioning = enabled
		}
		if err := b.newBucket(t.Context(), made); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"short/a", "kept/a", "dated/a", "other"} {
		b.put("plain", key, "x")
	}
	b.put("plain", "large/small", "12345")
	b.put("plain", "large/large", "123456")
	for range 4 {
		b.put("versioned", "versions/k", "x")
	}
	b.put("versioned", "short/k", "x")
	b.put("versioned", "marked/k", "x")
	if _, err := b.remove(t.Context(), "versioned", "marked/k", "", ""); err != nil {
		t.Fatal(err)
	}
	made, err := b.bucket("plain")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.createMultipartUpload(t.Context(), &createUploadInput{target: target{Bucket: "plain"}, Key: "u"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after            time.Duration
		plain, versioned string
		uploads          int
	}{
		{0, "dated/a1 kept/a1 large/large1 large/small1 other1 short/a1", "marked/k!2 short/k1 versions/k4", 1},
		{35 * time.Hour, "dated/a1 kept/a1 large/large1 large/small1 other1 short/a1", "marked/k!2 short/k1 versions/k4", 1},
		{time.Hour, "kept/a1 large/small1 other1", "marked/k!1 short/k!2 versions/k4", 0}, // the second midnight
		{24 * time.Hour, "kept/a1 large/small1 other1", "short/k!2 versions/k2", 0},
	} {
		b.pass(tt.after)
		if err := b.expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if plain, versioned := b.keys("plain"), b.keys("versioned"); plain != tt.plain || versioned != tt.versioned || b.pending(made).Len() != tt.uploads {
			t.Errorf("%s: %q, %q, %d uploads; want %q, %q, %d", b.now, plain, versioned, b.pending(made).Len(), tt.plain, tt.versioned, tt.uploads)
		}
	}
}

// Whatever is put, copied and read while room is given back stays whole.
func TestSweepBesideWriters(t *testing.T) {
	b := start(t)
	if err := b.newBucket(t.Context(), &bucket{Name: "box"}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writers, sweeper sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			for i := range 25 {
				key, content := fmt.Sprint("k", w), fmt.Sprint("content ", i%2) // that others have, too
				if err := b.Write(as(t, all), "box", key, "", []byte(content)); err != nil {
					t.Error(err)
				}
				if got, err := b.Read(t.Context(), "box", key, "", 100); string(got) != content {
					t.Errorf("Read = %q, %v, want %q", got, err, content)
				}
				if _, err := b.remove(t.Context(), "box", key, "", ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sweeper.Go(func() {
		for ctx.Err() == nil {
			if _, err := b.Sweep(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	writers.Wait()
	stop()
	sweeper.Wait()
	if _, err := b.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestIsPublic(t *testing.T) {
	for _, tt := range []struct {
		name, statement string
		want            bool
	}{
		{"everybody", `{"Effect":"Allow","Principal":"*"}`, true},
		{"everybody, spelt out", `{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::1:root","*"]}}`, true},
		{"somebody", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"}}`, false},
		{"a service", `{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}`, false},
		{"a Deny", `{"Effect":"Deny","Principal":"*"}`, false},
		{"all but somebody", `{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::1:root"}}`, true},
		{"an address", `{"Effect":"Allow","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}`, false},
		{"all addresses", `{"Effect":"Allow","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}`, true},
		{"an account", `{"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:SourceAccount":"1"}}}`, false},
		{"accounts like", `{"Effect":"Allow","Principal":"*","Condition":{"StringLike":{"aws:SourceAccount":"*"}}}`, true},
		{"another condition", `{"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:UserAgent":"x"}}}`, true},
		{"not an address", `{"Effect":"Allow","Principal":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}`, true},
	} {
		for _, text := range []string{`{"Statement":` + tt.statement + `}`, `{"Statement":[` + tt.statement + `]}`} {
			if got := isPublic(text); got != tt.want {
				t.Errorf("%s: isPublic(%s) = %v", tt.name, text, got)
			}
		}
	}
}

func properties(t *testing.T, text string) *template.Node {
	t.Helper()
	n, _, err := template.ParseValue("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBucketType(t *testing.T) {
	b := start(t)
	types := b.Types()
	if !slices.ContainsFunc(types, func(typ stack.Type) bool { return typ.Name == "AWS::S3::Bucket" && typ.LowerName && typ.MaxName == 63 }) {
		t.Fatal("generated names do not fit buckets")
	}
	h, ctx := bucketType{b.Service}, t.Context()
	r := &stack.Request{ProposedName: "stack-logical-abc", Properties: properties(t, `
VersioningConfiguration: {Status: Enabled}
AccessControl: Private
OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}
BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: aws:kms}}]}
PublicAccessBlockConfiguration: {BlockPublicAcls: true}
LifecycleConfiguration: {Rules: [{Id: Old, Status: Enabled, NoncurrentVersionExpiration: {NoncurrentDays: 30}}, {Id: Uploads, Status: Enabled, AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}}]}
CorsConfiguration: {CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ['*'], ExposedHeaders: [ETag], MaxAge: 3}]}
Tags: [{Key: a, Value: b}]`)}
	made, err := h.Create(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	for attribute, want := range map[string]string{
		"Arn": "arn:aws:s3:::stack-logical-abc", "DomainName": "stack-logical-abc.s3.amazonaws.com", "RegionalDomainName": "stack-logical-abc.s3.eu-west-1.amazonaws.com",
	} {
		if made.Attributes[attribute] != want {
			t.Errorf("%s = %s, want %s", attribute, made.Attributes[attribute], want)
		}
	}
	have, err := b.bucket(made.PhysicalID)
	if err != nil || have.Versioning != enabled || len(have.Lifecycle.Rules) != 2 || *have.CORS.Rules[0].MaxAgeSeconds != 3 || !have.PublicAccess.BlockPublicAcls || have.PublicAccess.BlockPublicPolicy {
		t.Errorf("bucket = %+v, %v", have, err)
	}
	if _, err := h.Create(ctx, r); err == nil || !strings.Contains(err.Error(), "stack-logical-abc already exists") {
		t.Errorf("Create again = %v", err)
	}
	r.PhysicalID, r.Properties = made.PhysicalID, properties(t, "{}")
	if _, err := h.Update(ctx, r, nil); err != nil {
		t.Fatal(err)
	}
	if have, err = b.bucket(made.PhysicalID); err != nil || have.Versioning != suspended || have.Lifecycle != nil || !have.PublicAccess.BlockPublicPolicy || len(have.Tags) != 0 {
		t.Errorf("updated bucket = %+v, %v", have, err)
	}
	b.put(made.PhysicalID, "k", "x")
	if err := h.Delete(ctx, r); err == nil || !strings.Contains(err.Error(), "The bucket you tried to delete is not empty") {
		t.Errorf("Delete of a bucket with an object = %v", err)
	}
	if _, err := b.remove(ctx, made.PhysicalID, "k", nullVersion, ""); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.Delete(ctx, r); err != nil {
			t.Errorf("Delete = %v", err)
		}
	}
	for property, want := range map[string]string{
		"AccessControl: PublicRead": "AccessControl PublicRead", "WebsiteConfiguration: {IndexDocument: x}": "WebsiteConfiguration",
		"LifecycleConfiguration: {Rules: [{Status: Enabled, Transitions: []}]}": "Transitions", "ReplicationConfiguration: {}": "ReplicationConfiguration",
	} {
		r.Properties = properties(t, property)
		if _, err := h.Create(ctx, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a refusal that names %s", property, err, want)
		}
	}
}

func TestBucketPolicyType(t *testing.T) {
	b := start(t)
	if err := b.newBucket(t.Context(), &bucket{Name: "box"}); err != nil {
		t.Fatal(err)
	}
	h, ctx := policyType{b.Service}, t.Context()
	const document = `{Version: "2012-10-17", Statement: [{Effect: Deny, Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::box/*", Condition: {Bool: {"aws:SecureTransport": "false"}}}]}`
	r := &stack.Request{Properties: properties(t, "Bucket: box\nPolicyDocument: "+document)}
	made, err := h.Create(ctx, r)
	if err != nil || made.PhysicalID != "box" {
		t.Fatalf("Create = %+v, %v", made, err)
	}
	if _, err := b.Read(as(t, all), "box", "k", "", 1); err == nil || !strings.Contains(err.Error(), "explicit deny") {
		t.Errorf("Read without TLS = %v", err)
	}
	r.PhysicalID = "box"
	for range 2 {
		if err := h.Delete(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if have, _ := b.bucket("box"); have.Policy != "" {
		t.Errorf("policy = %s", have.Policy)
	}
	r.Properties = properties(t, "Bucket: none\nPolicyDocument: "+document)
	if _, err := h.Create(ctx, r); err == nil || !strings.Contains(err.Error(), "The specified bucket does not exist") {
		t.Errorf("Create without a bucket = %v", err)
	}
	r.PhysicalID = "none"
	if err := h.Delete(ctx, r); err != nil {
		t.Errorf("Delete without a bucket = %v", err)
	}
}
