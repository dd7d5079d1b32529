package policy

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed words.txt
var wordsText string

// A wordList is what is known of AWS's vocabulary. It is far from complete: a
// word that is not in it is wrong only if it looks like one that is.
type wordList struct {
	services []string
	actions  map[string][]string // by service, without the prefix
	keys     []string            // a trailing slash stands for a tag name
}

var words = sync.OnceValue(func() *wordList {
	w := &wordList{actions: map[string][]string{}}
	for paragraph := range strings.SplitSeq(wordsText, "\n\n") {
		title, list, _ := strings.Cut(paragraph, ":\n")
		fields := strings.Fields(list)
		switch service, ok := strings.CutPrefix(title, "actions of "); {
		case ok:
			w.actions[service] = fields
		case title == "services":
			w.services = fields
		case title == "condition keys":
			w.keys = fields
		}
	}
	return w
})

// confused are names that people use for a service other than its prefix.
var confused = map[string]string{
	"cloudwatchlogs": "logs", "cloudwatch-logs": "logs", "stepfunctions": "states", "step-functions": "states", "eventbridge": "events",
	"api-gateway": "execute-api", "executeapi": "execute-api", "cognito": "cognito-idp", "efs": "elasticfilesystem", "elb": "elasticloadbalancing",
	"emr": "elasticmapreduce", "opensearch": "es", "amp": "aps", "keyspaces": "cassandra",
}

// confusedActions are names of operations whose action has another name.
var confusedActions = map[string]string{
	"apigateway:invoke": "execute-api:Invoke", "apigateway:invoke*": "execute-api:Invoke", "lambda:invoke": "lambda:InvokeFunction",
	"lambda:invokefunctionurls": "lambda:InvokeFunctionUrl", "dynamodb:transactgetitems": "dynamodb:GetItem", "dynamodb:transactwriteitems": "dynamodb:PutItem",
	"s3:listobjects": "s3:ListBucket", "s3:listobjectsv2": "s3:ListBucket", "s3:listbuckets": "s3:ListAllMyBuckets", "s3:headobject": "s3:GetObject",
	"s3:headbucket": "s3:ListBucket", "sqs:sendmessagebatch": "sqs:SendMessage", "sqs:receivemessages": "sqs:ReceiveMessage",
	"sqs:deletemessagebatch": "sqs:DeleteMessage", "sns:publishbatch": "sns:Publish", "kms:reencrypt": "kms:ReEncrypt*",
}

// likelyAction returns the likely spelling of an action that does not exist, or
// "" when it exists or nothing is like it.
func likelyAction(action string) string {
	service, name, _ := strings.Cut(action, ":")
	service = strings.ToLower(service)
	w := words()
	if !containsFold(w.services, service) && !strings.ContainsAny(service, "*?") {
		likely := confused[service]
		if likely == "" {
			likely = nearest(service, w.services)
		}
		if likely == "" {
			return ""
		}
		return likely + ":" + name
	}
	if likely := confusedActions[service+":"+strings.ToLower(name)]; likely != "" {
		return likely
	}
	known := w.actions[service]
	if len(known) == 0 {
		return ""
	}
	p := compilePattern(name, syntax{wildcards: true})
	for _, k := range known {
		if p.match(k, nil, true) == matched {
			return ""
		}
	}
	if strings.ContainsAny(name, "*?") {
		return likelyWildcard(service, name, known)
	}
	if near := nearest(name, known); near != "" {
		return service + ":" + near
	}
	// An abbreviation is clear if only one action begins with it.
	var begin []string
	for _, k := range known {
		if len(name) >= 4 && len(k) > len(name) && strings.EqualFold(k[:len(name)], name) {
			begin = append(begin, k)
		}
	}
	if len(begin) != 1 {
		return ""
	}
	return service + ":" + begin[0]
}

// likelyWildcard corrects a pattern like Invok3*, which is a word and one star.
func likelyWildcard(service, name string, known []string) string {
	stem, ok := strings.CutSuffix(name, "*")
	if !ok || strings.ContainsAny(stem, "*?") || len(stem) < 4 {
		return ""
	}
	for _, k := range known {
		if len(k) >= len(stem) && distance(strings.ToLower(k[:len(stem)]), strings.ToLower(stem), 1) <= 1 {
			return service + ":" + k[:len(stem)] + "*"
		}
	}
	return ""
}

// likelyKey returns the likely spelling of a condition key that does not exist,
// or "".
func likelyKey(key string) string {
	w := words()
	name, tag, tagged := strings.Cut(key, "/")
	if tagged {
		name += "/"
	}
	if containsFold(w.keys, name) {
		return ""
	}
	likely := ""
	if !strings.Contains(key, ":") {
		for _, k := range w.keys {
			if _, short, _ := strings.Cut(k, ":"); strings.EqualFold(short, name) {
				likely = k
				break
			}
		}
	}
	if likely == "" {
		likely = nearest(name, w.keys)
	}
	if likely == "" {
		return ""
	}
	return likely + tag
}

// knownPrefix reports whether all keys with the key's prefix are in the list.
func knownPrefix(key string) bool {
	prefix, _, _ := strings.Cut(strings.ToLower(key), ":")
	return prefix == "aws"
}

func containsFold(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}
