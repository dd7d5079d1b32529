// Package restjson reads and writes the restJson1 protocol: the operation is
// told by method and path, its input comes from labels of the path, the query,
// headers and a JSON body. The tags of shapes are those of [wire.Operation.At].
package restjson

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

// ContentType is that of answers.
const ContentType = "application/json"

// place says where a field comes from or goes to.
type place struct{ kind, name string }

func placeOf(f reflect.StructField) place {
	kind, name, _ := strings.Cut(f.Tag.Get("rest"), "=")
	return place{kind, name}
}

// EncodeError returns the body that tells of a refusal; refusal is the service's
// own form of it, or nil.
func EncodeError(e *awserr.Error, refusal func(*awserr.Error) any) []byte {
	var body any = struct {
		Message string `json:"message"`
	}{e.Message}
	if refusal != nil {
		body = refusal(e)
	}
	b, err := json.Marshal(body)
	if err != nil {
		return []byte(`{}`)
	}
	return b
}
