package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/access"
)

func TestDestinationsAreWhatCanBeReached(t *testing.T) {
	endpoints, err := ParseServiceEndpoints([]string{"sqs=http://127.0.0.1:9324"})
	if err != nil {
		t.Fatal(err)
	}
	d := &destinations{endpoints: endpoints, account: "111111111111", region: "us-east-1"}
	tests := []struct {
		name, target string
		want         string // the error
	}{
		{"a function", "arn:aws:lambda:us-east-1:111111111111:function:fn:live", ""},
		{"a function elsewhere", "arn:aws:lambda:eu-west-1:111111111111:function:fn", "arn:aws:lambda:eu-west-1:111111111111:function:fn is no function of this account and region"},
		{"a queue where SQS is", "arn:aws:sqs:us-east-1:111111111111:q", ""},
		{
			"a bus where no EventBridge is", "arn:aws:events:us-east-1:111111111111:event-bus/b",
			"hakone has no events of its own: say where it is with --service-endpoint events=URL to deliver to arn:aws:events:us-east-1:111111111111:event-bus/b",
		},
		{"a topic", "arn:aws:sns:us-east-1:111111111111:t", "hakone does not deliver to sns: destinations can be functions, SQS queues and EventBridge buses"},
		{"no ARN", "q", "q is not an ARN"},
	}
	for _, tt := range tests {
		got := ""
		if err := d.Check(tt.target); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMessagesAreSignedForTheirService(t *testing.T) {
	var got *http.Request
	var body string
	sqs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r, string(text)
	}))
	t.Cleanup(sqs.Close)
	endpoints, err := ParseServiceEndpoints([]string{"sqs=" + sqs.URL})
	if err != nil {
		t.Fatal(err)
	}
	d := &destinations{endpoints: endpoints, account: "111111111111", region: "us-east-1"}
	keys := &access.Credentials{AccessKeyID: "ASIAFN", SecretAccessKey: "secret", SessionToken: "token"}
	if err := d.send(t.Context(), "sqs", "1.0", "AmazonSQS.SendMessage", map[string]string{"MessageBody": "m"}, keys); err != nil {
		t.Fatal(err)
	}
	if got.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessage" || got.Header.Get("X-Amz-Security-Token") != "token" || body != `{"MessageBody":"m"}` {
		t.Errorf("%v %s", got.Header, body)
	}
	if a := got.Header.Get("Authorization"); !strings.Contains(a, "/us-east-1/sqs/aws4_request") {
		t.Errorf("Authorization is %.80s, want the scope of sqs", a)
	}
	if err := d.send(t.Context(), "events", "1.1", "AWSEvents.PutEvents", nil, keys); err == nil {
		t.Error("a service without an endpoint is no error")
	}
}
