package server

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/service/lambda"
)

func TestDestinationsAreWhatCanBeReached(t *testing.T) {
	endpoints, err := ParseServiceEndpoints([]string{"sqs=http://127.0.0.1:9324"})
	if err != nil {
		t.Fatal(err)
	}
	d := &destinations{buckets: aBucket{}, endpoints: endpoints, account: "111111111111", region: "us-east-1"}
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
		{"a topic where no SNS is", "arn:aws:sns:us-east-1:111111111111:t", "hakone has no sns of its own: say where it is with --service-endpoint sns=URL to deliver to arn:aws:sns:us-east-1:111111111111:t"},
		{"a stream", "arn:aws:kinesis:us-east-1:111111111111:stream/s", "hakone does not deliver to kinesis: destinations can be functions, buckets, SQS queues, SNS topics and EventBridge buses"},
		{"a bucket", "arn:aws:s3:::mine", ""},
		{"a bucket that is not there", "arn:aws:s3:::other", "there is no bucket other to deliver to"},
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

// aBucket is the only one, "mine".
type aBucket struct{}

func (aBucket) HasBucket(name string) bool { return name == "mine" }

func (aBucket) Write(context.Context, string, string, string, []byte) error { return nil }

func TestTopicsAndBucketsElsewhereAreTold(t *testing.T) {
	var got []string
	there := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "/us-east-1/")
		scope, _, _ = strings.Cut(scope, ",")
		got = append(got, r.Method+" "+r.URL.Path+" "+scope+" "+string(text))
	}))
	t.Cleanup(there.Close)
	endpoints, err := ParseServiceEndpoints([]string{"sns=" + there.URL, "s3=" + there.URL})
	if err != nil {
		t.Fatal(err)
	}
	d := &destinations{endpoints: endpoints, region: "us-east-1"}
	keys := &access.Credentials{AccessKeyID: "ASIAFN", SecretAccessKey: "secret", SessionToken: "token"}
	m := &lambda.Delivery{Target: "arn:aws:sns:us-east-1:111111111111:t", Body: []byte("{}"), DeadLetter: true, RequestID: "id", ErrorCode: "200", ErrorMessage: "m"}
	if err := d.publish(t.Context(), m, keys); err != nil {
		t.Fatal(err)
	}
	if err := d.put(t.Context(), "mine", recordKey("arn:aws:lambda:us-east-1:111111111111:function:fn", time.Unix(0, 0)), []byte("{}"), keys); err != nil {
		t.Fatal(err)
	}
	if want := "POST / sns/aws4_request Action=Publish&Message=%7B%7D&MessageAttributes.entry.1.Name=RequestID&MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=id&"; !strings.HasPrefix(got[0], want) {
		t.Errorf("SNS got %s, want %s…", got[0], want)
	}
	if want := "PUT /mine/aws/lambda/async/fn/1970/01/01/1970-01-01T00.00.00-"; !strings.HasPrefix(got[1], want) || !strings.HasSuffix(got[1], " s3/aws4_request {}") {
		t.Errorf("S3 got %s, want %s…", got[1], want)
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
