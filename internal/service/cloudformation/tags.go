package cloudformation

import (
	"maps"
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

// Types that take the tags of their stack, as AWS hands them on. Most write tags
// as a list of keys and values, some as a mapping.
var (
	tagLists = []string{
		"AWS::CloudFormation::Stack", "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::OIDCProvider", "AWS::Lambda::Function", "AWS::Logs::LogGroup",
		"AWS::EC2::Instance", "AWS::EC2::KeyPair", "AWS::EC2::SecurityGroup", "AWS::EC2::EIP", "AWS::EC2::VPC", "AWS::EC2::Subnet",
		"AWS::EC2::InternetGateway", "AWS::EC2::RouteTable",
	}
	tagMappings = []string{
		"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::VpcLink", "AWS::SSM::Parameter",
	}
)

// withTags returns a template whose resources have the tags of their stack beside
// their own, which win. Tags that only a function tells stay alone, and so do
// those of an API that come with its definition.
func withTags(root *template.Node, tags map[string]string) *template.Node {
	if len(tags) == 0 {
		return root
	}
	root = root.Clone()
	for _, p := range root.Get("Resources").Pairs {
		name := p.Value.Get("Type").Str()
		list := slices.Contains(tagLists, name)
		if !list && !slices.Contains(tagMappings, name) {
			continue
		}
		properties := p.Value.Get("Properties")
		if !properties.IsMap() {
			if !properties.IsNull() {
				continue
			}
			properties = template.Map()
			p.Value.Set("Properties", properties)
		}
		if name == "AWS::ApiGatewayV2::Api" && properties.Has("Body") && !properties.Has("Tags") {
			continue
		}
		if list {
			addToList(properties, tags)
		} else {
			addToMapping(properties, tags)
		}
	}
	return root
}

func addToList(properties *template.Node, tags map[string]string) {
	have := properties.Get("Tags")
	if !have.IsNull() && !have.IsList() {
		return
	}
	all := template.List()
	own := map[string]bool{}
	if have.IsList() {
		all.Position = have.Position
		for _, item := range have.Items {
			own[item.Get("Key").Str()] = true
			all.Items = append(all.Items, item)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if !own[key] {
			item := template.Map()
			item.Set("Key", template.Text(key))
			item.Set("Value", template.Text(tags[key]))
			all.Items = append(all.Items, item)
		}
	}
	properties.Set("Tags", all)
}

func addToMapping(properties *template.Node, tags map[string]string) {
	all := properties.Get("Tags")
	switch {
	case all.IsNull():
		all = template.Map()
		properties.Set("Tags", all)
	case !all.IsMap() || isFunction(all):
		return
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if !all.Has(key) {
			all.Set(key, template.Text(tags[key]))
		}
	}
}

func isFunction(n *template.Node) bool {
	return len(n.Pairs) == 1 && (n.Has("Ref") || len(n.Pairs[0].Key) > 4 && n.Pairs[0].Key[:4] == "Fn::")
}
