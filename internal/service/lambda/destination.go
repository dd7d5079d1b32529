package lambda

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
)

// Destinations take what becomes of asynchronous calls.
type Destinations interface {
	// Check says why nothing can be sent to the ARN; nil if it can.
	Check(targetARN string) error
	// Deliver sends with the rights of the delivery's role.
	Deliver(ctx context.Context, d *Delivery) error
}

// A Delivery is a message about an asynchronous call that is over.
type Delivery struct {
	Target      string // ARN
	Role        string // the function's execution role
	FunctionARN string // without qualifier
	RequestID   string
	Success     bool
	Body        []byte // the invocation record, or the event for a dead-letter queue

	DeadLetter   bool   // the two below go along
	ErrorCode    string // a number
	ErrorMessage string
}

// A conclusion is how an asynchronous call ended.
type conclusion struct {
	event       *event
	fn          *execenv.Function
	rules       EventInvokeConfig
	deadLetters string // ARN; "" if there is none
	condition   string
	result      *execenv.Result // of the last try; nil if there was none
}

const (
	deliveries      = 3    // tries to deliver
	maxErrorMessage = 1024 // bytes that a dead-letter queue is told
)

// conclude tells the destinations and then forgets the event.
func (s *Service) conclude(ctx context.Context, c *conclusion) {
	target := c.rules.OnFailure
	if c.condition == "Success" {
		target = c.rules.OnSuccess
	}
	e := c.event
	d := Delivery{Role: c.fn.Role, FunctionARN: c.fn.ARN, RequestID: e.ID, Success: c.condition == "Success"}
	if target != "" {
		record := d
		record.Target, record.Body = target, c.record(s.arn(e.Name, orLatest(e.Qualifier)))
		s.deliver(ctx, &record)
	}
	if c.deadLetters != "" && !d.Success {
		letter := d
		letter.Target, letter.Body, letter.DeadLetter = c.deadLetters, e.Payload, true
		letter.ErrorCode, letter.ErrorMessage = c.problem()
		s.deliver(ctx, &letter)
	}
	if ctx.Err() == nil {
		s.forget(ctx, e)
	}
}

func (s *Service) deliver(ctx context.Context, d *Delivery) {
	if s.cfg.Destinations == nil {
		return // none could be configured
	}
	for n := 1; ; n++ {
		err := s.cfg.Destinations.Deliver(ctx, d)
		if err == nil || ctx.Err() != nil {
			return
		}
		if n == deliveries {
			s.log.WarnContext(ctx, "the end of an asynchronous call could not be told", slog.String("function", d.FunctionARN),
				slog.String("request_id", d.RequestID), slog.String("target", d.Target), slog.Any("error", err))
			return
		}
		select {
		case <-s.cfg.Clock.After(time.Duration(n) * time.Second):
		case <-ctx.Done():
			return
		}
	}
}

// record is the invocation record that destinations get.
func (c *conclusion) record(functionARN string) []byte {
	type requestContext struct {
		RequestID   string `json:"requestId"`
		FunctionARN string `json:"functionArn"`
		Condition   string `json:"condition"`
		Count       int    `json:"approximateInvokeCount"`
	}
	type responseContext struct {
		StatusCode      int    `json:"statusCode"`
		ExecutedVersion string `json:"executedVersion"`
		FunctionError   string `json:"functionError,omitempty"`
	}
	r := struct {
		Version         string           `json:"version"`
		Timestamp       string           `json:"timestamp"`
		RequestContext  requestContext   `json:"requestContext"`
		RequestPayload  any              `json:"requestPayload"`
		ResponseContext *responseContext `json:"responseContext,omitempty"`
		ResponsePayload any              `json:"responsePayload,omitempty"`
	}{
		Version: "1.0", Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: requestContext{c.event.ID, functionARN, c.condition, c.event.Attempts},
		RequestPayload: jsonOrText(c.event.Payload),
	}
	if c.result != nil {
		r.ResponseContext = &responseContext{200, c.fn.Version, c.result.FunctionError}
		r.ResponsePayload = jsonOrText(c.result.Payload)
	}
	text, err := json.Marshal(r)
	if err != nil { // a function's payload that is no JSON after all
		return []byte("{}")
	}
	return text
}

func jsonOrText(payload []byte) any {
	if json.Valid(payload) {
		return json.RawMessage(payload)
	}
	return string(payload)
}

// problem is what a dead-letter queue is told beside the event.
func (c *conclusion) problem() (code, message string) {
	if c.result == nil {
		return "429", "Rate Exceeded."
	}
	var posted struct {
		ErrorMessage string `json:"errorMessage"`
	}
	if json.Unmarshal(c.result.Payload, &posted) != nil || posted.ErrorMessage == "" {
		posted.ErrorMessage = string(c.result.Payload)
	}
	if len(posted.ErrorMessage) > maxErrorMessage {
		posted.ErrorMessage = strings.ToValidUTF8(posted.ErrorMessage[:maxErrorMessage], "")
	}
	return "200", posted.ErrorMessage
}

// checkTarget refuses what nothing can be delivered to.
func (s *Service) checkTarget(targetARN string) error {
	switch {
	case targetARN == "":
		return nil
	case s.cfg.Destinations == nil:
		return invalidParameter("hakone cannot deliver to %s here.", targetARN)
	}
	if err := s.cfg.Destinations.Check(targetARN); err != nil {
		return invalidParameter("%s", err.Error())
	}
	return nil
}
