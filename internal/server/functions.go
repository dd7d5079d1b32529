package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/service/logs"
)

// An InvokeRequest calls a function for the operator.
type InvokeRequest struct {
	Function string          `json:"function"` // name, ARN, or logical ID in a stack
	Event    json.RawMessage `json:"event"`
}

// An InvokeResponse is what the function answered.
type InvokeResponse struct {
	RequestID     string `json:"requestId"`
	Payload       string `json:"payload"`
	FunctionError string `json:"functionError,omitempty"`
}

func (s *Server) invokeFunction(ctx context.Context, r *http.Request) (any, error) {
	input, err := decode[InvokeRequest](r)
	if err != nil {
		return nil, err
	}
	caller, facts := access.From(ctx)
	out, err := s.lambda.Invoke(ctx, &lambda.InvokeInput{
		FunctionARN: s.physicalID(input.Function, "AWS::Lambda::Function"), Payload: input.Event, Caller: caller, Facts: facts,
	})
	if err != nil {
		return nil, err
	}
	return InvokeResponse{out.RequestID, string(out.Payload), out.FunctionError}, nil
}

// A LogLine is one event of a function's log.
type LogLine struct {
	Time    time.Time `json:"time"`
	Stream  string    `json:"stream"`
	Message string    `json:"message"`
}

// logGroup returns the named group, else the one that the function or the instance
// writes to, else the group of that name.
func (s *Server) logGroup(name, function string) (string, error) {
	if name != "" {
		return s.physicalID(name, "AWS::Logs::LogGroup"), nil
	}
	f, err := s.lambda.GetFunction(s.physicalID(function, "AWS::Lambda::Function"), "")
	if err != nil {
		if i, noInstance := s.ec2.Find(function); noInstance == nil && function != "" {
			return userDataLog(i.InstanceID), nil
		}
		if g := s.physicalID(function, "AWS::Logs::LogGroup"); s.logs.Has(g) {
			return g, nil
		}
		return "", err
	}
	return f.LoggingConfig.LogGroup, nil
}

// readLogs streams the log of a function or a group, a JSON object a line: what is there since
// "since", with "filter" only what matches that pattern, and with "follow" what
// comes until the caller leaves.
func (s *Server) readLogs(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	since, err := time.Parse(time.RFC3339, query.Get("since"))
	if err != nil {
		since = time.Time{}
	}
	group, err := s.logGroup(query.Get("group"), query.Get("function"))
	if err != nil {
		writeProblem(w, http.StatusBadRequest, ProblemOf(err))
		return
	}
	matches, err := logs.Matcher(query.Get("filter"))
	if err != nil {
		writeProblem(w, http.StatusBadRequest, ProblemOf(err))
		return
	}
	events := s.logs.Read(group, since)
	if query.Get("follow") != "" {
		events = s.logs.Follow(r.Context(), group, since)
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	lines, flush := json.NewEncoder(w), http.NewResponseController(w)
	for event := range events {
		if !matches(event.Message) {
			continue
		}
		if err := lines.Encode(LogLine{event.Time, event.Stream, event.Message}); err != nil {
			return
		}
		_ = flush.Flush() // the next line fails if the caller is gone
	}
}
