package sigv4

import (
	"context"
	"strings"
)

// readTarget wants a request line that can be signed at all.
func (c *check) readTarget(context.Context) error {
	r := c.r
	switch {
	case r.Method == "" || has(r.Method, control|blank):
		return c.malformed("method is empty or holds a blank or control character")
	case r.Host == "" || has(r.Host, control|blank):
		return c.malformed("host is empty or holds a blank or control character")
	case r.Path == "" || r.Path[0] != '/':
		return c.malformed("request target does not start with a slash")
	case has(r.Path, control|question|fragment):
		return c.malformed("path holds a fragment, a question mark or a control character")
	case has(r.RawQuery, control|fragment):
		return c.malformed("query holds a fragment or a control character")
	case !c.begin(r.Method, r.Path, rule(c.v.S3, c.v.RawPath)):
		return c.malformed("path holds a broken escape")
	}
	return nil
}

// Kinds of bytes that have no place in some part of a request.
const (
	control = 1 << iota
	blank
	question
	fragment
	colon
)

var kinds = func() (t [256]uint8) {
	for c := range ' ' {
		t[c] = control
	}
	t[0x7f], t[' '], t['?'], t['#'], t[':'] = control, blank, question, fragment, colon
	return t
}()

// has reports whether s holds a byte of these kinds.
func has(s string, these uint8) bool {
	for i := range len(s) {
		if kinds[s[i]]&these != 0 {
			return true
		}
	}
	return false
}

// readHeaders finds the headers that matter and counts their bytes. AWS
// documents 10,240 for the request line and the header values.
func (c *check) readHeaders(context.Context) error {
	size, f := len(c.r.Method)+len(c.r.Path)+len(c.r.RawQuery)+len(c.r.Host), &c.fields
	limit := c.v.MaxHeaderBytes
	if limit <= 0 {
		limit = defaultHeaderBytes
	}
	if len(c.r.Headers) > maxHeaders {
		return c.refuse(HeadersTooLarge, messageHeadersTooLarge, "more than 500 headers")
	}
	for i := range c.r.Headers {
		h := &c.r.Headers[i]
		if size += len(h.Value); size > limit {
			break
		}
		if h.Name == "" || has(h.Name, control|blank|colon) {
			return c.malformed("a header name is empty or holds a blank, a colon or a control character")
		}
		if strings.IndexByte(h.Value, 0) >= 0 {
			return c.malformed("a header value holds a NUL")
		}
		into := f.named(h.Name)
		if into != nil {
			into.value = trim(h.Value)
			into.count++
		} else if isNamed(h.Name, "host") {
			return c.malformed("a second Host header")
		}
	}
	switch {
	case size > limit:
		return c.refuse(HeadersTooLarge, messageHeadersTooLarge, "request line and header values exceed the limit")
	case len(f.authorization.value) > maxValueBytes:
		return c.malformed("Authorization exceeds 8,192 bytes")
	case len(f.token.value) > maxValueBytes:
		return c.malformed("X-Amz-Security-Token exceeds 8,192 bytes")
	}
	return nil
}

func (f *fields) named(name string) *field {
	switch len(name) {
	case len("Date"):
		if isNamed(name, "date") {
			return &f.date
		}
	case len("X-Amz-Date"):
		if isNamed(name, "x-amz-date") {
			return &f.amzDate
		}
	case len("Authorization"):
		if isNamed(name, "authorization") {
			return &f.authorization
		}
	case len("X-Amz-Region-Set"):
		if isNamed(name, "x-amz-region-set") {
			return &f.regionSet
		}
	case len("X-Amz-Security-Token"): // as long as X-Amz-Content-Sha256
		if isNamed(name, "x-amz-security-token") {
			return &f.token
		}
		if isNamed(name, "x-amz-content-sha256") {
			return &f.contentHash
		}
	}
	return nil
}

// readQuery parses the query, which tells where the signature is.
func (c *check) readQuery(context.Context) error {
	whole := c.parseQuery(c.r.RawQuery)
	inQuery, hasToken := false, false
	for _, p := range c.pairs {
		switch name := c.name(p); {
		case len(name) < len("X-Amz-") || name[0] != 'X' && name[0] != 'x':
		case equalFold(name, queryAlgorithm), equalFold(name, queryCredential), equalFold(name, querySignature):
			inQuery = true
		case equalFold(name, queryToken):
			hasToken = true
		}
	}
	inHeader := c.fields.authorization.count
	switch {
	case inHeader == 0 && !inQuery:
		return c.refuse(Missing, messageMissing, "neither an Authorization header nor X-Amz-Signature in the query")
	case inHeader > 1:
		return c.malformed("more than one Authorization header")
	case inHeader == 1 && inQuery:
		return c.malformed("credentials both in the Authorization header and in the query")
	case !whole:
		return c.malformed("query holds a broken escape")
	case len(c.pairs) > maxQueryPairs:
		return c.malformed("query holds more than 1,000 parameters")
	case inHeader == 1 && hasToken:
		return c.malformed("session token in the query beside an Authorization header")
	}
	c.presigned = inQuery
	return nil
}

