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
	var b bytes.Buffer
	b.WriteString("<" + operation + "Response")
	if namespace != "" {
		b.WriteString(` xmlns="`)
		escape(&b, namespace)
		b.WriteString(`"`)
	}
	b.WriteString(">\n  ")
	v := reflect.ValueOf(output)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct && v.NumField() > 0 {
		b.WriteString("<" + operation + "Result>")
		if err := encodeStruct(&b, v); err != nil {
			return nil, err
		}
		b.WriteString("</" + operation + "Result>\n  ")
	}
	b.WriteString("<ResponseMetadata><RequestId>")
	escape(&b, requestID)
	b.WriteString("</RequestId></ResponseMetadata>\n</" + operation + "Response>\n")
	return b.Bytes(), nil
}

// EncodeError writes a refusal.
func EncodeError(namespace, requestID string, e *awserr.Error) []byte {
	fault := "Sender"
	if e.HTTPStatus() >= 500 {
		fault = "Receiver"
	}
	var b bytes.Buffer
	b.WriteString("<ErrorResponse")
	if namespace != "" {
		b.WriteString(` xmlns="`)
		escape(&b, namespace)
		b.WriteString(`"`)
	}
	b.WriteString(">\n  <Error>\n    <Type>" + fault + "</Type>\n    <Code>")
	escape(&b, e.Code)
	b.WriteString("</Code>\n    <Message>")
	escape(&b, e.Message)
	b.WriteString("</Message>\n  </Error>\n  <RequestId>")
	escape(&b, requestID)
	b.WriteString("</RequestId>\n</ErrorResponse>\n")
	return b.Bytes()
}

func encodeStruct(b *bytes.Buffer, v reflect.Value) error {
	for f := range v.Type().Fields() {
		name, ok := fieldName(f)
		if !ok {
			continue
		}
		if f.Anonymous {
			if err := encodeStruct(b, v.FieldByIndex(f.Index)); err != nil {
				return err
			}
			continue
		}
		if err := encodeField(b, name, v.FieldByIndex(f.Index)); err != nil {
			return err
		}
	}
	return nil
}

// encodeField writes one member of a structure; absent ones are left out. A bool,
// a number or an empty list that is not nil is always written.
func encodeField(b *bytes.Buffer, name string, v reflect.Value) error {
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
	b.WriteString("<" + name + ">")
	if err := encode(b, v); err != nil {
		return err
	}
	b.WriteString("</" + name + ">")
	return nil
}

func encode(b *bytes.Buffer, v reflect.Value) error {
	switch x := v.Interface().(type) {
	case time.Time:
		b.WriteString(x.UTC().Format("2006-01-02T15:04:05Z"))
		return nil
	case Document:
		escape(b, x.escaped())
		return nil
	case []byte:
		b.WriteString(base64.StdEncoding.EncodeToString(x))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		return encode(b, v.Elem())
	case reflect.String:
		escape(b, v.String())
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Slice:
		for i := range v.Len() {
			b.WriteString("<member>")
			if err := encode(b, v.Index(i)); err != nil {
				return err
			}
			b.WriteString("</member>")
		}
	case reflect.Map:
		return encodeMap(b, v)
	case reflect.Struct:
		return encodeStruct(b, v)
	default:
		return fmt.Errorf("query: cannot encode a %s", v.Type())
	}
	return nil
}

func encodeMap(b *bytes.Buffer, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	for _, k := range keys {
		b.WriteString("<entry><key>")
		escape(b, k.String())
		b.WriteString("</key><value>")
		if err := encode(b, v.MapIndex(k)); err != nil {
			return err
		}
		b.WriteString("</value></entry>")
	}
	return nil
}

func escape(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a Buffer does not fail
}
