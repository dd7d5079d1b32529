package policy

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"strings"
)

// A condition is one key under one operator. All conditions of a statement must
// hold.
type condition struct {
	operator operator
	written  string // the key as written
	key      string // the key in lower case
	operands []operand
}

// An operand is one of the policy's values, in the type that the operator
// compares.
type operand struct {
	text  pattern
	typed any // number, instant, netip.Prefix, []byte, arnOperand; nil for what does not parse
}

// compileOperand prepares a value of a condition.
func compileOperand(c comparison, value string, variables bool) operand {
	o := operand{text: compilePattern(value, syntax{wildcards: c == compareLike, variables: variables && c.variables()})}
	switch {
	case c == compareARN:
		if a, ok := compileARNOperand(value, variables); ok {
			o.typed = a
		}
	case c == compareAddress:
		if p, ok := parseNetwork(value); ok {
			o.typed = p
		}
	case c == compareBinary:
		if b, err := base64.StdEncoding.DecodeString(value); err == nil {
			o.typed = b
		}
	case c.numeric():
		if n := parseNumber(value); n.ok {
			o.typed = n
		}
	case c.date():
		if t := parseInstant(value); t.ok {
			o.typed = t
		}
	}
	return o
}

// holds reports whether the condition is true of the request.
func (c *condition) holds(e *env) bool {
	v, ok := e.value(c.key)
	o := &c.operator
	switch {
	case o.base.compare == compareNull:
		// A set without members is as good as no key: AWS tells authors to use
		// Null against empty values.
		return c.presence(ok && (!v.many || len(v.set) > 0))
	case !ok:
		return o.ifExists || o.set == forAllValues || o.set == noSet && o.base.negated
	case o.set == noSet:
		return !v.many && c.satisfied(v.text, e)
	case !v.many:
		return c.satisfied(v.text, e)
	}
	for _, text := range v.set {
		if c.satisfied(text, e) != (o.set == forAllValues) {
			return o.set == forAnyValue
		}
	}
	return o.set == forAllValues
}

func (c *condition) presence(present bool) bool {
	for i := range c.operands {
		if strings.EqualFold(c.operands[i].text.text, "true") != present {
			return true
		}
	}
	return false
}

// satisfied reports whether one value of the request passes: whether some value
// of the policy compares, or for a negated operator none.
func (c *condition) satisfied(value string, e *env) bool {
	b := c.operator.base
	for i := range c.operands {
		switch m := c.operands[i].compare(b.compare, value, e); {
		case b.negated && m != noMatch:
			return false
		case !b.negated && m == matched:
			return true
		}
	}
	return b.negated
}

// compare compares one value of the request with one of the policy.
func (o *operand) compare(c comparison, value string, e *env) match {
	switch c {
	case compareString, compareLike:
		return o.text.match(value, e, false)
	case compareFold:
		return o.text.matchFold(value, e)
	case compareBool:
		if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			return meaningless
		}
		return o.text.matchFold(value, e)
	case compareARN:
		a, ok := o.typed.(*arnOperand)
		if !ok {
			return noMatch
		}
		return a.match(value, e)
	case compareBinary:
		return o.compareBinary(value)
	case compareAddress:
		network, ok := o.typed.(netip.Prefix)
		if !ok {
			return meaningless
		}
		address, ok := parseAddress(value)
		if !ok {
			return meaningless
		}
		return matchOf(network.Contains(address))
	case compareNull:
		return noMatch
	default:
		return o.compareOrdered(c, value)
	}
}

// compareOrdered compares numbers and dates.
func (o *operand) compareOrdered(c comparison, value string) match {
	if c.numeric() {
		want, ok := o.typed.(number)
		got := parseNumber(value)
		if !ok || !got.ok {
			return meaningless
		}
		return matchOf(c.holds(got.compare(&want)))
	}
	want, ok := o.typed.(instant)
	got := parseInstant(value)
	if !ok || !got.ok {
		return meaningless
	}
	return matchOf(c.holds(got.compare(want)))
}

func (o *operand) compareBinary(value string) match {
	want, ok := o.typed.([]byte)
	if !ok {
		return meaningless
	}
	got, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return meaningless
	}
	return matchOf(bytes.Equal(want, got))
}

// parseNetwork reads a CIDR block or a bare address, which is a block of one.
func parseNetwork(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		a, ok := parseAddress(s)
		if !ok {
			return netip.Prefix{}, false
		}
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

// parseAddress reads an address of the request. An IPv4 address in IPv6
// clothing is what a dual-stack listener reports for an IPv4 caller.
func parseAddress(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Zone() == ""
}
