package policy

import (
	"net/url"
	"slices"
	"strings"
)

// An apiARN is the resource of an execute-api pattern or request, cut up.
type apiARN struct {
	parts arnParts
	api   []string // API ID, stage, method, path
}

func cutAPI(text string) (apiARN, bool) {
	parts, n := cutARN(text)
	if n < partCount {
		return apiARN{}, false
	}
	return apiARN{parts, strings.SplitN(parts[partRest], "/", 4)}, true
}

func (a apiARN) String() string {
	a.parts[partRest] = strings.Join(a.api, "/")
	return strings.Join(a.parts[:], ":")
}

// with returns a copy of a with one segment changed.
func (a apiARN) with(i int, s string) apiARN {
	a.api = append([]string(nil), a.api...)
	a.api[i] = s
	return a
}

// insert returns a copy of a with a segment more before the i-th.
func (a apiARN) insert(i int, s string) apiARN {
	segments := append([]string(nil), a.api[:i]...)
	segments = append(segments, s)
	a.api = append(segments, a.api[i:]...)
	return a
}

// A repair is a change to a resource pattern that people often need. If the
// changed pattern matches the request, the hint names the change.
type repair struct {
	code  string
	text  string
	alone bool // with another change it would be another resource
	fix   func(pattern, request apiARN) (apiARN, bool)
}

const (
	segStage  = 1
	segMethod = 2
	segPath   = 3
)

// apiRepairs are the repairs of execute-api resources.
var apiRepairs = []repair{
	{hintWrongStage, "the stage differs: the policy has WANT, the request came to HAVE", false, func(p, r apiARN) (apiARN, bool) {
		if len(p.api) <= segStage || len(r.api) <= segStage {
			return p, false
		}
		return p.with(segStage, r.api[segStage]), true
	}},
	{hintLeadingSlash, "the path begins with a slash in the policy; in a resource ARN it has none after the method", false, func(p, _ apiARN) (apiARN, bool) {
		if len(p.api) <= segPath || !strings.HasPrefix(p.api[segPath], "/") {
			return p, false
		}
		return p.with(segPath, strings.TrimLeft(p.api[segPath], "/")), true
	}},
	{hintRouteTemplate, "the policy has a route's path with {braces}; requests are compared by their own path: write * for the variable", false, func(p, _ apiARN) (apiARN, bool) {
		if len(p.api) <= segPath || !strings.Contains(p.api[segPath], "{") {
			return p, false
		}
		segments := strings.Split(p.api[segPath], "/")
		for i, s := range segments {
			if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
				segments[i] = "*"
			}
		}
		return p.with(segPath, strings.Join(segments, "/")), true
	}},
	{hintMethodAny, "ANY is a route's method, never a request's: write * in a policy", false, func(p, _ apiARN) (apiARN, bool) {
		if len(p.api) <= segMethod || !strings.EqualFold(p.api[segMethod], "ANY") {
			return p, false
		}
		return p.with(segMethod, "*"), true
	}},
	{hintMethodCase, "methods are in capitals in resource ARNs", false, func(p, _ apiARN) (apiARN, bool) {
		if len(p.api) <= segMethod {
			return p, false
		}
		return p.with(segMethod, strings.ToUpper(p.api[segMethod])), true
	}},
	{hintNoMethod, "the policy's resource has no method; the order is API/STAGE/METHOD/PATH", true, func(p, _ apiARN) (apiARN, bool) {
		if len(p.api) <= segMethod {
			return p, false
		}
		return p.insert(segMethod, "*"), true
	}},
	{hintNoStage, "the policy's resource has no stage; the order is API/STAGE/METHOD/PATH", true, func(p, _ apiARN) (apiARN, bool) {
		if len(p.api) <= segStage {
			return p, false
		}
		return p.insert(segStage, "*"), true
	}},
	{hintTrailingSlash, "the request's path ends in a slash and the policy's does not", false, func(p, _ apiARN) (apiARN, bool) {
		last := len(p.api) - 1
		return p.with(last, p.api[last]+"/"), true
	}},
	{hintPathDepth, "the policy's resource ends too early: add /* to match what is below", false, func(p, _ apiARN) (apiARN, bool) {
		last := len(p.api) - 1
		if p.api[last] == "" && last > 0 {
			return p.with(last, "*"), true
		}
		return p.with(last, p.api[last]+"/*"), true
	}},
	{hintPathDepth, "/* needs something after the slash: list the path without it as well", false, func(p, _ apiARN) (apiARN, bool) {
		last := len(p.api) - 1
		s, ok := strings.CutSuffix(p.api[last], "/*")
		return p.with(last, s), ok
	}},
	{hintTrailingSlash, "the policy's path ends in a slash and the request's does not", false, func(p, _ apiARN) (apiARN, bool) {
		last := len(p.api) - 1
		s, ok := strings.CutSuffix(p.api[last], "/")
		return p.with(last, s), ok
	}},
	{hintAPIID, "the policy is for the API WANT, the request came to HAVE", true, func(p, r apiARN) (apiARN, bool) { return p.with(0, r.api[0]), true }},
}

