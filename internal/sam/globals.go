package sam

import (
	"maps"
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

// globalProperties are the properties that each section of Globals may have,
// in the order of AWS's error text.
var globalProperties = map[string][]string{
	"Function": {
		"Handler", "Runtime", "CodeUri", "DeadLetterQueue", "Description", "MemorySize", "Timeout", "VpcConfig", "Environment", "Tags", "PropagateTags", "Tracing", "KmsKeyArn",
		"AutoPublishAlias", "AutoPublishAliasAllProperties", "Layers", "DeploymentPreference", "RolePath", "PermissionsBoundary", "ReservedConcurrentExecutions",
		"ProvisionedConcurrencyConfig", "AssumeRolePolicyDocument", "EventInvokeConfig", "FileSystemConfigs", "CodeSigningConfigArn", "Architectures", "SnapStart",
		"EphemeralStorage", "FunctionUrlConfig", "RuntimeManagementConfig", "LoggingConfig", "RecursiveLoop", "SourceKMSKeyArn", "TenancyConfig", "DurableConfig",
		"CapacityProviderConfig", "FunctionScalingConfig", "PublishToLatestPublished", "VersionDeletionPolicy",
	},
	"Api": {
		"Auth", "Name", "DefinitionUri", "CacheClusterEnabled", "CacheClusterSize", "MergeDefinitions", "Variables", "EndpointConfiguration", "MethodSettings",
		"BinaryMediaTypes", "MinimumCompressionSize", "Cors", "GatewayResponses", "AccessLogSetting", "CanarySetting", "TracingEnabled", "OpenApiVersion", "Domain",
		"AlwaysDeploy", "PropagateTags", "SecurityPolicy",
	},
	"HttpApi": {
		"Auth", "AccessLogSettings", "StageVariables", "Tags", "CorsConfiguration", "DefaultRouteSettings", "Domain", "RouteSettings", "FailOnWarnings", "PropagateTags",
	},
	"SimpleTable":      {"SSESpecification"},
	"StateMachine":     {"PropagateTags"},
	"LayerVersion":     {"PublishLambdaVersion"},
	"CapacityProvider": {"VpcConfig", "OperatorRole", "Tags", "InstanceRequirements", "ScalingConfig", "KmsKeyArn", "PropagateTags"},
	"WebSocketApi": {
		"AccessLogSettings", "ApiKeySelectionExpression", "DefaultRouteSettings", "DisableExecuteApiEndpoint", "DisableSchemaValidation", "Domain", "IpAddressType",
		"PropagateTags", "RouteSettings", "StageVariables", "Tags",
	},
}

// mergeGlobals gives each SAM resource the properties that Globals has for
// its type: maps merge key by key, lists are joined, else the resource wins.
func (t *translator) mergeGlobals() {
	globals := t.root.Get("Globals")
	if globals == nil {
		return
	}
	if !globals.IsMap() {
		t.fail(invalidGlobals(globals, "It must be a non-empty dictionary"))
		return
	}
	for _, section := range globals.Pairs {
		if f := checkGlobals(section); f != nil {
			t.fail(f)
			return
		}
	}
	budget := maxGlobals
	for _, p := range t.resources.Pairs {
		section := globals.Get(kindOf(p.Value))
		if section == nil || !isServerless(p.Value) {
			continue
		}
		if f := checkIgnored(p, section); f != nil {
			t.fail(f)
			return
		}
		merged := template.Map()
		merged.Position = section.Position
		for _, g := range section.Pairs {
			if !ignoresGlobal(p.Value.Get("IgnoreGlobals"), g.Key) {
				if budget -= size(g.Value); budget < 0 {
					t.fail(invalidGlobals(section, "it is too large for the number of resources that it applies to"))
					return
				}
				merged.Pairs = append(merged.Pairs, template.Pair{Key: g.Key, KeyPosition: g.KeyPosition, Value: g.Value.Clone()})
			}
		}
		local := p.Value.Get("Properties")
		merged = merge(merged, local)
		if !local.Position.IsZero() {
			merged.Position = local.Position
		}
		p.Value.Set("Properties", merged)
	}
}

// maxGlobals bounds what copying Globals into every resource may make of a
// template: values in all copies together.
const maxGlobals = 1 << 20

func size(n *template.Node) int {
	total := 1
	for _, item := range n.Items {
		total += size(item)
	}
	for _, p := range n.Pairs {
		total += size(p.Value)
	}
	return total
}

func checkGlobals(section template.Pair) *fault {
	supported, ok := globalProperties[section.Key]
	if !ok {
		return invalidGlobals(section.Value, "'%s' is not supported. Must be one of the following values - %s", section.Key, quoted(slices.Sorted(maps.Keys(globalProperties))))
	}
	if !section.Value.IsMap() {
		return invalidGlobals(section.Value, "Value of ${section} must be a dictionary") // the name is missing in AWS's text too
	}
	for _, p := range section.Value.Pairs {
		if !slices.Contains(supported, p.Key) {
			f := invalidGlobals(p.Value, "'%s' is not a supported property of '%s'. Must be one of the following values - %s", p.Key, section.Key, quoted(supported))
			f.place = p.KeyPosition
			return f
		}
	}
	return nil
}

// checkIgnored checks that IgnoreGlobals says '*' or names what Globals has.
func checkIgnored(resource template.Pair, section *template.Node) *fault {
	ignore := resource.Value.Get("IgnoreGlobals")
	switch {
	case ignore.IsNull() || ignore.Str() == "*":
		return nil
	case !ignore.IsList():
		return invalidResource(resource.Key, ignore, "Resource %s has invalid resource attribute 'IgnoreGlobals'.", resource.Key)
	}
	for _, item := range ignore.Items {
		if !item.IsText() || !section.Has(item.Value) {
			return invalidResource(resource.Key, item, "Resource %s has invalid resource attribute 'IgnoreGlobals' on item '%s'.", resource.Key, pythonText(item))
		}
	}
	return nil
}

// ignoresGlobal reads a resource's IgnoreGlobals: '*' or a list of names.
func ignoresGlobal(ignore *template.Node, name string) bool {
	if ignore.IsScalar() {
		return ignore.Value == "*"
	}
	if ignore.IsList() {
		for _, item := range ignore.Items {
			if item.Str() == name {
				return true
			}
		}
	}
	return false
}

// merge returns global overlaid with local. It may take parts of both.
func merge(global, local *template.Node) *template.Node {
	switch {
	case isIntrinsic(global) || isIntrinsic(local):
		return local
	case global.IsMap() && local.IsMap():
		for _, p := range local.Pairs {
			if g := global.Get(p.Key); g != nil {
				p.Value = merge(g, p.Value)
				*global.Pair(p.Key) = p
			} else {
				global.Pairs = append(global.Pairs, p)
			}
		}
		return global
	case global.IsList() && local.IsList():
		global.Items = append(global.Items, local.Items...)
		return global
	default:
		return local
	}
}
