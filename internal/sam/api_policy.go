package sam

import (
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

const policyKey = "x-amazon-apigateway-policy"

// resourcePolicy writes the API's resource policy for the methods of every
// path.
func (a *restMacro) resourcePolicy(policy *template.Node) error {
	if !truthy(policy) {
		return nil
	}
	if !policy.IsMap() {
		return invalidTemplate(policy, "ResourcePolicy must be a map (ResourcePolicyStatement).")
	}
	for _, path := range a.paths.Keys() {
		resources := template.List()
		for _, item := range branches(a.paths.Get(path)) {
			for _, method := range item.Keys() {
				resources.Append(methodResource(path, method, a.get("StageName")))
			}
		}
		if err := addResourcePolicy(a.body, policy, resources); err != nil {
			return err
		}
	}
	addCustomStatements(a.body, policy)
	return nil
}

// methodResource names a method in a resource policy.
func methodResource(path, method string, stage *template.Node) *template.Node {
	return sub("execute-api:/${__Stage__}/"+sourceMethod(method)+sourcePath(restPathVariable, path), template.P("__Stage__", stage))
}

// addResourcePolicy adds the statements of a ResourcePolicy for some methods.
func addResourcePolicy(body, policy, resources *template.Node) error {
	document := sectionOf(body, policyKey)
	add := func(effect string, principal, condition *template.Node) {
		addStatement(document, pairs(
			template.P("Action", template.Text("execute-api:Invoke")),
			template.P("Effect", template.Text(effect)),
			template.P("Principal", principal),
			template.P("Resource", resources.Clone()),
			template.P("Condition", condition),
		))
	}
	for _, accounts := range []struct{ key, effect string }{{"AwsAccountWhitelist", "Allow"}, {"AwsAccountBlacklist", "Deny"}} {
		list := policy.Get(accounts.key)
		if !truthy(list) {
			continue
		}
		if list.IsScalar() {
			return invalidTemplate(list, "Type of '%s' must be a list or dictionary", list.Value)
		}
		add(accounts.effect, template.Map(template.P("AWS", template.List(listOf(list)...))), nil)
	}
	// Everybody may call, but for those whom a condition excludes.
	exclude := func(operator string, keys *template.Node) {
		if len(keys.Pairs) > 0 {
			add("Allow", template.Text("*"), nil)
			add("Deny", template.Text("*"), template.Map(template.P(operator, keys)))
		}
	}
	for _, addresses := range []struct{ key, operator string }{{"IpRangeWhitelist", "NotIpAddress"}, {"IpRangeBlacklist", "IpAddress"}} {
		if list := policy.Get(addresses.key); truthy(list) {
			exclude(addresses.operator, template.Map(template.P("aws:SourceIp", template.List(listOf(list)...))))
		}
	}
	for _, networks := range []struct{ kind, operator string }{{"Blacklist", "StringEquals"}, {"Whitelist", "StringNotEquals"}} {
		keys, err := sourceNetworks(policy, networks.kind)
		if err != nil {
			return err
		}
		exclude(networks.operator, keys)
	}
	return nil
}

func addCustomStatements(body, policy *template.Node) {
	custom := policy.Get("CustomStatements")
	if !truthy(custom) {
		return
	}
	document := sectionOf(body, policyKey)
	if custom.IsList() && document.Has("Statement") {
		for _, s := range custom.Items {
			addStatement(document, s)
		}
		return
	}
	addStatement(document, custom)
}

// sourceNetworks returns the condition keys for the networks and endpoints of
// a ResourcePolicy: literal ids, and those from intrinsic functions.
func sourceNetworks(policy *template.Node, kind string) (*template.Node, error) {
	vpc, vpce := template.List(), template.List()
	vpc.Append(listOf(policy.Get("IntrinsicVpc" + kind))...)
	vpce.Append(listOf(policy.Get("IntrinsicVpce" + kind))...)
	for _, id := range items(policy.Get("SourceVpc" + kind)) {
		switch {
		case !id.IsText():
			return nil, invalidTemplate(id, "SourceVpc%s must be a list of strings. Use IntrinsicVpc%s instead for values that use Intrinsic Functions", kind, kind)
		case strings.HasPrefix(id.Value, "vpce-"):
			vpce.Append(id)
		case strings.HasPrefix(id.Value, "vpc-"):
			vpc.Append(id)
		}
	}
	keys := template.Map()
	if len(vpc.Items) > 0 {
		keys.Set("aws:SourceVpc", vpc)
	}
	if len(vpce.Items) > 0 {
		keys.Set("aws:SourceVpce", vpce)
	}
	return keys, nil
}

// addStatement adds a statement to a policy that does not have it; the first
// one stands alone.
func addStatement(document, statement *template.Node) {
	document.Set("Version", template.Text("2012-10-17"))
	all := document.Get("Statement")
	if all == nil {
		document.Set("Statement", statement.Clone())
		return
	}
	if !all.IsList() {
		all = template.List(all)
		document.Set("Statement", all)
	}
	for _, known := range all.Items {
		if equal(known, statement) {
			return
		}
	}
	all.Append(statement)
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
