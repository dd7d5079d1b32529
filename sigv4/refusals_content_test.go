package sigv4

import (
	"slices"
	"strings"
	"time"
)

// Rows 35 to 57: what is signed and what was changed afterwards.
func contentRows() []row {
	host := func(h string) func(*Request) { return func(r *Request) { r.Host = h } }
	method := func(m string) func(*Request) { return func(r *Request) { r.Method = m } }
	path := func(p string) func(*Request) { return func(r *Request) { r.Path = p } }
	signPath := func(p string) func(*forgery) { return func(f *forgery) { f.Path = p } }
	signQuery := func(q string) func(*forgery) { return func(f *forgery) { f.RawQuery = q } }
	signBody := func(f *forgery) { f.Method, f.body = "POST", `{"a":1}` }
	signTwo := func(f *forgery) { add("X-Custom", "three")(&f.Request) }
	normalize := func(v *Verifier) { v.NormalizePath = true }

	rows := []row{
		{35, "unsigned X-Amz-Target added", "HQ", nil, add("X-Amz-Target", "Admin.Do"), nil, Mismatch},
		{35, "unsigned X-Amz-Meta-X added", "HQ", nil, add("x-amz-meta-x", "1"), nil, Mismatch},
		{35, "unsigned X-Amz-Copy-Source added", "HQ", nil, add("X-AMZ-Copy-Source", "/b/k"), nil, Mismatch},
		{35, "unsigned header of a known proxy added", "HQ", nil, add("X-Amz-Cf-Id", "1"), func(v *Verifier) { v.ProxyHeaders = []string{"x-amz-cf-id"} }, 0},
		{36, "unsigned ordinary header added", "HQ", nil, add("X-Other", "1"), nil, 0},
		{36, "unsigned ordinary header removed", "HQ", nil, drop("Accept"), nil, 0},
		{36, "x-amzn-trace-id is not X-Amz-*", "HQ", nil, add("X-Amzn-Trace-Id", "Root=1"), nil, 0},
		{37, "signed header: one byte changed", "HQ", nil, set("X-Custom", "one twp"), nil, Mismatch},
		{37, "signed header: letter case changed", "HQ", nil, set("X-Custom", "one Two"), nil, Mismatch},
		{38, "signed header: second value added", "HQ", nil, add("X-Custom", "x"), nil, Mismatch},
		{38, "signed header: empty second value added", "HQ", nil, add("X-Custom", ""), nil, Mismatch},
		{38, "signed header: values swapped", "HQ", signTwo, func(r *Request) {
			set("X-Custom", "three")(r)
			for i := range r.Headers[3:] {
				if r.Headers[3+i].Name == "X-Custom" {
					r.Headers[3+i].Value = "one two"
				}
			}
		}, nil, Mismatch},
		{38, "signed header: dropped", "HQ", nil, drop("X-Custom"), nil, Mismatch},
		{38, "two values sent as one, as HTTP allows", "HQ", signTwo, func(r *Request) { drop("X-Custom")(r); add("X-Custom", "one two,three")(r) }, nil, 0},
		{39, "outer blanks changed", "HQ", nil, set("X-Custom", " \tone two  "), nil, 0},
		{39, "inner runs of blanks changed", "HQ", nil, set("X-Custom", "one \t  two"), nil, 0},
		{39, "a blank inside removed", "HQ", nil, set("X-Custom", "onetwo"), nil, Mismatch},
		{39, "header names in other case", "HQ", nil, func(r *Request) {
			for i := range r.Headers {
				r.Headers[i].Name = strings.ToUpper(r.Headers[i].Name)
			}
		}, nil, 0},
		{39, "header order changed", "HQ", nil, func(r *Request) { slices.Reverse(r.Headers) }, nil, 0},
		{40, "Host changed", "HQ", nil, host("evil.example.com"), nil, Mismatch},
		{40, "port added", "HQ", nil, host("api.example.com:443"), nil, Mismatch},
		{40, "port removed", "HQ", func(f *forgery) { f.Host += ":8443" }, host("api.example.com"), nil, Mismatch},
		{40, "letter case of the host changed", "HQ", nil, host("API.example.com"), nil, Mismatch},
		{40, "no host", "HQ", func(f *forgery) { f.Host = "" }, nil, nil, Malformed},
		{41, "second Host header, equal", "HQ", nil, add("Host", "api.example.com"), nil, Malformed},
		{41, "second Host header, different", "HQ", nil, add("host", "evil.example.com"), nil, Malformed},
		{42, "target of the absolute form", "HQ", nil, path("http://evil.example.com/prod/items"), nil, Malformed},
		{42, "target of the absolute form where paths are raw", "HQ", signPath("https://api.example.com/"), nil, func(v *Verifier) { v.RawPath = true }, Malformed},
		{42, "target is *", "HQ", nil, path("*"), nil, Malformed},
		{42, "target is empty", "HQ", nil, path(""), nil, Malformed},
		{44, "method changed", "HQ", nil, method("DELETE"), nil, Mismatch},
		{44, "method in lower case", "HQ", nil, method("get"), nil, Mismatch},
		{44, "HEAD for GET", "HQ", nil, method("HEAD"), nil, Mismatch},
		{45, "path: one byte changed", "HQ", nil, path("/prod/itemt"), nil, Mismatch},
		{45, "path: letter case changed", "HQ", nil, path("/prod/Items"), nil, Mismatch},
		{45, "path: slash at the end added", "HQ", nil, path("/prod/items/"), nil, Mismatch},
		{46, "path: %2F for a slash", "HQ", nil, path("/prod%2Fitems"), nil, Mismatch},
		{46, "path: slash for %2F", "HQ", signPath("/prod%2Fitems"), path("/prod/items"), nil, Mismatch},
		{46, "path: %2f for %2F", "HQ", signPath("/prod%2Fitems"), path("/prod%2fitems"), nil, Mismatch},
		{46, "path: %41 for A", "HQ", signPath("/A"), path("/%41"), nil, Mismatch},
		{46, "path: escapes are fine as they were signed", "HQ", signPath("/prod%2Fitems/a%20b/%e1%88%b4"), nil, nil, 0},
		{47, "path encoded once, as for S3", "HQ", func(f *forgery) { f.s3, f.Path = true, "/prod/a%20b" }, nil, nil, Mismatch},
		{48, "/x/../y for a signed /y", "HQ", signPath("/y"), path("/x/../y"), nil, PathNotNormal},
		{48, "//y for a signed /y", "HQ", signPath("/y"), path("//y"), nil, PathNotNormal},
		{48, "/./y for a signed /y", "HQ", signPath("/y"), path("/./y"), nil, PathNotNormal},
		{48, "/y/. for a signed /y", "HQ", signPath("/y"), path("/y/."), nil, PathNotNormal},
		{48, "/y//z for a signed /y/z", "HQ", signPath("/y/z"), path("/y//z"), nil, PathNotNormal},
		{48, "/../y signed as it is", "HQ", signPath("/../y"), nil, nil, PathNotNormal},
		{48, "/x/../y for a signed /y where it is normalised", "HQ", signPath("/y"), path("/x/../y"), normalize, 0},
		{49, "/%2e%2e/admin signed as it is", "HQ", signPath("/%2e%2e/admin"), nil, nil, 0},
		{49, "/%2e%2e/admin for a signed /admin", "HQ", signPath("/admin"), path("/%2e%2e/admin"), normalize, Mismatch},
		{50, `\ appended to the path`, "HQ", nil, path(`/prod/items\`), nil, Mismatch},
		{50, ";jsessionid appended to the path", "HQ", nil, path("/prod/items;jsessionid=1"), nil, Mismatch},
		{50, "%00 appended to the path", "HQ", nil, path("/prod/items%00"), nil, Mismatch},
		{50, "raw control appended to the path", "HQ", nil, path("/prod/items\x00"), nil, Malformed},
		{50, "raw control signed", "HQ", signPath("/prod/items\n"), nil, nil, Malformed},
		{50, "#x appended to the path", "HQ", nil, path("/prod/items#x"), nil, Malformed},
		{50, "#x signed", "HQ", signPath("/prod/items#x"), nil, nil, Malformed},
		{50, "#x in the query, signed", "HQ", signQuery("a=1#x"), nil, nil, Malformed},
		{50, "raw control in the query, signed", "HQ", signQuery("a=1\r\n"), nil, nil, Malformed},
		{51, "pair added", "HQ", nil, query("limit=10", "limit=10&admin=1"), nil, Mismatch},
		{51, "empty pair added", "HQ", nil, query("limit=10", "limit=10&admin"), nil, Mismatch},
		{51, "pair dropped", "HQ", nil, query("limit=10&", ""), nil, Mismatch},
		{51, "pair doubled", "HQ", nil, query("limit=10", "limit=10&limit=10"), nil, Mismatch},
		{51, "value changed", "HQ", nil, query("limit=10", "limit=11"), nil, Mismatch},
		{51, "%26 for &", "HQ", nil, query("limit=10&", "limit=10%26"), nil, Mismatch},
		{51, "& for %26", "HQ", signQuery("a=1%26b=2"), query("a=1%26b=2", "a=1&b=2"), nil, Mismatch},
		{51, "%3D for =", "HQ", nil, query("limit=10", "limit%3D10"), nil, Mismatch},
		{51, "= for %3D", "HQ", signQuery("limit%3D10"), query("limit%3D10", "limit=10"), nil, Mismatch},
		{52, "order of the pairs changed", "HQ", nil, query("limit=10&name=a%20b", "name=a%20b&limit=10"), nil, 0},
		{52, "hex case changed", "HQ", signQuery("a=%2F%e1"), query("%2F%e1", "%2f%E1"), nil, 0},
		{52, "+ for %20", "HQ", nil, query("a%20b", "a+b"), nil, 0},
		{52, "%20 for +", "HQ", signQuery("a=+"), query("+", "%20"), nil, 0},
		{52, "%7E for ~", "HQ", signQuery("a=~"), query("~", "%7E"), nil, 0},
		{52, "empty piece added", "HQ", nil, query("limit=10&", "&limit=10&&"), nil, 0},
		{53, "%2B for +", "HQ", signQuery("a=+"), query("+", "%2B"), nil, Mismatch},
		{53, "+ for %2B", "HQ", signQuery("a=%2B"), query("a=%2B", "a=+"), nil, Mismatch},
		{54, "a=1;b=2 for a signed a=1&b=2", "HQ", signQuery("a=1&b=2"), query("a=1&b=2", "a=1;b=2"), nil, Mismatch},
		{55, "broken escape, signed", "HQ", signQuery("a=%zz"), nil, nil, Malformed},
		{55, "cut escape, signed", "HQ", signQuery("a=%2"), nil, nil, Malformed},
		{55, "broken escape, added", "HQ", nil, query("limit=10", "limit=10&%g1=1"), nil, Malformed},
		{56, "bytes that are no UTF-8, signed", "HQ", signQuery("a=%FF%fe"), nil, nil, 0},
		{57, "body is fine as it was signed", "HQ", signBody, nil, nil, 0},
		{57, "body: byte flipped", "HQ", signBody, body(`{"a":2}`), nil, Mismatch},
		{57, "body: byte added", "HQ", signBody, body("{\"a\":1}\n"), nil, Mismatch},
		{57, "body: cut", "HQ", signBody, body(`{"a":1`), nil, Mismatch},
		{57, "body: dropped", "HQ", signBody, func(r *Request) { r.Body = nil }, nil, Mismatch},
		{57, "body added to a bodyless request", "HQ", nil, body("x"), nil, Mismatch},
		{82, "presigned: other method", "Q", nil, method("PUT"), nil, Mismatch},
		{82, "presigned: extra parameter", "Q", nil, func(r *Request) { r.RawQuery += "&versionId=1" }, nil, Mismatch},
		{82, "presigned: body added", "Q", nil, body("x"), nil, Mismatch},
		{90, "raw UTF-8 in a signed value", "HQ", func(f *forgery) { set("X-Custom", "gr\u00fc\u00dfe")(&f.Request) }, nil, nil, 0},
		{90, "Latin-1 in a signed value", "HQ", func(f *forgery) { set("X-Custom", "gr\xfc\xdfe")(&f.Request) }, nil, nil, 0},
		{90, "one Latin-1 byte changed", "HQ", func(f *forgery) { set("X-Custom", "gr\xfc\xdfe")(&f.Request) }, set("X-Custom", "gr\xfd\xdfe"), nil, Mismatch},
	}
	return rows
}

// Rows 58 to 83: payload header, signature, key and the query form's own rules.
func credentialRows() []row {
	const jsonBody = `{"a":1}`
	sum := func(s string) string { return hexSum(s) }
	send := func(value string) func(*forgery) { // sent, signed and taken as the payload hash
		return func(f *forgery) {
			f.Method, f.body, f.payloadHash = "POST", jsonBody, value
			f.list = "host;x-amz-content-sha256"
			if !f.presigned {
				f.list += ";x-amz-date"
			}
			add("X-Amz-Content-Sha256", value)(&f.Request)
		}
	}
	secret := func(s string) func(*forgery) { return func(f *forgery) { f.secret = s } }
	session := func(token string) func(*forgery) {
		return func(f *forgery) { f.id, f.secret, f.token = temporary.AccessKeyID, temporary.SecretAccessKey, token }
	}
	signature := func(s string) func(*forgery) { return func(f *forgery) { f.signature = s } }
	unsigned := func(v *Verifier) { v.UnsignedPayload = true }

	rows := []row{
		{58, "hash of the body", "HQ", send(sum(jsonBody)), nil, nil, 0},
		{58, "hash of another body", "HQ", send(sum("other")), nil, nil, Mismatch},
		{59, "hash of nothing with a body", "HQ", send(emptyHash), nil, nil, Mismatch},
		{60, "UNSIGNED-PAYLOAD", "HQ", send(unsignedPayload), nil, nil, Mismatch},
		{60, "UNSIGNED-PAYLOAD without the header", "HQ", func(f *forgery) { f.payloadHash = unsignedPayload }, nil, nil, Mismatch},
		{60, "UNSIGNED-PAYLOAD without the header where it is accepted with it", "HQ", func(f *forgery) { f.payloadHash = unsignedPayload }, nil, unsigned, Mismatch},
		{60, "UNSIGNED-PAYLOAD where it is accepted", "HQ", send(unsignedPayload), body("anything"), unsigned, 0},
		{61, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "HQ", send("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), nil, nil, StreamingPayload},
		{61, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "HQ", send("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), nil, unsigned, StreamingPayload},
		{62, "hash header twice, good and UNSIGNED-PAYLOAD", "HQ", send(sum(jsonBody)), add("X-Amz-Content-Sha256", unsignedPayload), unsigned, Mismatch},
		{62, "hash header twice, signed", "HQ", func(f *forgery) { send(sum(jsonBody))(f); send(sum(jsonBody))(f) }, nil, nil, Mismatch},
		{63, "hash in upper case", "HQ", send(strings.ToUpper(sum(jsonBody))), nil, nil, Mismatch},
		{64, "hash header correct but not signed", "HQ", func(f *forgery) { f.body = jsonBody }, add("X-Amz-Content-Sha256", sum(jsonBody)), nil, 0},
		{64, "hash header wrong and not signed", "HQ", func(f *forgery) { f.body = jsonBody }, add("X-Amz-Content-Sha256", sum("x")), nil, Mismatch},
		{65, "signature: one digit changed", "HQ", nil, func(r *Request) {
			last := func(s string) string {
				return s[:len(s)-1] + string("0123456789abcdef0"[strings.IndexByte("0123456789abcdef", s[len(s)-1])+1])
			}
			if a := authorizationOf(r); a != "" {
				set("Authorization", last(a))(r)
				return
			}
			r.RawQuery = last(r.RawQuery)
		}, nil, Mismatch},
		{67, "unknown key ID", "HQ", func(f *forgery) { f.id = "AKIDUNKNOWN" }, nil, nil, UnknownKey},
		{67, "key ID with a byte more", "HQ", func(f *forgery) { f.id += "A" }, nil, nil, UnknownKey},
		{67, "key ID with a byte less", "HQ", func(f *forgery) { f.id = f.id[1:] }, nil, nil, UnknownKey},
		{67, "key ID in other case", "HQ", func(f *forgery) { f.id = strings.ToLower(f.id) }, nil, nil, UnknownKey},
		{68, "empty secret", "HQ", secret(""), nil, nil, Mismatch},
		{68, "secret None", "HQ", secret("None"), nil, nil, Mismatch},
		{68, "key ID as secret", "HQ", secret(longTerm.AccessKeyID), nil, nil, Mismatch},
		{68, "a source that knows a key without a secret", "HQ", secret(""), nil, func(v *Verifier) { v.Keys = keyFunc(func() (Key, error) { return Key{}, nil }) }, UnknownKey},
		{69, "inactive key with a good signature", "HQ", nil, nil, func(v *Verifier) { v.Keys = keyFunc(func() (Key, error) { return Key{}, ErrUnknownKey }) }, UnknownKey},
		{70, "temporary key with its token", "HQ", session(temporary.SessionToken), nil, nil, 0},
		{70, "temporary key without token", "HQ", session(""), nil, nil, InvalidToken},
		{70, "temporary key with another's token", "HQ", session("another"), nil, nil, InvalidToken},
		{70, "temporary key with a token one byte off", "HQ", session(temporary.SessionToken + "x"), nil, nil, InvalidToken},
		{71, "long-term key with a token", "HQ", func(f *forgery) { f.token = "any" }, nil, nil, InvalidToken},
		{72, "token not signed", "HQ", func(f *forgery) { session(temporary.SessionToken)(f); f.tokenAfter = true }, nil, nil, Mismatch},
		{72, "token not signed where it is added after signing", "HQ", func(f *forgery) { session(temporary.SessionToken)(f); f.tokenAfter = true }, nil, func(v *Verifier) { v.UnsignedToken = true }, 0},
		{73, "token twice", "H", session(temporary.SessionToken), add("X-Amz-Security-Token", temporary.SessionToken), nil, Malformed},
		{73, "token twice", "Q", session(temporary.SessionToken), func(r *Request) { r.RawQuery += "&X-Amz-Security-Token=x" }, nil, Malformed},
		{73, "token in the query of the header form", "H", func(f *forgery) { session("")(f); f.RawQuery += "&X-Amz-Security-Token=" + temporary.SessionToken }, nil, nil, Malformed},
		{73, "token in a header of the query form", "Q", session(""), add("X-Amz-Security-Token", temporary.SessionToken), nil, Malformed},
		{74, "credentials over, still inside the skew", "HQ", nil, nil, func(v *Verifier) {
			v.Keys = keyFunc(func() (Key, error) {
				return Key{SecretAccessKey: longTerm.SecretAccessKey, Expires: testTime.Add(-time.Second)}, nil
			})
		}, ExpiredToken},
		{74, "credentials over, says the source", "HQ", nil, nil, func(v *Verifier) { v.Keys = keyFunc(func() (Key, error) { return Key{}, ErrExpiredToken }) }, ExpiredToken},
		{77, "X-Amz-Credential twice", "Q", nil, func(r *Request) {
			r.RawQuery = "X-Amz-Credential=AKIDADMIN%2F20260102%2Feu-central-1%2Fexecute-api%2Faws4_request&" + r.RawQuery
		}, nil, Malformed},
		{79, "expires raised without re-signing", "Q", nil, query("X-Amz-Expires=300", "X-Amz-Expires=3000"), nil, Mismatch},
		{80, "one second past the end", "Q", at(-301), nil, nil, Expired},
		{80, "at the end", "Q", at(-300), nil, nil, 0},
		{80, "signed for the future", "Q", at(301), nil, nil, NotYetValid},
		{81, "604800 s, 6 days old", "Q", func(f *forgery) { at(-6 * 86400)(f); f.expires = "604800" }, nil, nil, 0},
		{81, "604800 s where an hour is the most", "Q", func(f *forgery) { f.expires = "604800" }, nil, func(v *Verifier) { v.MaxExpires = time.Hour }, Malformed},
		{83, "X-Amz-Date header beside the query form, signed", "Q", func(f *forgery) { f.list = "host;x-amz-date"; add("X-Amz-Date", f.stamp)(&f.Request) }, nil, nil, Malformed},
		{83, "token header beside the query form, signed", "Q", func(f *forgery) {
			f.list = "host;x-amz-security-token"
			add("X-Amz-Security-Token", "x")(&f.Request)
		}, nil, nil, Malformed},
	}
	right := newForgeryHex()
	for _, s := range []string{" ", right[1:], right + "0", right[:32], strings.Repeat("0", 64), strings.Repeat("g", 64), strings.ToUpper(right), right + right} {
		rows = append(rows, row{66, "signature is " + s[:min(len(s), 6)], "HQ", signature(s), nil, nil, Mismatch})
	}
	for _, name := range []string{queryAlgorithm, queryCredential, queryDate, queryExpires, querySignedHeaders, querySignature} {
		rows = append(rows,
			row{75, name + " is missing", "Q", nil, dropParam(name), nil, Malformed},
			row{76, name + " in lower case", "Q", nil, query(name+"=", strings.ToLower(name)+"="), nil, Malformed},
			row{76, name + " twice in different case", "Q", nil, func(r *Request) { r.RawQuery += "&" + strings.ToUpper(name) + "=x" }, nil, Malformed})
	}
	for _, e := range []string{"0", "-1", "604801", "18446744073709551616", "18446744073709551617", "60s", "1e3", "+60", " ", "", "٣"} {
		rows = append(rows, row{78, "expires " + e, "Q", func(f *forgery) { f.expires = e }, nil, nil, Malformed})
	}
	return rows
}

// dropParam returns a change that removes a query parameter.
func dropParam(name string) func(*Request) {
	return func(r *Request) {
		r.RawQuery = strings.Join(slices.DeleteFunc(strings.Split(r.RawQuery, "&"), func(p string) bool { return strings.HasPrefix(p, name+"=") }), "&")
	}
}
