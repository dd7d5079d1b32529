package event

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// fullRequest is the request of the events in testdata, which have the shape
// and the order that AWS documents.
func fullRequest() *Request {
	return &Request{
		AccountID: "123456789012", APIID: "abcdef1234", Stage: "$default", RouteKey: "POST /a/{id}", RoutePath: "/a/{id}",
		DomainName: "abcdef1234.execute-api.us-east-1.amazonaws.com", DomainPrefix: "abcdef1234",
		Method: "POST", Path: "/a/J D", SentPath: "/a/J%20D", RawQuery: "q=1&q=2&f", Protocol: "HTTP/1.1",
		SourceIP: "192.0.2.1", UserAgent: "curl/8.5.0", RequestID: "JCJM3j95PHcEJHg=",
		Time: time.Date(2025, 4, 14, 22, 14, 16, 859e6, time.UTC),
		Headers: []sigv4.Header{
			{Name: "accept", Value: "*/*"},
			{Name: "content-length", Value: "3"},
			{Name: "content-type", Value: "text/plain"},
			{Name: "cookie", Value: "c1=v1; c2=v2"},
			{Name: "host", Value: "abcdef1234.execute-api.us-east-1.amazonaws.com"},
			{Name: "user-agent", Value: "curl/8.5.0"},
			{Name: "x-amzn-trace-id", Value: "Root=1-67fd88b8-2f95df5a03c1bc3a6168b6d8"},
			{Name: "x-forwarded-for", Value: "192.0.2.1"},
			{Name: "x-forwarded-port", Value: "443"},
			{Name: "x-forwarded-proto", Value: "https"},
			{Name: "x-mine", Value: "1"},
			{Name: "x-mine", Value: "2"},
		},
		Query:          []Parameter{{"q", "1"}, {"q", "2"}, {"f", ""}},
		PathParameters: []Parameter{{"id", "J D"}},
		StageVariables: []Parameter{{"k", "v"}},
		Body:           []byte("a\"c"),
		Authorizer: Authorizer{IAM: &IAM{
			AccessKey: "ASIAX", AccountID: "123456789012", UserID: "AROAX:session", UserARN: "arn:aws:sts::123456789012:assumed-role/Role/session",
		}},
	}
}

// bareRequest has nothing that may be missing.
func bareRequest() *Request {
	return &Request{
		AccountID: "123456789012", APIID: "abcdef1234", Stage: "prod", RouteKey: "$default", RoutePath: "$default",
		DomainName: "abcdef1234.execute-api.us-east-1.amazonaws.com", DomainPrefix: "abcdef1234",
		Method: "GET", Path: "/prod/", SentPath: "/prod/", Protocol: "HTTP/1.1", SourceIP: "192.0.2.1", RequestID: "JCJM3j95PHcEJHg=",
		Time:    time.Date(2025, 4, 14, 22, 14, 16, 0, time.UTC),
		Headers: []sigv4.Header{{Name: "content-length", Value: "0"}, {Name: "x-own", Value: "1"}},
		HTTP2:   true,
	}
}

func TestEvents(t *testing.T) {
	jwt := bareRequest()
	jwt.Authorizer.JWT = &JWT{Claims: []Parameter{{"iat", "1516239022"}, {"sub", "x"}}, Scopes: []string{"a", "b"}}
	lambda := bareRequest()
	lambda.Authorizer.Lambda = &Lambda{PrincipalID: "me", Context: []Member{{"n", []byte("1")}, {"s", []byte(`"x"`)}}}
	tests := []struct {
		file   string
		append func([]byte, *Request) []byte
		r      *Request
	}{
		{"v2-full.json", AppendV2, fullRequest()},
		{"v2-bare.json", AppendV2, bareRequest()},
		{"v2-jwt.json", AppendV2, jwt},
		{"v2-lambda.json", AppendV2, lambda},
		{"v1-full.json", AppendV1, fullRequest()},
		{"v1-bare.json", AppendV1, bareRequest()},
		{"v1-jwt.json", AppendV1, jwt},
		{"v1-lambda.json", AppendV1, lambda},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			golden(t, tt.file, tt.append(nil, tt.r))
		})
	}
}

func TestBodyIsBase64UnlessText(t *testing.T) {
	tests := []struct {
		contentType, body, want string
		encoded                 bool
	}{
		{"text/plain", "a", `"a"`, false},
		{"TEXT/HTML; charset=x", "a", `"a"`, false},
		{"application/json; charset=utf-8", "{}", `"{}"`, false},
		{"application/xml", "a", `"a"`, false},
		{"application/javascript", "a", `"a"`, false},
		{"application/problem+json", "{}", `"{}"`, false},
		{"application/x-www-form-urlencoded", "a=1", `"YT0x"`, true},
		{"multipart/form-data; boundary=x", "a", `"YQ=="`, true},
		{"image/svg+xml", "a", `"YQ=="`, true},
		{"", "a", `"YQ=="`, true},
		{"text/plain", "\xff", `"/w=="`, true},
	}
	for _, tt := range tests {
		r := &Request{Headers: []sigv4.Header{{Name: "content-type", Value: tt.contentType}}, Body: []byte(tt.body)}
		if tt.contentType == "" {
			r.Headers = nil
		}
		got, encoded := appendBody(nil, r)
		if string(got) != tt.want || encoded != tt.encoded {
			t.Errorf("%q of %q = %s %v, want %s %v", tt.body, tt.contentType, got, encoded, tt.want, tt.encoded)
		}
	}
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "a", "\"\\\n\r\t\x00\x1f\x7f", "あ\xff\xc0", "\u2028<>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(AppendString(nil, s), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var plain string
		if err := json.Unmarshal(want, &plain); err != nil || plain != got {
			t.Errorf("%q became %q, want %q", s, got, plain)
		}
	})
}

func BenchmarkAppendV2(b *testing.B) {
	r := fullRequest()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendV2(buf[:0], r)
	}
}
