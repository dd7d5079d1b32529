package cloudformation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// Functions are the Lambda functions that answer for custom resources.
type Functions interface {
	// Call calls a function and waits until it ends. failure is the error that the
	// function ended with, empty if it did not; err says that it was not called.
	Call(ctx context.Context, arn string, event []byte) (failure string, err error)
}

const customTypeName = "AWS::CloudFormation::CustomResource"

// custom serves AWS::CloudFormation::CustomResource and Custom::*: a Lambda
// function does the work and says so by a PUT to the event's ResponseURL.
type custom struct{ s *Service }

// Times of a custom resource. A function that fails is called again, as Lambda
// does for every asynchronous call; here the waits are short.
const (
	customTimeout = time.Hour
	customTries   = 3
	customWait    = time.Second
)

// A customEvent is what the function gets.
type customEvent struct {
	RequestType           string
	ServiceToken          string
	ResponseURL           string
	StackID               string `json:"StackId"`
	RequestID             string `json:"RequestId"`
	LogicalResourceID     string `json:"LogicalResourceId"`
	PhysicalResourceID    string `json:"PhysicalResourceId,omitempty"`
	ResourceType          string
	ResourceProperties    json.RawMessage
	OldResourceProperties json.RawMessage `json:",omitempty"`
}

// A customAnswer is what it says.
type customAnswer struct {
	Status, Reason     string
	PhysicalResourceID string `json:"PhysicalResourceId"`
	StackID            string `json:"StackId"`
	RequestID          string `json:"RequestId"`
	LogicalResourceID  string `json:"LogicalResourceId"`
	NoEcho             bool
	Data               *template.Node
}

// Create asks the function to make the resource.
func (c custom) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	return c.result(c.ask(ctx, "Create", r, nil))(r.ProposedName)
}

// Update asks the function to change the resource. One that answers with another
// physical id has made another resource; the engine deletes the old one.
func (c custom) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	if old.Get("ServiceToken").Str() != r.Properties.Get("ServiceToken").Str() {
		return stack.Result{}, awserr.Validation("Modifying service token is not allowed.")
	}
	return c.result(c.ask(ctx, "Update", r, old))(r.PhysicalID)
}

// Delete asks the function to delete the resource.
func (c custom) Delete(ctx context.Context, r *stack.Request) error {
	_, _, err := c.ask(ctx, "Delete", r, nil)
	return err
}

// result words an answer for the engine. An error after the function was called
// names the resource that it may have made, or else fallback.
func (c custom) result(a *customAnswer, called bool, err error) func(fallback string) (stack.Result, error) {
	return func(fallback string) (stack.Result, error) {
		switch {
		case err != nil && !called:
			return stack.Result{}, err
		case a == nil || a.PhysicalResourceID == "":
			return stack.Result{PhysicalID: fallback}, err
		}
		out := stack.Result{PhysicalID: a.PhysicalResourceID, NoEcho: a.NoEcho, Attributes: map[string]string{}, Lists: map[string][]string{}}
		if a.Data.IsMap() {
			a.attributes(&out)
		}
		return out, err
	}
}

// attributes gives the Data to Fn::GetAtt: texts, and lists of them.
func (a *customAnswer) attributes(out *stack.Result) {
	for _, p := range a.Data.Pairs {
		switch {
		case p.Value.IsScalar():
			out.Attributes[p.Key] = p.Value.Str()
		case p.Value.IsList():
			list := []string{}
			for _, item := range p.Value.Items {
				list = append(list, item.Str())
			}
			out.Lists[p.Key] = list
		}
	}
}

// ask calls the function and waits for its answer; an answer that is no success
// is an error. called says that the function may have done something.
func (c custom) ask(ctx context.Context, requestType string, r *stack.Request, old *template.Node) (a *customAnswer, called bool, err error) {
	token := r.Properties.Get("ServiceToken").Str()
	limit, err := serviceTimeout(r.Properties.Get("ServiceTimeout"))
	if err == nil {
		err = c.check(token)
	}
	if err != nil {
		return nil, false, err
	}
	waiting := c.s.answers.open()
	defer waiting.close()
	event := customEvent{
		RequestType: requestType, ServiceToken: token, ResponseURL: c.s.responseURL(waiting.token), StackID: r.StackID, RequestID: uuid.NewString(),
		LogicalResourceID: r.LogicalID, PhysicalResourceID: r.PhysicalID, ResourceType: r.Type, ResourceProperties: asTexts(r.Properties).JSON(""),
	}
	if old != nil {
		event.OldResourceProperties = asTexts(old).JSON("")
	}
	if requestType == "Create" {
		event.PhysicalResourceID = ""
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, false, fmt.Errorf("encode event of custom resource: %w", err)
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- c.call(timed, &event, payload) }()
	body, err := waiting.wait(timed, failed)
	cancel()
	switch {
	case err == nil:
		a, err = readAnswer(body, &event)
		return a, true, err
	case ctx.Err() != nil:
		return nil, true, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, true, noAnswer(event.RequestID, "")
	default:
		refused := &notCalledError{}
		return nil, !errors.As(err, &refused), err
	}
}

