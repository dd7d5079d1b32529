package sam

import "github.com/hakonegate/hakone/internal/template"

// usagePlans is the usage plan that APIs share.
type usagePlans struct {
	stages   *template.Node
	keys     *template.Node
	apis     []string
	settings *template.Node
}

// usagePlan makes the usage plan that Auth.UsagePlan asks for, with its key.
func (a *restMacro) usagePlan() error {
	config := a.get("Auth").Get("UsagePlan")
	if !truthy(config) {
		return nil
	}
	if !config.IsMap() {
		return invalidResource(a.id, config, "UsagePlan should be a dictionary")
	}
	create := config.Get("CreateUsagePlan")
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
		p.apis = append(p.apis, a.id)
		p.settings = config
		return nil
	case "PER_API":
		made := makePlan(a.id, []string{a.id}, config, template.List(a.planStage("ApiId", "Stage")), template.List(a.planStage("RestApiId", "StageName")), a.inherited())
		for i, property := range []string{"UsagePlan", "ApiKey", "UsagePlanKey"} {
			a.add(made[i])
			a.refer(property, made[i])
		}
		return nil
	case "":
		return invalidResource(a.id, config, "'CreateUsagePlan' is required field inside UsagePlan.")
	default:
		return invalidResource(a.id, create, "'CreateUsagePlan' accepts only NONE, PER_API and SHARED values")
	}
}

func (a *restMacro) planStage(api, stage string) *template.Node {
	return template.Map(template.P(api, a.api.ref()), template.P(stage, a.stage.ref()))
}

func makePlan(prefix string, apis []string, config, stages, keys *template.Node, attr attributes) []*resource {
	attr.dependsOn = template.Texts(apis...)
	plan := newResource(prefix+"UsagePlan", "AWS::ApiGateway::UsagePlan", attr)
	plan.set("ApiStages", stages)
	for _, name := range []string{"UsagePlanName", "Description", "Throttle", "Quota", "Tags"} {
		plan.set(name, config.Get(name))
	}
	attr.dependsOn = template.Texts(plan.id)
	key := newResource(prefix+"ApiKey", "AWS::ApiGateway::ApiKey", attr)
	key.set("Enabled", template.Bool(true))
	key.set("StageKeys", keys)
	link := newResource(prefix+"UsagePlanKey", "AWS::ApiGateway::UsagePlanKey", attr)
	link.set("KeyId", key.ref())
	link.set("KeyType", template.Text("API_KEY"))
	link.set("UsagePlanId", plan.ref())
	return []*resource{plan, key, link}
}

// finish makes the shared usage plan.
func (p *usagePlans) finish(t *translator) {
	if p.stages != nil {
		t.shared = append(t.shared, makePlan("Serverless", p.apis, p.settings, p.stages, p.keys, attributes{})...)
	}
}
