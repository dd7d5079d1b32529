package sam

import (
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

// usagePlans is the usage plan that APIs share.
type usagePlans struct {
	stages *template.Node
	keys   *template.Node
	apis   []*restMacro
}

// usagePlan makes the usage plan that Auth.UsagePlan asks for, with its key.
func (a *restMacro) usagePlan() error {
	config := a.get("Auth").Get("UsagePlan")
	if config == nil {
		return nil
	}
	if !config.IsMap() {
		return invalidResource(a.id, config, "'UsagePlan' must be a dictionary")
	}
	for _, p := range config.Pairs {
		if p.Key != "CreateUsagePlan" && !slices.Contains(planSettings, p.Key) {
			return invalidResource(a.id, p.Value, "Invalid property for 'UsagePlan'")
		}
	}
	create := config.Get("CreateUsagePlan")
	if create == nil {
		return invalidResource(a.id, config, "'CreateUsagePlan' is a required field for UsagePlan.")
	}
	switch create.Str() {
	case "NONE":
		return nil
	case "SHARED":
		p := &a.plans
		if p.stages == nil {
			p.stages, p.keys = template.List(), template.List()
		}
		p.stages.Append(a.planStage("ApiId", "Stage"))
		p.keys.Append(a.planStage("RestApiId", "StageName"))
		p.apis = append(p.apis, a)
		for _, property := range planResources {
			a.referID(property, "Serverless"+property)
		}
		return nil
	case "PER_API":
		made := a.makePlan(a.id, []string{a.id}, template.List(a.planStage("ApiId", "Stage")), template.List(a.planStage("RestApiId", "StageName")), a.inherited())
		for i, property := range planResources {
			a.add(made[i])
			a.refer(property, made[i])
		}
		return nil
	default:
		return invalidResource(a.id, create, "'CreateUsagePlan' accepts one of ['SHARED', 'PER_API', 'NONE'].")
	}
}

func (a *restMacro) planStage(api, stage string) *template.Node {
	return template.Map(template.P(api, a.api.ref()), template.P(stage, a.stage.ref()))
}

var (
	planSettings  = []string{"UsagePlanName", "Description", "Throttle", "Quota", "Tags"}
	planResources = []string{"UsagePlan", "ApiKey", "UsagePlanKey"}
)

// makePlan makes a usage plan with the settings of this API.
func (a *restMacro) makePlan(prefix string, apis []string, stages, keys *template.Node, attr attributes) []*resource {
	config := a.get("Auth").Get("UsagePlan")
	tags := truthy(a.get("PropagateTags")) && truthy(a.get("Tags"))
	attr.dependsOn = template.Texts(apis...)
	plan := newResource(prefix+"UsagePlan", "AWS::ApiGateway::UsagePlan", attr)
	plan.set("ApiStages", stages)
	for _, name := range planSettings {
		plan.set(name, config.Get(name))
	}
	attr.dependsOn = template.Texts(plan.id)
	key := newResource(prefix+"ApiKey", "AWS::ApiGateway::ApiKey", attr)
	key.set("Enabled", template.Bool(true))
	key.set("StageKeys", keys)
	if tags {
		plan.set("Tags", tagList("", a.get("Tags")))
		key.set("Tags", tagList("", a.get("Tags")))
	}
	attr.dependsOn = template.Texts(key.id)
	link := newResource(prefix+"UsagePlanKey", "AWS::ApiGateway::UsagePlanKey", attr)
	link.set("KeyId", key.ref())
	link.set("KeyType", template.Text("API_KEY"))
	link.set("UsagePlanId", plan.ref())
	return []*resource{plan, key, link}
}

// finish makes the shared usage plan, with the settings of the last API. It
// exists if one of its APIs does.
func (p *usagePlans) finish(t *translator) {
	if len(p.apis) == 0 {
		return
	}
	const condition = "SharedUsagePlanCondition"
	var ids, deletion, replace []string
	conditions := map[string]bool{}
	for _, a := range p.apis {
		ids = append(ids, a.id)
		deletion = append(deletion, a.node.Get("DeletionPolicy").Str())
		replace = append(replace, a.node.Get("UpdateReplacePolicy").Str())
		conditions[a.node.Get("Condition").Str()] = true
	}
	var attr attributes
	if policy := strictest(deletion, "Retain", "Delete"); policy != "" {
		attr.deletionPolicy = template.Text(policy)
	}
	if policy := strictest(replace, "Retain", "Snapshot", "Delete"); policy != "" {
		attr.updateReplacePolicy = template.Text(policy)
	}
	if !conditions[""] {
		if names := sortedKeys(conditions); len(names) == 1 {
			// AWS's transform writes the name where a condition should be.
			sectionOf(t.root, "Conditions").Set(condition, template.Text(names[0]))
		} else {
			t.orCondition(condition, names)
		}
		attr.condition = template.Text(condition)
	}
	last := p.apis[len(p.apis)-1]
	t.shared = append(t.shared, last.makePlan("Serverless", ids, p.stages, p.keys, attr)...)
}
