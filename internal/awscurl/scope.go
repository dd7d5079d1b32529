package awscurl

import (
	"net/url"
	"strings"

	"github.com/hakonegate/hakone/internal/awscurl/identity"
	"github.com/hakonegate/hakone/sigv4"
)

// A scope is what a request is signed for.
type scope struct {
	service    string
	region     string
	regionSet  []string // asymmetric; empty: SigV4
	regionFrom string   // where the region is from, for -v
}

// s3Family follow S3's rules for the path.
func (c *scope) s3() bool {
	switch c.service {
	case "s3", "s3express", "s3-outposts", "s3-object-lambda":
		return true
	default:
		return false
	}
}

// signer returns the signer for c.
func (c *scope) signer(o *options) *sigv4.Signer {
	extra := map[string]bool{"content-type": true}
	for name := range strings.SplitSeq(strings.ToLower(o.signedHeaders), ",") {
		extra[strings.TrimSpace(name)] = true
	}
	return &sigv4.Signer{
		Service: c.service, Region: c.region, RegionSet: c.regionSet,
		S3: c.s3(), UnsignedPayload: o.unsignedPayload, SendPayloadHash: true,
		UnsignedToken: c.service == "iotdevicegateway",
		Headers:       func(name string) bool { return extra[name] },
	}
}

// findScope finds service and region: flags, the AWS host name, the
// environment, the profile. An empty value counts as not given.
func (o *options) findScope(t *target, sources *identity.Sources, s *streams) (*scope, error) {
	host := t.host
	if o.signHost != "" {
		host = strings.ToLower(o.signHost)
	}
	hostService, hostRegion := inferScope((&url.URL{Host: host}).Hostname())
	curlService, curlRegion, err := o.curlScope()
	if err != nil {
		return nil, err
	}
	c := &scope{service: firstOf(o.service, curlService, hostService, "execute-api")}
	for _, candidate := range []struct{ region, from string }{
		{o.region, "--region"},
		{curlRegion, "--aws-sigv4"},
		{hostRegion, "the host name"},
		{s.getenv("AWS_REGION"), "AWS_REGION"},
		{s.getenv("AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION"},
	} {
		if candidate.region != "" {
			c.region, c.regionFrom = candidate.region, candidate.from
			break
		}
	}
	if c.region == "" {
		c.region, c.regionFrom = sources.Region(), "the profile"
	}
	if c.region == "" {
		c.region, c.regionFrom = "us-east-1", "nothing said otherwise"
	}
	switch {
	case o.regionSet != "":
		c.regionSet = strings.FieldsFunc(o.regionSet, func(r rune) bool { return r == ',' || r == ' ' })
	case c.region == "*" || o.asymmetric:
		c.regionSet = []string{c.region}
	}
	return c, nil
}

// curlScope reads curl's --aws-sigv4 "provider1:provider2:region:service".
func (o *options) curlScope() (service, inRegion string, err error) {
	if o.awsSigV4 == "" {
		return "", "", nil
	}
	parts := strings.Split(o.awsSigV4, ":")
	if parts[0] != "aws" || len(parts) > 1 && parts[1] != "amz" || len(parts) > 4 {
		return "", "", failf(exitUsage, "--aws-sigv4 %q: it is aws:amz:REGION:SERVICE", o.awsSigV4)
	}
	parts = append(parts, "", "", "", "")
	return parts[3], parts[2], nil
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
