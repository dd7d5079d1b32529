package access

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/policy"
)

// RequestFacts is what a front door knows of a request beside its caller. A
// field left zero makes its condition keys absent, which is a value too.
type RequestFacts struct {
	SourceIP  netip.Addr // never taken from a header, unless a trusted proxy wrote it
	Secure    bool       // over TLS
	Time      time.Time  // when the request came; zero means no time keys
	Region    string
	OrgID     string // of the organization that the account is in, "" for none
	UserAgent string
	Referer   string

	// Of private endpoints only.
	VPCSourceIP           netip.Addr
	SourceVPC, SourceVPCE string

	// Of calls that a service makes for a resource of its own.
	SourceARN, SourceAccount string

	Tags        map[string]string // aws:RequestTag/K and aws:TagKeys; nil when the operation takes none
	ResourceTag map[string]string // aws:ResourceTag/K, where the service supports it

	// Keys holds the service's own condition keys, such as "sts:externalid", in
	// lower case.
	Keys policy.Map
}

// conditions are the condition keys of one request. It answers what is asked
// instead of building a map: most policies ask for nothing.
type conditions struct {
	caller          *Caller
	facts           *RequestFacts
	resourceAccount string

	// The text of the last address and second that were asked for: the next
	// request often has the same.
	address     netip.Addr
	addressText string
	second      int64
	secondText  string
}

// sourceIP is aws:SourceIp.
func (c *conditions) sourceIP() (policy.Value, bool) {
	a := c.facts.SourceIP
	if a != c.address || c.addressText == "" {
		v, ok := address(a)
		if !ok {
			return v, false
		}
		c.address = a
		c.addressText, _ = v.Single()
	}
	return policy.One(c.addressText), true
}

// currentTime is aws:CurrentTime.
func (c *conditions) currentTime() (policy.Value, bool) {
	t := c.facts.Time
	if t.IsZero() {
		return policy.Value{}, false
	}
	if second := t.Unix(); second != c.second || c.secondText == "" {
		c.second, c.secondText = second, t.UTC().Format(time.RFC3339)
	}
	return policy.One(c.secondText), true
}

// Value implements [policy.Context]. The table is that of "AWS global condition
// context keys"; a key is present only when AWS would set it.
func (c *conditions) Value(key string) (policy.Value, bool) {
	name, ok := strings.CutPrefix(key, "aws:")
	if !ok {
		return c.serviceKey(key)
	}
	if v, ok := c.requestKey(name); ok {
		return v, true
	}
	if v, ok := c.principalKey(name); ok {
		return v, true
	}
	v, ok := c.facts.Keys[key]
	return v, ok
}

// requestKey answers the keys of the request itself.
func (c *conditions) requestKey(name string) (policy.Value, bool) {
	f := c.facts
	switch name {
	case "sourceip":
		return c.sourceIP()
	case "securetransport":
		return truth(f.Secure), true
	case "currenttime":
		return c.currentTime()
	case "epochtime":
		return policy.One(strconv.FormatInt(f.Time.Unix(), 10)), !f.Time.IsZero()
	case "requestedregion":
		return text(f.Region)
	case "useragent":
		return text(f.UserAgent)
	case "referer":
		return text(f.Referer)
	case "vpcsourceip":
		return address(f.VPCSourceIP)
	case "sourcevpc":
		return text(f.SourceVPC)
	case "sourcevpce":
		return text(f.SourceVPCE)
	case "sourcearn":
		return text(f.SourceARN)
	case "sourceaccount":
		return text(f.SourceAccount)
	case "resourceaccount":
		return text(c.resourceAccount)
	case "viaawsservice":
		return truth(false), true
	case "tagkeys":
		if f.Tags == nil {
			return policy.Value{}, false
		}
		return policy.Many(slices.Sorted(maps.Keys(f.Tags))...), true
	}
	if tag, ok := strings.CutPrefix(name, "requesttag/"); ok {
		return tagValue(f.Tags, tag)
	}
	if tag, ok := strings.CutPrefix(name, "resourcetag/"); ok {
		return tagValue(f.ResourceTag, tag)
	}
	return policy.Value{}, false
}

