package integration

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// A serviceCall is the request that an action is on the wire, without host and
// signature.
type serviceCall struct {
	method  string
	path    []string // segments, encoded
	query   url.Values
	headers map[string]string
	body    []byte
}

const (
	jsonType10 = "application/x-amz-json-1.0"
	jsonType11 = "application/x-amz-json-1.1"
)

// targets are what the services that speak JSON have before the operation in
// X-Amz-Target.
var targets = map[string]struct{ prefix, contentType string }{
	"events":  {"AWSEvents.", jsonType11},
	"kinesis": {"Kinesis_20131202.", jsonType11},
	"sqs":     {"AmazonSQS.", jsonType10},
	"states":  {"AWSStepFunctions.", jsonType10},
}

// newServiceCall makes the request for a's parameters that have a value.
func newServiceCall(a *apigatewayv2.ServiceAction, input map[string]string) (*serviceCall, error) {
	members := map[string]any{}
	for _, p := range a.Parameters {
		text, ok := input[p.Name]
		switch {
		case p.Kind == apigatewayv2.RegionParameter:
			continue
		case !ok && p.Required:
			return nil, fmt.Errorf("%s has no value", p.Name)
		case !ok:
			continue
		}
		value, err := memberValue(p.Kind, text)
		if err != nil {
			return nil, fmt.Errorf("%s is %w", p.Name, err)
		}
		members[memberName(a.Service, p.Name)] = value
	}
	if a.Service == "appconfig" {
		return getConfiguration(members)
	}
	if a.Operation == "PutEvents" {
		members = map[string]any{"Entries": []any{members}}
	}
	body, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("encode the input: %w", err)
	}
	protocol := targets[a.Service]
	return &serviceCall{
		method: http.MethodPost, path: []string{"/"}, body: body,
		headers: map[string]string{"Content-Type": protocol.contentType, "X-Amz-Target": protocol.prefix + a.Operation},
	}, nil
}

// memberName returns how a service spells a parameter.
func memberName(service, name string) string {
	if service == "states" {
		return strings.ToLower(name[:1]) + name[1:]
	}
	return name
}

func memberValue(kind apigatewayv2.ParameterKind, text string) (any, error) {
	switch kind {
	case apigatewayv2.NumberParameter:
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("no number: %q", text)
		}
		return n, nil
	case apigatewayv2.ListParameter:
		var list []string
		if json.Unmarshal([]byte(text), &list) == nil {
			return list, nil
		}
		for item := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(item))
		}
		return list, nil
	case apigatewayv2.ObjectParameter:
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			return nil, fmt.Errorf("no JSON object: %w", err)
		}
		return object, nil
	case apigatewayv2.BlobParameter:
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	case apigatewayv2.TimeParameter:
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, fmt.Errorf("no time such as 2006-01-02T15:04:05Z: %q", text)
		}
		return at.Unix(), nil
	default: // text; the region is not sent
		return text, nil
	}
}

// getConfiguration is AppConfig's only action, which has no JSON body.
func getConfiguration(members map[string]any) (*serviceCall, error) {
	text := func(name string) string { s, _ := members[name].(string); return s }
	for _, name := range []string{"Application", "Environment", "Configuration"} {
		if value := text(name); value == "" || value == "." || value == ".." {
			return nil, fmt.Errorf("%s cannot be %q", name, value)
		}
	}
	query := url.Values{"client_id": {text("ClientId")}}
	if version := text("ClientConfigurationVersion"); version != "" {
		query.Set("client_configuration_version", version)
	}
	return &serviceCall{
		method: http.MethodGet, query: query,
		path: []string{
			"applications", url.PathEscape(text("Application")), "environments", url.PathEscape(text("Environment")),
			"configurations", url.PathEscape(text("Configuration")),
		},
	}, nil
}

// resources returns the ARNs that the action touches, as policies name them.
func (s *Service) resources(input map[string]string) []string {
	arn := func(resource string) string {
		return "arn:" + s.Partition + ":" + s.Action.Service + ":" + s.Region + ":" + s.Account + ":" + resource
	}
	switch s.Action.Service {
	case "appconfig":
		application := "application/" + input["Application"]
		return []string{
			arn(application), arn(application + "/environment/" + input["Environment"]),
			arn(application + "/configurationprofile/" + input["Configuration"]),
		}
	case "events":
		bus := input["EventBusName"]
		switch {
		case strings.HasPrefix(bus, "arn:"):
			return []string{bus}
		case bus == "":
			bus = "default"
		}
		return []string{arn("event-bus/" + bus)}
	case "kinesis":
		return []string{arn("stream/" + input["StreamName"])}
	case "sqs":
		// https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, and emulators' likenesses.
		segments := strings.Split(strings.TrimSuffix(input["QueueUrl"], "/"), "/")
		name := segments[len(segments)-1]
		if len(segments) > 1 && len(segments[len(segments)-2]) == 12 {
			return []string{"arn:" + s.Partition + ":sqs:" + s.Region + ":" + segments[len(segments)-2] + ":" + name}
		}
		return []string{arn(name)}
	case "states":
		if s.Action.Operation == "StopExecution" {
			return []string{input["ExecutionArn"]}
		}
		return []string{input["StateMachineArn"]}
	default:
		return nil
	}
}
