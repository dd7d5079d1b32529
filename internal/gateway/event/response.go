package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hakonegate/hakone/sigv4"
)

// A Response is what a function answered, ready to be sent.
type Response struct {
	Status  int
	Headers []sigv4.Header // names in lower case, as separate lines; without what the gateway writes itself
	Body    []byte
}

// textPlain is the content type of a structured answer that has none.
const textPlain = "text/plain; charset=utf-8"

// ParseV2 reads a function's answer in payload format 2.0. A JSON object with
// a statusCode is a structured answer; any other payload is itself the body.
// An error means that the answer is malformed.
func ParseV2(payload []byte) (*Response, error) {
	trimmed := bytes.TrimSpace(payload)
	if len(trimmed) > 0 && trimmed[0] == '{' {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(trimmed, &members); err == nil {
			if _, ok := members["statusCode"]; ok {
				return parseStructured(members, true)
			}
		}
	}
	body := payload
	if len(trimmed) > 0 && trimmed[0] == '"' {
		var s string
		if err := json.Unmarshal(trimmed, &s); err == nil {
			body = []byte(s)
		}
	}
	return &Response{
		Status:  200,
		Headers: []sigv4.Header{{Name: "content-type", Value: "application/json"}},
		Body:    body,
	}, nil
}

// ParseV1 reads a function's answer in payload format 1.0: always a structured
// one. An error means that the answer is malformed.
func ParseV1(payload []byte) (*Response, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil || members == nil {
		return nil, errors.New("the answer is not a JSON object")
	}
	return parseStructured(members, false)
}

func parseStructured(m map[string]json.RawMessage, v2 bool) (*Response, error) {
	status, err := parseStatus(m["statusCode"], v2)
	if err != nil {
		return nil, err
	}
	r := &Response{Status: status}
	if v2 {
		err = r.cookies(m["cookies"])
	}
	if err == nil {
		err = r.headers(m["headers"], m["multiValueHeaders"], v2)
	}
	if err == nil {
		err = r.body(m["body"], m["isBase64Encoded"])
	}
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.Headers, func(h sigv4.Header) bool { return h.Name == "content-type" }) {
		r.Headers = slices.Insert(r.Headers, 0, sigv4.Header{Name: "content-type", Value: textPlain})
	}
	return r, nil
}

func parseStatus(raw json.RawMessage, v2 bool) (int, error) {
	text := string(raw)
	if v2 && len(text) > 1 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	n, err := strconv.Atoi(text)
	// 1xx are not final answers: they would leave the client waiting.
	if err != nil || n < 200 || n > 599 {
		return 0, fmt.Errorf("statusCode %.40s is not a whole number from 200 to 599", orMissing(raw))
	}
	return n, nil
}

func (r *Response) body(raw, encoded json.RawMessage) error {
	var text *string
	if err := unmarshal(raw, &text); err != nil {
		return errors.New("body is not a string")
	}
	var isBase64 *bool
	if err := unmarshal(encoded, &isBase64); err != nil {
		return errors.New("isBase64Encoded is neither true nor false")
	}
	if text == nil {
		return nil
	}
	r.Body = []byte(*text)
	if isBase64 != nil && *isBase64 {
		n, err := base64.StdEncoding.Decode(r.Body, r.Body)
		if err != nil {
			return errors.New("isBase64Encoded is true, but body is not base64")
		}
		r.Body = r.Body[:n]
	}
	return nil
}

func (r *Response) cookies(raw json.RawMessage) error {
	var cookies []string
	if err := unmarshal(raw, &cookies); err != nil {
		return errors.New("cookies is not a list of strings")
	}
	for _, c := range cookies {
		if err := r.add("set-cookie", c); err != nil {
			return err
		}
	}
	return nil
}

// headers takes the single values, each followed by the multiple values of
// the same name.
func (r *Response) headers(single, multi json.RawMessage, v2 bool) error {
	var one map[string]json.RawMessage
	if err := unmarshal(single, &one); err != nil {
		return errors.New("headers is not an object")
	}
	var many map[string][]json.RawMessage
	if !v2 {
		if err := unmarshal(multi, &many); err != nil {
			return errors.New("multiValueHeaders is not an object of lists")
		}
	}
	values := map[string][]json.RawMessage{}
	for _, name := range sortedNames(one) {
		values[strings.ToLower(name)] = append(values[strings.ToLower(name)], one[name])
	}
	for _, name := range sortedNames(many) {
		values[strings.ToLower(name)] = append(values[strings.ToLower(name)], many[name]...)
	}
	for _, name := range sortedNames(values) {
		for _, raw := range values[name] {
			text, ok, err := scalar(raw)
			if err != nil {
				return fmt.Errorf("the value of the header %.60s is not a string", name)
			}
			if !ok {
				continue
			}
			if err := r.add(name, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropped are the response headers that the gateway writes itself or that
// concern one connection only.
var dropped = map[string]bool{
	"apigw-requestid": true, "connection": true, "content-length": true, "date": true, "keep-alive": true,
	"transfer-encoding": true, "upgrade": true,
}

func (r *Response) add(name, value string) error {
	if !isToken(name) {
		return fmt.Errorf("%.60q is not a header name", name)
	}
	value = strings.TrimSpace(value)
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
		return fmt.Errorf("the value of the header %.60s has control characters", name)
	}
	if !dropped[name] {
		r.Headers = append(r.Headers, sigv4.Header{Name: name, Value: value})
	}
	return nil
}

// scalar returns a JSON string, number or boolean as text; ok is false for null.
func scalar(raw json.RawMessage) (text string, ok bool, err error) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", false, nil
	case raw[0] == '"':
		err = json.Unmarshal(raw, &text)
		return text, true, err
	case raw[0] == '{' || raw[0] == '[':
		return "", false, errors.New("not a scalar")
	default:
		return string(raw), true, nil
	}
}

// unmarshal is json.Unmarshal that takes an absent member for null.
func unmarshal(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

func orMissing(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "(none)"
	}
	return string(raw)
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// isToken reports whether s is a header name by RFC 9110.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || c <= ' ' || c == 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
