package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// warnings looks for what AWS accepts but cannot do what its author meant.
func (s *source) warnings(d *Document) []Warning {
	w := &warner{source: s, document: d}
	for i, st := range s.statements {
		if len(w.list) >= maxWarnings {
			break
		}
		w.at = fmt.Sprintf("Statement[%d]", i)
		w.node, w.statement = st, &d.statements[i]
		w.actions()
		w.resources()
		w.principals()
		w.conditions()
	}
	return w.list
}

// What a document gets at most: warnings are for people, and looking for likely
// spellings takes time.
const (
	maxWarnings  = 100
	maxSpellings = 500
)

// A warner collects warnings about one statement after the other.
type warner struct {
	source    *source
	document  *Document
	at        string
	node      *node
	statement *statement
	spellings int
	list      []Warning
}

// spell asks for the likely spelling of a word, if the document has not asked
// too often.
func (w *warner) spell(likely func(string) string, word string) string {
	if w.spellings++; w.spellings > maxSpellings {
		return ""
	}
	return likely(word)
}

func (w *warner) warn(offset int, element, likely, format string, args ...any) {
	if len(w.list) >= maxWarnings {
		return
	}
	w.list = append(w.list, Warning{
		Position: w.source.locator.position(offset),
		Element:  w.at + "." + element,
		Message:  fmt.Sprintf(format, args...),
		Likely:   likely,
	})
}

// each calls f with the values of the elements that are there.
func (w *warner) each(elements []string, f func(element string, n *node)) {
	for _, element := range elements {
		for _, n := range w.node.get(element).list() {
			f(element, n)
		}
	}
}

func (w *warner) actions() {
	w.each([]string{"Action", "NotAction"}, func(element string, n *node) {
		switch likely := w.spell(likelyAction, n.text); {
		case strings.Contains(n.text, "${"):
			w.warn(n.offset, element, "", "an action has no variables: %s matches nothing", n.text)
		case likely != "":
			w.warn(n.offset, element, likely, "there is no action %s", n.text)
		}
	})
}

// onlyService returns the service that all the statement's actions belong to,
// or "".
func (w *warner) onlyService() string {
	if w.statement.notAction {
		return ""
	}
	service := ""
	for _, a := range w.statement.actions {
		s, _, _ := strings.Cut(strings.ToLower(a.text), ":")
		if service != "" && s != service {
			return ""
		}
		service = s
	}
	return service
}

func (w *warner) resources() {
	service := w.onlyService()
	foreign := 0
	var last *node
	w.each([]string{"Resource", "NotResource"}, func(element string, n *node) {
		last = n
		w.variables(element, n)
		parts, count := cutARN(n.text)
		switch {
		case n.text == "*" || parts[partPrefix] != "arn":
			return
		case count < partCount && w.document.kind == Resource:
			w.warn(n.offset, element, "", "an ARN has six parts, this one %d: it matches nothing", count)
			return
		case count < partCount:
			w.warn(n.offset, element, "", "an ARN has six parts, this one %d: the missing ones match everything", count)
			return
		}
		if !glob(parts[partService], service) && (service == "execute-api" || service == "lambda") {
			foreign++
		}
		if glob(parts[partService], "execute-api") && parts[partService] != "*" {
			w.apiResource(element, n, parts[partRest])
		}
	})
	if element := "Resource"; foreign > 0 && foreign == len(w.statement.resources) && !w.statement.notResource {
		w.warn(last.offset, element, "", "no resource of %s has such an ARN: the statement never applies", service)
	}
	if w.statement.notResource && !w.statement.deny {
		n := w.node.get("NotResource")
		w.warn(n.offset, "NotResource", "", "Allow with NotResource allows the action on every other resource")
	}
}

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

// apiResource checks API-ID/STAGE/METHOD/PATH.
func (w *warner) apiResource(element string, n *node, rest string) {
	segments := strings.SplitN(rest, "/", 4)
	arn := strings.TrimSuffix(n.text, rest)
	if len(segments) == 1 || len(segments) == 2 && segments[1] == "" {
		if !strings.HasSuffix(rest, "*") {
			w.warn(n.offset, element, arn+segments[0]+"/*", "the API's ID alone matches no request")
		}
		return
	}
	if len(segments) < 3 {
		return
	}
	join := func(i int, s string) string {
		fixed := slices.Clone(segments)
		fixed[i] = s
		return arn + strings.Join(fixed, "/")
	}
	method := segments[2]
	upper := strings.ToUpper(method)
	switch {
	case upper == "ANY":
		w.warn(n.offset, element, join(2, "*"), "ANY is a route's method, never a request's: it matches nothing")
	case method != upper && slices.Contains(methods, upper):
		w.warn(n.offset, element, join(2, upper), "methods are in capitals: %q matches nothing", method)
	}
	if len(segments) == 4 {
		switch path := segments[3]; {
		case strings.HasPrefix(path, "/"):
			w.warn(n.offset, element, join(3, strings.TrimLeft(path, "/")), "the path has no leading slash after the method")
		case w.document.kind != Resource && strings.Contains(strings.ReplaceAll(path, "${", ""), "{"):
			w.warn(n.offset, element, "", "requests are compared by their own path, not the route's: write * for {…}")
		}
	}
}

