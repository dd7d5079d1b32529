package sam

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

const policyKey = "x-amazon-apigateway-policy"

var resourcePolicyKeys = []string{
	"CustomStatements", "AwsAccountWhitelist", "AwsAccountBlacklist", "IpRangeWhitelist", "IpRangeBlacklist", "SourceVpcWhitelist", "SourceVpcBlacklist",
	"IntrinsicVpcWhitelist", "IntrinsicVpcBlacklist", "IntrinsicVpceWhitelist", "IntrinsicVpceBlacklist",
}

// resourcePolicy writes the API's resource policy for every method.
func (a *restMacro) resourcePolicy(policy *template.Node) error {
	if !truthy(policy) {
		return nil
	}
	if !policy.IsMap() {
		return invalidResource(a.id, policy, "ResourcePolicy must be a map (ResourcePolicyStatement).")
	}
	for _, p := range policy.Pairs {
		if !slices.Contains(resourcePolicyKeys, p.Key) {
			return invalidResource(a.id, p.Value, "ResourcePolicy has an unknown property '%s'.", p.Key)
		}
	}
	for _, path := range a.paths.Keys() {
		resources := template.List()
		for _, item := range branches(a.paths.Get(path)) {
			for _, method := range item.Keys() {
				resources.Append(methodResource(path, method))
			}
		}
		addResourcePolicy(a.body, policy, resources)
	}
	return nil
}

// methodResource names a method in a resource policy.
func methodResource(path, method string) *template.Node {
	return sub("execute-api:/${__Stage__}/"+sourceMethod(method)+sourcePath(path), template.P("__Stage__", template.Text("*")))
}

// addResourcePolicy adds the statements of a ResourcePolicy for some methods.
func addResourcePolicy(body, policy, resources *template.Node) {
	document := sectionOf(body, policyKey)
	if !document.Has("Version") {
		document.Set("Version", template.Text("2012-10-17"))
	}
	statements := document.Get("Statement")
	if !statements.IsList() {
		statements = template.List()
		document.Set("Statement", statements)
	}
	add := func(effect string, principal, on, condition *template.Node) {
		s := pairs(
			template.P("Action", template.Text("execute-api:Invoke")),
			template.P("Effect", template.Text(effect)),
			template.P("Principal", principal),
			template.P("Resource", on.Clone()),
			template.P("Condition", condition),
		)
		for _, known := range statements.Items {
			if equal(known, s) {
				return
			}
		}
		statements.Append(s)
	}
	everyone := template.Text("*")
	for _, s := range listOf(policy.Get("CustomStatements")) {
		statements.Append(s)
	}
	if accounts := policy.Get("AwsAccountWhitelist"); truthy(accounts) {
		add("Allow", template.Map(template.P("AWS", template.List(listOf(accounts)...))), resources, nil)
	}
	if accounts := policy.Get("AwsAccountBlacklist"); truthy(accounts) {
		add("Allow", everyone, resources, nil)
		add("Deny", template.Map(template.P("AWS", template.List(listOf(accounts)...))), resources, nil)
	}
	condition := func(operator, key string, values ...*template.Node) *template.Node {
		return template.Map(template.P(operator, template.Map(template.P(key, template.List(values...)))))
	}
	for _, rule := range []struct{ key, operator, conditionKey string }{
		{"IpRangeWhitelist", "NotIpAddress", "aws:SourceIp"},
		{"IpRangeBlacklist", "IpAddress", "aws:SourceIp"},
		{"SourceVpcWhitelist", "StringNotEquals", ""},
		{"SourceVpcBlacklist", "StringEquals", ""},
		{"IntrinsicVpcWhitelist", "StringNotEquals", "aws:SourceVpc"},
		{"IntrinsicVpcBlacklist", "StringEquals", "aws:SourceVpc"},
		{"IntrinsicVpceWhitelist", "StringNotEquals", "aws:SourceVpce"},
		{"IntrinsicVpceBlacklist", "StringEquals", "aws:SourceVpce"},
	} {
		for _, value := range listOf(policy.Get(rule.key)) {
			key := rule.conditionKey
			if key == "" {
				if key = "aws:SourceVpc"; strings.HasPrefix(value.Str(), "vpce-") {
					key = "aws:SourceVpce"
				}
			}
			add("Allow", everyone, resources, nil)
			add("Deny", everyone, resources, condition(rule.operator, key, value))
		}
	}
}

func listOf(n *template.Node) []*template.Node {
	switch {
	case n.IsNull():
		return nil
	case n.IsList():
		return n.Items
	default:
		return []*template.Node{n}
	}
}
