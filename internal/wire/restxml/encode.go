package restxml

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// An Answer is what an output becomes.
type Answer struct {
	Status int // 0 means the table's
	Header http.Header
	Body   []byte
	Stream io.ReadCloser // instead of Body, if it is not nil; to be closed
}

// Encode writes an output.
func Encode(output any) (*Answer, error) {
	a := &Answer{Header: http.Header{}}
	v := reflect.Indirect(reflect.ValueOf(output))
	if !v.IsValid() {
		return a, nil
	}
	document := false
	for _, f := range reflect.VisibleFields(v.Type()) {
		field := v.FieldByIndex(f.Index)
		document = document || f.Name == "XMLName"
		switch p := placeOf(f); p.kind {
		case "status":
			a.Status = int(field.Int())
		case "header":
			if text := headerText(field); text != "" {
				a.Header.Set(p.name, text)
			}
		case "prefix":
			for key, value := range field.Seq2() {
				a.Header[p.name+key.String()] = []string{value.String()} // as it is: clients show the name
			}
		case "text":
			a.Body = []byte(field.String())
		case "length":
			a.Header.Set("Content-Length", strconv.FormatInt(field.Int(), 10))
		case "body":
			a.Stream, _ = reflect.TypeAssert[io.ReadCloser](field)
		}
	}
	if !document {
		return a, nil
	}
	text, err := xml.Marshal(output)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	a.Body = append([]byte(xml.Header), text...)
	return a, nil
}

// headerText returns a header's value; "" is for none.
func headerText(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		return fmt.Sprint(v.Elem().Interface())
	}
	if v.IsZero() {
		return ""
	}
	if t, ok := reflect.TypeAssert[time.Time](v); ok {
		return t.UTC().Format(http.TimeFormat)
	}
	return fmt.Sprint(v.Interface())
}
