package runtimeapi

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// maxExtensionBody bounds what extensions post.
const maxExtensionBody = 64 << 10

const identifierHeader = "Lambda-Extension-Identifier"

var uuidRE = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// serveExtensions answers the Extensions, Telemetry and Logs APIs. A session
// that expects no extensions has registration closed.
func (s *Session) serveExtensions(w http.ResponseWriter, r *http.Request, version, path string) {
	switch {
	case version == "2020-01-01" && path == "extension/register" && r.Method == http.MethodPost:
		s.serveRegister(w, r)
	case version == "2020-01-01" && path == "extension/event/next" && r.Method == http.MethodGet:
		s.serveExtensionNext(w, r)
	case version == "2020-01-01" && path == "extension/init/error" && r.Method == http.MethodPost:
		s.serveExtensionError(w, r, true)
	case version == "2020-01-01" && path == "extension/exit/error" && r.Method == http.MethodPost:
		s.serveExtensionError(w, r, false)
	case version == "2022-07-01" && path == "telemetry" && r.Method == http.MethodPut:
		s.serveSubscription(w, r, &telemetryAPI)
	case version == "2020-08-15" && path == "logs" && r.Method == http.MethodPut:
		s.serveSubscription(w, r, &logsAPI)
	default:
		http.NotFound(w, r)
	}
}

func (s *Session) serveRegister(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("Lambda-Extension-Name")
	if name == "" {
		refuse(w, &refusal{http.StatusForbidden, "Extension.InvalidExtensionName", "Empty extension name"})
		return
	}
	var in struct {
		Events            []string `json:"events"`
		ConfigurationKeys []string `json:"configurationKeys"`
	}
	err := json.NewDecoder(io.LimitReader(r.Body, maxExtensionBody)).Decode(&in)
	switch {
	case err != nil:
		refuse(w, &refusal{http.StatusForbidden, "InvalidRequestFormat", err.Error()})
		return
	case len(in.ConfigurationKeys) > 0:
		refuse(w, &refusal{http.StatusForbidden, "InvalidRequestFormat", "configurationKeys are deprecated; use environment variables instead"})
		return
	}
	id, no := s.register(name, in.Events)
	if no != nil {
		refuse(w, no)
		return
	}
	out := struct {
		AccountID       string `json:"accountId,omitempty"`
		FunctionName    string `json:"functionName"`
		FunctionVersion string `json:"functionVersion"`
		Handler         string `json:"handler"`
	}{"", s.about.FunctionName, s.about.FunctionVersion, s.about.Handler}
	for feature := range strings.SplitSeq(r.Header.Get("Lambda-Extension-Accept-Feature"), ",") {
		if strings.TrimSpace(feature) == "accountId" {
			out.AccountID = s.about.AccountID
		}
	}
	w.Header().Set(identifierHeader, id)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // to an extension that may be gone
}

// identified returns the identifier that a request must have.
func identified(r *http.Request) (string, *refusal) {
	id := r.Header.Get(identifierHeader)
	switch {
	case id == "":
		return "", &refusal{http.StatusForbidden, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"}
	case !uuidRE.MatchString(id):
		return "", &refusal{http.StatusForbidden, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"}
	}
	return strings.ToLower(id), nil
}

func (s *Session) serveExtensionNext(w http.ResponseWriter, r *http.Request) {
	id, no := identified(r)
	if no != nil {
		refuse(w, no)
		return
	}
	event, no := s.nextEvent(id)
	if no != nil {
		refuse(w, no)
		return
	}
	select {
	case body := <-event:
		w.Header().Set("Lambda-Extension-Event-Identifier", uuid.NewString())
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	case <-s.ended:
		refuse(w, &refusal{http.StatusForbidden, "Extension.InvalidExtensionState", "The environment is being shut down"})
	case <-r.Context().Done(): // its state stays: it is free, and may ask again
	}
}

func (s *Session) serveExtensionError(w http.ResponseWriter, r *http.Request, init bool) {
	id, no := identified(r)
	const header = "Lambda-Extension-Function-Error-Type"
	errorType := r.Header.Get(header)
	if no == nil && errorType == "" {
		no = &refusal{http.StatusForbidden, "Extension.MissingHeader", header + " not found"}
	}
	if no == nil {
		no = s.extensionError(id, init, errorType)
	}
	if no != nil {
		refuse(w, no)
		return
	}
	accept(w)
}
