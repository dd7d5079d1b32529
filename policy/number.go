package policy

import "strings"

// A number is a decimal number: compared digit by digit, so that no value is
// rounded.
type number struct {
	ok       bool
	negative bool
	whole    string // without leading zeros
	fraction string // without trailing zeros
}

// parseNumber reads an optional sign, digits and an optional fraction. It does
// not allocate.
func parseNumber(s string) number {
	var n number
	switch {
	case strings.HasPrefix(s, "-"):
		n.negative, s = true, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	whole, fraction, point := strings.Cut(s, ".")
	if !digits(whole) || point && !digits(fraction) {
		return number{}
	}
	n.whole, n.fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if n.whole == "" && n.fraction == "" {
		n.negative = false
	}
	n.ok = true
	return n
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// compare returns -1, 0 or 1 as n is less than, equal to or greater than m.
func (n *number) compare(m *number) int {
	if n.negative != m.negative {
		if n.negative {
			return -1
		}
		return 1
	}
	c := len(n.whole) - len(m.whole)
	if c == 0 {
		c = strings.Compare(n.whole, m.whole)
	}
	if c == 0 {
		c = strings.Compare(n.fraction, m.fraction)
	}
	switch {
	case c == 0:
		return 0
	case (c < 0) != n.negative:
		return -1
	default:
		return 1
	}
}
