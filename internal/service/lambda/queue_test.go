package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hakonegate/hakone/internal/service/lambda"
)

// An inbox is a destination for everything.
type inbox chan *lambda.Delivery

func (inbox) Check(target string) error {
	if strings.Contains(target, ":sns:") {
		return errors.New("no SNS")
	}
	return nil
}

func (i inbox) Deliver(_ context.Context, d *lambda.Delivery) error {
	i <- d
	return nil
}

const (
	destination = "arn:aws:sqs:us-east-1:111111111111:record"
	letters     = "arn:aws:sqs:us-east-1:111111111111:letters"
)

// counting is a body that fails with the number of its call.
const counting = `open("/tmp/n", "a").write("x") and fail(context.aws_request_id)

def fail(id):
    raise Exception("no")`

func accept(tb testing.TB, s *lambda.Service) string {
	tb.Helper()
	in := fromAPI("")
	in.Payload = []byte(`{"a": 1}`)
	id, err := s.InvokeAsync(tb.Context(), in)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func configure(tb testing.TB, s *lambda.Service, c lambda.EventInvokeConfig) {
	tb.Helper()
	if _, err := s.PutFunctionEventInvokeConfig(tb.Context(), "fn", "", c); err != nil {
		tb.Fatal(err)
	}
}

func TestWhatBecomesOfAsynchronousCalls(t *testing.T) {
	zero := 0
	tests := []struct {
		name     string
		body     string
		rules    lambda.EventInvokeConfig
		reserved *int
		want     string // the record, without times and IDs
	}{
		{
			"success", "event",
			lambda.EventInvokeConfig{OnSuccess: destination},
			nil,
			`{"condition":"Success","approximateInvokeCount":1} {"executedVersion":"$LATEST","statusCode":200} {"a":1}`,
		},
		{
			"a failure is tried three times", counting,
			lambda.EventInvokeConfig{OnFailure: destination},
			nil,
			`{"condition":"RetriesExhausted","approximateInvokeCount":3} {"executedVersion":"$LATEST","functionError":"Unhandled","statusCode":200} "no"`,
		},
		{
			"or once", counting,
			lambda.EventInvokeConfig{OnFailure: destination, MaximumRetryAttempts: &zero},
			nil,
			`{"condition":"RetriesExhausted","approximateInvokeCount":1} {"executedVersion":"$LATEST","functionError":"Unhandled","statusCode":200} "no"`,
		},
		{
			"no try begins after the age", counting,
			lambda.EventInvokeConfig{OnFailure: destination, MaximumEventAgeInSeconds: new(60)},
			nil,
			`{"condition":"EventAgeExceeded","approximateInvokeCount":1} {"executedVersion":"$LATEST","functionError":"Unhandled","statusCode":200} "no"`,
		},
		{
			"no concurrency, no try", "event",
			lambda.EventInvokeConfig{OnFailure: destination},
			&zero,
			`{"condition":"ZeroReservedConcurrency","approximateInvokeCount":0} null null`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			box := make(inbox, 1)
			s := newPlace(t).service(box)
			hello(t, s, tt.body)
			allow(t, s, "")
			configure(t, s, tt.rules)
			if err := s.SetReserved(t.Context(), "fn", tt.reserved); err != nil {
				t.Fatal(err)
			}
			running(t, s.Run)
			id := accept(t, s)
			d := <-box
			var got struct {
				RequestContext struct {
					RequestID   string `json:"requestId"`
					FunctionARN string `json:"functionArn"`
					Condition   string `json:"condition"`
					Count       int    `json:"approximateInvokeCount"`
				} `json:"requestContext"`
				RequestPayload  json.RawMessage `json:"requestPayload"`
				ResponseContext any             `json:"responseContext"`
				ResponsePayload any             `json:"responsePayload"`
			}
			if err := json.Unmarshal(d.Body, &got); err != nil {
				t.Fatal(err)
			}
			r := got.RequestContext
			if failed, ok := got.ResponsePayload.(map[string]any); ok && failed["errorMessage"] != nil {
				got.ResponsePayload = failed["errorMessage"]
			}
			context, _ := json.Marshal(got.ResponseContext)
			payload, _ := json.Marshal(got.ResponsePayload)
			count, _ := json.Marshal(r.Count)
			text := `{"condition":"` + r.Condition + `","approximateInvokeCount":` + string(count) + `} ` + string(context) + " " + string(payload)
			if diff := cmp.Diff(tt.want, text); diff != "" {
				t.Errorf("record %s (-want +got):\n%s", d.Body, diff)
			}
			if r.RequestID != id || r.FunctionARN != arn+":$LATEST" || string(got.RequestPayload) != `{"a":1}` {
				t.Errorf("record %s: want request %s", d.Body, id)
			}
		})
	}
}

func TestDeadLettersAreTheEvents(t *testing.T) {
	box := make(inbox, 1)
	s := newPlace(t).service(box)
	hello(t, s, counting)
	allow(t, s, "")
	if _, err := s.UpdateFunctionConfiguration(t.Context(), "fn", lambda.Settings{DeadLetterArn: new(letters)}, ""); err != nil {
		t.Fatal(err)
	}
	running(t, s.Run)
	id := accept(t, s)
	want := &lambda.Delivery{
		Target: letters, Role: "arn:aws:iam::111111111111:role/r", FunctionARN: arn, RequestID: id, Body: []byte(`{"a": 1}`),
		DeadLetter: true, ErrorCode: "200", ErrorMessage: "no",
	}
	if diff := cmp.Diff(want, <-box, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("dead letter (-want +got):\n%s", diff)
	}
}

func TestAcceptedCallsSurviveARestart(t *testing.T) {
	box := make(inbox, 1)
	p := newPlace(t)
	s := p.service(box)
	hello(t, s, "event")
	allow(t, s, "")
	configure(t, s, lambda.EventInvokeConfig{OnSuccess: destination})
	id := accept(t, s) // nothing runs that would make the call
	running(t, p.service(box).Run)
	if d := <-box; d.RequestID != id || !d.Success {
		t.Errorf("delivery after the restart: %+v, want the success of %s", d, id)
	}
}

func TestDestinationsThatNothingReachesAreRefused(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:111111111111:topic"
	s := newPlace(t).service(make(inbox))
	hello(t, s, "event")
	_, err := s.PutFunctionEventInvokeConfig(t.Context(), "fn", "", lambda.EventInvokeConfig{OnFailure: topic})
	if got := code(err); got != "InvalidParameterValueException" {
		t.Errorf("PutFunctionEventInvokeConfig with a topic = %v", err)
	}
	_, err = s.UpdateFunctionConfiguration(t.Context(), "fn", lambda.Settings{DeadLetterArn: new(topic)}, "")
	if got := code(err); got != "InvalidParameterValueException" {
		t.Errorf("UpdateFunctionConfiguration with a topic = %v", err)
	}
}

func TestEventsHaveTheirOwnLimit(t *testing.T) {
	s := open(t)
	hello(t, s, "event")
	allow(t, s, "")
	in := fromAPI("")
	in.Payload = []byte(`"` + strings.Repeat("a", lambda.MaxEvent) + `"`)
	_, err := s.InvokeAsync(t.Context(), in)
	if got, want := err, "RequestEntityTooLargeException: Request must be smaller than 1048576 bytes for the InvokeFunction operation"; got == nil || got.Error() != want {
		t.Errorf("InvokeAsync = %v, want %s", got, want)
	}
}
