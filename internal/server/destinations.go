package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hakonegate/hakone/arn"
	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/service/sts"
	"github.com/hakonegate/hakone/sigv4"
)

// destinations deliver what became of asynchronous calls, with the rights of
// the function's execution role: to other functions, and to SQS and EventBridge
// where --service-endpoint says that they are.
type destinations struct {
	lambda    *lambda.Service // set when it was made
	sts       *sts.Service
	endpoints ServiceEndpoints
	account   string
	region    string
	client    http.Client
}

func newDestinations(s *Server) *destinations {
	return &destinations{
		sts: s.sts, endpoints: s.config.Services, account: s.config.Account, region: s.config.Region,
		client: http.Client{Timeout: 10 * time.Second},
	}
}

// Check implements [lambda.Destinations].
func (d *destinations) Check(target string) error {
	a, err := arn.Parse(target)
	switch {
	case err != nil:
		return fmt.Errorf("%s is not an ARN", target)
	case a.Service == "lambda":
		if a.Region != d.region || a.Account != d.account || !strings.HasPrefix(a.Resource, "function:") {
			return fmt.Errorf("%s is no function of this account and region", target)
		}
		return nil
	case a.Service != "sqs" && a.Service != "events":
		return fmt.Errorf("hakone does not deliver to %s: destinations can be functions, SQS queues and EventBridge buses", a.Service)
	case d.endpoints[a.Service] == nil:
		return fmt.Errorf("hakone has no %s of its own: say where it is with --service-endpoint %s=URL to deliver to %s", a.Service, a.Service, target)
	}
	return nil
}

// Deliver implements [lambda.Destinations].
func (d *destinations) Deliver(ctx context.Context, m *lambda.Delivery) error {
	a, err := arn.Parse(m.Target)
	if err != nil {
		return err
	}
	credentials, err := d.sts.AssumeForService(ctx, "lambda.amazonaws.com", access.Session{
		RoleARN: m.Role, SessionName: m.FunctionARN[strings.LastIndexByte(m.FunctionARN, ':')+1:], SourceARN: m.FunctionARN,
	})
	if err != nil {
		return fmt.Errorf("assume %s: %w", m.Role, err)
	}
	switch a.Service {
	case "lambda":
		key, err := d.sts.Key(ctx, credentials.AccessKeyID, credentials.SessionToken)
		if err != nil {
			return err
		}
		caller, ok := key.Caller.(*access.Caller)
		if !ok {
			return fmt.Errorf("session of %s has no caller", m.Role)
		}
		_, err = d.lambda.InvokeAsync(ctx, &lambda.InvokeInput{
			FunctionARN: m.Target, Payload: m.Body, Caller: caller, Facts: &access.RequestFacts{Time: time.Now(), Secure: true, Region: d.region},
		})
		return err
	case "sqs":
		message := map[string]any{"QueueUrl": d.queueURL(&a), "MessageBody": string(m.Body)}
		if m.DeadLetter {
			text := func(kind, value string) map[string]string {
				return map[string]string{"DataType": kind, "StringValue": value}
			}
			message["MessageAttributes"] = map[string]any{
				"RequestID": text("String", m.RequestID), "ErrorCode": text("Number", m.ErrorCode), "ErrorMessage": text("String", m.ErrorMessage),
			}
		}
		return d.send(ctx, "sqs", "1.0", "AmazonSQS.SendMessage", message, credentials)
	case "events":
		outcome := "Failure"
		if m.Success {
			outcome = "Success"
		}
		return d.send(ctx, "events", "1.1", "AWSEvents.PutEvents", map[string]any{"Entries": []any{map[string]any{
			"Source": "lambda", "DetailType": "Lambda Function Invocation Result - " + outcome, "EventBusName": m.Target,
			"Resources": []string{m.Target, m.FunctionARN + ":$LATEST"}, "Detail": string(m.Body),
		}}}, credentials)
	}
	return errors.New("nothing is delivered to " + a.Service)
}

func (d *destinations) queueURL(a *arn.ARN) string {
	return d.endpoints["sqs"].JoinPath(a.Account, a.Resource).String()
}

// send calls an operation of a JSON service.
func (d *destinations) send(ctx context.Context, service, version, operation string, message any, c *access.Credentials) error {
	endpoint := d.endpoints[service]
	if endpoint == nil { // configured by an earlier run that had it
		return fmt.Errorf("no --service-endpoint for %s", service)
	}
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	u := url.URL{Scheme: endpoint.Scheme, Host: endpoint.Host, Path: strings.TrimSuffix(endpoint.Path, "/") + "/"}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-"+version)
	r.Header.Set("X-Amz-Target", operation)
	signer := sigv4.Signer{Region: d.region, Service: service}
	keys := sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	if err := signer.SignHTTP(r, keys, time.Now()); err != nil {
		return fmt.Errorf("sign %s: %w", operation, err)
	}
	answer, err := d.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d: %s", operation, answer.StatusCode, text)
	}
	var refused struct{ FailedEntryCount int }
	if json.Unmarshal(text, &refused) == nil && refused.FailedEntryCount > 0 {
		return fmt.Errorf("%s refused the event: %s", operation, text)
	}
	return nil
}
