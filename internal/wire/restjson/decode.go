package restjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

// A Request is what an input is read from.
type Request struct {
	Labels map[string]string
	Query  url.Values
	Header http.Header
	Body   []byte
}

// Decode fills the struct that into points to. Unknown members are ignored, as
// AWS does; what the path, the query or a header says cannot be said by the body.
func (r *Request) Decode(into any) error {
	v := reflect.ValueOf(into).Elem()
	payload := false
	fields := reflect.VisibleFields(v.Type()) // those of embedded structs too
	for _, f := range fields {
		payload = payload || placeOf(f).kind == "payload"
	}
	if !payload {
		if err := decodeBody(r.Body, into); err != nil {
			return err
		}
	}
	for _, f := range fields {
		if err := r.fill(v.FieldByIndex(f.Index), placeOf(f)); err != nil {
			return err
		}
	}
	for name, text := range r.Labels {
		field := v.FieldByName(name)
		if !field.IsValid() {
			return fmt.Errorf("restjson: %s has no field for the label %s", v.Type(), name)
		}
		if err := set(field, name, []string{text}); err != nil {
			return err
		}
	}
	return nil
}

func decodeBody(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return refused("class %s can not be converted to a %s", typ.Value, typ.Type)
	}
	return refused("Could not parse request body into json: %v", err)
}

func refused(format string, args ...any) error {
	return awserr.New("SerializationException", http.StatusBadRequest, format, args...)
}

// fill sets a field that comes from outside the JSON body.
func (r *Request) fill(field reflect.Value, p place) error {
	switch p.kind {
	case "payload":
		field.SetBytes(r.Body)
	case "query":
		field.SetZero()
		return set(field, p.name, r.Query[p.name])
	case "header":
		field.SetZero()
		return set(field, p.name, r.Header.Values(p.name))
	}
	return nil
}

// set sets a field from its texts; none leaves it as it is.
func set(field reflect.Value, name string, texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	var err error
	switch field.Kind() {
	case reflect.String:
		field.SetString(texts[0])
	case reflect.Int:
		var n int64
		n, err = strconv.ParseInt(texts[0], 10, 32)
		field.SetInt(n)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(strings.ToLower(texts[0]))
		field.SetBool(b)
	case reflect.Slice:
		field.Set(reflect.ValueOf(texts))
	default:
		return fmt.Errorf("restjson: a %s cannot be read from %s", field.Type(), name)
	}
	if err != nil {
		return refused("%s can not be converted to a %s", name, field.Kind())
	}
	return nil
}
