package apigatewayv2

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Mapping is the parameter mapping of an integration's request, or of its
// answers of one status: changes in the order in which they are made. It is
// immutable; nil changes nothing.
type Mapping []Change

// A Change changes one thing of a request or of an answer.
type Change struct {
	Action Action
	Place  Place
	Name   string // of a header, in lower case, or of a query string parameter
	Value  MappedValue
}

// An Action says what a change does. Changes are made in this order.
type Action uint8

// The actions of parameter mapping.
const (
	Remove Action = iota
	Overwrite
	Append
)

// A Place says what a change changes.
type Place uint8

// The places of parameter mapping.
const (
	HeaderPlace Place = iota
	QueryPlace
	PathPlace
	StatusPlace
)

// UsesBody reports whether a change needs the body of what is mapped.
func (m Mapping) UsesBody() bool {
	return slices.ContainsFunc(m, func(c Change) bool {
		return slices.ContainsFunc(c.Value.Parts, func(p ValuePart) bool {
			return p.Source == RequestBody || p.Source == ResponseBody
		})
	})
}

// ParseRequestMapping reads an integration's requestParameters.
func ParseRequestMapping(parameters map[string]string) (Mapping, error) {
	return parseMapping(parameters, false)
}

// ParseResponseMapping reads the responseParameters of one status.
func ParseResponseMapping(parameters map[string]string) (Mapping, error) {
	return parseMapping(parameters, true)
}

func parseMapping(parameters map[string]string, response bool) (Mapping, error) {
	var m Mapping
	for _, key := range sortedKeys(parameters) {
		c, ok := parseDestination(key, response)
		if !ok {
			return nil, badRequest("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: %s]", key)
		}
		if c.Place == HeaderPlace && isReservedHeader(c.Name) {
			return nil, badRequest("Operations on header %s are restricted", c.Name)
		}
		value := parameters[key]
		if c.Action == Remove {
			if value != "''" {
				return nil, badRequest("Invalid mapping expression specified: the value of %s must be ''", key)
			}
			m = append(m, c)
			continue
		}
		if value == "" {
			return nil, badRequest("Invalid mapping expression specified: %s has no value", key)
		}
		var err error
		if c.Value, err = parseValue(value, response); err != nil {
			return nil, err
		}
		if text, constant := c.Value.constant(); constant && c.Place == StatusPlace {
			if _, ok := ParseMappedStatus(text); !ok {
				return nil, badRequest("Invalid mapping expression specified: the status code %s is not one of 200 to 599", text)
			}
		}
		m = append(m, c)
	}
	slices.SortStableFunc(m, func(a, b Change) int { return int(a.Action) - int(b.Action) })
	return m, nil
}

// ParseMappedStatus reads a status code that a mapping may give.
func ParseMappedStatus(text string) (status int, ok bool) {
	status, err := strconv.Atoi(text)
	return status, err == nil && status >= 200 && status <= 599
}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// parseDestination reads the key of a mapping, such as append:header.name.
func parseDestination(key string, response bool) (c Change, ok bool) {
	action, place, ok := strings.Cut(key, ":")
	if !ok {
		return c, false
	}
	switch action {
	case "remove":
		c.Action = Remove
	case "overwrite":
		c.Action = Overwrite
	case "append":
		c.Action = Append
	default:
		return c, false
	}
	place, name, named := strings.Cut(place, ".")
	switch {
	case place == "header" && headerName.MatchString(name):
		c.Place, c.Name = HeaderPlace, strings.ToLower(name)
		return c, true
	case place == "querystring" && name != "" && !response:
		c.Place, c.Name = QueryPlace, name
		return c, true
	case place == "path" && !response:
		c.Place = PathPlace
	case place == "statuscode" && response:
		c.Place = StatusPlace
	default:
		return c, false
	}
	return c, !named && c.Action == Overwrite
}

// reservedHeaders may not be mapped, nor may names with the prefixes below.
var reservedHeaders = map[string]bool{
	"authorization": true, "connection": true, "content-encoding": true, "content-length": true, "content-location": true,
	"forwarded": true, "keep-alive": true, "origin": true, "proxy-authenticate": true, "proxy-authorization": true, "te": true,
	"trailers": true, "transfer-encoding": true, "upgrade": true, "x-forwarded-for": true, "x-forwarded-host": true,
	"x-forwarded-proto": true, "via": true,
	// Of the hop, and written by the gateway: they could have no effect.
	"trailer": true, "proxy-connection": true, "date": true, "expect": true,
}

// isReservedHeader reports whether a header, in lower case, may not be mapped.
func isReservedHeader(name string) bool {
	for _, prefix := range []string{"access-control-", "apigw-", "x-amz-", "x-amzn-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return reservedHeaders[name]
}

// checkResponseMappings refuses mappings of answers that the gateway could not
// make.
func checkResponseMappings(i *Integration) error {
	for _, status := range sortedKeys(i.ResponseParameters) {
		if _, ok := ParseMappedStatus(status); !ok {
			return badRequest("Invalid response parameters: the status code %s is not one of 200 to 599", status)
		}
		if _, err := ParseResponseMapping(i.ResponseParameters[status]); err != nil {
			return err
		}
	}
	return nil
}

// dropEmptyMappings takes away what an update empties: a mapping with the
// value "", and a status without any.
func dropEmptyMappings(i *Integration) {
	i.RequestParameters = withoutEmpty(i.RequestParameters)
	var responses map[string]map[string]string
	for status, parameters := range i.ResponseParameters {
		if kept := withoutEmpty(parameters); kept != nil {
			set(&responses, status, kept)
		}
	}
	i.ResponseParameters = responses
}

func withoutEmpty(parameters map[string]string) map[string]string {
	var kept map[string]string
	for key, value := range parameters {
		if value != "" {
			set(&kept, key, value)
		}
	}
	return kept
}
