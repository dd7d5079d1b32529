package policy

import (
	"strings"
	"unique"
)

// An env is what the matching of one request needs again and again.
type env struct {
	request  *Request
	resource arnParts
	head     string // the resource's partition, service, region and account, with their colons
	isARN    bool   // resource has all parts
}

func newEnv(r *Request) env {
	e := env{request: r}
	var n int
	e.resource, n = cutARN(r.Resource)
	if e.isARN = n == partCount && e.resource[partPrefix] == "arn"; e.isARN {
		e.head = r.Resource[len("arn:") : len(r.Resource)-len(e.resource[partRest])-1]
	}
	return e
}

func (e *env) value(key string) (Value, bool) {
	if e == nil || e.request.Context == nil {
		return Value{}, false
	}
	return e.request.Context.Value(key)
}

// arnParts are an ARN cut at its first five colons: "arn", partition, service,
// region, account and the rest. Cutting does not allocate, as package arn's
// parsing would not either, but it also serves patterns.
type arnParts [6]string

const partCount = 6

// Indices into arnParts.
const (
	partPrefix = iota
	partPartition
	partService
	partRegion
	partAccount
	partRest
)

// cutARN returns the parts of s and how many there are.
func cutARN(s string) (p arnParts, n int) {
	for n < partRest {
		i := strings.IndexByte(s, ':')
		if i < 0 {
			break
		}
		p[n] = s[:i]
		s = s[i+1:]
		n++
	}
	p[n] = s
	return p, n + 1
}

// lowerKey returns a condition key in lower case. The same few keys are in
// every document, so that they share one text.
func lowerKey(key string) string { return unique.Make(strings.ToLower(key)).Value() }
