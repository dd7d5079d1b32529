package sigv4

import (
	"net/http"
	"time"
)

// basicTime is the layout of X-Amz-Date: ISO 8601 without separators, in UTC.
const basicTime = "20060102T150405Z"

// parseBasic reads a time in the basic form and no other: upper-case T and Z,
// a day that the calendar has, no leap second.
func parseBasic(s string) (time.Time, bool) {
	if len(s) != len(basicTime) || s[8] != 'T' || s[15] != 'Z' {
		return time.Time{}, false
	}
	var n [14]int
	for i := range n {
		c := s[i]
		if i >= 8 {
			c = s[i+1]
		}
		if c < '0' || c > '9' {
			return time.Time{}, false
		}
		n[i] = int(c - '0')
	}
	year, month, day := n[0]*1000+n[1]*100+n[2]*10+n[3], time.Month(n[4]*10+n[5]), n[6]*10+n[7]
	hour, minute, second := n[8]*10+n[9], n[10]*10+n[11], n[12]*10+n[13]
	if month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	return t, t.Day() == day // 30 February would have become March
}

// parseDate reads the Date header, which may hold HTTP's form or the basic one.
func parseDate(s string) (time.Time, bool) {
	if t, ok := parseBasic(s); ok {
		return t, true
	}
	t, err := time.Parse(http.TimeFormat, s)
	return t.UTC(), err == nil
}
