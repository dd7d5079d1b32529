package runtimeapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// MaxHeaders is how large the headers of a request may be: clients send up to
// 1 MiB of X-Ray cause with an error.
const MaxHeaders = 3 << 19

// drainLimit bounds what is read of a result that is too large, so that its
// sender gets to see the refusal.
const drainLimit = 64 << 20

// ServeHTTP answers the Runtime API and the APIs of extensions.
//
// When the runtime speaks frames, its part of the API is closed to whoever
// else finds the port.
func (s *Session) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case version == "2018-06-01" && rest == "ping" && r.Method == http.MethodGet:
		_, _ = io.WriteString(w, "pong")
	case version == "2018-06-01" && strings.HasPrefix(rest, "runtime/"):
		if s.frames {
			refuse(w, &refusal{http.StatusForbidden, "InvalidStateTransition", "This environment's runtime is connected already"})
			return
		}
		s.serveRuntime(w, r, strings.TrimPrefix(rest, "runtime/"))
	default:
		s.serveExtensions(w, r, version, rest)
	}
}

func (s *Session) serveRuntime(w http.ResponseWriter, r *http.Request, path string) {
	id, verb, _ := strings.Cut(strings.TrimPrefix(path, "invocation/"), "/")
	switch {
	case r.Method == http.MethodGet && path == "invocation/next":
		s.serveNext(w, r)
	case r.Method == http.MethodPost && path == "init/error":
		s.serveInitError(w, r)
	case r.Method == http.MethodPost && verb == "response" && strings.HasPrefix(path, "invocation/"):
		s.serveResponse(w, r, id)
	case r.Method == http.MethodPost && verb == "error" && strings.HasPrefix(path, "invocation/"):
		s.serveError(w, r, id)
	default:
		http.NotFound(w, r)
	}
}

func (s *Session) serveNext(w http.ResponseWriter, r *http.Request) {
	event := make(chan *Event, 1)
	ask := &waiter{func(ev *Event) { event <- ev }}
	if no := s.next(ask); no != nil {
		refuse(w, no)
		return
	}
	select {
	case ev := <-event:
		writeEvent(w, ev)
	case <-r.Context().Done():
		s.withdraw(ask)
	}
}

func writeEvent(w http.ResponseWriter, ev *Event) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(ev.Payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", ev.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(ev.Deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", ev.FunctionARN)
	for name, value := range map[string]string{
		"Lambda-Runtime-Trace-Id":         ev.TraceID,
		"Lambda-Runtime-Client-Context":   ev.ClientContext,
		"Lambda-Runtime-Cognito-Identity": ev.CognitoIdentity,
		"Lambda-Runtime-Aws-Tenant-Id":    ev.TenantID,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	_, _ = w.Write(ev.Payload)
}

func (s *Session) serveResponse(w http.ResponseWriter, r *http.Request, id string) {
	const action = "InvocationResponse"
	if no := s.expects(id, action); no != nil {
		refuse(w, no)
		return
	}
	a := Answer{ContentType: r.Header.Get("Content-Type")}
	switch mode := r.Header.Get("Lambda-Runtime-Function-Response-Mode"); mode {
	case "":
	case "streaming":
		s.serveStream(w, r, id)
		return
	default:
		const name, text = "InvalidFunctionResponseMode", "Invalid function response mode"
		if s.finish(id, action, Answer{
			Failed: true, ErrorType: "Runtime.InvalidResponseModeHeader",
			Body: []byte(`{"errorMessage":"` + text + `","errorType":"Runtime.InvalidResponseModeHeader"}`),
		}) == nil {
			refuse(w, &refusal{http.StatusBadRequest, name, text})
		}
		return
	}
	body, err := readBody(r, MaxResponse)
	var no *refusal
	switch {
	case errors.Is(err, errTooLarge):
		if no = s.finish(id, action, TooLarge()); no == nil {
			no = &refusal{
				http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
				fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", MaxResponse),
			}
		}
	case err != nil:
		no = &refusal{http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated"}
	default:
		a.Body = body
		no = s.finish(id, action, a)
	}
	if no != nil {
		refuse(w, no)
		return
	}
	accept(w)
}

func (s *Session) serveError(w http.ResponseWriter, r *http.Request, id string) {
	const action = "InvocationErrorResponse"
	if no := s.expects(id, action); no != nil {
		refuse(w, no)
		return
	}
	a, err := readFailure(r)
	if err != nil {
		refuse(w, &refusal{http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated"})
		return
	}
	if no := s.finish(id, action, a); no != nil {
		refuse(w, no)
		return
	}
	accept(w)
}

func (s *Session) serveInitError(w http.ResponseWriter, r *http.Request) {
	a, err := readFailure(r)
	if err != nil {
		refuse(w, &refusal{http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated"})
		return
	}
	if no := s.failInit(a); no != nil {
		refuse(w, no)
		return
	}
	accept(w)
}

// readFailure reads an error. One that is over the limit for results is
// answered as such.
func readFailure(r *http.Request) (Answer, error) {
	body, err := readBody(r, MaxResponse)
	switch {
	case errors.Is(err, errTooLarge):
		return TooLarge(), nil
	case err != nil:
		return Answer{}, err
	}
	return failure(r.Header.Get("Lambda-Runtime-Function-Error-Type"), r.Header.Get("Content-Type"), body), nil
}

var errTooLarge = errors.New("body too large")

// readBody reads at most most bytes. It reads on for a while when there are
// more, so that the client is still listening when it is refused.
func readBody(r *http.Request, most int64) ([]byte, error) {
	var body []byte
	if n := r.ContentLength; n >= 0 && n <= most {
		body = make([]byte, n)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if int64(len(body)) > most {
		_, _ = io.CopyN(io.Discard, r.Body, drainLimit)
		return nil, errTooLarge
	}
	return body, nil
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, "{\"status\":\"OK\"}\n")
}

func refuse(w http.ResponseWriter, no *refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(no.status)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(struct {
		ErrorMessage string `json:"errorMessage"`
		ErrorType    string `json:"errorType"`
	}{no.errorMessage, no.errorType}); err == nil { // strings only
		_, _ = w.Write(text.Bytes())
	}
}
