package server

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ServiceEndpoints are where the AWS services are that hakone calls and does
// not have itself, by the service's signing name: "sqs", "states".
type ServiceEndpoints map[string]*url.URL

// callable are the signing names of the services that hakone calls.
var callable = []string{"appconfig", "dynamodb", "events", "kinesis", "s3", "sns", "sqs", "states"}

// aliases are other names by which people know services.
var aliases = map[string]string{"eventbridge": "events", "stepfunctions": "states"}

// ParseServiceEndpoints reads SERVICE=URL of each service.
func ParseServiceEndpoints(list []string) (ServiceEndpoints, error) {
	out := ServiceEndpoints{}
	for _, text := range list {
		service, address, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not SERVICE=URL, such as sqs=http://127.0.0.1:9324", text)
		}
		if name, ok := aliases[service]; ok {
			service = name
		}
		if !slices.Contains(callable, service) {
			return nil, fmt.Errorf("%q is no service that is called: %s are", service, strings.Join(callable, ", "))
		}
		if out[service] != nil {
			return nil, fmt.Errorf("%s has two endpoints", service)
		}
		u, err := url.Parse(address)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("the endpoint of %s is no URL such as http://127.0.0.1:9324", service)
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return nil, fmt.Errorf("the endpoint of %s has more than a host and a path", service)
		}
		out[service] = u
	}
	return out, nil
}

// sdkNames are what AWS SDKs call services in AWS_ENDPOINT_URL_SERVICE, where
// that is not the signing name.
var sdkNames = map[string]string{"events": "EVENTBRIDGE", "states": "SFN"}

// variables are the environment variables by which functions' AWS SDKs find the
// services.
func (e ServiceEndpoints) variables() map[string]string {
	out := map[string]string{}
	for service, u := range e {
		name := sdkNames[service]
		if name == "" {
			name = strings.ToUpper(service)
		}
		out["AWS_ENDPOINT_URL_"+name] = u.String()
	}
	return out
}

// has reports whether a service has an endpoint.
func (e ServiceEndpoints) has(service string) bool { return e[service] != nil }
