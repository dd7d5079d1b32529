package restxml

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
)

type inner struct {
	Name  string
	Tags  []struct{ Key, Value string } `xml:"TagSet>Tag"`
	Count *int
}

type input struct {
	Bucket, Key string
	Prefix      string            `rest:"query=prefix"`
	Max         *int              `rest:"query=max"`
	Class       string            `rest:"header=x-amz-class"`
	Other       string            `rest:"header=Other"`
	Part        *int              `rest:"header=X-Part"`
	Meta        map[string]string `rest:"prefix=X-Amz-Meta-"`
	Body        *inner            `rest:"xml"`
}

func TestTargetOf(t *testing.T) {
	for _, tt := range []struct{ name, host, path, bucket, key string }{
		{"the service", "localhost:4566", "/", "", ""},
		{"a bucket", "127.0.0.1:1", "/b", "b", ""},
		{"a bucket and a slash", "127.0.0.1:1", "/b/", "b", ""},
		{"an object", "s3.localhost", "/b/k/l", "b", "k/l"},
		{"empty segments", "h", "/b//k//", "b", "/k//"},
		{"escapes", "h", "/b/%2F%20%2B+", "b", "/ ++"},
		{"in the host", "b.localhost:4566", "/k", "b", "k"},
		{"with dots", "a.b.s3.eu-west-1.amazonaws.com", "/k", "a.b", "k"},
		{"as old regions have it", "b.s3-eu-west-1.amazonaws.com", "/", "b", ""},
		{"the service by its name", "s3.eu-west-1.amazonaws.com", "/b/k", "b", "k"},
		{"a bucket that has it in its name", "x.s3.y.s3.amazonaws.com", "/k", "x.s3.y", "k"},
	} {
		got, ok := TargetOf(tt.host, tt.path)
		if want := (Target{tt.bucket, tt.key}); got != want || !ok {
			t.Errorf("%s: TargetOf(%s, %s) = %+v, %v, want %+v", tt.name, tt.host, tt.path, got, ok, want)
		}
	}
	if _, ok := TargetOf("h", "/b/%zz"); ok {
		t.Error("a broken escape was taken")
	}
}

func TestFind(t *testing.T) {
	run := func(context.Context, *input) (*wire.Nothing, error) { return nil, nil }
	var table []wire.Operation
	for _, row := range [][3]string{
		{"List", "GET", "/"},
		{"Objects", "GET", "/{Bucket}"},
		{"Policy", "GET", "/{Bucket}?policy"},
		{"Put", "PUT", "/{Bucket}/{Key+}"},
		{"Part", "PUT", "/{Bucket}/{Key+}?uploadId&partNumber"},
		{"Copy", "PUT", "/{Bucket}/{Key+}?x-amz-copy-source"},
		{"CopyPart", "PUT", "/{Bucket}/{Key+}?uploadId&partNumber&x-amz-copy-source"},
	} {
		table = append(table, wire.Op(row[0], run, nil).At(row[1], row[2], 200))
	}
	r := NewRouter(table)
	for _, tt := range []struct {
		name, method  string
		target        Target
		query, source string
		want          string
	}{
		{"no bucket", "GET", Target{}, "", "", "List"},
		{"a bucket", "GET", Target{Bucket: "b"}, "prefix=x", "", "Objects"},
		{"a parameter decides", "GET", Target{Bucket: "b"}, "policy", "", "Policy"},
		{"an object", "PUT", Target{"b", "k"}, "", "", "Put"},
		{"half of the parameters", "PUT", Target{"b", "k"}, "uploadId=1", "", "Put"},
		{"all parameters", "PUT", Target{"b", "k"}, "uploadId=1&partNumber=2", "", "Part"},
		{"a header", "PUT", Target{"b", "k"}, "", "b/k", "Copy"},
		{"both", "PUT", Target{"b", "k"}, "uploadId=1&partNumber=2", "b/k", "CopyPart"},
		{"another method", "DELETE", Target{"b", "k"}, "", "", ""},
	} {
		query, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		if tt.source != "" {
			header.Set("X-Amz-Copy-Source", tt.source)
		}
		if got, _, ok := r.Find(tt.method, tt.target, query, header); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, %v, want %q", tt.name, got, ok, tt.want)
		}
	}
}

