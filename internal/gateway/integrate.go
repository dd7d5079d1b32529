package gateway

import (
	"errors"
	"net/http"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/trace"
)

// integrate has the integration answer.
func (x *exchange) integrate() error { return x.target.integration.integrate(x) }

// lambda is a Lambda proxy integration.
type lambda struct{ integration.Lambda }

func (l *lambda) integrate(x *exchange) error {
	r, err := x.event()
	if err != nil {
		return badEscape(err)
	}
	sources := x.stage.arns.Sources(x.route, x.req.Method)
	x.trace.SetIntegration(trace.Integration{Type: "AWS_PROXY", Target: l.FunctionARN, SourceARN: sources[0]})
	began := time.Now()
	facts := *x.facts() // a copy: a function may go on when the exchange has ended
	answer, result, err := l.Invoke(x.r.Context(), r, sources, x.caller, &facts)
	x.trace.Integration.Duration = time.Since(began)
	if result != nil {
		x.trace.Integration.FunctionError, x.trace.Integration.RequestID = result.FunctionError, result.RequestID
	}
	if err != nil {
		x.trace.Integration.Error = err.Error()
		return integrationRefusal(err)
	}
	x.response = *answer
	return nil
}

// integrationRefusal turns an integration's failure into an answer.
func integrationRefusal(err error) error {
	if f, ok := errors.AsType[*integration.Error](err); ok {
		return &refusal{Status: f.Status, Detail: f.Reason, Err: f.Err}
	}
	return &refusal{Status: http.StatusInternalServerError, Detail: "the integration failed", Err: err}
}
