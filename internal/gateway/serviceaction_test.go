package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

const serviceRole = "arn:aws:iam::123456789012:role/integration"

// roles has one role, with a policy.
type roles struct{ document string }

func (r roles) AssumeRole(_ context.Context, role, source string) (*integration.RoleSession, error) {
	if role != serviceRole || !strings.HasPrefix(source, "arn:aws:execute-api:") {
		return nil, errors.New("the trust policy does not allow it")
	}
	d, err := policy.Parse(policy.Identity, []byte(r.document))
	if err != nil {
		return nil, err
	}
	caller := &access.Caller{Kind: policy.AssumedRole, AccountID: testAccount, ARN: "arn:aws:sts::123456789012:assumed-role/integration/s", PrincipalARN: role}
	caller.Policies.Identity = []*policy.Policy{policy.New("test", "", d)}
	return &integration.RoleSession{Caller: caller, Credentials: session}, nil
}

// aService is an AWS service that keeps what it was asked, and verifies who
// asks.
type aService struct {
	*httptest.Server

	got    map[string]any
	answer func(w http.ResponseWriter)
}

func newAService(t *testing.T, name string) *aService {
	t.Helper()
	s := &aService{}
	verifier := &sigv4.Verifier{Keys: testKeys(t), Scope: sigv4.Scope{Region: testRegion, Service: name}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, err := sigv4.NewRequest(r)
		if err == nil {
			_, err = verifier.Verify(r.Context(), in)
		}
		if err != nil {
			t.Errorf("the call is not signed: %v", err)
		}
		body, _ := io.ReadAll(in.Body)
		s.got = map[string]any{"call": r.Method + " " + r.URL.RequestURI(), "target": r.Header.Get("X-Amz-Target"), "type": r.Header.Get("Content-Type")}
		var members any
		if json.Unmarshal(body, &members) == nil {
			s.got["body"] = members
		}
		s.answer(w)
	}))
	t.Cleanup(s.Close)
	s.answer = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{"MessageId":"m"}`)
	}
	return s
}

// serviceAPI has the route POST /x/{id} to an AWS service.
func serviceAPI(subtype string, parameters map[string]string) apigatewayv2.Served {
	served := httpAPI("prod", "POST /x/{id}")
	served.Stages[0].Stage.StageVariables = map[string]string{"bus": "orders"}
	served.Stages[0].Configuration.Integrations["int"] = apigatewayv2.Integration{
		IntegrationId: "int", IntegrationType: "AWS_PROXY", IntegrationSubtype: subtype, CredentialsArn: serviceRole, PayloadFormatVersion: "1.0",
		RequestParameters: parameters, TimeoutInMillis: 30000,
		ResponseParameters: map[string]map[string]string{"400": {"overwrite:statuscode": "422"}},
	}
	return served
}

func newServiceBench(t *testing.T, document, service, endpoint string, served apigatewayv2.Served) *bench {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{apis: &apis{changes: make(chan struct{}, 1)}, trace: &trace.Log{}}
	b.apis.set(served)
	b.Gateway = New(Config{
		APIs: b.apis, Keys: testKeys(t), Trace: b.trace, Log: slog.New(slog.DiscardHandler), Account: testAccount, Region: testRegion,
		Services: Services{Endpoints: map[string]*url.URL{service: u}, Roles: roles{document}}, Now: time.Now,
	})
	return b
}

const queueURL = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/q"

func TestServiceActions(t *testing.T) {
	tests := []struct {
		subtype    string
		parameters map[string]string
		service    string
		allows     string // what the role may do, on what
		want       map[string]any
	}{
		{
			"SQS-SendMessage",
			map[string]string{
				"QueueUrl": queueURL, "MessageBody": "${request.path.id}: ${request.body.text}", "DelaySeconds": "5", "MessageAttributes": "$request.body.attributes",
				"MessageGroupId": "$request.header.not-there",
			},
			"sqs", `"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:ap-northeast-1:123456789012:q"`,
			map[string]any{"call": "POST /base/", "target": "AmazonSQS.SendMessage", "type": "application/x-amz-json-1.0", "body": map[string]any{
				"QueueUrl": queueURL, "MessageBody": "7: hello", "DelaySeconds": 5.0,
				"MessageAttributes": map[string]any{"a": map[string]any{"DataType": "String", "StringValue": "b"}},
			}},
		},
		{
			"SQS-ReceiveMessage",
			map[string]string{"QueueUrl": queueURL, "MaxNumberOfMessages": "$request.querystring.n", "AttributeNames": "All, SentTimestamp"},
			"sqs", `"Action":"sqs:ReceiveMessage","Resource":"*"`,
			map[string]any{"call": "POST /base/", "target": "AmazonSQS.ReceiveMessage", "type": "application/x-amz-json-1.0", "body": map[string]any{
				"QueueUrl": queueURL, "MaxNumberOfMessages": 3.0, "AttributeNames": []any{"All", "SentTimestamp"},
			}},
		},
		{
			"EventBridge-PutEvents",
			map[string]string{
				"Detail": "$request.body", "DetailType": "order", "Source": "$context.apiId", "EventBusName": "$stageVariables.bus",
				"Time": "2025-04-14T22:14:16Z", "Resources": `["arn:x"]`,
			},
			"events", `"Action":"events:PutEvents","Resource":"arn:aws:events:ap-northeast-1:123456789012:event-bus/orders"`,
			map[string]any{"call": "POST /base/", "target": "AWSEvents.PutEvents", "type": "application/x-amz-json-1.1", "body": map[string]any{"Entries": []any{map[string]any{
				"Detail": serviceBody, "DetailType": "order", "Source": testAPI, "EventBusName": "orders", "Time": 1744668856.0, "Resources": []any{"arn:x"},
			}}}},
		},
		{
			"StepFunctions-StartExecution",
			map[string]string{"StateMachineArn": "arn:aws:states:ap-northeast-1:123456789012:stateMachine:s", "Input": "$request.body", "Name": "$request.path.id"},
			"states", `"Action":"states:StartExecution","Resource":"arn:aws:states:ap-northeast-1:123456789012:stateMachine:s"`,
			map[string]any{"call": "POST /base/", "target": "AWSStepFunctions.StartExecution", "type": "application/x-amz-json-1.0", "body": map[string]any{
				"stateMachineArn": "arn:aws:states:ap-northeast-1:123456789012:stateMachine:s", "input": serviceBody, "name": "7",
			}},
		},
		{
			"Kinesis-PutRecord",
			map[string]string{"StreamName": "s", "Data": "$request.body.text", "PartitionKey": "$request.path.id"},
			"kinesis", `"Action":"kinesis:PutRecord","Resource":"arn:aws:kinesis:ap-northeast-1:123456789012:stream/s"`,
			map[string]any{"call": "POST /base/", "target": "Kinesis_20131202.PutRecord", "type": "application/x-amz-json-1.1", "body": map[string]any{
				"StreamName": "s", "Data": "aGVsbG8=", "PartitionKey": "7",
			}},
		},
		{
			"AppConfig-GetConfiguration",
			map[string]string{"Application": "a/b", "Environment": "e", "Configuration": "c", "ClientId": "$request.path.id"},
			"appconfig", `"Action":"appconfig:GetConfiguration","Resource":"arn:aws:appconfig:ap-northeast-1:123456789012:application/a/b*"`,
			map[string]any{"call": "GET /base/applications/a%2Fb/environments/e/configurations/c?client_id=7", "target": "", "type": ""},
		},
	}
	for _, tt := range tests {
		t.Run(tt.subtype, func(t *testing.T) {
			s := newAService(t, tt.service)
			allow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` + tt.allows + `}}`
			b := newServiceBench(t, allow, tt.service, s.URL+"/base", serviceAPI(tt.subtype, tt.parameters))
			w := b.do(request(t, "POST", "/prod/x/7?n=3", serviceBody, nil))
			if w.Code != 200 || w.Body.String() != `{"MessageId":"m"}` || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s %v: %+v", w.Code, w.Body, w.Header(), b.trace.Last().Integration)
			}
			if diff := cmp.Diff(tt.want, s.got); diff != "" {
				t.Errorf("the service was asked (-want +got):\n%s", diff)
			}
		})
	}
}

