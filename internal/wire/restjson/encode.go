package restjson

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// An Answer is what an output becomes.
type Answer struct {
	Status int // 0 means the table's
	Header http.Header
	Body   []byte
	Stream io.ReadCloser // instead of Body, if it is not nil; to be sent as it comes, and to be closed
}

// Encode writes an output. With lower, members begin with a small letter; keys
// of maps stay as they are.
func Encode(output any, lower bool) (*Answer, error) {
	a := &Answer{Header: http.Header{}}
	v, payload := reflect.Indirect(reflect.ValueOf(output)), false
	for f := range v.Type().Fields() {
		switch p, field := placeOf(f), v.FieldByIndex(f.Index); p.kind {
		case "status":
			a.Status = int(field.Int())
		case "header":
			if !field.IsZero() {
				a.Header.Set(p.name, fmt.Sprint(field.Interface()))
			}
		case "payload":
			payload = true
			if stream, ok := reflect.TypeAssert[io.ReadCloser](field); ok {
				a.Stream = stream
			} else if field.Kind() == reflect.Slice {
				a.Body = field.Bytes()
			}
		}
	}
	if payload {
		return a, nil
	}
	var err error
	if a.Body, err = json.Marshal(shape(v, lower)); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return a, nil
}

// shape returns v in a form that package json writes with AWS's names.
func shape(v reflect.Value, lower bool) any {
	if !v.IsValid() {
		return nil
	}
	switch v.Interface().(type) {
	case json.Marshaler, time.Time, []byte:
		return v.Interface()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return shape(v.Elem(), lower)
	case reflect.Struct:
		out := map[string]any{}
		members(v, lower, out)
		return out
	case reflect.Map:
		out := map[string]any{}
		for key, value := range v.Seq2() {
			out[key.String()] = shape(value, lower)
		}
		return out
	case reflect.Slice, reflect.Array:
		out := make([]any, 0, v.Len())
		for _, item := range v.Seq2() {
			out = append(out, shape(item, lower))
		}
		return out
	default:
		return v.Interface()
	}
}

// members adds the members of a struct, and those of the structs it embeds.
func members(v reflect.Value, lower bool, out map[string]any) {
	for f := range v.Type().Fields() {
		field := v.FieldByIndex(f.Index)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && field.Kind() == reflect.Struct:
			members(field, lower, out)
			continue
		case f.Anonymous && name == "" && field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.Struct:
			if !field.IsNil() {
				members(field.Elem(), lower, out)
			}
			continue
		case !f.IsExported() || name == "-" || placeOf(f).kind != "":
			continue
		case strings.Contains(options, "omitempty") && empty(field):
			continue
		}
		if name == "" {
			if name = f.Name; lower {
				name = strings.ToLower(name[:1]) + name[1:]
			}
		}
		out[name] = shape(field, lower)
	}
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}
