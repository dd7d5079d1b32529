package endpoint_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/endpoint"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/s3"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/sigv4"
)

// A storage is S3 behind the front door.
type storage struct {
	*s3.Service
	t   *testing.T
	url string
}

const (
	reader = `{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::box","arn:aws:s3:::box/public/*"]}`
	blind  = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::box/*"}`
)

// startStorage starts S3 with a bucket "box".
func startStorage(t *testing.T) *storage {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	st, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	contents, err := blob.OpenPool(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	s := &storage{Service: s3.New(s3.Config{Store: st, Contents: contents, Account: account, Region: region}), t: t}
	server := httptest.NewServer(endpoint.New(endpoint.Config{
		Keys:     keys{"ADMINISTRATOR": everything, "READER": reader, "BLIND": blind, "NOBODY": oneStack},
		Services: []wire.Service{s.API()}, Account: account, Region: region,
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	s.do("PUT", "/box", inRegion).want(200, "")
	return s
}

const inRegion = `<CreateBucketConfiguration><LocationConstraint>` + region + `</LocationConstraint></CreateBucketConfiguration>`

// A reply is what came back.
type reply struct {
	t      *testing.T
	asked  string
	Status int
	Header http.Header
	Body   string
}

// do sends a request of the administrator; headers are "Name: value".
func (s *storage) do(method, path, body string, headers ...string) *reply {
	s.t.Helper()
	return s.as("ADMINISTRATOR", method, path, body, headers...)
}

// as sends a request of the owner of a key; "" signs nothing.
func (s *storage) as(key, method, path, body string, headers ...string) *reply {
	s.t.Helper()
	r := s.request(method, path, body, headers...)
	if key != "" {
		s.sign(r, key)
	}
	return s.send(r)
}

func (s *storage) request(method, path, body string, headers ...string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	return r
}

func (s *storage) sign(r *http.Request, key string) {
	s.t.Helper()
	signer := &sigv4.Signer{Service: "s3", Region: region, S3: true}
	if err := signer.SignHTTP(r, sigv4.Credentials{AccessKeyID: key, SecretAccessKey: "secret"}, time.Now()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *storage) send(r *http.Request) *reply {
	s.t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return &reply{s.t, r.Method + " " + r.URL.RequestURI(), res.StatusCode, res.Header, string(body)}
}

// want checks the status and that the body, or the headers, have a text.
func (r *reply) want(status int, text string) *reply {
	r.t.Helper()
	if r.Status != status || !strings.Contains(r.Body, text) {
		r.t.Errorf("%s = %d %s\nwant %d and %s", r.asked, r.Status, r.Body, status, text)
	}
	return r
}

func (r *reply) header(name, want string) *reply {
	r.t.Helper()
	if got := r.Header.Get(name); got != want {
		r.t.Errorf("%s: header %s is %q, want %q", r.asked, name, got, want)
	}
	return r
}

// all returns the texts of an element.
func (r *reply) all(element string) string {
	var out []string
	for _, m := range regexp.MustCompile("<"+element+">([^<]*)</").FindAllStringSubmatch(r.Body, -1) {
		out = append(out, m[1])
	}
	return strings.Join(out, " ")
}

func (r *reply) wantAll(element, want string) *reply {
	r.t.Helper()
	if got := r.all(element); got != want {
		r.t.Errorf("%s: %s are %q, want %q", r.asked, element, got, want)
	}
	return r
}

func TestS3Buckets(t *testing.T) {
	s := startStorage(t)
	s.do("HEAD", "/box", "").want(200, "").header("X-Amz-Bucket-Region", region)
	s.do("HEAD", "/none", "").want(404, "")
	s.do("GET", "/box?location", "").wantAll("LocationConstraint", "").want(200, ">"+region+"<")
	s.do("GET", "/", "").want(200, "<Name>box</Name>")
	for name, want := range map[string]string{
		"A": "InvalidBucketName", "under_score": "InvalidBucketName", "192.168.0.1": "InvalidBucketName", "a..b": "InvalidBucketName", "hakone-artifacts": "BucketAlreadyExists", "box": "BucketAlreadyOwnedByYou",
	} {
		if got := s.do("PUT", "/"+name, inRegion).all("Code"); got != want {
			t.Errorf("CreateBucket %s: %s, want %s", name, got, want)
		}
	}
	s.do("PUT", "/elsewhere", "").want(400, "IllegalLocationConstraintException")
	s.do("PUT", "/elsewhere", strings.ReplaceAll(inRegion, region, "eu-west-1")).want(400, "IllegalLocationConstraintException")
	s.do("PUT", "/box/a", "x").want(200, "")
	s.do("DELETE", "/box", "").want(409, "BucketNotEmpty")
	s.do("DELETE", "/box/a", "").want(204, "")
	s.do("DELETE", "/box", "").want(204, "")
	s.do("GET", "/box/a", "").want(404, "NoSuchBucket")
}

func TestS3Objects(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/a%20b//c+d", "0123456789", "Content-Type: text/x", "Cache-Control: no-store", "X-Amz-Meta-Colour: red", "X-Amz-Tagging: k=v&l=w").
		want(200, "").header("ETag", `"781e5e245d69b566979b86e28d23f2c7"`)
	get := s.do("GET", "/box/a%20b//c%2Bd", "").want(200, "0123456789").header("Content-Type", "text/x").header("Cache-Control", "no-store").
		header("X-Amz-Meta-Colour", "red").header("X-Amz-Tagging-Count", "2").header("Content-Length", "10").header("X-Amz-Version-Id", "")
	etag, modified := get.Header.Get("ETag"), get.Header.Get("Last-Modified")
	const path = "/box/a%20b//c%2Bd"
	tests := []struct {
		name    string
		headers []string
		status  int
		body    string
	}{
		{"a range", []string{"Range: bytes=2-4"}, 206, "234"},
		{"a range to the end", []string{"Range: bytes=7-"}, 206, "789"},
		{"a range that is too long", []string{"Range: bytes=7-99"}, 206, "789"},
		{"the last bytes", []string{"Range: bytes=-2"}, 206, "89"},
		{"more last bytes than there are", []string{"Range: bytes=-99"}, 206, "0123456789"},
		{"beyond the end", []string{"Range: bytes=10-"}, 416, "InvalidRange"},
		{"no last bytes", []string{"Range: bytes=-0"}, 416, "InvalidRange"},
		{"two ranges are the whole", []string{"Range: bytes=0-1,3-4"}, 200, "0123456789"},
		{"a range that is none", []string{"Range: bytes=4-2"}, 200, "0123456789"},
		{"another unit", []string{"Range: lines=1-2"}, 200, "0123456789"},
		{"If-Match", []string{"If-Match: " + etag}, 200, "0123456789"},
		{"If-Match of another", []string{`If-Match: "x"`}, 412, "PreconditionFailed"},
		{"If-None-Match", []string{"If-None-Match: " + etag}, 304, ""},
		{"If-None-Match of another", []string{`If-None-Match: "x"`}, 200, "0123456789"},
		{"If-Modified-Since", []string{"If-Modified-Since: " + modified}, 304, ""},
		{"If-Unmodified-Since", []string{"If-Unmodified-Since: " + modified}, 200, "0123456789"},
		{"modified since", []string{"If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT"}, 412, "PreconditionFailed"},
	}
	for _, tt := range tests {
		if got := s.do("GET", path, "", tt.headers...); got.Status != tt.status || !strings.Contains(got.Body, tt.body) || tt.status < 300 && got.Body != tt.body {
			t.Errorf("%s: %d %s, want %d %s", tt.name, got.Status, got.Body, tt.status, tt.body)
		}
	}
	s.do("GET", path, "", "Range: bytes=2-4").header("Content-Range", "bytes 2-4/10")
	s.do("HEAD", path, "", "Range: bytes=2-4").want(206, "").header("Content-Length", "3")
	s.do("GET", path+"?response-content-type=text/y", "").header("Content-Type", "text/y")
	s.do("GET", path+"?tagging", "").wantAll("Key", "k l").wantAll("Value", "v w")
	s.do("PUT", path+"?tagging", "<Tagging><TagSet><Tag><Key>n</Key><Value>1</Value></Tag></TagSet></Tagging>").want(200, "")
	s.do("GET", path+"?tagging", "").wantAll("Key", "n")
	s.do("DELETE", path+"?tagging", "").want(204, "")
	s.do("GET", path+"?attributes", "", "X-Amz-Object-Attributes: ETag,ObjectSize,Checksum").want(200, "<ObjectSize>10</ObjectSize>").wantAll("ChecksumType", "FULL_OBJECT")
	s.do("PUT", path, "x", "If-None-Match: *").want(412, "PreconditionFailed")
	s.do("PUT", path, "new", "If-Match: "+etag).want(200, "")
	s.do("PUT", path, "newer", "If-Match: "+etag).want(412, "PreconditionFailed")
	s.do("PUT", "/box/none", "x", "If-Match: "+etag).want(404, "NoSuchKey")
	s.do("DELETE", path, "").want(204, "")
	s.do("DELETE", path, "").want(204, "")
	s.do("HEAD", path, "").want(404, "")
	s.do("GET", path, "").want(404, "NoSuchKey")
	s.do("PUT", "/box/"+strings.Repeat("k", 1025), "x").want(400, "KeyTooLongError")
	s.do("PUT", "/box/m", "x", "X-Amz-Meta-Long: "+strings.Repeat("m", 2100)).want(400, "MetadataTooLarge")
}

// A content of several segments comes back whole and in parts.
func TestS3LargeObject(t *testing.T) {
	s := startStorage(t)
	content := strings.Repeat("0123456789abcdef", 9<<16) // 9 MiB
	s.do("PUT", "/box/large", content).want(200, "")
	if got := s.do("GET", "/box/large", ""); got.Body != content {
		t.Errorf("GET returned %d bytes that differ", len(got.Body))
	}
	from := 4<<20 - 3
	if got := s.do("GET", "/box/large", "", fmt.Sprintf("Range: bytes=%d-%d", from, from+5)); got.Body != content[from:from+6] {
		t.Errorf("a range across segments: %q", got.Body)
	}
}

func TestS3Versions(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/k", "null").want(200, "")
	s.do("PUT", "/box?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").want(200, "")
	s.do("GET", "/box?versioning", "").wantAll("Status", "Enabled")
	one := s.do("PUT", "/box/k", "one").Header.Get("X-Amz-Version-Id")
	two := s.do("PUT", "/box/k", "two").Header.Get("X-Amz-Version-Id")
	marker := s.do("DELETE", "/box/k", "").want(204, "").header("X-Amz-Delete-Marker", "true").Header.Get("X-Amz-Version-Id")
	s.do("GET", "/box/k", "").want(404, "NoSuchKey")
	s.do("GET", "/box/k?versionId="+one, "").want(200, "one").header("X-Amz-Version-Id", one)
	s.do("GET", "/box/k?versionId=null", "").want(200, "null")
	s.do("GET", "/box/k?versionId="+marker, "").want(405, "MethodNotAllowed")
	s.do("GET", "/box/k?versionId=x", "").want(404, "NoSuchVersion")
	s.do("GET", "/box?versions", "").wantAll("VersionId", strings.Join([]string{marker, two, one, "null"}, " ")).wantAll("IsLatest", "true false false false").want(200, "<DeleteMarker ")
	page := s.do("GET", "/box?versions&max-keys=2", "").wantAll("VersionId", marker+" "+two).wantAll("IsTruncated", "true")
	s.do("GET", "/box?versions&key-marker="+page.all("NextKeyMarker")+"&version-id-marker="+page.all("NextVersionIdMarker"), "").wantAll("VersionId", one+" null")
	s.do("DELETE", "/box/k?versionId="+marker, "").want(204, "").header("X-Amz-Delete-Marker", "true")
	s.do("GET", "/box/k", "").want(200, "two")
	s.do("DELETE", "/box/k?versionId="+two, "").want(204, "")
	s.do("GET", "/box/k", "").want(200, "one")
	s.do("PUT", "/box?versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>").want(200, "")
	s.do("PUT", "/box/k", "again").want(200, "").header("X-Amz-Version-Id", "null")
	s.do("GET", "/box?versions", "").wantAll("VersionId", "null "+one)
	s.do("DELETE", "/box", "").want(409, "You must delete all versions in the bucket.")
}

func TestS3Listing(t *testing.T) {
	s := startStorage(t)
	for _, key := range []string{"a/1", "a/2", "b", "c/x/1", "c/y", "d%20e%2Bf", "z"} {
		s.do("PUT", "/box/"+key, "x").want(200, "")
	}
	tests := []struct{ name, query, keys, prefixes, truncated string }{
		{"everything", "list-type=2", "a/1 a/2 b c/x/1 c/y d e+f z", "", "false"},
		{"a prefix", "list-type=2&prefix=c/", "c/x/1 c/y", "c/", "false"},
		{"a delimiter", "list-type=2&delimiter=/", "b d e+f z", " a/ c/", "false"},
		{"both", "list-type=2&delimiter=/&prefix=c/", "c/y", "c/ c/x/", "false"},
		{"after a key", "list-type=2&start-after=c/x/1", "c/y d e+f z", "", "false"},
		{"after a group", "list-type=2&delimiter=/&start-after=a/", "b d e+f z", " c/", "false"},
		{"a page", "list-type=2&max-keys=2&delimiter=/", "b", " a/", "true"},
		{"no keys", "list-type=2&max-keys=0", "", "", "false"},
		{"encoded", "list-type=2&prefix=d&encoding-type=url", "d%20e%2Bf", "d", "false"},
		{"the older listing", "prefix=a&marker=a/1", "a/2", "a", "false"},
		{"a page of it", "max-keys=1", "a/1", "", "true"},
	}
	for _, tt := range tests {
		got := s.do("GET", "/box?"+tt.query, "").want(200, "")
		if keys, prefixes := got.all("Key"), got.all("Prefix"); keys != tt.keys || prefixes != tt.prefixes || got.all("IsTruncated") != tt.truncated {
			t.Errorf("%s: %q, prefixes %q, truncated %s; want %q, %q, %s", tt.name, keys, prefixes, got.all("IsTruncated"), tt.keys, tt.prefixes, tt.truncated)
		}
	}
	var keys []string
	for token := ""; ; {
		page := s.do("GET", "/box?list-type=2&delimiter=/&max-keys=1&continuation-token="+token, "").want(200, "")
		keys = append(keys, page.all("Key")+strings.TrimSpace(page.all("Prefix")))
		if token = page.all("NextContinuationToken"); token == "" {
			break
		}
	}
	if got := strings.Join(keys, "|"); got != "a/|b|c/|d e+f|z" {
		t.Errorf("pages of one: %s", got)
	}
	s.do("POST", "/box?delete", "<Delete><Object><Key>a/1</Key></Object><Object><Key>none</Key></Object></Delete>").want(200, "").wantAll("Key", "a/1 none")
	s.do("GET", "/box?prefix=a", "").wantAll("Key", "a/2")
}

func TestS3Multipart(t *testing.T) {
	s := startStorage(t)
	large, small := strings.Repeat("p", 5<<20), "the end"
	upload := func(headers ...string) string {
		return s.do("POST", "/box/m?uploads", "", append(headers, "Content-Type: text/x")...).want(200, "").all("UploadId")
	}
	put := func(id string, number int, content string, headers ...string) string {
		return s.do("PUT", fmt.Sprintf("/box/m?uploadId=%s&partNumber=%d", id, number), content, headers...).want(200, "").Header.Get("ETag")
	}
	complete := func(id string, parts ...string) *reply {
		var b strings.Builder
		for _, p := range parts {
			number, etag, _ := strings.Cut(p, " ")
			fmt.Fprintf(&b, "<Part><PartNumber>%s</PartNumber><ETag>%s</ETag></Part>", number, etag)
		}
		return s.do("POST", "/box/m?uploadId="+id, "<CompleteMultipartUpload>"+b.String()+"</CompleteMultipartUpload>")
	}
	id := upload()
	two := put(id, 7, small)
	one := put(id, 3, large)
	s.do("GET", "/box?uploads", "").wantAll("Key", "m")
	s.do("GET", "/box/m?uploadId="+id, "").wantAll("PartNumber", "3 7")
	s.do("GET", "/box/m", "").want(404, "NoSuchKey")
	complete(id, "7 "+two, "3 "+one).want(400, "InvalidPartOrder")
	complete(id, "3 "+one, "3 "+one).want(400, "InvalidPartOrder")
	complete(id, "3 "+one, `7 "x"`).want(400, "InvalidPart")
	complete(id, "3 "+one, "7 "+two).want(200, "-2").wantAll("ChecksumType", "FULL_OBJECT")
	complete(id, "3 "+one, "7 "+two).want(404, "NoSuchUpload")
	got := s.do("GET", "/box/m", "", "X-Amz-Checksum-Mode: ENABLED").want(200, "").header("Content-Type", "text/x")
	if got.Body != large+small {
		t.Errorf("the object has %d bytes", len(got.Body))
	}
	s.do("PUT", "/box/plain", large+small).want(200, "")
	if plain := s.do("HEAD", "/box/plain", "", "X-Amz-Checksum-Mode: ENABLED").Header.Get("X-Amz-Checksum-Crc64nvme"); plain == "" || got.Header.Get("X-Amz-Checksum-Crc64nvme") != plain {
		t.Errorf("the checksum of the parts is %s, of the whole %s", got.Header.Get("X-Amz-Checksum-Crc64nvme"), plain)
	}
	s.do("GET", "/box/m?partNumber=7", "").want(206, small).header("X-Amz-Mp-Parts-Count", "2")
	s.do("GET", "/box/m?partNumber=8", "").want(416, "InvalidPartNumber")
	s.do("PUT", "/box/copy", "", "X-Amz-Copy-Source: box/m").want(200, "<ETag>")
	s.do("HEAD", "/box/copy", "").header("ETag", s.do("HEAD", "/box/plain", "").Header.Get("ETag"))

	id = upload("X-Amz-Checksum-Algorithm: CRC32")
	sum := base64.StdEncoding.EncodeToString(binary32(crc32.ChecksumIEEE([]byte(small))))
	two = put(id, 1, small, "X-Amz-Checksum-Crc32: "+sum)
	s.do("PUT", "/box/m?uploadId="+id+"&partNumber=2", small, "X-Amz-Checksum-Sha256: "+sum).want(400, "Checksum Type mismatch")
	complete(id, "1 "+two).want(200, "").wantAll("ChecksumType", "COMPOSITE")

	id = upload()
	one, two = put(id, 1, small), put(id, 2, small)
	complete(id, "1 "+one, "2 "+two).want(400, "EntityTooSmall")
	s.do("PUT", "/box/m?uploadId="+id+"&partNumber=10001", small).want(400, "Part number must be")
	s.do("PUT", "/box/m?uploadId="+id+"&partNumber=1", "", "X-Amz-Copy-Source: /box/plain", "X-Amz-Copy-Source-Range: bytes=0-4").want(200, "CopyPartResult")
	s.do("DELETE", "/box/m?uploadId="+id, "").want(204, "")
	s.do("DELETE", "/box/m?uploadId="+id, "").want(404, "NoSuchUpload")
	if _, err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"m", "plain", "copy"} {
		s.do("GET", "/box/"+key, "").want(200, small)
		s.do("DELETE", "/box/"+key, "").want(204, "")
	}
	if n, err := s.Sweep(t.Context()); err != nil || n == 0 {
		t.Errorf("Sweep after everything was deleted = %d, %v", n, err)
	}
}

func binary32(n uint32) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }

func TestS3Copy(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/from", "content", "Content-Type: text/x", "X-Amz-Meta-A: 1", "X-Amz-Tagging: t=1").want(200, "")
	etag := s.do("HEAD", "/box/from", "").Header.Get("ETag")
	s.do("PUT", "/box/to", "", "X-Amz-Copy-Source: /box/from").want(200, "CopyObjectResult")
	s.do("GET", "/box/to", "").want(200, "content").header("Content-Type", "text/x").header("X-Amz-Meta-A", "1").header("X-Amz-Tagging-Count", "1").header("ETag", etag)
	s.do("PUT", "/box/to", "", "X-Amz-Copy-Source: box%2Ffrom", "X-Amz-Metadata-Directive: REPLACE", "Content-Type: text/y", "X-Amz-Tagging-Directive: REPLACE").want(200, "")
	s.do("GET", "/box/to", "").want(200, "content").header("Content-Type", "text/y").header("X-Amz-Meta-A", "").header("X-Amz-Tagging-Count", "")
	for name, tt := range map[string]struct {
		headers []string
		status  int
		code    string
	}{
		"to itself":            {[]string{"X-Amz-Copy-Source: box/to"}, 400, "without changing the object"},
		"what is not there":    {[]string{"X-Amz-Copy-Source: box/none"}, 404, "NoSuchKey"},
		"from no bucket":       {[]string{"X-Amz-Copy-Source: none/none"}, 404, "NoSuchBucket"},
		"a source of no form":  {[]string{"X-Amz-Copy-Source: box"}, 400, "Copy Source must mention"},
		"another source":       {[]string{"X-Amz-Copy-Source: box/from", `X-Amz-Copy-Source-If-Match: "x"`}, 412, "PreconditionFailed"},
		"the source as it was": {[]string{"X-Amz-Copy-Source: box/from", "X-Amz-Copy-Source-If-None-Match: " + etag}, 412, "PreconditionFailed"},
	} {
		if got := s.do("PUT", "/box/to", "", tt.headers...); got.Status != tt.status || !strings.Contains(got.Body, tt.code) {
			t.Errorf("a copy %s: %d %s, want %d %s", name, got.Status, got.Body, tt.status, tt.code)
		}
	}
	s.do("DELETE", "/box/from", "").want(204, "")
	if _, err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	s.do("GET", "/box/to", "").want(200, "content")
}

func TestS3Checksums(t *testing.T) {
	s := startStorage(t)
	good := map[string]string{
		"Content-MD5": "JfnnlDI7RTiF9RgfG2JNCw==", "X-Amz-Checksum-Crc32": "y/Q5Jg==", "X-Amz-Checksum-Crc32c": "4waSgw==", "X-Amz-Checksum-Crc64nvme": "rosUhgp5mIg=",
		"X-Amz-Checksum-Sha1": "98O8HYCOBHMq32eZZczDTKeuNEE=", "X-Amz-Checksum-Sha256": "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
	}
	for header, sum := range good {
		put := s.do("PUT", "/box/k", "123456789", header+": "+sum).want(200, "")
		if header != "Content-MD5" {
			put.header(header, sum)
			s.do("GET", "/box/k", "", "X-Amz-Checksum-Mode: ENABLED").header(header, sum).header("X-Amz-Checksum-Type", "FULL_OBJECT")
		}
		s.do("PUT", "/box/bad", "12345678", header+": "+sum).want(400, "BadDigest")
		s.do("POST", "/box?delete", "<Delete><Object><Key>k</Key></Object></Delete>", header+": "+sum).want(400, "BadDigest")
	}
	s.do("GET", "/box/bad", "").want(404, "NoSuchKey")
	s.do("PUT", "/box/bad", "x", "Content-MD5: x").want(400, "InvalidDigest")

	// The body is not the one that was signed.
	r := s.request("PUT", "/box/bad", "signed")
	s.sign(r, "ADMINISTRATOR")
	r.Body = io.NopCloser(strings.NewReader("forged"))
	s.send(r).want(400, "XAmzContentSHA256Mismatch")
	s.do("GET", "/box/bad", "").want(404, "NoSuchKey")
}

// Uploads in chunks, with and without signatures, as SDKs send streams.
func TestS3StreamedUploads(t *testing.T) {
	s := startStorage(t)
	const crc = "x-amz-checksum-crc32:y/Q5Jg==\r\n"
	unsigned := func(body string, more ...string) *reply {
		return s.do("PUT", "/box/k", body, append(more, "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length: 9",
			"Content-Encoding: aws-chunked", "X-Amz-Trailer: x-amz-checksum-crc32")...)
	}
	unsigned("9\r\n123456789\r\n0\r\n"+crc+"\r\n", "X-Amz-Sdk-Checksum-Algorithm: CRC32").want(200, "")
	s.do("GET", "/box/k", "", "X-Amz-Checksum-Mode: ENABLED").want(200, "123456789").header("X-Amz-Checksum-Crc32", "y/Q5Jg==").header("Content-Encoding", "")
	unsigned("9\r\n12345678X\r\n0\r\n"+crc+"\r\n").want(400, "BadDigest")
	unsigned("9\r\n1234").want(400, "IncompleteBody")
	s.do("PUT", "/box/plain", "x", "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD").want(200, "")
	s.do("PUT", "/box/plain", "x", "X-Amz-Content-Sha256: STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD").want(501, "NotImplemented")

	for _, tt := range []struct {
		name, trailer string
		spoil         func(body string) string
		status        int
		want          string
	}{
		{"signed chunks", "", func(b string) string { return b }, 200, ""},
		{"signed chunks and trailer", crc, func(b string) string { return b }, 200, ""},
		{"a forged chunk", "", func(b string) string { return strings.Replace(b, "12345", "12344", 1) }, 403, "SignatureDoesNotMatch"},
		{"a missing signature", "", func(b string) string { return regexp.MustCompile(`;chunk-signature=\w+`).ReplaceAllString(b, "") }, 400, "chunk-signature"},
		{"a forged trailer signature", crc, func(b string) string {
			return regexp.MustCompile(`trailer-signature:..`).ReplaceAllString(b, "trailer-signature:zz")
		}, 403, "SignatureDoesNotMatch"},
		{"chunks in another order", "", func(b string) string {
			m := regexp.MustCompile(`(?s)^(5;.*?\r\n12345\r\n)(4;.*?\r\n6789\r\n)(.*)$`).FindStringSubmatch(b)
			return m[2] + m[1] + m[3]
		}, 403, "SignatureDoesNotMatch"},
	} {
		hash := "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
		headers := []string{"X-Amz-Decoded-Content-Length: 9", "Content-Encoding: aws-chunked"}
		if tt.trailer != "" {
			hash += "-TRAILER"
			headers = append(headers, "X-Amz-Trailer: x-amz-checksum-crc32")
		}
		r := s.request("PUT", "/box/signed", "", append(headers, "X-Amz-Content-Sha256: "+hash)...)
		s.sign(r, "ADMINISTRATOR")
		body := tt.spoil(signedChunks(r, tt.trailer, "12345", "6789", ""))
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		if got := s.send(r); got.Status != tt.status || !strings.Contains(got.Body, tt.want) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, got.Status, got.Body, tt.status, tt.want)
		}
	}
	s.do("GET", "/box/signed", "").want(200, "123456789")
}

// signedChunks writes chunks with the signatures that follow that of a signed
// request. It is written from AWS's description, not with the verifier's code.
func signedChunks(r *http.Request, trailer string, chunks ...string) string {
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	sum := func(text string) string { h := sha256.Sum256([]byte(text)); return hex.EncodeToString(h[:]) }
	stamp := r.Header.Get("X-Amz-Date")
	key := []byte("AWS4secret")
	for _, part := range []string{stamp[:8], region, "s3", "aws4_request"} {
		key = mac(key, part)
	}
	scope := stamp[:8] + "/" + region + "/s3/aws4_request"
	_, previous, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	var b bytes.Buffer
	for _, chunk := range chunks {
		previous = hex.EncodeToString(mac(key, strings.Join([]string{"AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, previous, sum(""), sum(chunk)}, "\n")))
		fmt.Fprintf(&b, "%x;chunk-signature=%s\r\n", len(chunk), previous)
		if chunk != "" {
			b.WriteString(chunk + "\r\n")
		}
	}
	if trailer != "" {
		line := strings.TrimSuffix(trailer, "\r\n")
		previous = hex.EncodeToString(mac(key, strings.Join([]string{"AWS4-HMAC-SHA256-TRAILER", stamp, scope, previous, sum(line + "\n")}, "\n")))
		b.WriteString(trailer + "x-amz-trailer-signature:" + previous + "\r\n")
	}
	return b.String() + "\r\n"
}

// What an XML answer says can be read again as XML.
func TestS3AnswersAreXML(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/%3C%26%0A", "x").want(200, "")
	for _, path := range []string{"/", "/box", "/box?list-type=2", "/box?versions", "/box?uploads", "/box?acl", "/box?encryption", "/none"} {
		got := s.do("GET", path, "")
		if err := xml.Unmarshal([]byte(got.Body), &struct{}{}); err != nil {
			t.Errorf("GET %s: %v\n%s", path, err, got.Body)
		}
	}
}
