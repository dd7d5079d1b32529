// Package awsjson reads and writes the awsJson1.1 protocol: the operation is in
// X-Amz-Target, the body is JSON both ways. Shapes are Go structs whose fields
// have AWS's names.
package awsjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hakonegate/hakone/internal/awserr"
)

// ContentType is that of requests and answers.
const ContentType = "application/x-amz-json-1.1"

// Decode fills the struct that into points to. Unknown members are ignored, as
// AWS does; an empty body is an empty input.
func Decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return awserr.New("SerializationException", 400, "class %s can not be converted to a %s", typ.Value, typ.Type)
		}
		return awserr.New("SerializationException", 400, "The request body is not valid JSON")
	}
	return nil
}

// Encode writes an output.
func Encode(output any) ([]byte, error) {
	b, err := json.Marshal(output)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return b, nil
}

// EncodeError writes a refusal.
func EncodeError(e *awserr.Error) []byte {
	b, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{e.Code, e.Message})
	if err != nil {
		return []byte(`{"__type":"InternalFailure"}`)
	}
	return b
}