// partRepairs are the repairs of any ARN.
var partRepairs = []repair{
	{hintPartition, "the partition differs: the policy has WANT, the resource is in HAVE", false, fixPart(partPartition)},
	{hintAccount, "the account differs: the policy has WANT, the resource belongs to HAVE", false, fixPart(partAccount)},
	{hintRegion, "the region differs: the policy has WANT, the resource is in HAVE", false, fixPart(partRegion)},
}

func fixPart(i int) func(p, r apiARN) (apiARN, bool) {
	return func(p, r apiARN) (apiARN, bool) {
		p.parts[i] = r.parts[i]
		return p, true
	}
}

var functionRepairs = []repair{
	{hintQualifier, "the policy names the function without a version or alias; the request has one: add :*", false, func(p, _ apiARN) (apiARN, bool) {
		last := len(p.api) - 1
		return p.with(last, p.api[last]+":*"), true
	}},
}

// resourceHints tries the repairs on a statement's resources, one at a time and
// then in pairs.
func (x *explainer) resourceHints(at Pointer) {
	st := x.compiled(at)
	if st.notResource {
		return
	}
	if x.request.Resource == "*" {
		x.hint(hintResourceElement, &at, `%s has no resource: only the Resource "*" allows it`, x.request.Action)
		return
	}
	request, ok := cutAPI(x.request.Resource)
	if !ok {
		return
	}
	repairs := partRepairs
	switch request.parts[partService] {
	case "execute-api":
		repairs = append(slices.Clip(apiRepairs), partRepairs...)
	case "lambda":
		repairs = append(slices.Clip(functionRepairs), partRepairs...)
	}
	for i := range st.resources {
		x.resourceHint(at, st, &st.resources[i], request, repairs)
	}
}

func (x *explainer) resourceHint(at Pointer, st *statement, r *resource, request apiARN, repairs []repair) {
	e := &x.judge.env
	if !st.language2012 && strings.Contains(r.text, "${") {
		if c := compileResource(Identity, r.text, true); c.match(e) == matched {
			x.hint(hintVersion, &at, "${…} is a variable only in policies of Version 2012-10-17; here it is plain text")
			return
		}
	}
	if r.match(e) == meaningless {
		x.hint(hintVariable, &at, "%s", unresolvedNote(&r.rest, e))
		return
	}
	pattern, ok := cutAPI(r.text)
	if !ok {
		return
	}
	matches := func(a apiARN) bool {
		c := compileResource(Identity, a.String(), st.language2012)
		return c.match(e) == matched
	}
	for i := range repairs {
		if fixed, ok := repairs[i].fix(pattern, request); ok && matches(fixed) {
			x.hint(repairs[i].code, &at, "%s", repairs[i].words(pattern, request))
			return
		}
	}
	if c := compileResource(Identity, strings.ToLower(r.text), st.language2012); foldedMatch(&c, x.request) {
		x.hint(hintCase, &at, "the resource differs in upper and lower case only")
		return
	}
	if plain, err := url.PathUnescape(x.request.Resource); err == nil && plain != x.request.Resource {
		decoded := Request{Resource: plain, Context: x.request.Context}
		if de := newEnv(&decoded); r.match(&de) == matched {
			x.hint(hintEncoding, &at, "paths are compared as they were sent, percent-encoding included")
			return
		}
	}
	for i := range repairs {
		first, ok := repairs[i].fix(pattern, request)
		if !ok || repairs[i].alone || first.String() == pattern.String() {
			continue
		}
		for k := i + 1; k < len(repairs); k++ {
			if fixed, ok := repairs[k].fix(first, request); ok && !repairs[k].alone && matches(fixed) {
				x.hint(repairs[i].code, &at, "%s; and %s", repairs[i].words(pattern, request), repairs[k].words(pattern, request))
				x.found[len(x.found)-1].changes = 2
				return
			}
		}
	}
}

func foldedMatch(c *resource, r *Request) bool {
	folded := Request{Resource: strings.ToLower(r.Resource), Context: r.Context}
	e := newEnv(&folded)
	return c.match(&e) == matched
}

// words puts what differs into the repair's text.
func (r *repair) words(pattern, request apiARN) string {
	var want, have string
	switch r.code {
	case hintWrongStage:
		want, have = pattern.api[segStage], request.api[segStage]
	case hintAPIID:
		want, have = pattern.api[0], request.api[0]
	case hintPartition:
		want, have = pattern.parts[partPartition], request.parts[partPartition]
	case hintAccount:
		want, have = pattern.parts[partAccount], request.parts[partAccount]
	case hintRegion:
		want, have = pattern.parts[partRegion], request.parts[partRegion]
	default:
		return r.text
	}
	if want == "" {
		want = "none"
	}
	return strings.NewReplacer("WANT", want, "HAVE", have).Replace(r.text)
}