// equalFold reports whether b is s, an ASCII text, in any case.
func equalFold(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

// readAuthorization takes the fields of the signature from where it is.
func (c *check) readAuthorization(context.Context) error {
	if c.presigned {
		if err := c.readPresigned(); err != nil {
			return err
		}
	} else {
		var message, detail string
		if c.auth, message, detail = parseAuthorization(c.fields.authorization.value); detail != "" {
			if c.fields.amzDate.count+c.fields.date.count == 0 && strings.HasSuffix(message, "parameter.") {
				message += " " + messageNoDate
			}
			return c.refuse(Malformed, message, detail)
		}
		if c.fields.token.count > 1 {
			return c.malformed("more than one X-Amz-Security-Token header")
		}
		c.token = c.fields.token.value
	}
	switch c.auth.algorithm {
	case hmacSHA256:
	case asymmetric:
		if !c.v.SigV4A {
			return c.malformed("asymmetric signatures are not accepted here")
		}
		c.asymmetric = true
		switch {
		case c.presigned && c.auth.regionSet == "":
			return c.malformed("query lacks X-Amz-Region-Set")
		case c.presigned:
		case c.fields.regionSet.count != 1:
			return c.malformed("not exactly one X-Amz-Region-Set header")
		default:
			c.auth.regionSet = c.fields.regionSet.value
		}
	default:
		return c.malformed("algorithm is not " + hmacSHA256)
	}
	return nil
}

// readPresigned takes the fields of the signature from the query. Their names
// are case-sensitive, and each comes once: under any other spelling another
// reader might take it for the real one.
func (c *check) readPresigned() error {
	f := &c.fields
	switch {
	case f.amzDate.count > 0:
		return c.malformed("X-Amz-Date header beside a signature in the query")
	case f.token.count > 0:
		return c.malformed("X-Amz-Security-Token header beside a signature in the query")
	}
	known := [...]struct {
		name     string
		into     *string
		required bool
		from, to int
		count    int
	}{
		{name: queryAlgorithm, into: &c.auth.algorithm, required: true},
		{name: queryCredential, into: &c.auth.credential, required: true},
		{name: queryDate, into: &c.auth.date, required: true},
		{name: queryExpires, into: &c.auth.expires, required: true},
		{name: querySignedHeaders, into: &c.auth.signedHeaders, required: true},
		{name: querySignature, into: &c.auth.signature, required: true},
		{name: queryToken, into: &c.auth.token},
		{name: queryRegionSet, into: &c.auth.regionSet},
	}
	text := c.toSig[:0]
	for _, p := range c.pairs {
		for i := range known {
			k := &known[i]
			if !equalFold(c.name(p), k.name) {
				continue
			}
			if string(c.name(p)) != k.name {
				return c.malformed("query parameter " + k.name + " in another case")
			}
			if k.count++; k.count > 1 {
				return c.malformed("query parameter " + k.name + " twice")
			}
			k.from = len(text)
			text = appendDecoded(text, c.value(p))
			k.to = len(text)
		}
	}
	c.toSig = text
	all := string(text)
	for i := range known {
		k := &known[i]
		if k.required && k.count == 0 {
			return c.refuse(Malformed, messageIncomplete, "query lacks "+k.name)
		}
		*k.into = all[k.from:k.to]
	}
	if c.token = c.auth.token; len(c.token) > maxValueBytes {
		return c.malformed("X-Amz-Security-Token exceeds 8,192 bytes")
	}
	return nil
}

// readCredential splits the credential into access key ID and scope.
func (c *check) readCredential(context.Context) error {
	id, date, scope, text, ok := splitCredential(c.auth.credential, !c.asymmetric)
	if !ok {
		return c.malformed("Credential is not of the form KEYID/date/region/service/" + terminator)
	}
	c.id, c.scopeDate, c.claimed, c.scopeText = id, date, scope, text
	return nil
}
