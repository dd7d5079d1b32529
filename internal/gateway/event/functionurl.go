package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/sigv4"
)

// AppendFunctionURL appends r as the event of a function URL: payload format
// 2.0, with the path as it was sent and the cookie header beside the cookies.
func AppendFunctionURL(b []byte, r *Request) []byte {
	b = append(b, `{"version":"2.0"`...)
	b = appendMember(b, "routeKey", r.RouteKey)
	b = appendMember(b, "rawPath", r.SentPath)
	b = appendMember(b, "rawQueryString", r.RawQuery)
	b = appendV2Maps(b, r, false)
	b = appendV2Context(b, r)
	encoded := false
	if len(r.Body) > 0 {
		b = append(b, `,"body":`...)
		b, encoded = appendBody(b, r)
	}
	b = append(b, `,"isBase64Encoded":`...)
	b = strconv.AppendBool(b, encoded)
	return append(b, '}')
}

// ParseFunctionURL reads a function's answer to a function URL. It is that of
// payload format 2.0, except that JSON without a statusCode is written anew
// without blanks, and that the default content type is always JSON's.
func ParseFunctionURL(payload []byte) (*Response, error) {
	r, err := ParseV2(payload)
	if err != nil {
		return nil, err
	}
	var members struct {
		StatusCode json.RawMessage            `json:"statusCode"`
		Headers    map[string]json.RawMessage `json:"headers"`
	}
	if json.Unmarshal(payload, &members) != nil || members.StatusCode == nil {
		var compact bytes.Buffer
		if json.Compact(&compact, r.Body) == nil {
			r.Body = compact.Bytes()
		}
		return r, nil
	}
	for name, value := range members.Headers {
		if strings.EqualFold(name, "content-type") && string(value) != "null" {
			return r, nil
		}
	}
	r.Headers[0].Value = "application/json"
	return r, nil
}

// maxMetadata bounds what comes before the body of a stream.
const maxMetadata = 64 << 10

// ParseStreamed reads the beginning of what a streaming function wrote: metadata
// as JSON, eight NUL bytes and the body. Without metadata all of it is the body.
// It returns nil when more must come first.
func ParseStreamed(contentType string, written []byte) (*Response, error) {
	if contentType != "application/vnd.awslambda.http-integration-response" {
		return &Response{Status: 200, Body: written, Headers: []sigv4.Header{{Name: "content-type", Value: contentType}}}, nil
	}
	metadata, body, whole := bytes.Cut(written, make([]byte, 8))
	if !whole {
		if len(written) > maxMetadata {
			return nil, errors.New("the metadata of the stream is too long")
		}
		return nil, nil //nolint:nilnil // neither an answer nor an error yet
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(metadata, &members); err != nil {
		return nil, err
	}
	if members["statusCode"] == nil {
		members["statusCode"] = json.RawMessage("200")
	}
	delete(members, "body")
	r, err := parseStructured(members, true)
	if err != nil {
		return nil, err
	}
	r.Body = body
	return r, nil
}