func TestDecode(t *testing.T) {
	three := 3
	r := Request{
		Target: Target{"b", "k"}, Parameters: []string{"mark"}, Query: url.Values{"mark": {""}, "prefix": {"p"}, "max": {"3"}, "X-Amz-Date": {"x"}, "x-id": {"x"}},
		Header: http.Header{"X-Amz-Class": {"c"}, "X-Amz-Meta-A": {"1", "2"}, "X-Amz-Date": {"d"}, "Another": {"ignored"}},
		Body:   strings.NewReader(`<Any xmlns="http://x"><Name>n</Name><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet><Count>3</Count></Any>`),
	}
	var got input
	if err := r.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := input{
		Bucket: "b", Key: "k", Prefix: "p", Max: &three, Class: "c", Meta: map[string]string{"a": "1,2"},
		Body: &inner{Name: "n", Tags: []struct{ Key, Value string }{{"a", "b"}}, Count: &three},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		r    Request
		code string
	}{
		"an unknown parameter":     {Request{Query: url.Values{"versions": {""}}}, "NotImplemented"},
		"a header as a parameter":  {Request{Query: url.Values{"x-amz-class": {"c"}}}, "NotImplemented"},
		"no header of S3 either":   {Request{Query: url.Values{"other": {"c"}}}, "NotImplemented"},
		"an unknown presigned one": {Request{Query: url.Values{"X-Amz-Signature": {"s"}, "X-Amz-Other": {"c"}}, Header: http.Header{"X-Amz-Other": {"c"}}}, "NotImplemented"},
		"a parameter twice":        {Request{Query: url.Values{"prefix": {"a", "b"}}}, "InvalidArgument"},
		"a number in two headers":  {Request{Header: http.Header{"X-Part": {"1", "2"}}}, "InvalidArgument"},
		"an unknown header":        {Request{Header: http.Header{"X-Amz-Other": {"x"}}}, "NotImplemented"},
		"an unknown element":       {Request{Body: strings.NewReader("<A><Other/></A>")}, "NotImplemented"},
		"an unknown inner element": {Request{Body: strings.NewReader("<A><TagSet><Tag><Other/></Tag></TagSet></A>")}, "NotImplemented"},
		"an element beside a list": {Request{Body: strings.NewReader("<A><TagSet><Other/></TagSet></A>")}, "NotImplemented"},
		"broken XML":               {Request{Body: strings.NewReader("<A>")}, "MalformedXML"},
		"entities":                 {Request{Body: strings.NewReader(`<!DOCTYPE A [<!ENTITY e "x">]><A><Name>&e;</Name></A>`)}, "MalformedXML"},
		"no number":                {Request{Query: url.Values{"max": {"x"}}}, "InvalidArgument"},
		"a large number":           {Request{Query: url.Values{"max": {"99999999999"}}}, "InvalidArgument"},
		"too much":                 {Request{Body: io.LimitReader(endless{}, MaxXML+1)}, "EntityTooLarge"},
		"another checksum":         {Request{Header: http.Header{"X-Amz-Checksum-Crc32": {"x"}}, Body: strings.NewReader("<A/>")}, "BadDigest"},
	} {
		if tt.r.Body == nil {
			tt.r.Body = strings.NewReader("")
		}
		var refusal *awserr.Error
		if err := tt.r.Decode(&input{}); !errors.As(err, &refusal) || refusal.Code != tt.code {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
		}
	}
}

