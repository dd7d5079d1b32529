package s3

import (
	"testing"

	"github.com/hakonegate/hakone/internal/wire/checksum"
)

func TestEncryptionOf(t *testing.T) {
	const kms, aes = "aws:kms", "AES256"
	inBucket := func(algorithm, key string, bucketKey bool) *bucket {
		return &bucket{Encryption: encryptionConfiguration{Rules: []encryptionRule{{&defaultEncryption{algorithm, key}, bucketKey}}}}
	}
	for name, tt := range map[string]struct {
		in          *bucket
		asked, want encryption
		refused     bool
	}{
		"nothing":                            {&bucket{}, encryption{}, encryption{SSE: aes}, false},
		"the bucket's":                       {inBucket(kms, "k", true), encryption{}, encryption{kms, "k", "true"}, false},
		"the bucket's without its key":       {inBucket(kms, "k", true), encryption{BucketKey: "false"}, encryption{kms, "k", ""}, false},
		"the bucket's with a key":            {inBucket(kms, "k", false), encryption{BucketKey: "true"}, encryption{kms, "k", "true"}, false},
		"another key":                        {inBucket(kms, "k", true), encryption{SSE: kms, KeyID: "l"}, encryption{kms, "l", "true"}, false},
		"another key without a bucket's":     {inBucket(kms, "k", true), encryption{kms, "l", "False"}, encryption{kms, "l", ""}, false},
		"another algorithm":                  {inBucket(kms, "k", true), encryption{SSE: aes}, encryption{SSE: aes}, false},
		"a bucket key that means nothing":    {&bucket{}, encryption{SSE: aes, BucketKey: "true"}, encryption{SSE: aes}, false},
		"no algorithm":                       {&bucket{}, encryption{SSE: "rot13"}, encryption{}, true},
		"a key without an algorithm":         {&bucket{}, encryption{KeyID: "k"}, encryption{}, true},
		"a key with an algorithm without":    {&bucket{}, encryption{SSE: aes, KeyID: "k"}, encryption{}, true},
		"a fruit":                            {&bucket{}, encryption{SSE: kms, BucketKey: "banana"}, encryption{}, true},
		"a fruit for the bucket's algorithm": {inBucket(kms, "k", true), encryption{BucketKey: "banana"}, encryption{}, true},
	} {
		got, err := tt.in.encryptionOf(tt.asked)
		if tt.refused && refusalOf(err) != "InvalidArgument" || !tt.refused && (err != nil || got != tt.want) {
			t.Errorf("%s: %+v, %v, want %+v, refused %v", name, got, err, tt.want, tt.refused)
		}
	}
}

func TestAnnounced(t *testing.T) {
	for name, tt := range map[string]struct {
		sent    sums
		want    checksum.Algorithm
		value   string
		refused bool
	}{
		"nothing":                      {sums{}, "", "", false},
		"a header":                     {sums{SHA1: "s"}, checksum.SHA1, "s", false},
		"a header and its algorithm":   {sums{SHA1: "s", Algorithm: "sha1"}, checksum.SHA1, "s", false},
		"an algorithm":                 {sums{Algorithm: "CRC32C"}, checksum.CRC32C, "", false},
		"a trailer":                    {sums{Trailer: "X-Amz-Checksum-Crc32", Algorithm: "CRC32"}, checksum.CRC32, "", false},
		"with Content-MD5":             {sums{CRC32: "c", ContentMD5: "m"}, checksum.CRC32, "c", false},
		"two headers":                  {sums{SHA1: "s", CRC32: "c"}, "", "", true},
		"a header and a trailer":       {sums{SHA1: "s", Trailer: "x-amz-checksum-crc32"}, "", "", true},
		"another algorithm":            {sums{SHA1: "s", Algorithm: "CRC32"}, "", "", true},
		"another algorithm's trailer":  {sums{Algorithm: "SHA1", Trailer: "x-amz-checksum-crc32"}, "", "", true},
		"an unknown algorithm":         {sums{Algorithm: "MD4"}, "", "", true},
		"a trailer that is no sum":     {sums{Trailer: "x-other"}, "", "", true},
		"an unknown beside its header": {sums{SHA1: "s", Algorithm: "MD4"}, "", "", true},
	} {
		a, value, err := tt.sent.announced()
		if tt.refused && refusalOf(err) != "InvalidRequest" || !tt.refused && (err != nil || a != tt.want || value != tt.value) {
			t.Errorf("%s: %s, %q, %v", name, a, value, err)
		}
	}
}
