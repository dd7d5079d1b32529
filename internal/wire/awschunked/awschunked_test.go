package awschunked_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire/awschunked"
)

// The checksums of "123456789" are the catalogued check values of each algorithm.
func TestReader(t *testing.T) {
	const two = "5\r\n12345\r\n4\r\n6789\r\n0\r\n"
	for _, test := range []struct {
		name, body, trailer string
		length              int64
		code                string // empty: the content is 123456789
	}{
		{"without a trailer", two + "\r\n", "", 9, ""},
		{"CRC32", two + "x-amz-checksum-crc32:y/Q5Jg==\r\n\r\n", "x-amz-checksum-crc32", 9, ""},
		{"CRC32C", two + "x-amz-checksum-crc32c:4waSgw==\r\n\r\n", "x-amz-checksum-crc32c", 9, ""},
		{"CRC64NVME", two + "x-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n\r\n", "X-Amz-Checksum-Crc64nvme", 9, ""},
		{"SHA1", two + "x-amz-checksum-sha1:98O8HYCOBHMq32eZZczDTKeuNEE=\r\n\r\n", "x-amz-checksum-sha1", 9, ""},
		{"SHA256", two + "x-amz-checksum-sha256:FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=\r\n\r\n", "x-amz-checksum-sha256", 9, ""},
		{"a trailer that ends as in AWS's example", two + "x-amz-checksum-crc32:y/Q5Jg==\n\r\n", "x-amz-checksum-crc32", 9, ""},
		{"another checksum", two + "x-amz-checksum-crc32:AAAAAA==\r\n\r\n", "x-amz-checksum-crc32", 9, "BadDigest"},
		{"an announced trailer that is missing", two + "\r\n", "x-amz-checksum-crc32", 9, "InvalidRequest"},
		{"a trailer that was not announced", two + "x-amz-checksum-crc32:y/Q5Jg==\r\n\r\n", "", 9, "InvalidRequest"},
		{"an unknown checksum", two + "\r\n", "x-amz-checksum-md9", 9, "InvalidRequest"},
		{"longer than announced", two + "\r\n", "", 8, "InvalidRequest"},
		{"shorter than announced", two + "\r\n", "", 10, "IncompleteBody"},
		{"cut off in a chunk", "9\r\n1234", "", 9, "IncompleteBody"},
		{"cut off after the last chunk", two, "", 9, "IncompleteBody"},
		{"a chunk longer than its size", "8\r\n123456789\r\n0\r\n\r\n", "", 9, "InvalidRequest"},
		{"a negative size", "-1\r\n\r\n", "", 9, "InvalidRequest"},
		{"a size beyond 63 bits", "ffffffffffffffff\r\n", "", 9, "InvalidRequest"},
		{"an endless header", strings.Repeat("0", 4096), "", 9, "InvalidRequest"},
		{"more after the end", two + "\r\nx", "", 9, "InvalidRequest"},
		{"chunks with signatures", "9;chunk-signature=ab\r\n123456789\r\n", "", 9, "InvalidRequest"},
		{"no length", two + "\r\n", "", -1, "MissingContentLength"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var content []byte
			r, err := awschunked.NewReader(iotest.OneByteReader(strings.NewReader(test.body)), test.length, test.trailer, nil)
			if err == nil {
				content, err = io.ReadAll(r)
			}
			var refusal *awserr.Error
			switch {
			case test.code == "" && (err != nil || string(content) != "123456789"):
				t.Errorf("got %q, %v", content, err)
			case test.code != "" && (!errors.As(err, &refusal) || refusal.Code != test.code):
				t.Errorf("got %q, %v; want %s", content, err, test.code)
			}
		})
	}
}

// Whatever comes: never more than announced, and all of it when there is no error.
func FuzzReader(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"), int64(3), "", false)
	f.Add([]byte("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n"), int64(3), "x-amz-checksum-crc32", false)
	f.Add([]byte("3;chunk-signature=good\r\nabc\r\n0;chunk-signature=good\r\nx-amz-checksum-crc32:NSRBwg==\r\nx-amz-trailer-signature:good\r\n\r\n"), int64(3), "x-amz-checksum-crc32", true)
	f.Fuzz(func(t *testing.T, body []byte, length int64, trailer string, signed bool) {
		var signatures awschunked.Signatures
		if signed {
			signatures = good{}
		}
		r, err := awschunked.NewReader(bytes.NewReader(body), length, trailer, signatures)
		if err != nil {
			return
		}
		content, err := io.ReadAll(r)
		if n := int64(len(content)); n > length || err == nil && n != length {
			t.Errorf("read %d bytes of %d: %v", n, length, err)
		}
	})
}

// good finds the signatures good that say so.
type good struct{}

func (good) Chunk(_ []byte, signature string) error {
	if signature != "good" {
		return errors.New("a bad signature")
	}
	return nil
}

func (g good) Trailer(hash []byte, signature string) error { return g.Chunk(hash, signature) }

func TestSignatures(t *testing.T) {
	const signed = "5;chunk-signature=good\r\n12345\r\n4;chunk-signature=good\r\n6789\r\n0;chunk-signature=good\r\n"
	const crc = "x-amz-checksum-crc32:y/Q5Jg==\r\n"
	for name, test := range map[string]struct {
		body, trailer string
		good          bool
	}{
		"all are good":          {signed + "\r\n", "", true},
		"with a trailer":        {signed + crc + "x-amz-trailer-signature:good\r\n\r\n", "x-amz-checksum-crc32", true},
		"a bad one":             {strings.Replace(signed, "good", "bad", 1) + "\r\n", "", false},
		"a bad last one":        {signed[:len(signed)-6] + "bad\r\n\r\n", "", false},
		"an unsigned chunk":     {strings.Replace(signed, ";chunk-signature=good", "", 1) + "\r\n", "", false},
		"an unsigned trailer":   {signed + crc + "\r\n", "x-amz-checksum-crc32", false},
		"a badly signed one":    {signed + crc + "x-amz-trailer-signature:bad\r\n\r\n", "x-amz-checksum-crc32", false},
		"another extension":     {strings.Replace(signed, "chunk-signature", "x", 1) + "\r\n", "", false},
		"nothing but an ending": {"0;chunk-signature=good\r\n\r\n", "", false},
	} {
		r, err := awschunked.NewReader(strings.NewReader(test.body), 9, test.trailer, good{})
		if err != nil {
			t.Fatal(err)
		}
		if content, err := io.ReadAll(r); (err == nil) != test.good || test.good && string(content) != "123456789" {
			t.Errorf("%s: %q, %v, want good %v", name, content, err, test.good)
		}
	}
}
