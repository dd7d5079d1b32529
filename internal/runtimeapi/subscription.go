package runtimeapi

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Subscription says which telemetry goes where.
type Subscription struct {
	Extension     string // its name
	Logs          bool   // made with the Logs API, whose records are older ones
	SchemaVersion string
	Types         []string // platform, function, extension
	MaxItems      int
	MaxBytes      int
	Timeout       time.Duration
	TCP           bool   // lines over a connection, rather than an HTTP request for each batch
	Port          int    // of the environment's own loopback
	Path          string // of HTTP requests
}

// A subscriptionAPI is one of the two ways to subscribe.
type subscriptionAPI struct {
	name    string // in error types
	logs    bool
	schemas []string
}

var (
	telemetryAPI = subscriptionAPI{"Telemetry", false, []string{"2022-07-01", "2022-12-13", "2025-01-29"}}
	logsAPI      = subscriptionAPI{"Logs", true, []string{"2020-08-15", "2021-03-18"}}
)

// Bounds of a subscription's buffering. The lower ones are below what the
// reference says, as on Lambda since 2023.
const (
	minItems, maxItems     = 25, 30000
	minBytes, maxBytes     = 1, 1 << 20
	minTimeout, maxTimeout = 25, 30000 // ms
)

type subscribeRequest struct {
	SchemaVersion string   `json:"schemaVersion"`
	Types         []string `json:"types"`
	Buffering     *struct {
		MaxItems  *int `json:"maxItems"`
		MaxBytes  *int `json:"maxBytes"`
		TimeoutMs *int `json:"timeoutMs"`
	} `json:"buffering"`
	Destination subscribeDestination `json:"destination"`
}

type subscribeDestination struct {
	Protocol string `json:"protocol"`
	URI      string `json:"URI"`
	Port     int    `json:"port"`
	Method   string `json:"method"`
	Encoding string `json:"encoding"`
}

// OnSubscribe says who takes subscriptions. It must be called before the session
// is served; without it they are answered as in an environment without the
// feature, which clients accept.
func (s *Session) OnSubscribe(take func(*Subscription)) { s.subscribe = take }

func (s *Session) serveSubscription(w http.ResponseWriter, r *http.Request, api *subscriptionAPI) {
	if s.subscribe == nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"errorMessage":"`+api.name+` API is not supported","errorType":"`+api.name+`.NotSupported"}`+"\n")
		return
	}
	id, no := identified(r)
	var name string
	if no == nil {
		name, no = s.subscriber(id, api)
	}
	if no != nil {
		refuse(w, no)
		return
	}
	var in subscribeRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, maxExtensionBody)).Decode(&in); err != nil {
		refuse(w, &refusal{http.StatusBadRequest, "ValidationError", "the request is not JSON: " + err.Error()})
		return
	}
	sub, wrong := in.subscription(api)
	if len(wrong) > 0 {
		refuse(w, &refusal{http.StatusBadRequest, "ValidationError", strings.Join(wrong, "; ")})
		return
	}
	sub.Extension = name
	s.subscribe(sub)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `"OK"`)
}

// subscriber returns the name of an extension that may subscribe now.
func (s *Session) subscriber(id string, api *subscriptionAPI) (string, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, no := s.extensionByID(id)
	if no != nil {
		return "", no
	}
	if x.subscribed != nil && x.subscribed != api {
		return "", &refusal{http.StatusBadRequest, "ValidationError", "the extension has subscribed with the " + x.subscribed.name + " API already"}
	}
	select {
	case <-s.inited:
		return "", &refusal{http.StatusForbidden, api.name + ".SubscriptionClosed", api.name + " API subscription is closed already"}
	default:
		x.subscribed = api
		return x.Name, nil
	}
}

// subscription checks a request and returns all that is wrong with it.
func (in *subscribeRequest) subscription(api *subscriptionAPI) (*Subscription, []string) {
	sub := &Subscription{
		Logs: api.logs, SchemaVersion: in.SchemaVersion, MaxItems: 10000, MaxBytes: 256 << 10, Timeout: time.Second,
		Types: slices.Compact(slices.Sorted(slices.Values(in.Types))),
	}
	var wrong []string
	bad := func(text string) { wrong = append(wrong, text) }
	if sub.SchemaVersion == "" && api.logs {
		sub.SchemaVersion = "2020-08-15"
	}
	if !slices.Contains(api.schemas, sub.SchemaVersion) {
		bad("schemaVersion should be one of " + strings.Join(api.schemas, ", "))
	}
	in.Destination.check(sub, bad)
	if len(in.Types) == 0 {
		bad("types should not be empty")
	}
	for _, t := range in.Types {
		if t != "platform" && t != "function" && t != "extension" {
			bad("types should be platform, function or extension")
			break
		}
	}
	if b := in.Buffering; b != nil {
		within := func(name string, n *int, least, most int, set func(int)) {
			switch {
			case n == nil:
			case *n < least || *n > most:
				bad("buffering " + name + " should be between " + strconv.Itoa(least) + " and " + strconv.Itoa(most))
			default:
				set(*n)
			}
		}
		within("maxItems", b.MaxItems, minItems, maxItems, func(n int) { sub.MaxItems = n })
		within("maxBytes", b.MaxBytes, minBytes, maxBytes, func(n int) { sub.MaxBytes = n })
		within("timeoutMs", b.TimeoutMs, minTimeout, maxTimeout, func(n int) { sub.Timeout = time.Duration(n) * time.Millisecond })
	}
	return sub, wrong
}

// check checks where to send: to the environment itself and nowhere else.
func (d *subscribeDestination) check(sub *Subscription, bad func(string)) {
	switch d.Protocol {
	case "TCP":
		sub.TCP, sub.Port = true, d.Port
		if d.Port < 1 || d.Port > 65535 {
			bad("port is not provided")
		}
	case "HTTP":
		to, err := url.Parse(d.URI)
		if err != nil || to.Scheme != "http" {
			bad("URI should be an http address")
			return
		}
		host, port := to.Hostname(), to.Port()
		if ip := net.ParseIP(host); host != "sandbox" && host != "sandbox.localdomain" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			bad("URI host should be sandbox.localdomain")
		}
		if sub.Port, err = strconv.Atoi(port); err != nil || sub.Port < 1 || sub.Port > 65535 {
			bad("URI port is not provided")
		}
		sub.Path = to.RequestURI()
		if d.Method != "" && d.Method != http.MethodPost {
			bad("method should be POST")
		}
		if d.Encoding != "" && d.Encoding != "JSON" {
			bad("encoding should be JSON")
		}
	default:
		bad("protocol should be HTTP or TCP")
	}
}
