package cloudformation

import (
	"encoding/base64"
	"strconv"

	"github.com/hakonegate/hakone/internal/awserr"
)

// pageSize is how many members one answer has.
const pageSize = 100

// pages is what callers of long lists send.
type pages struct{ NextToken string }

// page returns the part of a list that a caller is to get, and the token for the
// next one; "" after the last.
func page[T any](list []T, token string) (part []T, next string, err error) {
	start := 0
	if token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err == nil {
			start, err = strconv.Atoi(string(text))
		}
		if err != nil || start < 1 {
			return nil, "", awserr.Validation("The specified NextToken is invalid.")
		}
	}
	start = min(start, len(list))
	end := min(start+pageSize, len(list))
	if end < len(list) {
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return list[start:end], next, nil
}
