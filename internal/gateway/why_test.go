package gateway

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/sigv4"
)

func TestTraceExplainsRefusals(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "GET /pets/{id} : AWS_IAM"))
	wrong := sigv4.Credentials{AccessKeyID: allowed.AccessKeyID, SecretAccessKey: "wrong"}
	for _, tt := range []struct {
		name string
		c    *sigv4.Credentials
		want []string
	}{
		{"unsigned", nil, []string{"missing", "hakone curl --service execute-api --region " + testRegion}},
		{"wrong secret", &wrong, []string{"mismatch", "Check the secret access key", "| host:" + testHost, "| GET", "AWS4-HMAC-SHA256"}},
		{"no policy", &nobody, []string{"signature        good", "arn:aws:execute-api:ap-northeast-1:123456789012:abcdef1234/$default/GET/pets/1", "akidnobody"}},
		{"explicit deny", &denied, []string{"NoPets"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.do(request(t, "GET", "/pets/1", "", tt.c))
			var text bytes.Buffer
			if err := trace.Explain(&text, b.trace.LastDenied()); err != nil {
				t.Fatal(err)
			}
			t.Log("\n" + text.String())
			for _, want := range tt.want {
				if !strings.Contains(text.String(), want) {
					t.Errorf("no %q in\n%s", want, text.String())
				}
			}
		})
	}
}

// A request that was changed after signing is refused, and the operator is told
// what was changed.
func TestTraceNamesWhatWasChangedAfterSigning(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "ANY /{proxy+} : AWS_IAM"))
	target := func(uri string) func(*http.Request) {
		return func(r *http.Request) {
			r.RequestURI = uri
			r.URL, _ = url.ParseRequestURI(uri)
		}
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	both := func(changes ...func(*http.Request)) func(*http.Request) {
		return func(r *http.Request) {
			for _, change := range changes {
				change(r)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*http.Request)
		want   string
	}{
		{"a prefix that a proxy put before the path", target("/prod/pets/1?a=b"), "right for the path /pets/1: "},
		{"a prefix that a proxy cut off and reports", both(target("/1?a=b"), header("X-Forwarded-Prefix", "/pets")), "right for the path /pets/1: "},
		{"a path that a proxy reports as it was", both(target("/other?a=b"), header("X-Original-URI", "/pets/1?a=b")), "right for the path /pets/1: "},
		{"a slash at the end", target("/pets/1/?a=b"), "right for the path /pets/1: "},
		{"a parameter", target("/pets/1?a=b&utm=c"), "without the query parameter utm"},
		{"the host, as the proxy reports", both(func(r *http.Request) { r.Host = "localhost" }, header("X-Forwarded-Host", testHost)), "right for the host " + testHost},
		{"the method", func(r *http.Request) { r.Method = "POST" }, "right for the method GET"},
		{"nothing that could be guessed", target("/elsewhere?c=d"), "Check the secret access key first"},
		{"an X-Amz header", header("X-Amz-Meta-Via", "proxy"), "Every X-Amz-* header that arrives must be among the signed ones"},
	} {
		for name, c := range map[string]*sigv4.Credentials{"user": &allowed, "session": &session} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				r := request(t, "GET", "/pets/1?a=b", "", c)
				tt.change(r)
				if got := b.do(r).Code; got != http.StatusForbidden {
					t.Fatalf("answered %d, want 403", got)
				}
				var text bytes.Buffer
				if err := trace.Explain(&text, b.trace.LastDenied()); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(text.String(), tt.want) {
					t.Errorf("no %q in\n%s", tt.want, text.String())
				}
				if strings.Contains(text.String(), session.SessionToken) {
					t.Errorf("the session token is shown:\n%s", text.String())
				}
			})
		}
	}
}
