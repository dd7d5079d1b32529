package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/arn"
	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/service/sts"
	"github.com/hakonegate/hakone/sigv4"
)

// destinations deliver what became of asynchronous calls, with the rights of
// the function's execution role: to other functions, to buckets, and to SQS, SNS
// and EventBridge where --service-endpoint says that they are.
type destinations struct {
	lambda    *lambda.Service // set when it was made
	buckets   buckets
	sts       *sts.Service
	endpoints ServiceEndpoints
	account   string
	region    string
	client    http.Client
}

// buckets take records of failures.
type buckets interface {
	HasBucket(name string) bool
	Write(ctx context.Context, bucket, key, contentType string, content []byte) error
}

func newDestinations(s *Server) *destinations {
	return &destinations{
		buckets: s.s3, sts: s.sts, endpoints: s.config.Services, account: s.config.Account, region: s.config.Region,
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
	case a.Service == "s3" && d.endpoints["s3"] == nil:
		if !d.buckets.HasBucket(a.Resource) {
			return fmt.Errorf("there is no bucket %s to deliver to", a.Resource)
		}
		return nil
	case !slices.Contains([]string{"sqs", "sns", "events", "s3"}, a.Service):
		return fmt.Errorf("hakone does not deliver to %s: destinations can be functions, buckets, SQS queues, SNS topics and EventBridge buses", a.Service)
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
		caller, facts, err := d.caller(ctx, m.Role, credentials)
		if err != nil {
			return err
		}
		_, err = d.lambda.InvokeAsync(ctx, &lambda.InvokeInput{FunctionARN: m.Target, Payload: m.Body, Caller: caller, Facts: facts})
		return err
	case "s3":
		key := recordKey(m.FunctionARN, time.Now())
		if d.endpoints["s3"] != nil {
			return d.put(ctx, a.Resource, key, m.Body, credentials)
		}
		caller, facts, err := d.caller(ctx, m.Role, credentials)
		if err != nil {
			return err
		}
		return d.buckets.Write(access.With(ctx, caller, facts), a.Resource, key, "application/json", m.Body)
	case "sns":
		return d.publish(ctx, m, credentials)
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
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.JoinPath("/").String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-"+version)
	r.Header.Set("X-Amz-Target", operation)
	text, err := d.do(r, service, operation, c)
	if err != nil {
		return err
	}
	var refused struct{ FailedEntryCount int }
	if json.Unmarshal(text, &refused) == nil && refused.FailedEntryCount > 0 {
		return fmt.Errorf("%s refused the event: %s", operation, text)
	}
	return nil
}

// do signs and sends a request.
func (d *destinations) do(r *http.Request, service, operation string, c *access.Credentials) ([]byte, error) {
	signer := sigv4.Signer{Region: d.region, Service: service}
	keys := sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	if err := signer.SignHTTP(r, keys, time.Now()); err != nil {
		return nil, fmt.Errorf("sign %s: %w", operation, err)
	}
	answer, err := d.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d: %s", operation, answer.StatusCode, text)
	}
	return text, nil
}

// publish tells a topic, in SNS's query protocol.
func (d *destinations) publish(ctx context.Context, m *lambda.Delivery, c *access.Credentials) error {
	endpoint := d.endpoints["sns"]
	if endpoint == nil {
		return errors.New("no --service-endpoint for sns")
	}
	form := url.Values{"Action": {"Publish"}, "Version": {"2010-03-31"}, "TopicArn": {m.Target}, "Message": {string(m.Body)}}
	if m.DeadLetter {
		for i, attribute := range [][3]string{{"RequestID", "String", m.RequestID}, {"ErrorCode", "Number", m.ErrorCode}, {"ErrorMessage", "String", m.ErrorMessage}} {
			entry := fmt.Sprintf("MessageAttributes.entry.%d.", i+1)
			form.Set(entry+"Name", attribute[0])
			form.Set(entry+"Value.DataType", attribute[1])
			form.Set(entry+"Value.StringValue", attribute[2])
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.JoinPath("/").String(), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	_, err = d.do(r, "sns", "Publish", c)
	return err
}

// put writes an object at an endpoint of S3.
func (d *destinations) put(ctx context.Context, bucket, key string, body []byte, c *access.Credentials) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, d.endpoints["s3"].JoinPath(bucket, key).String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Content-Sha256", fmt.Sprintf("%x", sha256.Sum256(body)))
	_, err = d.do(r, "s3", "PutObject", c)
	return err
}

// recordKey is where the record of a failure is in a bucket.
func recordKey(functionARN string, now time.Time) string {
	name := functionARN[strings.LastIndexByte(functionARN, ':')+1:]
	now = now.UTC()
	return "aws/lambda/async/" + name + "/" + now.Format("2006/01/02/2006-01-02T15.04.05") + "-" + uuid.NewString()
}

// caller is who a session of the execution role is.
func (d *destinations) caller(ctx context.Context, role string, c *access.Credentials) (*access.Caller, *access.RequestFacts, error) {
	key, err := d.sts.Key(ctx, c.AccessKeyID, c.SessionToken)
	if err != nil {
		return nil, nil, err
	}
	caller, ok := key.Caller.(*access.Caller)
	if !ok {
		return nil, nil, fmt.Errorf("session of %s has no caller", role)
	}
	return caller, &access.RequestFacts{Time: time.Now(), Secure: true, Region: d.region}, nil
}
