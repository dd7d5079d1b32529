package apigatewayv2

import (
	"strings"
	"testing"
)

func TestServiceIntegrations(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/queue"
	sqs := func(parameters map[string]string) Integration {
		return Integration{IntegrationType: "AWS_PROXY", IntegrationSubtype: "SQS-SendMessage", CredentialsArn: role, RequestParameters: parameters}
	}
	send := map[string]string{"QueueUrl": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/q", "MessageBody": "$request.body.text"}
	with := func(name, value string) map[string]string {
		m := map[string]string{name: value}
		for k, v := range send {
			if _, ok := m[k]; !ok {
				m[k] = v
			}
		}
		return m
	}
	tests := []struct {
		name string
		in   Integration
		want string // "" when it is made
	}{
		{"a message", sqs(send), ""},
		{"attributes from the request", sqs(with("MessageAttributes", "$request.body.attributes")), ""},
		{"attributes as a text", sqs(with("MessageAttributes", `{"a":{}}`)), `BadRequestException: Invalid selection expression specified: Validation Result: warnings : [], errors : [Invalid source: {"a":{}} specified for destination: MessageAttributes]`},
		{"no queue", sqs(map[string]string{"MessageBody": "x"}), "Parameter: QueueUrl does not exist in RequestParameters of SQS-SendMessage, which needs it"},
		{"a parameter in other letters", sqs(with("delaySeconds", "1")), "Parameter: delaySeconds is none of SQS-SendMessage"},
		{"a source that is none", sqs(with("MessageBody", "$request.cookie.x")), "Invalid mapping expression specified"},
		{"a service without an endpoint", Integration{
			IntegrationType: "AWS_PROXY", IntegrationSubtype: "EventBridge-PutEvents", CredentialsArn: role,
			RequestParameters: map[string]string{"Detail": "$request.body", "DetailType": "t", "Source": "s"},
		}, "No endpoint is configured for events, which EventBridge-PutEvents calls: start hakone with --service-endpoint events=URL"},
		{"a subtype that is none", Integration{IntegrationType: "AWS_PROXY", IntegrationSubtype: "SNS-Publish", CredentialsArn: role}, "Invalid integration subtype SNS-Publish. Must be one of [AppConfig-GetConfiguration, "},
		{"the caller's credentials", Integration{IntegrationType: "AWS_PROXY", IntegrationSubtype: "SQS-SendMessage", CredentialsArn: "arn:aws:iam::*:user/*"}, "is called with a role"},
		{"a URI", Integration{IntegrationType: "AWS_PROXY", IntegrationSubtype: "SQS-SendMessage", CredentialsArn: role, IntegrationUri: function}, "has no integration URI"},
		{"payload format 2.0", Integration{IntegrationType: "AWS_PROXY", IntegrationSubtype: "SQS-SendMessage", CredentialsArn: role, PayloadFormatVersion: "2.0"}, "payload format version 1.0"},
		{"a subtype of an HTTP backend", Integration{IntegrationType: "HTTP_PROXY", IntegrationSubtype: "SQS-SendMessage"}, "Only AWS_PROXY integrations have a subtype"},
	}
	s := newService(t)
	s.config.HasEndpoint = func(service string) bool { return service == "sqs" }
	id := createAPI(t, s).ApiId
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.CreateIntegration(t.Context(), id, tt.in)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
