package checksum

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// The checksums of "123456789" are the catalogued check values of each algorithm.
func TestCheckValues(t *testing.T) {
	for name, want := range map[string]string{
		"crc32": "y/Q5Jg==", "CRC32C": "4waSgw==", "crc64nvme": "rosUhgp5mIg=", "sha1": "98O8HYCOBHMq32eZZczDTKeuNEE=",
		"Sha256": "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
	} {
		a, ok := Named(name)
		if !ok {
			t.Fatalf("there is no %s", name)
		}
		h := a.New()
		h.Write([]byte("123456789"))
		if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%s = %s, want %s", a, got, want)
		}
		if a.Header() != "x-amz-checksum-"+strings.ToLower(name) {
			t.Errorf("%s.Header() = %s", a, a.Header())
		}
	}
	if a, ok := Named("md5"); ok || Algorithm("md5").New() != nil {
		t.Errorf("md5 is %s", a)
	}
}

func TestPartsJoinToTheChecksumOfTheWhole(t *testing.T) {
	for _, a := range Algorithms {
		if !a.Joins() {
			continue
		}
		for _, parts := range [][]string{
			{"12345", "6789"}, {"", "123456789"}, {"123456789", ""}, {strings.Repeat("a", 70000), strings.Repeat("b", 333), "c"},
		} {
			whole, joined := a.New(), a.New().Sum(nil)
			for _, part := range parts {
				h := a.New()
				h.Write([]byte(part))
				whole.Write([]byte(part))
				joined = a.Join(joined, h.Sum(nil), int64(len(part)))
			}
			if got, want := hex.EncodeToString(joined), hex.EncodeToString(whole.Sum(nil)); got != want {
				t.Errorf("%s of %d parts = %s, want %s", a, len(parts), got, want)
			}
		}
	}
}
