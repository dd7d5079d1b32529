package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/sigv4"
)

// maxOperatorRequest bounds a deployment request: a template is at most 1 MB.
const maxOperatorRequest = 64 << 20

// operatorHandler answers the operator's API. Every request but the health
// check is signed, and allowed by the caller's policies.
func (s *Server) operatorHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_hakone/status", answer(func(context.Context, *http.Request) (any, error) { return s.Status(), nil }))
	mux.HandleFunc("GET /_hakone/trace", answer(s.findTrace))
	mux.HandleFunc("POST /_hakone/sessions", answer(s.roleSession))
	mux.HandleFunc("POST /_hakone/instances", answer(s.findInstance))
	mux.HandleFunc("POST /_hakone/instances/session", answer(s.openInstance))
	mux.HandleFunc("POST /_hakone/instances/credentials", answer(s.instanceSession))
	mux.HandleFunc("POST /_hakone/invoke", answer(s.invokeFunction))
	mux.HandleFunc("GET /_hakone/logs", s.readLogs)
	mux.Handle("GET "+metricsPath, s.metrics())
	mux.HandleFunc("POST /_hakone/deploy", s.deploy)
	mux.HandleFunc("POST /_hakone/delete", s.delete)
	s.stackRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, http.StatusNotFound, &ProblemError{Message: "hakone: no operation " + r.Method + " " + r.URL.Path})
	})
	verifier := &sigv4.Verifier{
		Keys:    s.sts,
		Scope:   sigv4.Scope{Region: s.config.Region, Service: OperatorService},
		MaxBody: maxOperatorRequest,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isHealthPath(r.URL.Path) {
			s.answerHealth(w, r)
			return
		}
		admitted, problem := s.admit(r, verifier)
		if problem != nil {
			writeProblem(w, http.StatusForbidden, problem)
			return
		}
		mux.ServeHTTP(w, admitted)
	})
}

// admit checks signature and permission of an operator's request, and returns
// the request with its caller in the context and only the body that was verified.
func (s *Server) admit(r *http.Request, verifier *sigv4.Verifier) (*http.Request, *ProblemError) {
	request, err := sigv4.NewRequest(r)
	if err != nil {
		return nil, &ProblemError{Code: "IncompleteSignature", Message: err.Error()}
	}
	caller, _, err := access.Authenticate(r.Context(), verifier, request)
	if err != nil {
		return nil, &ProblemError{Code: "InvalidSignatureException", Message: err.Error()}
	}
	facts := &access.RequestFacts{Time: time.Now(), Region: s.config.Region, UserAgent: r.UserAgent()}
	facts.SourceIP = s.config.Proxies.SourceIP(r.RemoteAddr, r.Header)
	action := "hakone:" + strings.ToUpper(r.Method[:1]) + strings.ToLower(r.Method[1:])
	resource := fmt.Sprintf("arn:aws:hakone:%s:%s:%s", s.config.Region, s.config.Account, strings.TrimPrefix(r.URL.Path, "/_hakone/"))
	d := access.Authorize(caller, facts, action, resource, s.config.Account, nil)
	if !d.Allowed() {
		denied := access.Denied("AccessDenied", caller, action, resource, d)
		return nil, &ProblemError{Code: denied.Code, Message: denied.Message}
	}
	r = r.WithContext(access.With(r.Context(), caller, facts))
	r.Body = http.NoBody
	if request.Body != nil {
		r.Body = io.NopCloser(request.Body)
	}
	return r, nil
}

// answer makes a handler of an operation that returns a fact.
func answer(operation func(context.Context, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fact, err := operation(r.Context(), r)
		if err != nil {
			writeProblem(w, http.StatusBadRequest, ProblemOf(err))
			return
		}
		writeJSON(w, http.StatusOK, fact)
	}
}

// decode reads the input of an operation.
func decode[T any](r *http.Request) (*T, error) {
	input := new(T)
	if err := json.NewDecoder(r.Body).Decode(input); err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	return input, nil
}

// ProblemOf words an error for a person: AWS's text, then what we know beyond.
func ProblemOf(err error) *ProblemError {
	var refusal *awserr.Error
	var faults *template.Error
	var problem *ProblemError
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &faults):
		message, details, _ := strings.Cut(faults.Detail(), "\n")
		return &ProblemError{Code: "ValidationError", Message: message, Details: details}
	case errors.As(err, &refusal):
		return &ProblemError{Code: refusal.Code, Message: refusal.Message}
	default:
		return &ProblemError{Message: "hakone: " + err.Error()}
	}
}

func writeJSON(w http.ResponseWriter, status int, fact any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(fact) // the caller is gone if this fails
}

func writeProblem(w http.ResponseWriter, status int, problem *ProblemError) {
	writeJSON(w, status, problem)
}

// Status tells where the server is reached and what it serves.
func (s *Server) Status() Status {
	status := Status{
		Version:  Version,
		PID:      os.Getpid(),
		Account:  s.config.Account,
		Region:   s.config.Region,
		DataDir:  s.config.DataDir,
		Started:  s.started.UTC(),
		Control:  s.control.url(),
		HTTPS:    s.data.url(),
		CAFile:   caFile(s.config.DataDir),
		SSH:      s.ssh.address(),
		Names:    s.apiNames(),
		Services: s.instanceNames().Control,
		APIs:     s.apiStatuses(),
		Stacks:   s.stackStatuses(),
		Engine:   s.engineStatus(),
	}
	if s.plain != nil {
		status.HTTP = s.plain.url()
	}
	return status
}

// apiStatuses lists every stage of every API with its addresses: the shortest
// first. The last resolves on this machine in clients that know RFC 6761.
func (s *Server) apiStatuses() []APIStatus {
	statuses := []APIStatus{}
	apis := s.apis.GetApis()
	for _, api := range apis {
		k, _ := s.cloudformation.FindResource("AWS::ApiGatewayV2::Api", api.ApiId)
		if k != nil && k.Status == stack.CreateInProgress {
			continue // its permissions may be missing yet
		}
		stages, err := s.apis.GetStages(api.ApiId)
		if err != nil {
			continue // deleted meanwhile
		}
		for _, stage := range stages {
			path := "/"
			if stage.StageName != "$default" {
				path = "/" + stage.StageName + "/"
			}
			status := APIStatus{ID: api.ApiId, Name: api.Name, Type: api.ProtocolType, Stage: stage.StageName}
			if len(apis) == 1 {
				status.URLs = append(status.URLs, s.data.url()+path)
			}
			_, port, _ := strings.Cut(strings.TrimPrefix(s.data.url(), "https://"), ":")
			status.URLs = append(status.URLs,
				s.data.url()+"/_aws/execute-api/"+api.ApiId+"/"+stage.StageName+"/",
				"https://"+api.ApiId+".execute-api."+s.config.Region+".localhost:"+port+path,
			)
			statuses = append(statuses, status)
		}
	}
	return statuses
}

// findTrace returns the trace of the request that is named, else of the last
// one that was refused.
func (s *Server) findTrace(_ context.Context, r *http.Request) (any, error) {
	id := r.URL.Query().Get("id")
	if id == "" {
		if last := s.traces.LastDenied(); last != nil {
			return last, nil
		}
		return nil, errors.New("no request was refused since the server started")
	}
	if found := s.traces.Find(id); found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("no request %s: the server keeps the latest since its start; the ID is the answer's apigw-requestid", id)
}
