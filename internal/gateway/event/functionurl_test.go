package event

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/sigv4"
)

func TestAnswersToFunctionURLs(t *testing.T) {
	asJSON := []sigv4.Header{{Name: "content-type", Value: "application/json"}}
	tests := []struct {
		name, payload string
		want          Response
	}{
		{"JSON loses its blanks", `{"hello": "world"}`, Response{200, asJSON, []byte(`{"hello":"world"}`)}},
		{"a string loses its quotes", `"hello"`, Response{200, asJSON, []byte("hello")}},
		{"a structured answer is JSON unless it says otherwise", `{"statusCode":201,"body":"x"}`, Response{201, asJSON, []byte("x")}},
		{
			"its own content type", `{"statusCode":200,"headers":{"Content-Type":"text/html"},"body":"x"}`,
			Response{200, []sigv4.Header{{Name: "content-type", Value: "text/html"}}, []byte("x")},
		},
	}
	for _, tt := range tests {
		got, err := ParseFunctionURL([]byte(tt.payload))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestStreamedAnswersCarryTheirMetadata(t *testing.T) {
	const kind = "application/vnd.awslambda.http-integration-response"
	got, err := ParseStreamed(kind, []byte(`{"statusCode":201,"headers":{"x-a":"b","content-type":"text/plain"},"cookies":["c=1"]}`+"\x00\x00\x00\x00\x00\x00\x00\x00hello world"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Response{201, []sigv4.Header{{Name: "set-cookie", Value: "c=1"}, {Name: "content-type", Value: "text/plain"}, {Name: "x-a", Value: "b"}}, []byte("hello world")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseStreamed (-want +got):\n%s", diff)
	}
	if got, err := ParseStreamed(kind, []byte(`{"statusCode":201}`)); got != nil || err != nil {
		t.Errorf("ParseStreamed of a part = %v, %v, want neither", got, err)
	}
	if got, err := ParseStreamed(kind, []byte("no metadata\x00\x00\x00\x00\x00\x00\x00\x00")); err == nil {
		t.Errorf("ParseStreamed of nonsense = %v, want an error", got)
	}
}
