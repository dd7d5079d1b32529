package sigv4

import (
	"strings"
	"time"
)

// Rows 1 to 34: where the credentials are and what they say of themselves.
func formRows() []row {
	good := func(r *Request) string { return authorizationOf(r) }
	signature := func(r *Request) string { return good(r)[strings.LastIndex(good(r), "=")+1:] }
	rows := []row{
		{0, "nothing wrong", "HQ", nil, nil, nil, 0},
		{1, "no credentials", "H", nil, drop("Authorization"), nil, Missing},
		{1, "no credentials", "Q", nil, func(r *Request) { r.RawQuery = "limit=10" }, nil, Missing},
		{1, "no credentials and a broken escape", "H", nil, func(r *Request) { drop("Authorization")(r); r.RawQuery = "a=%zz" }, nil, Missing},
		{2, "Authorization is empty", "H", nil, set("Authorization", ""), nil, Malformed},
		{3, "scheme is Bearer", "H", nil, set("Authorization", "Bearer abcdefgh"), nil, Malformed},
		{3, "scheme is Basic", "H", nil, set("Authorization", "Basic dXNlcjpwYXNz"), nil, Malformed},
		{3, "scheme is SigV2", "H", nil, set("Authorization", "AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg="), nil, Malformed},
		{4, "algorithm is in lower case", "HQ", func(f *forgery) { f.algorithm = "aws4-hmac-sha256" }, nil, nil, Malformed},
		{5, "label says SHA512", "HQ", func(f *forgery) { f.algorithm = "AWS4-HMAC-SHA512" }, nil, nil, Malformed},
		{5, "label says SHA1", "HQ", func(f *forgery) { f.algorithm = "AWS4-HMAC-SHA1" }, nil, nil, Malformed},
		{6, "ECDSA label over an HMAC", "HQ", func(f *forgery) { f.algorithm = asymmetric }, nil, nil, Malformed},
		{6, "ECDSA label over an HMAC where both are accepted", "HQ", func(f *forgery) { f.algorithm = asymmetric }, nil, func(v *Verifier) { v.SigV4A = true }, Malformed},
		{6, "ECDSA label and credential over an HMAC", "H", func(f *forgery) {
			f.algorithm, f.list = asymmetric, "host;x-amz-date;x-amz-region-set"
			f.credential = f.id + "/" + f.scopeDate + "/" + f.service + "/" + terminator
			add("X-Amz-Region-Set", "*")(&f.Request)
		}, nil, func(v *Verifier) { v.SigV4A = true }, Mismatch},
		{6, "HMAC label over an ECDSA signature", "HQ", func(f *forgery) { f.signature = "3006020101020101" }, nil, nil, Mismatch},
		{7, "two Authorization headers, good first", "H", nil, add("Authorization", "AWS4-HMAC-SHA256 x"), nil, Malformed},
		{8, "two Authorization headers, good second, other case", "H", nil, func(r *Request) {
			r.Headers = append([]Header{{"AUTHORIZATION", "AWS4-HMAC-SHA256 x"}}, r.Headers...)
		}, nil, Malformed},
		{9, "good, good in one value", "H", nil, func(r *Request) { set("Authorization", good(r)+", "+good(r))(r) }, nil, Malformed},
		{10, "Bearer before a good one", "H", nil, func(r *Request) { set("Authorization", "Bearer x, "+good(r))(r) }, nil, Malformed},
		{11, "Signature twice, bad then good", "H", nil, edit("Signature=", "Signature="+strings.Repeat("0", 64)+", Signature="), nil, Malformed},
		{12, "Signature twice, good then bad", "H", nil, func(r *Request) { set("Authorization", good(r)+", Signature="+strings.Repeat("0", 64))(r) }, nil, Malformed},
		{13, "unknown field", "H", nil, func(r *Request) { set("Authorization", good(r)+", Region=x")(r) }, nil, Malformed},
		{13, "comma at the end", "H", nil, func(r *Request) { set("Authorization", good(r)+",")(r) }, nil, Malformed},
		{14, "field name in lower case", "H", nil, edit("Credential=", "credential="), nil, Malformed},
		{14, "blank before the equal sign", "H", nil, edit("Credential=", "Credential ="), nil, Malformed},
		{14, "blank after the equal sign", "H", nil, edit("Credential=", "Credential= "), nil, Malformed},
		{15, "no Credential", "H", nil, func(r *Request) {
			set("Authorization", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature="+signature(r))(r)
		}, nil, Malformed},
		{15, "no SignedHeaders", "H", nil, func(r *Request) {
			set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, Signature="+signature(r))(r)
		}, nil, Malformed},
		{15, "no Signature", "H", nil, func(r *Request) { set("Authorization", strings.TrimSuffix(good(r), ", Signature="+signature(r)))(r) }, nil, Malformed},
		{15, "any order of the fields is fine", "H", nil, func(r *Request) {
			f := strings.Split(strings.TrimPrefix(good(r), "AWS4-HMAC-SHA256 "), ", ")
			set("Authorization", "AWS4-HMAC-SHA256   "+f[2]+","+f[0]+",  "+f[1])(r)
		}, nil, 0},
		{16, "X-Amz-Signature in the query of the header form", "H", func(f *forgery) { f.RawQuery += "&X-Amz-Signature=00" }, nil, nil, Malformed},
		{16, "x-amz-credential in the query of the header form", "H", func(f *forgery) { f.RawQuery += "&x-amz-credential=00" }, nil, nil, Malformed},
		{16, "X-Amz-Signature with an escape in its name", "H", func(f *forgery) { f.RawQuery += "&X-Amz-%53ignature=00" }, nil, nil, Malformed},
		{17, "good header form and good query form", "Q", nil, func(r *Request) {
			add("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-central-1/execute-api/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64))(r)
		}, nil, Malformed},
		{20, "other region", "HQ", func(f *forgery) { f.region = "us-east-1" }, nil, nil, WrongScope},
		{21, "other service: s3", "HQ", func(f *forgery) { f.service = "s3" }, nil, nil, WrongScope},
		{21, "other service: lambda", "HQ", func(f *forgery) { f.service = "lambda" }, nil, nil, WrongScope},
		{21, "other service: Execute-API", "HQ", func(f *forgery) { f.service = "Execute-API" }, nil, nil, WrongScope},
		{22, "empty region", "HQ", func(f *forgery) { f.region = "" }, nil, nil, WrongScope},
		{22, "empty service", "HQ", func(f *forgery) { f.service = "" }, nil, nil, WrongScope},
		{23, "scope of the day before", "HQ", func(f *forgery) { f.scopeDate = "20260101" }, nil, nil, WrongScope},
		{23, "scope without date", "HQ", func(f *forgery) { f.scopeDate = "" }, nil, nil, WrongScope},
		{24, "301 s old", "H", at(-301), nil, nil, Expired},
		{24, "301 s ahead", "HQ", at(301), nil, nil, NotYetValid},
		{24, "15 minutes old where 15 are allowed", "H", at(-900), nil, func(v *Verifier) { v.Skew = 15 * time.Minute }, 0},
		{25, "299 s old", "HQ", at(-299), nil, nil, 0},
		{25, "300 s old", "H", at(-300), nil, nil, 0},
		{25, "299 s ahead", "HQ", at(299), nil, nil, 0},
		{25, "300 s ahead", "HQ", at(300), nil, nil, 0},
		{26, "X-Amz-Date twice, equal", "H", func(f *forgery) { add("X-Amz-Date", f.stamp)(&f.Request) }, nil, nil, Malformed},
		{26, "X-Amz-Date twice, different", "H", func(f *forgery) { add("x-amz-date", "20260102T030406Z")(&f.Request) }, nil, nil, Malformed},
		{26, "X-Amz-Date twice", "Q", func(f *forgery) { f.RawQuery += "&X-Amz-Date=" + f.stamp }, nil, nil, Malformed},
		{26, "X-Amz-Date twice beside a signed Date", "H", func(f *forgery) {
			httpDate("20260102T030405Z", "date;host;x-amz-date")(f)
			add("X-Amz-Date", f.stamp)(&f.Request)
			add("X-Amz-Date", f.stamp)(&f.Request)
		}, nil, nil, Malformed},
		{29, "no date at all", "H", func(f *forgery) { f.omitDate = true }, nil, nil, Malformed},
		{29, "Date in HTTP's form is as good", "H", httpDate("Fri, 02 Jan 2026 03:04:05 GMT", "content-type;date;host;x-custom"), nil, nil, 0},
		{29, "Date in the basic form is as good", "H", httpDate("20260102T030405Z", "date;host"), nil, nil, 0},
		{29, "Date in a form nobody sends", "H", httpDate("2026-01-02", "date;host"), nil, nil, Malformed},
		{29, "Date beside X-Amz-Date says nothing", "H", nil, add("Date", "Thu, 01 Jan 1970 00:00:00 GMT"), nil, 0},
		{30, "date not signed", "H", func(f *forgery) { f.unsignedDate = true }, nil, nil, Mismatch},
		{30, "Date is the time but not signed", "H", httpDate("20260102T030405Z", "host"), nil, nil, Mismatch},
		{31, "host not in the list", "H", func(f *forgery) { f.list = "x-amz-date" }, nil, nil, HostNotSigned},
		{31, "host not in the list", "Q", func(f *forgery) { f.list = "x-custom" }, nil, nil, HostNotSigned},
		{31, ":authority is not host", "H", func(f *forgery) { f.list = ":authority;x-amz-date" }, nil, nil, HostNotSigned},
		{32, "comma in the list", "H", func(f *forgery) { f.list = "host,x-amz-date" }, nil, nil, Malformed},
		{32, "comma in the list", "Q", func(f *forgery) { f.list = "host,x-custom" }, nil, nil, Mismatch},
		{33, "list names an absent header, signed as empty", "HQ", func(f *forgery) { f.list = "host;x-absent;x-amz-date" }, nil, nil, Mismatch},
		{34, "authorization in the list", "H", func(f *forgery) { f.list = "authorization;host;x-amz-date" }, nil, nil, Mismatch},
		{34, "authorization in the list", "Q", func(f *forgery) { f.list = "authorization;host" }, nil, nil, Mismatch},
	}
	for _, list := range []string{"Host;x-amz-date", "x-amz-date;host", "host;host;x-amz-date", "", ";host;x-amz-date", "host;x-amz-date;", "host; x-amz-date", "host;;x-amz-date"} {
		rows = append(rows, row{32, "list is " + list, "HQ", func(f *forgery) { f.list = list }, nil, nil, Mismatch})
	}
	for _, c := range []string{
		"AKIDEXAMPLE/20260102/eu-central-1/execute-api", "AKIDEXAMPLE/20260102/eu-central-1/execute-api/x/aws4_request", "AKIDEXAMPLE",
		"/20260102/eu-central-1/execute-api/aws4_request", "AKID+EXAMPLE/20260102/eu-central-1/execute-api/aws4_request",
		"AKIDEXAMPLE/20260102/eu-central-1/execute-api/aws4_request/", "AKIDEXAMPLE/20260102/eu-central-1/execute-api/", "",
		strings.Repeat("A", 129) + "/20260102/eu-central-1/execute-api/aws4_request",
	} {
		rows = append(rows, row{18, "Credential is " + c, "HQ", func(f *forgery) {
			f.credential = c
			if c == "" {
				f.credential = " "
			}
		}, nil, nil, Malformed})
	}
	for _, end := range []string{"aws4_Request", "AWS4_REQUEST", "aws4_request2", "aws5_request"} {
		rows = append(rows, row{19, "terminator is " + end, "HQ", func(f *forgery) { f.terminator = end }, nil, nil, Malformed})
	}
	for _, stamp := range []string{
		"2026-01-02T03:04:05Z", "Fri, 02 Jan 2026 03:04:05 GMT", "1767323045", "20260102t030405z", "20260102T030405+0000", "20260102T0304Z", "20260102T030405.0Z", " ", "２0260102T03040Z",
	} {
		rows = append(rows, row{27, "date is " + stamp, "HQ", func(f *forgery) { f.stamp = stamp }, nil, nil, Malformed})
	}
	for _, stamp := range []string{"20260230T030405Z", "20260102T030460Z", "20261301T030405Z", "20260102T240000Z", "20260102T036005Z", "20260100T030405Z", "20260002T030405Z"} {
		rows = append(rows, row{28, "no such time: " + stamp, "HQ", func(f *forgery) { f.stamp = stamp }, nil, nil, Malformed})
	}
	return rows
}

// at returns a change of the time of signing by seconds.
func at(seconds int) func(*forgery) {
	return func(f *forgery) {
		when := testTime.Add(time.Duration(seconds) * time.Second)
		f.stamp, f.scopeDate = when.Format(basicTime), when.Format("20060102")
	}
}

// httpDate returns a change to a Date header instead of X-Amz-Date.
func httpDate(value, list string) func(*forgery) {
	return func(f *forgery) {
		f.omitDate, f.list = true, list
		add("Date", value)(&f.Request)
	}
}
