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
	if meansFalse(f.resolveMapped(config.Get("Enabled"))) {
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
	switch pass := f.resolveMapped(config.Get("PassthroughCondition")); {
	case meansTrue(pass):
		p.condition = f.macro.node.Get("Condition").Str()
	case !truthy(pass) || meansFalse(pass):
	case isIntrinsic(pass):
		return invalidResource(f.id, pass, "Unsupported intrinsic: the only intrinsic functions supported for property PassthroughCondition are FindInMap and parameter Refs.")
	default:
		return invalidResource(f.id, pass, "Invalid value for property PassthroughCondition.")
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
	tags := template.Map()
	for _, p := range d.preferences {
		if p.propagatesTags() {
			for _, tag := range p.get("Tags").Pairs {
				tags.Set(tag.Key, tag.Value)
			}
		}
		conditions[p.condition] = true
		needRole = needRole || !truthy(p.config.Get("Role"))
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
	if len(tags.Pairs) > 0 {
		application.set("Tags", tagList("", tags))
	}
	t.shared = append(t.shared, application)
	if needRole {
		role := newResource(deployRole, "AWS::IAM::Role", common)
		role.set("AssumeRolePolicyDocument", trustPolicy("codedeploy.amazonaws.com"))
		role.set("ManagedPolicyArns", template.List(t.awsPolicy("service-role/AWSCodeDeployRoleForLambda")))
		if len(tags.Pairs) > 0 {
			role.set("Tags", tagList("", tags))
		}
		t.shared = append(t.shared, role)
	}
	for _, p := range d.preferences {
		group, err := p.group()
		if err != nil {
			t.fail(asFault(p.id, p.macro.node, err))
			continue
		}
		t.shared = append(t.shared, group)
	}
}

func (p deployPreference) group() (*resource, error) {
	var a attributes
	if p.condition != "" {
		a.condition = template.Text(p.condition)
	}
	g := newResource(p.id+"DeploymentGroup", "AWS::CodeDeploy::DeploymentGroup", a)
	if alarms := p.config.Get("Alarms"); truthy(alarms) {
		configuration, err := alarmConfiguration(p.id, alarms)
		if err != nil {
			return nil, err
		}
		if len(configuration.Pairs) > 0 {
			g.set("AlarmConfiguration", configuration)
		}
	}
	g.set("ApplicationName", template.Ref(deployApplication))
	g.set("AutoRollbackConfiguration", template.Map(
		template.P("Enabled", template.Bool(true)),
		template.P("Events", template.Texts("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")),
	))
	g.set("DeploymentConfigName", deployConfiguration(p.typ))
	g.set("DeploymentStyle", template.Map(
		template.P("DeploymentType", template.Text("BLUE_GREEN")),
		template.P("DeploymentOption", template.Text("WITH_TRAFFIC_CONTROL")),
	))
	g.set("ServiceRoleArn", template.GetAtt(deployRole, "Arn"))
	if role := p.config.Get("Role"); truthy(role) {
		g.set("ServiceRoleArn", role)
	}
	g.set("TriggerConfigurations", p.config.Get("TriggerConfigurations"))
	if p.propagatesTags() {
		g.set("Tags", tagList("", p.get("Tags")))
	}
	g.node.At(p.config.Position)
	return g, nil
}

// alarmConfiguration names the alarms that stop a deployment; a Fn::If may
// choose between two lists.
func alarmConfiguration(id string, alarms *template.Node) (*template.Node, error) {
	if arg := alarms.Get("Fn::If"); alarms.IsMap() && arg.IsList() {
		if len(arg.Items) != 3 {
			return nil, invalidResource(id, alarms, "Fn::If requires 3 arguments")
		}
		then, err := alarmList(id, arg.Items[1])
		if err != nil {
			return nil, err
		}
		otherwise, err := alarmList(id, arg.Items[2])
		if err != nil {
			return nil, err
		}
		return template.Map(template.P("Fn::If", template.List(arg.Items[0], then, otherwise))), nil
	}
	return alarmList(id, alarms)
}

func alarmList(id string, alarms *template.Node) (*template.Node, error) {
	if !alarms.IsList() {
		return nil, invalidResource(id, alarms, "Alarms must be a list")
	}
	named := template.List()
	for _, a := range alarms.Items {
		named.Append(template.Map(template.P("Name", a)))
	}
	if len(named.Items) == 0 {
		return template.Map(), nil
	}
	return template.Map(template.P("Enabled", template.Bool(true)), template.P("Alarms", named)), nil
}

// deployConfiguration names CodeDeploy's own configurations in full, also
// inside intrinsic functions.
func deployConfiguration(n *template.Node) *template.Node {
	own := func(n *template.Node) bool { return n.IsScalar() && slices.Contains(deployConfigurations, n.Value) }
	if own(n) {
		return sub("CodeDeployDefault.Lambda${ConfigName}", template.P("ConfigName", n))
	}
	if text := n.Get("Fn::Sub"); own(text) {
		return deployConfiguration(text)
	}
	c := n.Clone()
	for i, item := range c.Items {
		c.Items[i] = deployConfiguration(item)
	}
	for i, p := range c.Pairs {
		c.Pairs[i].Value = deployConfiguration(p.Value)
	}
	return c
}
