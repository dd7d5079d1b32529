package s3

import (
	"context"
	"maps"
	"net/http"
	"sync"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

// An ask is what a caller must be allowed.
type ask struct{ action, resource string }

// A target is embedded in every input that is about a bucket.
type target struct {
	Bucket              string
	ExpectedBucketOwner string `rest:"header=x-amz-expected-bucket-owner"`
	RequestPayer        string `rest:"header=x-amz-request-payer"` // the account pays for nothing here
}

func (t *target) at() *target { return t }

// op returns the operation that run performs once its caller is allowed what asks
// names: by the caller's policies, or that of the bucket. The bucket must exist.
func op[I, O any](s *Service, name string, asks func(*I) []ask, run func(context.Context, *I) (*O, error)) wire.Operation {
	return wire.Op(name, func(ctx context.Context, in *I) (*O, error) {
		if t, ok := any(in).(interface{ at() *target }); ok {
			b, err := s.bucket(t.at().Bucket)
			if err != nil {
				return nil, err
			}
			if want := t.at().ExpectedBucketOwner; want != "" && want != s.cfg.Account {
				return nil, accessDenied("Access Denied")
			}
			if err := s.authorize(ctx, b, keysOf(in), asks(in)...); err != nil {
				return nil, err
			}
		} else if err := s.authorize(ctx, nil, keysOf(in), asks(in)...); err != nil {
			return nil, err
		}
		return run(ctx, in)
	}, nil).As(wire.ByOperation)
}

// keysOf returns the condition keys of an input that has some.
func keysOf(in any) policy.Map {
	if k, ok := in.(interface{ keys() policy.Map }); ok {
		return k.keys()
	}
	return nil
}

// set adds a condition key that has a value.
func set(keys policy.Map, name, value string) {
	if value != "" {
		keys[name] = policy.One(value)
	}
}

// authorize refuses a caller who is not allowed all that is asked; b is nil where
// there is no bucket.
func (s *Service) authorize(ctx context.Context, b *bucket, keys policy.Map, asks ...ask) error {
	caller, _ := access.From(ctx)
	for _, a := range asks {
		if d := s.decide(ctx, b, keys, a); !d.Allowed() {
			if caller.Kind == policy.Anonymous {
				return accessDenied("Access Denied")
			}
			return access.Denied("AccessDenied", caller, a.action, `"`+a.resource+`"`, d)
		}
	}
	return nil
}

// may reports whether the caller is allowed something on a bucket.
func (s *Service) may(ctx context.Context, b *bucket, a ask) bool {
	return s.decide(ctx, b, nil, a).Allowed()
}

func (s *Service) decide(ctx context.Context, b *bucket, keys policy.Map, a ask) policy.Decision {
	caller, known := access.From(ctx)
	facts := *known
	facts.Keys = policy.Map{}
	maps.Copy(facts.Keys, keys)
	var resource *policy.Policy
	if b != nil {
		set(facts.Keys, "s3:resourceaccount", s.cfg.Account)
		facts.ResourceTag = tagMap(b.Tags)
		own := s.policies.of(b)
		resource = own.policy
		if own.public && b.PublicAccess != nil && b.PublicAccess.RestrictPublicBuckets &&
			caller.AccountID != s.cfg.Account && caller.Kind != policy.ServicePrincipal {
			resource = nil
		}
	}
	return access.Authorize(caller, &facts, a.action, a.resource, s.cfg.Account, resource)
}

func accessDenied(format string, args ...any) error {
	return awserr.New("AccessDenied", http.StatusForbidden, format, args...)
}

// policies are the compiled policies of buckets, by their ids.
type policies struct {
	mu       sync.Mutex
	compiled map[string]compiled
}

type compiled struct {
	text   string
	policy *policy.Policy
	public bool
}

// denyAll stands in for a policy that cannot be read any more.
const denyAll = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}`

// of returns the policy of a bucket; there is none in it if the bucket has none.
func (p *policies) of(b *bucket) compiled {
	if b.Policy == "" {
		return compiled{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.compiled[b.ID]; ok && c.text == b.Policy {
		return c
	}
	d, err := policy.Load(policy.Resource, []byte(b.Policy))
	if err != nil {
		d, _ = policy.Load(policy.Resource, []byte(denyAll)) // a constant
	}
	if p.compiled == nil || len(p.compiled) >= 1000 {
		p.compiled = map[string]compiled{}
	}
	c := compiled{b.Policy, policy.New("bucket policy of "+b.Name, "", d), isPublic(b.Policy)}
	p.compiled[b.ID] = c
	return c
}

func tagMap(tags []tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}
