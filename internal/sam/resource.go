package sam

import "github.com/hakonegate/hakone/internal/template"

// A resource is a CloudFormation resource that the transform makes.
type resource struct {
	id   string
	node *template.Node
}

// attributes are a resource's entries beside Type and Properties.
type attributes struct {
	condition, dependsOn, deletionPolicy, updateReplacePolicy, updatePolicy, metadata *template.Node
}

func newResource(id, typ string, a attributes) *resource {
	r := &resource{id: id, node: template.Map(template.P("Type", template.Text(typ)))}
	for _, p := range []template.Pair{
		template.P("Condition", a.condition),
		template.P("DependsOn", a.dependsOn),
		template.P("DeletionPolicy", a.deletionPolicy),
		template.P("UpdateReplacePolicy", a.updateReplacePolicy),
		template.P("UpdatePolicy", a.updatePolicy),
		template.P("Metadata", a.metadata),
	} {
		if p.Value != nil {
			r.node.Set(p.Key, p.Value.Clone())
		}
	}
	r.node.Set("Properties", template.Map())
	return r
}

func (r *resource) typ() string { return r.node.Get("Type").Str() }

func (r *resource) props() *template.Node { return r.node.Get("Properties") }

// set gives a property a value; an absent value sets nothing.
func (r *resource) set(name string, value *template.Node) {
	if present(value) != nil {
		r.props().Set(name, value)
	}
}

// arn returns GetAtt id.Arn.
func (r *resource) arn() *template.Node { return template.GetAtt(r.id, "Arn") }

// ref returns Ref id.
func (r *resource) ref() *template.Node { return template.Ref(r.id) }
