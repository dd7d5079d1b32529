package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseServiceEndpoints(t *testing.T) {
	tests := []struct {
		name string
		list []string
		want map[string]string // nil: an error
	}{
		{"none", nil, map[string]string{}},
		{"several", []string{"sqs=http://127.0.0.1:9324", "s3=https://s3.example/base"}, map[string]string{"sqs": "http://127.0.0.1:9324", "s3": "https://s3.example/base"}},
		{"the name that people know", []string{"stepfunctions=http://127.0.0.1:8083"}, map[string]string{"states": "http://127.0.0.1:8083"}},
		{"a service that nobody calls", []string{"sqss=http://127.0.0.1:9324"}, nil},
		{"no URL", []string{"sqs"}, nil},
		{"no scheme", []string{"sqs=127.0.0.1:9324"}, nil},
		{"not HTTP", []string{"sqs=ftp://127.0.0.1"}, nil},
		{"credentials in the URL", []string{"sqs=http://me:secret@127.0.0.1"}, nil},
		{"twice", []string{"events=http://a", "eventbridge=http://b"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			endpoints, err := ParseServiceEndpoints(tt.list)
			var got map[string]string
			if err == nil {
				got = map[string]string{}
				for service, u := range endpoints {
					got[service] = u.String()
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseServiceEndpoints(%q), error %v (-want +got):\n%s", tt.list, err, diff)
			}
		})
	}
}

func TestFunctionsFindServiceEndpoints(t *testing.T) {
	endpoints, err := ParseServiceEndpoints([]string{"dynamodb=http://127.0.0.1:8000", "states=http://127.0.0.1:8083", "events=http://127.0.0.1:4010"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:8000", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:8083", "AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:4010",
	}
	if diff := cmp.Diff(want, endpoints.variables()); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}
