package policy

import (
	"strconv"
	"strings"
	"time"
)

// An instant is a point in time.
type instant struct {
	ok      bool
	seconds int64 // since 1970
	nanos   int32
}

func (a instant) compare(b instant) int {
	switch {
	case a.seconds < b.seconds || a.seconds == b.seconds && a.nanos < b.nanos:
		return -1
	case a == b:
		return 0
	default:
		return 1
	}
}

// parseInstant reads a date of ISO 8601 as the W3C's note on date and time
// formats has it, from the year alone to fractions of a second, or the seconds
// since 1970. No zone means UTC. Four digits are a year. It does not allocate.
func parseInstant(s string) instant {
	if digits(s) && len(s) != 4 || strings.HasPrefix(s, "-") && digits(s[1:]) {
		seconds, err := strconv.ParseInt(s, 10, 64)
		return instant{err == nil, seconds, 0}
	}
	if whole, fraction, ok := strings.Cut(s, "."); ok && digits(whole) && digits(fraction) {
		seconds, err := strconv.ParseInt(whole, 10, 64)
		return instant{err == nil, seconds, nanos(fraction)}
	}

	d := dateParser{rest: s, ok: true}
	year, month, day := d.number(4, 0, 9999), 1, 1
	var hour, minute, second, offset int
	var fraction int32
	if d.skip('-') {
		month = d.number(2, 1, 12)
		if d.skip('-') {
			day = d.number(2, 1, 31)
			if d.skip('T') || d.skip('t') {
				hour = d.number(2, 0, 23)
				d.expect(':')
				minute = d.number(2, 0, 59)
				if d.skip(':') {
					second = d.number(2, 0, 59)
					if d.skip('.') {
						fraction = d.fraction()
					}
				}
				offset = d.zone()
			}
		}
	}
	if !d.ok || d.rest != "" {
		return instant{}
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day { // 30 February
		return instant{}
	}
	return instant{true, t.Unix() - int64(offset), fraction}
}

// A dateParser consumes a date; ok turns false at the first surprise.
type dateParser struct {
	rest string
	ok   bool
}

func (d *dateParser) skip(c byte) bool {
	if d.ok && d.rest != "" && d.rest[0] == c {
		d.rest = d.rest[1:]
		return true
	}
	return false
}

func (d *dateParser) expect(c byte) {
	if !d.skip(c) {
		d.ok = false
	}
}

func (d *dateParser) number(width, least, most int) int {
	if !d.ok || len(d.rest) < width || !digits(d.rest[:width]) {
		d.ok = false
		return 0
	}
	n := 0
	for i := range width {
		n = n*10 + int(d.rest[i]-'0')
	}
	d.rest = d.rest[width:]
	if n < least || n > most {
		d.ok = false
	}
	return n
}

func (d *dateParser) fraction() int32 {
	n := 0
	for n < len(d.rest) && d.rest[n] >= '0' && d.rest[n] <= '9' {
		n++
	}
	if n == 0 {
		d.ok = false
		return 0
	}
	f := nanos(d.rest[:n])
	d.rest = d.rest[n:]
	return f
}

// zone reads Z, +hh:mm, +hhmm or +hh and returns seconds east of UTC.
func (d *dateParser) zone() int {
	sign := 1
	switch {
	case d.skip('Z') || d.skip('z') || d.rest == "":
		return 0
	case d.skip('-'):
		sign = -1
	default:
		d.expect('+')
	}
	hours, minutes := d.number(2, 0, 23), 0
	if d.skip(':') || d.ok && d.rest != "" {
		minutes = d.number(2, 0, 59)
	}
	return sign * (hours*3600 + minutes*60)
}

// nanos reads the digits of a fraction of a second; those after the ninth are
// dropped.
func nanos(fraction string) int32 {
	n, scale := int32(0), int32(100_000_000)
	for i := 0; i < len(fraction) && scale > 0; i++ {
		n += int32(fraction[i]-'0') * scale
		scale /= 10
	}
	return n
}
