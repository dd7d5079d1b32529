package query

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
)

// A Document is a policy's text, which IAM writes URL-encoded (RFC 3986).
type Document string

// escaped returns the text as IAM's answers have it.
func (d Document) escaped() string {
	return strings.ReplaceAll(url.QueryEscape(string(d)), "+", "%20")
}

// Encode writes the answer of an operation. An output without fields has no
// Result element.
func Encode(operation, namespace, requestID string, output any) ([]byte, error) {
	e := &encoder{item: "member", name: func(name string) string { return name }}
	e.open(operation+"Response", namespace)
	e.b.WriteString("\n  ")
	v := value(output)
	if v.Kind() == reflect.Struct && v.NumField() > 0 {
		e.b.WriteString("<" + operation + "Result>")
		if err := e.structure(v); err != nil {
			return nil, err
		}
		e.b.WriteString("</" + operation + "Result>\n  ")
	}
	e.b.WriteString("<ResponseMetadata><RequestId>")
	e.escape(requestID)
	e.b.WriteString("</RequestId></ResponseMetadata>\n</" + operation + "Response>\n")
	return e.b.Bytes(), nil
}

// EncodeEC2 writes the answer of an operation of EC2: without a Result element,
// names with a small first letter, the members of lists called item.
func EncodeEC2(operation, namespace, requestID string, output any) ([]byte, error) {
	e := &encoder{item: "item", name: func(name string) string { return strings.ToLower(name[:1]) + name[1:] }}
	e.open(operation+"Response", namespace)
	e.b.WriteString("\n  <requestId>")
	e.escape(requestID)
	e.b.WriteString("</requestId>")
	if v := value(output); v.Kind() == reflect.Struct {
		if err := e.structure(v); err != nil {
			return nil, err
		}
	}
	e.b.WriteString("\n</" + operation + "Response>\n")
	return e.b.Bytes(), nil
}

// EncodeEC2Error writes a refusal of EC2.
func EncodeEC2Error(requestID string, refusal *awserr.Error) []byte {
	e := &encoder{}
	e.b.WriteString("<Response><Errors><Error><Code>")
	e.escape(refusal.Code)
	e.b.WriteString("</Code><Message>")
	e.escape(refusal.Message)
	e.b.WriteString("</Message></Error></Errors><RequestID>")
	e.escape(requestID)
	e.b.WriteString("</RequestID></Response>\n")
	return e.b.Bytes()
}

// An encoder writes one answer.
type encoder struct {
	b    bytes.Buffer
	item string                   // what the members of lists are called
	name func(name string) string // of the field that has a name
}

// open begins the document's element.
func (e *encoder) open(name, namespace string) {
	e.b.WriteString("<" + name)
	if namespace != "" {
		e.b.WriteString(` xmlns="`)
		e.escape(namespace)
		e.b.WriteString(`"`)
	}
	e.b.WriteString(">")
}

func value(output any) reflect.Value {
	v := reflect.ValueOf(output)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v
}

// EncodeError writes a refusal.
func EncodeError(namespace, requestID string, refusal *awserr.Error) []byte {
	fault := "Sender"
	if refusal.HTTPStatus() >= 500 {
		fault = "Receiver"
	}
	e := &encoder{}
	e.open("ErrorResponse", namespace)
	e.b.WriteString("\n  <Error>\n    <Type>" + fault + "</Type>\n    <Code>")
	e.escape(refusal.Code)
	e.b.WriteString("</Code>\n    <Message>")
	e.escape(refusal.Message)
	e.b.WriteString("</Message>\n  </Error>\n  <RequestId>")
	e.escape(requestID)
	e.b.WriteString("</RequestId>\n</ErrorResponse>\n")
	return e.b.Bytes()
}

func (e *encoder) structure(v reflect.Value) error {
	for f := range v.Type().Fields() {
		name, ok := fieldName(f)
		if !ok {
			continue
		}
		if f.Anonymous {
			if err := e.structure(v.FieldByIndex(f.Index)); err != nil {
				return err
			}
			continue
		}
		if f.Tag.Get("query") == "" {
			name = e.name(name)
		}
		if err := e.field(name, v.FieldByIndex(f.Index)); err != nil {
			return err
		}
	}
	return nil
}

// field writes one member of a structure; absent ones are left out. A bool,
// a number or an empty list that is not nil is always written.
func (e *encoder) field(name string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil
		}
	case reflect.String, reflect.Struct:
		if v.IsZero() {
			return nil
		}
	default:
	}
	e.b.WriteString("<" + name + ">")
	if err := e.encode(v); err != nil {
		return err
	}
	e.b.WriteString("</" + name + ">")
	return nil
}

func (e *encoder) encode(v reflect.Value) error {
	switch x := v.Interface().(type) {
	case time.Time:
		e.b.WriteString(x.UTC().Format("2006-01-02T15:04:05Z"))
		return nil
	case Document:
		e.escape(x.escaped())
		return nil
	case []byte:
		e.b.WriteString(base64.StdEncoding.EncodeToString(x))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		return e.encode(v.Elem())
	case reflect.String:
		e.escape(v.String())
	case reflect.Bool:
		e.b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		e.b.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Slice:
		for i := range v.Len() {
			e.b.WriteString("<" + e.item + ">")
			if err := e.encode(v.Index(i)); err != nil {
				return err
			}
			e.b.WriteString("</" + e.item + ">")
		}
	case reflect.Map:
		return e.mapping(v)
	case reflect.Struct:
		return e.structure(v)
	default:
		return fmt.Errorf("query: cannot encode a %s", v.Type())
	}
	return nil
}

func (e *encoder) mapping(v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	for _, k := range keys {
		e.b.WriteString("<entry><key>")
		e.escape(k.String())
		e.b.WriteString("</key><value>")
		if err := e.encode(v.MapIndex(k)); err != nil {
			return err
		}
		e.b.WriteString("</value></entry>")
	}
	return nil
}

func (e *encoder) escape(s string) {
	_ = xml.EscapeText(&e.b, []byte(s)) // a Buffer does not fail
}