// variables checks ${…} in a text that may have variables.
func (w *warner) variables(element string, n *node) {
	if !strings.Contains(n.text, "${") {
		return
	}
	if !w.statement.language2012 {
		w.warn(n.offset, element, "", "${…} is a variable only in policies of Version 2012-10-17; here it is plain text")
		return
	}
	offset := 0
	colons := 0
	for rest := n.text; rest != ""; {
		if !strings.HasPrefix(rest, "${") {
			if rest[0] == ':' {
				colons++
			}
			rest = rest[1:]
			continue
		}
		v, after, ok := cutVariable(rest)
		switch {
		case !ok:
			w.warn(n.offset+offset, element, "", "${ is not closed: it is plain text")
			return
		case v.escape != "":
		case !strings.Contains(v.key, ":"):
			w.warn(n.offset, element, "", "%s is not a condition key and never has a value; in a template it needs Fn::Sub", rest[:len(rest)-len(after)])
		case w.spell(likelyKey, v.key) != "":
			w.warn(n.offset, element, "${"+likelyKey(v.key)+"}", "there is no condition key %s", v.key)
		case strings.HasSuffix(element, "Resource") && colons < partRest:
			w.warn(n.offset, element, "", "a variable before the fifth colon of an ARN is not replaced: the resource matches nothing")
		}
		rest = after
	}
}

var servicePrincipals = []string{
	"ec2.amazonaws.com", "lambda.amazonaws.com", "edgelambda.amazonaws.com", "apigateway.amazonaws.com", "ecs-tasks.amazonaws.com", "ecs.amazonaws.com",
	"states.amazonaws.com", "events.amazonaws.com", "scheduler.amazonaws.com", "cloudformation.amazonaws.com", "codedeploy.amazonaws.com",
	"codebuild.amazonaws.com", "codepipeline.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com", "sqs.amazonaws.com", "logs.amazonaws.com",
	"ops.apigateway.amazonaws.com", "cognito-idp.amazonaws.com", "iot.amazonaws.com", "ssm.amazonaws.com", "pipes.amazonaws.com", "glue.amazonaws.com",
	"ses.amazonaws.com", "eks.amazonaws.com", "rds.amazonaws.com", "dms.amazonaws.com", "dax.amazonaws.com", "es.amazonaws.com",
}

func (w *warner) principals() {
	if not := w.node.get("NotPrincipal"); not != nil {
		w.warn(not.offset, "NotPrincipal", "", "NotPrincipal denies whom it was meant to exempt in many cases: use Principal \"*\" and ArnNotLike on aws:PrincipalArn")
	}
	v := w.node.get("Principal")
	if v == nil {
		return
	}
	for _, m := range v.members {
		if m.key == "CanonicalUser" {
			w.warn(m.offset, "Principal", "", "CanonicalUser is of S3 only and matches nobody here")
		}
		for _, n := range m.value.list() {
			if m.key != "Service" {
				continue
			}
			switch {
			case !strings.Contains(n.text, ".amazonaws.com") && !strings.Contains(n.text, ".amazon.com") && !strings.Contains(n.text, ".aws.internal"):
				likely := nearest(n.text, servicePrincipals)
				if likely == "" && slices.Contains(servicePrincipals, n.text+".amazonaws.com") {
					likely = n.text + ".amazonaws.com"
				}
				w.warn(n.offset, "Principal", likely, "service principals end in .amazonaws.com: %s matches nobody", n.text)
			case !slices.Contains(servicePrincipals, n.text) && !w.knownService(n.text):
				if likely := nearest(n.text, servicePrincipals); likely != "" {
					w.warn(n.offset, "Principal", likely, "there is no service principal %s", n.text)
				}
			}
		}
	}
}

// knownService reports whether a service principal begins with a service's name.
func (w *warner) knownService(principal string) bool {
	name, _, _ := strings.Cut(principal, ".")
	return containsFold(words().services, name)
}

// manyValued are the documented keys with several values.
var manyValued = []string{
	"aws:tagkeys", "aws:calledvia", "aws:principalorgpaths", "aws:principalservicenameslist", "aws:resourceorgpaths", "aws:sourceorgpaths",
	"sts:transitivetagkeys", "lambda:subnetids", "lambda:securitygroupids", "lambda:layer",
}

