package policy

import "strings"

// A resource is one entry of a Resource or NotResource element.
type resource struct {
	text  string
	shape resourceShape
	lead  uint16 // that of rest
	head  string // partition, service, region and account, with their colons
	rest  pattern
}

type resourceShape uint8

const (
	resourceNever resourceShape = iota
	resourceAll                 // "*"
	resourceARN
	resourceStage // "execute-api:/stage/…", relative to the API that has the policy
)

// compileResource prepares a resource. In policies of callers the parts that a
// short ARN leaves out match everything; in policies of resources a short ARN
// matches nothing.
func compileResource(kind Kind, text string, variables bool) resource {
	r := resource{text: text}
	sx := syntax{wildcards: true, variables: variables}
	if text == "*" {
		r.shape = resourceAll
		return r
	}
	if stage, ok := strings.CutPrefix(text, "execute-api:/"); ok && kind == Resource {
		r.shape = resourceStage
		r.rest = compilePattern("*/"+stage, sx)
		return r
	}
	parts, n := cutARN(text)
	if parts[partPrefix] != "arn" || n < 2 || n < partCount && kind == Resource {
		return r
	}
	for i := n; i < partCount; i++ {
		parts[i] = "*"
	}
	// Variables have a place in the rest only. Cutting at colons has torn those
	// that stand before it.
	for i := partPartition; i < partRest; i++ {
		if variables && strings.Contains(parts[i], "${") {
			return r
		}
	}
	r.shape = resourceARN
	if n == partCount {
		r.head = text[len("arn:") : len(text)-len(parts[partRest])-1]
	} else {
		r.head = strings.Join(parts[partPartition:partRest], ":")
	}
	r.rest = compilePattern(parts[partRest], sx)
	r.lead = r.rest.lead()
	return r
}

// match compares r with the request's resource.
func (r *resource) match(e *env) match {
	switch r.shape {
	case resourceAll:
		return matched
	case resourceNever:
		return noMatch
	case resourceStage:
		if !e.isARN || e.resource[partService] != "execute-api" {
			return noMatch
		}
		return r.rest.match(e.resource[partRest], e, false)
	case resourceARN:
		if !e.isARN {
			return noMatch
		}
	}
	// Most policies are about other resources: the first bytes tell them apart.
	rest := e.resource[partRest]
	if n := int(r.lead); n > len(rest) || r.rest.text[:n] != rest[:n] {
		return noMatch
	}
	head := r.head
	if head == e.head {
		return r.rest.match(rest, e, false)
	}
	for i := partPartition; i < partRest; i++ {
		var part string
		part, head, _ = strings.Cut(head, ":")
		if !glob(part, e.resource[i]) {
			return noMatch
		}
	}
	return r.rest.match(rest, e, false)
}

// glob matches a part of an ARN, which has no variables. On a mismatch it goes
// back to the last star only, so that the time is at most len(p)·len(s).
func glob(p, s string) bool {
	if p == "*" || p == s {
		return true
	}
	pi, si, star, mark := 0, 0, -1, 0
	for si < len(s) {
		switch {
		case pi < len(p) && p[pi] == '*':
			star, mark = pi, si
			pi++
		case pi < len(p) && (p[pi] == '?' || p[pi] == s[si]):
			pi++
			si++
		case star >= 0:
			mark++
			pi, si = star+1, mark
		default:
			return false
		}
	}
	for pi < len(p) && p[pi] == '*' {
		pi++
	}
	return pi == len(p)
}

// An arnOperand is a value of an ARN condition. Unlike a resource it may have
// variables in every part.
type arnOperand [partCount]pattern

// compileARNOperand reports false for what is not an ARN.
func compileARNOperand(text string, variables bool) (*arnOperand, bool) {
	parts, n := cutPattern(text, variables)
	if n < partCount {
		return nil, false
	}
	var a arnOperand
	for i, part := range parts {
		a[i] = compilePattern(part, syntax{wildcards: true, variables: variables})
	}
	return &a, true
}

func (a *arnOperand) match(value string, e *env) match {
	parts, n := cutARN(value)
	if n < partCount {
		return noMatch
	}
	result := matched
	for i := range a {
		switch a[i].match(parts[i], e, false) {
		case meaningless:
			return meaningless
		case noMatch:
			result = noMatch
		case matched:
		}
	}
	return result
}

// cutPattern cuts an ARN pattern like [cutARN], but not inside a variable, whose
// key has a colon of its own.
func cutPattern(s string, variables bool) (p arnParts, n int) {
	if !variables {
		return cutARN(s)
	}
	start := 0
	for i := 0; i < len(s) && n < partRest; i++ {
		switch {
		case s[i] == ':':
			p[n] = s[start:i]
			n++
			start = i + 1
		case strings.HasPrefix(s[i:], "${"):
			if _, after, ok := cutVariable(s[i:]); ok {
				i = len(s) - len(after) - 1
			}
		}
	}
	p[n] = s[start:]
	return p, n + 1
}
