package restxml

import (
	"crypto/md5" //nolint:gosec // S3's, nothing is authenticated by it
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire/checksum"
)

// A Request is what an input is read from.
type Request struct {
	Target
	Parameters []string // of the query, that named the operation
	Query      url.Values
	Header     http.Header
	Body       io.Reader // its content: not in chunks
	Length     int64     // of Body; -1 when it is not known

	ownSums bool // checksums in the headers are the input's, not of the body: all but Content-MD5
}

// protocol are the headers and parameters that say nothing of the operation
// itself.
var protocol = []string{
	"x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-user-agent", "x-amz-trailer", "x-amz-decoded-content-length",
	"x-amz-sdk-checksum-algorithm", "x-amz-algorithm", "x-amz-credential", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature",
	"x-amz-te", "x-id",
}

// Decode fills the struct that into points to. A refusal is an [*awserr.Error].
func (r *Request) Decode(into any) error {
	v := reflect.ValueOf(into).Elem()
	parameters, headers := slices.Clone(r.Parameters), slices.Clone(protocol)
	var prefixes []string
	for _, f := range reflect.VisibleFields(v.Type()) {
		r.ownSums = r.ownSums || strings.HasPrefix(placeOf(f).name, checksum.HeaderPrefix+"crc32")
	}
	for _, f := range reflect.VisibleFields(v.Type()) {
		p := placeOf(f)
		if err := r.fill(v.FieldByIndex(f.Index), p); err != nil {
			return err
		}
		switch name := strings.ToLower(p.name); p.kind {
		case "xml", "text":
			for _, a := range checksum.Algorithms {
				headers = append(headers, a.Header())
			}
		case "query":
			parameters = append(parameters, p.name)
		case "header":
			headers = append(headers, name)
		case "prefix":
			prefixes = append(prefixes, name)
		}
	}
	for name, text := range map[string]string{"Bucket": r.Bucket, "Key": r.Key} {
		if f := v.FieldByName(name); f.IsValid() {
			f.SetString(text)
		}
	}
	return r.refuseUnknown(parameters, headers, prefixes)
}

// refuseUnknown refuses what no field takes. Of presigned URLs, parameters that
// are named like S3's headers are in Header, too.
func (r *Request) refuseUnknown(parameters, headers, prefixes []string) error {
	presigned := r.Query.Has("X-Amz-Signature")
	for name := range r.Query {
		lower := strings.ToLower(name)
		isHeader := strings.HasPrefix(lower, "x-amz-")
		if !slices.Contains(protocol, lower) && (isHeader && !presigned || !isHeader && !slices.Contains(parameters, name)) {
			return NotImplemented("hakone does not support the parameter %s of this request", name)
		}
	}
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") && !slices.Contains(headers, lower) &&
			!slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(lower, p) }) {
			return NotImplemented("hakone does not support the header %s of this request", lower)
		}
	}
	return nil
}

func (r *Request) fill(field reflect.Value, p place) error {
	switch p.kind {
	case "query":
		values := r.Query[p.name]
		if len(values) > 1 {
			return awserr.New("InvalidArgument", http.StatusBadRequest, "The parameter %s must not be repeated", p.name)
		}
		return set(field, p.name, values)
	case "header":
		return set(field, p.name, r.Header.Values(p.name))
	case "prefix":
		m := map[string]string{}
		for name, values := range r.Header {
			if rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(p.name)); ok {
				m[rest] = strings.Join(values, ",")
			}
		}
		field.Set(reflect.ValueOf(m))
	case "xml":
		return r.decodeXML(field)
	case "text":
		text, err := r.read()
		field.SetString(string(text))
		return err
	case "body":
		field.Set(reflect.ValueOf(r.Body))
	case "length":
		field.SetInt(r.Length)
	}
	return nil
}

func (r *Request) read() ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r.Body, MaxXML+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > MaxXML:
		return nil, awserr.New("EntityTooLarge", http.StatusBadRequest, "Your proposed upload exceeds the maximum allowed size")
	}
	return text, r.checkSums(text)
}