// principalKey answers the keys of whoever signed.
func (c *conditions) principalKey(name string) (policy.Value, bool) {
	p := c.caller
	switch name {
	case "principaltype":
		return text(principalType(p))
	case "userid":
		return text(p.UserID)
	case "principalservicename":
		return text(p.Service)
	case "principalservicenameslist":
		return policy.Many(p.Service), p.Service != ""
	case "principalisawsservice":
		return truth(p.Kind == policy.ServicePrincipal), p.Kind != policy.Anonymous
	case "principalarn":
		return text(p.PrincipalARN)
	case "principalaccount":
		return text(p.AccountID)
	case "principalorgid":
		return text(orgID(p, c.facts))
	case "username":
		return text(p.UserName)
	case "tokenissuetime":
		return policy.One(p.IssuedAt.UTC().Format(time.RFC3339)), p.Temporary
	case "multifactorauthpresent":
		return truth(p.MFA != nil), p.Temporary && (p.MFA != nil || p.Direct)
	case "multifactorauthage":
		if p.MFA == nil || c.facts.Time.IsZero() {
			return policy.Value{}, false
		}
		return policy.One(strconv.FormatInt(int64(c.facts.Time.Sub(*p.MFA)/time.Second), 10)), true
	case "federatedprovider":
		return text(p.FederatedProvider)
	case "sourceidentity":
		return text(p.SourceIdentity)
	case "ec2instancesourcevpc":
		return text(p.Origin.VPC)
	case "ec2instancesourceprivateipv4":
		return text(p.Origin.PrivateIP)
	}
	if tag, ok := strings.CutPrefix(name, "principaltag/"); ok {
		return tagValue(p.Tags, tag)
	}
	return policy.Value{}, false
}

// serviceKey answers keys outside aws:.
func (c *conditions) serviceKey(key string) (policy.Value, bool) {
	switch key {
	case "ec2:sourceinstancearn":
		return text(c.caller.Origin.InstanceARN)
	case "ec2:roledelivery":
		return text(c.caller.Origin.RoleDelivery)
	}
	v, ok := c.facts.Keys[key]
	return v, ok
}

// orgID returns the organization of a caller who is in an account.
func orgID(c *Caller, f *RequestFacts) string {
	if c.AccountID == "" {
		return ""
	}
	return f.OrgID
}

// principalType returns the value of aws:PrincipalType; services have none.
func principalType(c *Caller) string {
	if c.Kind == policy.ServicePrincipal {
		return ""
	}
	return c.Kind.String()
}

func text(s string) (policy.Value, bool) {
	if s == "" {
		return policy.Value{}, false
	}
	return policy.One(s), true
}

func address(a netip.Addr) (policy.Value, bool) {
	if !a.IsValid() {
		return policy.Value{}, false
	}
	return policy.One(a.Unmap().WithZone("").String()), true
}

func truth(b bool) policy.Value {
	if b {
		return policy.One("true")
	}
	return policy.One("false")
}

// tagValue finds a tag without regard to the case of its key, as conditions do.
func tagValue(tags map[string]string, name string) (policy.Value, bool) {
	for k, v := range tags {
		if strings.EqualFold(k, name) {
			return policy.One(v), true
		}
	}
	return policy.Value{}, false
}

// names are the keys that [conditions.All] asks about, beside tags and the
// service's own.
var names = [...]string{
	"aws:currenttime", "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc", "aws:epochtime", "aws:federatedprovider",
	"aws:multifactorauthage", "aws:multifactorauthpresent", "aws:principalaccount", "aws:principalarn", "aws:principalisawsservice", "aws:principalorgid",
	"aws:principalservicename", "aws:principaltype", "aws:referer", "aws:requestedregion", "aws:resourceaccount", "aws:securetransport",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceidentity", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:tagkeys",
	"aws:tokenissuetime", "aws:useragent", "aws:userid", "aws:username", "aws:viaawsservice", "aws:vpcsourceip",
	"ec2:roledelivery", "ec2:sourceinstancearn",
}

// All yields every key that the request has, for explanations.
func (c *conditions) All() iter.Seq2[string, policy.Value] {
	return func(yield func(string, policy.Value) bool) {
		for _, key := range names {
			if v, ok := c.Value(key); ok && !yield(key, v) {
				return
			}
		}
		for _, set := range []struct {
			prefix string
			tags   map[string]string
		}{
			{"aws:principaltag/", c.caller.Tags},
			{"aws:requesttag/", c.facts.Tags},
			{"aws:resourcetag/", c.facts.ResourceTag},
		} {
			for _, k := range slices.Sorted(maps.Keys(set.tags)) {
				if !yield(set.prefix+strings.ToLower(k), policy.One(set.tags[k])) {
					return
				}
			}
		}
		for k, v := range c.facts.Keys.All() {
			if !yield(k, v) {
				return
			}
		}
	}
}