const serviceBody = `{"text":"hello","attributes":{"a":{"DataType":"String","StringValue":"b"}}}`

func TestServiceActionsThatFail(t *testing.T) {
	send := map[string]string{"QueueUrl": queueURL, "MessageBody": "$request.body.text"}
	const allow = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}`
	tests := []struct {
		name, document, body string
		change               func(b *aService, served *apigatewayv2.Served)
		want, says           string
	}{
		{"a required value that the request lacks", allow, `{}`, nil, `400 {"message":"Bad Request"}`, "MessageBody has no value"},
		{
			"a role without a policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:other"}}`, serviceBody, nil,
			`403 {"message":"Forbidden"}`, "is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:ap-northeast-1:123456789012:q",
		},
		{"a role that does not trust API Gateway", allow, serviceBody, func(_ *aService, served *apigatewayv2.Served) {
			i := served.Stages[0].Configuration.Integrations["int"]
			i.CredentialsArn = "arn:aws:iam::123456789012:role/other"
			served.Stages[0].Configuration.Integrations["int"] = i
		}, `500 {"message":"Internal Server Error"}`, "cannot be assumed"},
		{"a service that is gone", allow, serviceBody, func(s *aService, _ *apigatewayv2.Served) { s.Close() }, `503 {"message":"Service Unavailable"}`, "could not be reached"},
		{"an answer of the service that a mapping changes", allow, serviceBody, func(s *aService, _ *apigatewayv2.Served) {
			s.answer = func(w http.ResponseWriter) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"__type":"no"}`)
			}
		}, `422 {"__type":"no"}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, served := newAService(t, "sqs"), serviceAPI("SQS-SendMessage", send)
			if tt.change != nil {
				tt.change(s, &served)
			}
			b := newServiceBench(t, tt.document, "sqs", s.URL, served)
			w := b.do(request(t, "POST", "/prod/x/7", tt.body, nil))
			if got := w.Result().Status[:3] + " " + w.Body.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if said := b.trace.Last().Integration.Error; !strings.Contains(said, tt.says) {
				t.Errorf("the trace says %q, want %q", said, tt.says)
			}
		})
	}
	t.Run("without an endpoint", func(t *testing.T) {
		b := newServiceBench(t, allow, "events", "http://127.0.0.1:1", serviceAPI("SQS-SendMessage", send))
		w := b.do(request(t, "POST", "/prod/x/7", serviceBody, nil))
		if s, _ := b.trace.Last().Refusal(); w.Code != 500 || !strings.Contains(s.Detail, "no endpoint is configured for sqs") {
			t.Errorf("got %d, trace %+v", w.Code, s)
		}
	})
}
