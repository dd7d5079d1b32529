package s3

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

const maxPolicy = 20 << 10

type putPolicyInput struct {
	target
	RemoveSelf string `rest:"header=x-amz-confirm-remove-self-bucket-access"`
	Policy     string `rest:"text"`
}

type policyOutput struct {
	Policy      string `rest:"text"`
	ContentType string `rest:"header=Content-Type"`
}

func (s *Service) putBucketPolicy(ctx context.Context, in *putPolicyInput) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.setPolicy(ctx, in.Bucket, in.Policy)
}

func (s *Service) setPolicy(ctx context.Context, name, text string) error {
	if len(text) > maxPolicy {
		return awserr.New("PolicyTooLarge", http.StatusBadRequest, "Policy exceeds the maximum allowed document size.")
	}
	_, err := policy.Parse(policy.Resource, []byte(text))
	if malformed, ok := errors.AsType[*policy.MalformedError](err); ok {
		return &awserr.Error{Code: "MalformedPolicy", Status: http.StatusBadRequest, Message: malformed.Message, Err: err}
	}
	if err != nil {
		return err
	}
	if !within(text, s.bucketARN(name)) {
		return awserr.New("MalformedPolicy", http.StatusBadRequest, "Policy has invalid resource")
	}
	_, err = s.configure(ctx, name, func(b *bucket) error {
		if b.PublicAccess != nil && b.PublicAccess.BlockPublicPolicy && isPublic(text) {
			return accessDenied("Public policies are blocked by the BlockPublicPolicy block public access setting of the bucket %s", name)
		}
		b.Policy = text
		return nil
	})
	return err
}

func (s *Service) getBucketPolicy(_ context.Context, in *bucketInput) (*policyOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if b.Policy == "" {
		return nil, notConfigured("NoSuchBucketPolicy", "The bucket policy does not exist")
	}
	return &policyOutput{b.Policy, "application/json"}, nil
}

func (s *Service) deleteBucketPolicy(ctx context.Context, in *bucketInput) (*wire.Nothing, error) {
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.Policy = ""; return nil })
}

type policyStatusOutput struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ PolicyStatus"`
	IsPublic bool
}

func (s *Service) getBucketPolicyStatus(_ context.Context, in *bucketInput) (*policyStatusOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if b.Policy == "" {
		return nil, notConfigured("NoSuchBucketPolicy", "The bucket policy does not exist")
	}
	return &policyStatusOutput{IsPublic: isPublic(b.Policy)}, nil
}

// A statement is as much of a policy's statement as tells how far it reaches.
type statement struct {
	Effect                  string
	Principal, NotPrincipal any
	Resource, NotResource   oneOrMore
	Condition               map[string]map[string]any
}

// oneOrMore reads a text or a list of texts.
type oneOrMore []string

// UnmarshalJSON implements [json.Unmarshaler].
func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

func statements(text string) []statement {
	var many struct{ Statement []statement }
	if json.Unmarshal([]byte(text), &many) == nil {
		return many.Statement
	}
	var one struct{ Statement statement }
	if json.Unmarshal([]byte(text), &one) == nil {
		return []statement{one.Statement}
	}
	return nil
}

// within reports whether all resources of a policy are the bucket or in it.
func within(text, bucketARN string) bool {
	for _, st := range statements(text) {
		for _, r := range slices.Concat(st.Resource, st.NotResource) {
			if r != bucketARN && r != "*" && !strings.HasPrefix(r, bucketARN+"/") && !strings.HasPrefix(r, bucketARN+"*") {
				return false
			}
		}
	}
	return true
}

// narrowing are the condition keys that keep a policy for everybody from being
// public, if they have fixed values (AWS: "The meaning of public").
var narrowing = []string{
	"aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:principalorgid",
	"aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "aws:userid", "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
}

// isPublic reports whether a policy allows something to everybody.
func isPublic(text string) bool {
	return slices.ContainsFunc(statements(text), func(st statement) bool {
		return st.Effect == "Allow" && (st.NotPrincipal != nil || everybody(st.Principal)) && !st.narrowed()
	})
}

func everybody(principal any) bool {
	switch p := principal.(type) {
	case string:
		return p == "*"
	case []any:
		return slices.ContainsFunc(p, everybody)
	case map[string]any:
		return everybody(p["AWS"]) || everybody(p["CanonicalUser"])
	}
	return false
}

func (st *statement) narrowed() bool {
	for operator, keys := range st.Condition {
		if strings.Contains(operator, "Not") || strings.HasSuffix(operator, "IfExists") || strings.HasPrefix(operator, "Null") {
			continue
		}
		for key, value := range keys {
			if slices.Contains(narrowing, strings.ToLower(key)) && fixed(value) {
				return true
			}
		}
	}
	return false
}

// fixed reports whether a condition's values leave nothing open.
func fixed(value any) bool {
	switch v := value.(type) {
	case string:
		return !strings.ContainsAny(v, "*?$") && v != "0.0.0.0/0" && v != "::/0"
	case []any:
		return len(v) > 0 && !slices.ContainsFunc(v, func(one any) bool { return !fixed(one) })
	}
	return false
}

// Public access.

type publicAccessBlock struct {
	BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool
}

type putPublicAccessInput struct {
	target
	Configuration *publicAccessBlock `rest:"xml"`
}

type publicAccessOutput struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ PublicAccessBlockConfiguration"`
	publicAccessBlock
}

func (s *Service) putPublicAccessBlock(ctx context.Context, in *putPublicAccessInput) (*wire.Nothing, error) {
	if in.Configuration == nil {
		in.Configuration = &publicAccessBlock{}
	}
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.PublicAccess = in.Configuration; return nil })
}

func (s *Service) getPublicAccessBlock(_ context.Context, in *bucketInput) (*publicAccessOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if b.PublicAccess == nil {
		return nil, notConfigured("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
	}
	return &publicAccessOutput{publicAccessBlock: *b.PublicAccess}, nil
}

func (s *Service) deletePublicAccessBlock(ctx context.Context, in *bucketInput) (*wire.Nothing, error) {
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.PublicAccess = nil; return nil })
}
