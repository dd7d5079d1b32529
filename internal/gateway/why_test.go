package gateway

import (
	"bytes"
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