// check refuses a service token that leads to no function here.
func (c custom) check(token string) error {
	parts := strings.SplitN(token, ":", 7)
	switch {
	case token == "":
		return awserr.Validation("Property ServiceToken cannot be empty.")
	case len(parts) < 6 || parts[0] != "arn":
		return awserr.Validation("Invalid service token.")
	case parts[2] != "lambda":
		return awserr.Validation("Invalid service token.\n"+
			"%s is of service %s: here a custom resource is answered by a Lambda function; topics of SNS that answer for custom resources are not served", token, parts[2])
	case c.s.cfg.Functions == nil || c.s.cfg.ResponseURL == nil:
		return awserr.Validation("Custom resources cannot be made: their functions would have no network to answer with (--function-network none)")
	default:
		return nil
	}
}

// A notCalledError says that the function was not reached.
type notCalledError struct{ err error }

// Error returns what Lambda said.
func (e *notCalledError) Error() string { return e.err.Error() }

// Unwrap returns what Lambda said.
func (e *notCalledError) Unwrap() error { return e.err }

// call calls the function until it ends well. Its error is final: no answer will
// come any more. Without one the answer may still come, from somewhere else that
// the function told.
func (c custom) call(ctx context.Context, event *customEvent, payload []byte) error {
	arn := event.ServiceToken
	for try := 1; ; try++ {
		failure, err := c.s.cfg.Functions.Call(ctx, arn, payload)
		failure = event.withoutURL(failure)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && try == 1:
			return &notCalledError{err}
		case err == nil && failure == "":
			return nil
		case try == customTries:
			return noAnswer(event.RequestID, fmt.Sprintf("\nThe function failed %d times: %s; its log: hakone logs %s", try, failure, arn[strings.LastIndexByte(arn, ':')+1:]))
		}
		c.s.cfg.Log.WarnContext(ctx, "the function of a custom resource failed, it is called again", "resource", event.LogicalResourceID, "function", arn, "failure", failure)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(customWait):
		}
	}
}

// withoutURL returns what a function said without the ResponseURL: whoever reads
// it in a log could answer in the function's place.
func (e *customEvent) withoutURL(text string) string {
	const instead = "[ResponseURL]"
	text = strings.ReplaceAll(text, e.ResponseURL, instead)
	return strings.ReplaceAll(text, e.ResponseURL[strings.LastIndexByte(e.ResponseURL, '/')+1:], instead)
}

// noAnswer is CloudFormation's text, and what is known beyond it.
func noAnswer(requestID, more string) error {
	return awserr.Validation("CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [%s]. "+
		"If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.%s", requestID, more)
}

func serviceTimeout(n *template.Node) (time.Duration, error) {
	if n.IsNull() {
		return customTimeout, nil
	}
	seconds, err := strconv.Atoi(n.Str())
	if err != nil || seconds < 1 || seconds > 3600 {
		return 0, awserr.Validation("ServiceTimeout must be a number of seconds from 1 to 3600")
	}
	return time.Duration(seconds) * time.Second, nil
}

// readAnswer reads and checks what came to the ResponseURL. What it returns with
// an error names the resource, if the answer does.
func readAnswer(body []byte, event *customEvent) (*customAnswer, error) {
	var a customAnswer
	if len(body) > maxAnswer {
		return nil, awserr.Validation("Response object is too long.")
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, awserr.Validation("Invalid response object: %v", err)
	}
	switch {
	case a.Status == "FAILED":
		reason := a.Reason
		if reason == "" {
			reason = "no reason was given"
		}
		return &a, awserr.Validation("Received response status [FAILED] from custom resource. Message returned: %s (RequestId: %s)", reason, event.RequestID)
	case a.Status != "SUCCESS":
		return &a, awserr.Validation("Invalid response object: Status must be SUCCESS or FAILED, not %q", a.Status)
	case a.RequestID != event.RequestID || a.LogicalResourceID != event.LogicalResourceID || a.StackID != event.StackID:
		return &a, awserr.Validation("Invalid response object: RequestId, LogicalResourceId and StackId must be those of the request")
	case event.RequestType != "Delete" && (a.PhysicalResourceID == "" || len(a.PhysicalResourceID) > 1024):
		return &a, awserr.Validation("Invalid PhysicalResourceId")
	case !a.Data.IsNull() && !a.Data.IsMap():
		return &a, awserr.Validation("Invalid response object: Data must be an object")
	default:
		return &a, nil
	}
}

// asTexts returns properties as functions of custom resources get them: numbers
// and booleans are strings.
func asTexts(n *template.Node) *template.Node {
	n = n.Clone()
	var walk func(n *template.Node)
	walk = func(n *template.Node) {
		if n.IsScalar() {
			if n.IsBool() {
				n.Value = strings.ToLower(n.Value)
			}
			n.Quoted = true
		}
		for _, item := range n.Items {
			walk(item)
		}
		for _, p := range n.Pairs {
			walk(p.Value)
		}
	}
	walk(n)
	return n
}