// checkSums compares a body with the checksums that the headers announce.
func (r *Request) checkSums(text []byte) error {
	check := func(header, name string, h hash.Hash) error {
		want := r.Header.Get(header)
		if want == "" {
			return nil
		}
		h.Write(text)
		if base64.StdEncoding.EncodeToString(h.Sum(nil)) != want {
			return awserr.New("BadDigest", http.StatusBadRequest, "The %s you specified did not match the calculated checksum.", name)
		}
		return nil
	}
	err := check("Content-Md5", "Content-MD5", md5.New()) //nolint:gosec // S3's, nothing is authenticated by it
	if r.ownSums {
		return err
	}
	for _, a := range checksum.Algorithms {
		err = errors.Join(err, check(a.Header(), string(a), a.New()))
	}
	return err
}

// decodeXML reads the body into the struct that field points to; an empty body
// leaves it nil.
func (r *Request) decodeXML(field reflect.Value) error {
	text, err := r.read()
	if err != nil || len(text) == 0 {
		return err
	}
	field.Set(reflect.New(field.Type().Elem()))
	return DecodeXML(text, field.Interface())
}

// DecodeXML reads XML into the struct that into points to. An element that the
// struct does not have is refused by name.
func DecodeXML(text []byte, into any) error {
	if err := xml.Unmarshal(text, into); err != nil {
		return malformedXML(err)
	}
	d := xml.NewDecoder(strings.NewReader(string(text)))
	for {
		token, err := d.Token()
		if err != nil {
			return malformedXML(err)
		}
		if _, ok := token.(xml.StartElement); ok {
			return knownOnly(d, reflect.TypeOf(into).Elem(), 0)
		}
	}
}

const maxDepth = 32 // of S3's documents: far more than they have

func malformedXML(err error) error {
	e := awserr.New("MalformedXML", http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema")
	e.Err = err
	return e
}

// knownOnly reads the children of an element and refuses those that t has no
// field for.
func knownOnly(d *xml.Decoder, t reflect.Type, depth int) error {
	if depth > maxDepth {
		return malformedXML(errors.New("too deep"))
	}
	for {
		token, err := d.Token()
		if err != nil {
			return malformedXML(err)
		}
		switch token := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			child, ok := elementOf(t, token.Name.Local)
			if !ok {
				return NotImplemented("hakone does not support the element %s of this request", token.Name.Local)
			}
			if err := knownOnly(d, child, depth+1); err != nil {
				return err
			}
		}
	}
}

// elementOf returns the type that an element of a struct has.
func elementOf(t reflect.Type, name string) (reflect.Type, bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	for f := range t.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("xml"), ",")
		if f.Anonymous && tag == "" {
			if child, ok := elementOf(f.Type, name); ok {
				return child, true
			}
			continue
		}
		if tag == "" {
			tag = f.Name
		}
		outer, inner, nested := strings.Cut(tag, ">")
		if f.Name == "XMLName" || strings.Contains(options, "attr") || outer != name {
			continue
		}
		if !nested {
			return f.Type, true
		}
		return reflect.StructOf([]reflect.StructField{{Name: "Inner", Type: f.Type, Tag: reflect.StructTag(`xml:"` + inner + `"`)}}), true
	}
	return nil, false
}

// set sets a field from its texts, as lines of one header are joined; none
// leaves it as it is.
func set(field reflect.Value, name string, texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	text := strings.Join(texts, ",")
	var err error
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Int:
		var n int64
		n, err = strconv.ParseInt(text, 10, 32)
		field.SetInt(n)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(strings.ToLower(text))
		field.SetBool(b)
	default:
		return fmt.Errorf("restxml: a %s cannot be read from %s", field.Type(), name)
	}
	if err != nil {
		return awserr.New("InvalidArgument", http.StatusBadRequest, "Provided %s not an integer or within integer range", name)
	}
	return nil
}