// The lines of a header are one, and a presigned URL has headers in its query.
func TestDecodeJoinsHeaders(t *testing.T) {
	got := input{}
	r := Request{
		Header: http.Header{"X-Amz-Class": {"a", "b"}}, Body: strings.NewReader(""),
		Query: url.Values{"X-Amz-Signature": {"s"}, "x-amz-class": {"a"}},
	}
	if err := r.Decode(&got); err != nil || got.Class != "a,b" {
		t.Errorf("two lines: %q, %v", got.Class, err)
	}
}

// What announces the checksums of something else has the Content-MD5 of its body.
func TestDecodeChecksContentMD5(t *testing.T) {
	for sum, want := range map[string]string{"": "", "JfnnlDI7RTiF9RgfG2JNCw==": "BadDigest", "PqRfv/SjolX3ah1nin8F/A==": ""} {
		into := struct {
			CRC32 string `rest:"header=x-amz-checksum-crc32"`
			Body  *inner `rest:"xml"`
		}{}
		r := Request{Header: http.Header{"X-Amz-Checksum-Crc32": {"x"}}, Body: strings.NewReader("<A/>")}
		if sum != "" {
			r.Header.Set("Content-Md5", sum)
		}
		code := ""
		var refusal *awserr.Error
		if err := r.Decode(&into); errors.As(err, &refusal) {
			code = refusal.Code
		}
		if code != want || into.CRC32 != "x" {
			t.Errorf("Content-MD5 %q: %q, want %q", sum, code, want)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

type output struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ Result"`
	Name     string
	Modified time.Time         `rest:"header=Last-Modified" xml:"-"`
	ETag     string            `rest:"header=ETag" xml:"-"`
	Meta     map[string]string `rest:"prefix=x-amz-meta-" xml:"-"`
	Status   int               `rest:"status" xml:"-"`
}

func TestEncode(t *testing.T) {
	a, err := Encode(&output{Name: "<n>", Modified: time.Date(2031, 3, 9, 12, 0, 0, 0, time.UTC), Meta: map[string]string{"a": "b"}, Status: 206})
	if err != nil {
		t.Fatal(err)
	}
	want := Answer{
		Status: 206, Header: http.Header{"Last-Modified": {"Sun, 09 Mar 2031 12:00:00 GMT"}, "x-amz-meta-a": {"b"}},
		Body: []byte(xml.Header + `<Result xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>&lt;n&gt;</Name></Result>`),
	}
	if diff := cmp.Diff(want, *a); diff != "" {
		t.Errorf("Encode (-want +got):\n%s", diff)
	}
	stream := struct {
		Body io.ReadCloser `rest:"body"`
	}{io.NopCloser(strings.NewReader("x"))}
	if a, err := Encode(&stream); err != nil || a.Stream != stream.Body || a.Body != nil {
		t.Errorf("a stream: %+v, %v", a, err)
	}
}

// Whatever comes is decoded or refused in AWS's words.
func FuzzDecodeXML(f *testing.F) {
	f.Add("<A><Name>n</Name><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet><Count>3</Count></A>")
	f.Add("<A><B><C/></B></A>")
	f.Add("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>")
	f.Add(strings.Repeat("<a>", 100))
	f.Fuzz(func(t *testing.T, text string) {
		var refusal *awserr.Error
		if err := DecodeXML([]byte(text), &inner{}); err != nil && !errors.As(err, &refusal) {
			t.Fatalf("DecodeXML = %v, want a refusal", err)
		}
	})
}

// Whatever a request's target is, its key is a part of the path.
func FuzzTargetOf(f *testing.F) {
	f.Add("b.s3.amazonaws.com", "/k")
	f.Add("[::1]:4566", "/b/%2e%2e/k")
	f.Add(".s3.", "//")
	f.Fuzz(func(t *testing.T, host, path string) {
		target, ok := TargetOf(host, path)
		if plain, err := url.PathUnescape(path); ok != (err == nil) || ok && !strings.HasSuffix(plain, target.Key) {
			t.Errorf("TargetOf(%q, %q) = %+v, %v", host, path, target, ok)
		}
	})
}
