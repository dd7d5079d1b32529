package sam

import (
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

// Logical ids of what all deployment preferences share.
const (
	deployApplication = "ServerlessDeploymentApplication"
	deployRole        = "CodeDeployServiceRole"
	deployCondition   = "ServerlessCodeDeployCondition"
)

// deployConfigurations are CodeDeploy's own; other names are the user's.
var deployConfigurations = []string{
	"Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes", "Canary10Percent30Minutes",
	"Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes", "Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes",
	"AllAtOnce",
}

// A deployPreference is the enabled DeploymentPreference of one function.
type deployPreference struct {
	*function
	config    *template.Node
	typ       *template.Node
	condition string
}

// deployments are the functions whose aliases CodeDeploy moves.
type deployments struct{ preferences []deployPreference }

// deploymentPreference gives the alias the update policy that lets CodeDeploy
// move it.
func (f *function) deploymentPreference() error {
	config := f.get("DeploymentPreference")
	if !truthy(config) {
		return nil
	}
	if enabled := f.resolveMapped(config.Get("Enabled")); enabled != nil && (isFalse(enabled) || enabled.Str() == "false") {
		return nil
	}
	typ := f.resolveMapped(config.Get("Type"))
	if typ.IsNull() {
		return invalidResource(f.id, config, "'DeploymentPreference' is missing required Property 'Type'")
	}
	if f.alias == nil {
		return invalidResource(f.id, config, "'DeploymentPreference' requires AutoPublishAlias property to be specified.")
	}
	if hooks := config.Get("Hooks"); hooks != nil && !hooks.IsMap() {
		return invalidResource(f.id, hooks, "'Hooks' property of 'DeploymentPreference' must be a dictionary")
	}
	p := deployPreference{function: f, config: config, typ: typ}
	if pass := f.resolveMapped(config.Get("PassthroughCondition")); isTrue(pass) || pass.Str() == "true" {
		p.condition = f.macro.node.Get("Condition").Str()
	}
	if typ.Str() != "AllAtOnce" {
		f.warn(config, "the alias of "+f.id+" moves at once: traffic is not shifted gradually here")
	}
	f.deploys.preferences = append(f.deploys.preferences, p)
	update := pairs(
		template.P("ApplicationName", template.Ref(deployApplication)),
		template.P("DeploymentGroupName", template.Ref(f.id+"DeploymentGroup")),
		template.P("BeforeAllowTrafficHook", config.Path("Hooks", "PreTraffic")),
		template.P("AfterAllowTrafficHook", config.Path("Hooks", "PostTraffic")),
	)
	f.alias.node.Set("UpdatePolicy", template.Map(template.P("CodeDeployLambdaAliasUpdate", update)))
	return nil
}

// finish makes the CodeDeploy resources.
func (d *deployments) finish(t *translator) {
	if len(d.preferences) == 0 {
		return
	}
	var common attributes
	conditions := map[string]bool{}
	needRole := false
	for _, p := range d.preferences {
		conditions[p.condition] = true
		needRole = needRole || p.config.Get("Role").IsNull()
	}
	if !conditions[""] {
		names := sortedKeys(conditions)
		common.condition = template.Text(names[0])
		if len(names) > 1 {
			t.orCondition(deployCondition, names)
			common.condition = template.Text(deployCondition)
		}
	}
	application := newResource(deployApplication, "AWS::CodeDeploy::Application", common)
	application.set("ComputePlatform", template.Text("Lambda"))
	t.shared = append(t.shared, application)
	if needRole {
		role := newResource(deployRole, "AWS::IAM::Role", common)
		role.set("AssumeRolePolicyDocument", trustPolicy("codedeploy.amazonaws.com"))
		role.set("ManagedPolicyArns", template.List(t.awsPolicy("service-role/AWSCodeDeployRoleForLambda")))
		t.shared = append(t.shared, role)
	}
	for _, p := range d.preferences {
		group, f := p.group()
		if f != nil {
			t.fail(f)
			continue
		}
		t.shared = append(t.shared, group)
	}
}

func (p deployPreference) group() (*resource, *fault) {
	var a attributes
	if p.condition != "" {
		a.condition = template.Text(p.condition)
	}
	g := newResource(p.id+"DeploymentGroup", "AWS::CodeDeploy::DeploymentGroup", a)
	if alarms := present(p.config.Get("Alarms")); alarms != nil {
		if !alarms.IsList() && !isIf(alarms) {
			return nil, invalidResource(p.id, alarms, "Alarms must be a list")
		}
		g.set("AlarmConfiguration", template.Map(template.P("Enabled", template.Bool(true)), template.P("Alarms", alarmNames(alarms))))
	}
	g.set("ApplicationName", template.Ref(deployApplication))
	g.set("AutoRollbackConfiguration", template.Map(
		template.P("Enabled", template.Bool(true)),
		template.P("Events", template.Texts("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")),
	))
	g.set("DeploymentConfigName", deployConfiguration(p.typ, ""))
	g.set("DeploymentStyle", template.Map(
		template.P("DeploymentType", template.Text("BLUE_GREEN")),
		template.P("DeploymentOption", template.Text("WITH_TRAFFIC_CONTROL")),
	))
	g.set("ServiceRoleArn", template.GetAtt(deployRole, "Arn"))
	g.set("ServiceRoleArn", p.config.Get("Role"))
	g.set("TriggerConfigurations", p.config.Get("TriggerConfigurations"))
	g.node.At(p.config.Position)
	return g, nil
}

func alarmNames(alarms *template.Node) *template.Node {
	if isIf(alarms) {
		arg := alarms.Get("Fn::If")
		return choose(arg.Items[0].Str(), alarmNames(arg.Items[1]), alarmNames(arg.Items[2]))
	}
	if !alarms.IsList() {
		return alarms
	}
	named := template.List()
	for _, a := range alarms.Items {
		if a.IsNoValue() {
			named.Append(a)
			continue
		}
		named.Append(template.Map(template.P("Name", a)))
	}
	return named
}

// deployConfiguration names CodeDeploy's own configurations in full, also
// inside intrinsic functions.
func deployConfiguration(n *template.Node, function string) *template.Node {
	if n.IsScalar() && slices.Contains(deployConfigurations, n.Value) {
		if function == "Fn::Sub" {
			return template.Text("CodeDeployDefault.Lambda" + n.Value)
		}
		return sub("CodeDeployDefault.Lambda${ConfigName}", template.P("ConfigName", n))
	}
	c := n.Clone()
	for i, item := range c.Items {
		c.Items[i] = deployConfiguration(item, function)
	}
	for i, p := range c.Pairs {
		c.Pairs[i].Value = deployConfiguration(p.Value, p.Key)
	}
	return c
}