func (w *warner) conditions() {
	block := w.node.get("Condition")
	if block == nil {
		return
	}
	for _, m := range block.members {
		element := "Condition." + m.key
		o, ok := parseOperator(m.key)
		if !ok {
			w.warn(m.offset, element, nearest(m.key, operatorNames()), "there is no such operator; without keys it has no effect")
			continue
		}
		for _, key := range m.value.members {
			w.conditionKey(element, key)
			w.traps(o, element, key)
			for _, n := range key.value.list() {
				w.operand(o, element, n)
			}
		}
	}
}

func (w *warner) conditionKey(element string, key member) {
	likely := w.spell(likelyKey, key.key)
	switch name, _, tagged := strings.Cut(key.key, "/"); {
	case likely != "":
		w.warn(key.offset, element, likely, "there is no condition key %s", key.key)
	case !strings.Contains(key.key, ":"):
		w.warn(key.offset, element, "", "a condition key has a prefix, such as aws: — %s is never present", key.key)
	case knownPrefix(key.key) && !containsFold(words().keys, name) && (!tagged || !containsFold(words().keys, name+"/")):
		w.warn(key.offset, element, "", "there is no global condition key %s", key.key)
	}
}

// traps warns of conditions that say something else than they seem to.
func (w *warner) traps(o operator, element string, key member) {
	k := lowerKey(key.key)
	deny := w.statement.deny
	switch {
	case o.set == noSet && o.base.compare != compareNull && slices.Contains(manyValued, k):
		w.warn(key.offset, element, "ForAnyValue:"+o.String(), "%s has several values, which only ForAnyValue and ForAllValues compare", key.key)
	case o.set == forAllValues && !deny && !w.requires(k):
		w.warn(key.offset, element, "", "ForAllValues is true when the request has no %s: add Null %s false", key.key, key.key)
	case deny && k == "aws:multifactorauthpresent" && o.base.compare == compareBool && !o.ifExists && o.set == noSet:
		w.warn(key.offset, element, "BoolIfExists", "a request with long-term keys has no %s, and the Deny does not stop it", key.key)
	case deny && o.base.negated && !o.ifExists && o.set == noSet && (k == "aws:sourcevpce" || k == "aws:sourcevpc"):
		w.warn(key.offset, element, "", "a call that does not come through an endpoint has no %s: the Deny stops it", key.key)
	}
}

// requires reports whether the statement has a Null condition that asks for the
// key.
func (w *warner) requires(key string) bool {
	for i := range w.statement.conditions {
		c := &w.statement.conditions[i]
		if c.operator.base.compare == compareNull && c.key == key && !c.presence(false) {
			return true
		}
	}
	return false
}

func (w *warner) operand(o operator, element string, n *node) {
	c := o.base.compare
	if c.variables() {
		w.variables(element, n)
	} else if strings.Contains(n.text, "${") {
		w.warn(n.offset, element, "", "%s has no variables: %s is plain text", o, n.text)
		return
	}
	operand := compileOperand(c, n.text, w.statement.language2012)
	switch {
	case (c == compareString || c == compareFold) && strings.ContainsAny(plain(n.text), "*?") && strings.Contains(n.text, "*"):
		w.warn(n.offset, element, strings.NewReplacer("EqualsIgnoreCase", "Like", "Equals", "Like").Replace(o.String()), "%s knows no wildcards: * is a star", o)
	case c == compareBool && !strings.Contains(n.text, "${") && !strings.EqualFold(n.text, "true") && !strings.EqualFold(n.text, "false"):
		w.warn(n.offset, element, "", "%q is neither true nor false and matches nothing", n.text)
	case c == compareNull && !strings.EqualFold(n.text, "true") && !strings.EqualFold(n.text, "false"):
		w.warn(n.offset, element, "", "Null takes true or false, not %q", n.text)
	case c == compareARN && operand.typed == nil:
		w.warn(n.offset, element, "", "%q is not an ARN of six parts and matches nothing", n.text)
	case c == compareAddress:
		w.network(element, n, operand)
	case (c == compareBinary || c.numeric()) && operand.typed == nil:
		w.warn(n.offset, element, "", "%q is not what %s compares and matches nothing", n.text, o)
	}
}

func (w *warner) network(element string, n *node, o operand) {
	p, ok := o.typed.(netip.Prefix)
	switch {
	case !ok:
		w.warn(n.offset, element, "", "%q is no address or CIDR block and matches nothing", n.text)
	case p != p.Masked():
		w.warn(n.offset, element, p.Masked().String(), "%s has bits after its prefix; they are ignored", n.text)
	}
}

// plain returns text without its escapes ${*} and ${?}.
func plain(text string) string { return strings.NewReplacer("${*}", "", "${?}", "").Replace(text) }
