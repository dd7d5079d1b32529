package access

import (
	"net/netip"
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
		return address(f.SourceIP)
	case "securetransport":
		return truth(f.Secure), true
	case "currenttime":
		return policy.One(f.Time.UTC().Format(time.RFC3339)), !f.Time.IsZero()
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
		return policy.Many(keys(f.Tags)...), true
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
		return truth(p.Kind == policy.Service), p.Kind != policy.Anonymous
	case "principalarn":
		return text(p.PrincipalARN)
	case "principalaccount":
		return text(p.AccountID)
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

// principalType returns the value of aws:PrincipalType.
func principalType(c *Caller) string {
	switch c.Kind {
	case policy.User:
		return "User"
	case policy.RoleSession:
		return "AssumedRole"
	case policy.Root:
		return "Account"
	case policy.Federated:
		return "FederatedUser"
	case policy.Anonymous:
		return "Anonymous"
	default:
		return ""
	}
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

func keys(tags map[string]string) []string {
	names := make([]string, 0, len(tags))
	for k := range tags {
		names = append(names, k)
	}
	return names
}
