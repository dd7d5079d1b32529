package sigv4

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checkTime finds when the request was signed and whether that is over.
func (c *check) checkTime(context.Context) error {
	if err := c.readTime(); err != nil {
		return err
	}
	lifetime, err := c.readExpires()
	if err != nil {
		return err
	}
	if c.scopeDate != c.stamp[:8] {
		return c.refuse(WrongScope, fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%.32s' != '%s', from '%s'.",
			c.scopeDate, c.stamp[:8], c.stamp), "date of the credential is not that of the request")
	}
	skew := cmp.Or(max(c.v.Skew, 0), defaultSkew)
	if c.end = c.time.Add(skew); c.presigned {
		c.end = c.time.Add(lifetime)
	}
	early := c.now.Before(c.time.Add(-skew))
	if !early && !c.now.After(c.end) {
		return nil
	}
	now, minutes := c.now.Format(basicTime), skew.Minutes()
	switch {
	case early:
		return c.refuse(NotYetValid, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %g min.)",
			c.stamp, c.now.Add(skew).Format(basicTime), now, minutes), "signed in the future")
	case c.presigned:
		return c.refuse(Expired, fmt.Sprintf("Signature expired: %s is now earlier than %s", c.end.Format(basicTime), now), "presigned lifetime is over")
	default:
		return c.refuse(Expired, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %g min.)",
			c.stamp, c.now.Add(-skew).Format(basicTime), now, minutes), "signed too long ago")
	}
}

func (c *check) readTime() error {
	var ok bool
	switch f := &c.fields; {
	case c.presigned:
		c.stamp = c.auth.date
		c.time, ok = parseBasic(c.stamp)
	case f.amzDate.count == 1:
		c.stamp = f.amzDate.value
		c.time, ok = parseBasic(c.stamp)
	case f.amzDate.count > 1:
		return c.malformed("more than one X-Amz-Date")
	case f.date.count == 1:
		if c.time, ok = parseDate(f.date.value); ok {
			c.stamp = c.time.Format(basicTime)
		}
	case f.date.count > 1:
		return c.malformed("more than one Date and no X-Amz-Date")
	default:
		return c.refuse(Malformed, messageNoDate, "no X-Amz-Date and no Date")
	}
	if !ok {
		c.time = time.Time{}
		return c.refuse(Malformed, messageBadDate, "time of signing is not a time of the form YYYYMMDDTHHMMSSZ")
	}
	return nil
}

// readExpires reads the lifetime of a presigned URL: decimal digits, 1 second
// to 7 days, or as short as the verifier insists on.
func (c *check) readExpires() (time.Duration, error) {
	if !c.presigned {
		return 0, nil
	}
	s := c.auth.expires
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, c.refuse(Malformed, messageBadExpires, "X-Amz-Expires is not a number")
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil || seconds < 1 || seconds > int64(maxExpires/time.Second) {
		return 0, c.refuse(Malformed, messageBadExpires, "X-Amz-Expires is not between 1 and 604800")
	}
	lifetime := time.Duration(seconds) * time.Second
	if limit := c.v.MaxExpires; limit > 0 && lifetime > limit {
		return 0, c.refuse(Malformed, messageBadExpires, "X-Amz-Expires is above this service's limit")
	}
	return lifetime, nil
}

// checkScope compares region and service with the verifier's.
func (c *check) checkScope(context.Context) error {
	switch {
	case c.asymmetric && !regionInSet(c.auth.regionSet, c.scope.Region):
		return c.refuse(WrongScope, fmt.Sprintf("Credential should be scoped to a valid region, not '%.128s'. ", c.auth.regionSet),
			"region set does not hold "+c.scope.Region)
	case !c.asymmetric && c.claimed.Region != c.scope.Region:
		return c.refuse(WrongScope, fmt.Sprintf("Credential should be scoped to a valid region, not '%.128s'. ", c.claimed.Region),
			"signed for another region than "+c.scope.Region)
	case c.claimed.Service != c.scope.Service:
		return c.refuse(WrongScope, "Credential should be scoped to correct service: '"+c.scope.Service+"'. ",
			"signed for another service than "+c.scope.Service)
	}
	return nil
}

// checkPath sees to it that the path has one reading. A normalised canonical
// path gives /a//b, /a/./b and /a/b the same signature, so whoever routes by
// the raw path could be led elsewhere.
func (c *check) checkPath(context.Context) error {
	c.path = c.r.Path
	switch rule(c.v.S3, c.v.RawPath) {
	case pathRaw:
	case pathS3:
		if canonical := c.text[len(c.r.Method)+1:]; string(canonical) != c.path {
			c.path = string(canonical)
		}
	case pathNormalised:
		if isNormal(c.path) {
			return nil
		}
		if !c.v.NormalizePath {
			return c.refuse(PathNotNormal, messageMismatch, "path has an empty, . or .. segment")
		}
		c.path = normalise(c.path)
	}
	return nil
}

// checkSignedHeaders wants a well-formed list of headers that are there, with
// all among them that must be signed.
func (c *check) checkSignedHeaders(context.Context) error {
	if strings.Count(c.auth.signedHeaders, ";") >= maxSignedHeaders {
		return c.malformed("more than 100 signed headers")
	}
	previous, host := "", false
	for name := range strings.SplitSeq(c.auth.signedHeaders, ";") {
		switch {
		case !isLowerName(name):
			return c.differs("list of signed headers has an empty name or one not in lower case")
		case name <= previous:
			return c.differs("list of signed headers is not in ascending order")
		case name == "authorization":
			return c.differs("authorization among the signed headers")
		}
		previous, host = name, host || name == "host"
		c.names = append(c.names, name)
	}
	if !host {
		return c.refuse(HostNotSigned, messageHost, "host is not among the signed headers")
	}
	for _, name := range c.names {
		if name != "host" && !slices.ContainsFunc(c.r.Headers, func(h Header) bool { return isNamed(h.Name, name) }) {
			return c.differs("signed header " + strconv.Quote(name[:min(len(name), 100)]) + " is not in the request")
		}
	}
	return c.checkRequiredHeaders()
}

// checkRequiredHeaders wants every X-Amz-* header signed, and Date where it
// is the time of the request.
func (c *check) checkRequiredHeaders() error {
	if !c.presigned && c.fields.amzDate.count == 0 && !slices.Contains(c.names, "date") {
		return c.differs("Date is the time of the request but not signed")
	}
	for i := range c.r.Headers {
		name := c.r.Headers[i].Name
		if len(name) < len("x-amz-") || !isNamed(name[:len("x-amz-")], "x-amz-") || c.isListed(name) {
			continue
		}
		lower := strings.ToLower(name)
		switch {
		case lower == "x-amz-content-sha256": // compared with the body instead
		case lower == "x-amz-security-token" && c.v.UnsignedToken:
		case slices.Contains(c.v.ProxyHeaders, lower):
		default:
			return c.differs("header " + strconv.Quote(lower[:min(len(lower), 100)]) + " is not signed")
		}
	}
	return nil
}

func isLowerName(name string) bool {
	for i := range len(name) {
		if ch := name[i]; ch <= ' ' || ch == ',' || 'A' <= ch && ch <= 'Z' {
			return false
		}
	}
	return name != ""
}

func (c *check) isListed(name string) bool {
	for _, n := range c.names {
		if isNamed(name, n) {
			return true
		}
	}
	return false
}
