package sam

import (
	"slices"
	"strconv"

	"github.com/hakonegate/hakone/internal/template"
)

// A roleSpec is an execution role to be generated.
type roleSpec struct {
	trust     *template.Node
	managed   []*template.Node // policy ARNs that the resource itself needs
	documents []*template.Node // inline policies that the resource itself needs
	path      *template.Node
	boundary  *template.Node
	tags      *template.Node
}

// executionRole makes the role of a function or a state machine: what it
// needs by itself and what its Policies say.
func (m *macro) executionRole(spec roleSpec) (*resource, error) {
	role := newResource(m.id+"Role", "AWS::IAM::Role", m.inherited())
	role.set("AssumeRolePolicyDocument", spec.trust)
	for index, policy := range policyEntries(m.get("Policies")) {
		kind, err := kindOfPolicy(policy)
		if err != nil {
			return nil, invalidTemplate(policy, "%s", err)
		}
		switch name := role.id + "Policy" + strconv.Itoa(index); kind {
		case policyStatement:
			spec.documents = append(spec.documents, namedPolicy(name, policy))
		case policyManaged:
			arn := m.managedPolicy(policy)
			if !slices.ContainsFunc(spec.managed, func(known *template.Node) bool { return equal(known, arn) }) {
				spec.managed = append(spec.managed, arn)
			}
		default:
			return nil, invalidResource(m.id, policy, "Policy at index %d in the 'Policies' property is not valid", index)
		}
	}
	role.set("ManagedPolicyArns", template.List(spec.managed...))
	if len(spec.documents) > 0 {
		role.set("Policies", template.List(spec.documents...))
	}
	role.set("Path", spec.path)
	role.set("PermissionsBoundary", spec.boundary)
	role.set("Tags", spec.tags)
	return role, nil
}

// namedPolicy gives a policy document a name; in a Fn::If each branch, but not
// in one inside it.
func namedPolicy(name string, document *template.Node) *template.Node {
	if isIf(document) {
		arg := document.Get("Fn::If")
		branch := func(n *template.Node) *template.Node {
			if n.IsNoValue() {
				return n
			}
			return template.Map(template.P("PolicyName", template.Text(name)), template.P("PolicyDocument", n))
		}
		return template.Map(template.P("Fn::If", template.List(arg.Items[0], branch(arg.Items[1]), branch(arg.Items[2]))))
	}
	return template.Map(template.P("PolicyName", template.Text(name)), template.P("PolicyDocument", document))
}

// trustPolicy lets a service assume a role.
func trustPolicy(service string) *template.Node {
	return template.Map(
		template.P("Version", template.Text("2012-10-17")),
		template.P("Statement", template.List(template.Map(
			template.P("Action", template.Texts("sts:AssumeRole")),
			template.P("Effect", template.Text("Allow")),
			template.P("Principal", template.Map(template.P("Service", template.Texts(service)))),
		))),
	)
}

// allow returns a named policy of one statement.
func allow(name, action string, on *template.Node, version bool) *template.Node {
	document := template.Map()
	if version {
		document.Set("Version", template.Text("2012-10-17"))
	}
	document.Set("Statement", template.List(template.Map(
		template.P("Action", template.Text(action)),
		template.P("Effect", template.Text("Allow")),
		template.P("Resource", on),
	)))
	return namedPolicy(name, document)
}

// invokeAndRole makes the event invoke configuration and the role, which must
// be allowed to write to the configuration's destinations.
func (f *function) invokeAndRole() error {
	documents, err := f.eventInvokeConfig()
	if err != nil {
		return err
	}
	return f.makeRole(documents)
}

// makeRole generates the execution role unless Role is given. A Role that is
// Fn::If with NoValue on one side makes the generated one conditional.
func (f *function) makeRole(documents []*template.Node) error {
	given := f.resolve(f.get("Role"))
	if given.IsMap() && given.Has("Fn::If") && !isIf(given) {
		return invalidResource(f.id, given, "Malformed 'Role' property: Fn::If requires 3 arguments.")
	}
	conditional := isIf(given) && (given.Get("Fn::If").Items[1].IsNoValue() || given.Get("Fn::If").Items[2].IsNoValue())
	if given != nil && !conditional {
		if truthy(f.get("Policies")) {
			f.warn(f.get("Policies"), "Policies of "+f.id+" have no effect: its Role is given, and the role's own policies decide")
		}
		return nil
	}
	spec := roleSpec{
		trust: f.get("AssumeRolePolicyDocument"), documents: documents,
		path: f.get("RolePath"), boundary: f.get("PermissionsBoundary"), tags: f.tagList("lambda:createdBy"),
	}
	if spec.trust == nil {
		spec.trust = trustPolicy("lambda.amazonaws.com")
	}
	basic := "service-role/AWSLambdaBasicExecutionRole"
	if f.get("DurableConfig") != nil {
		basic = "service-role/AWSLambdaBasicDurableExecutionRolePolicy"
	}
	spec.managed = append(spec.managed, f.awsPolicy(basic))
	if tracing := f.get("Tracing"); truthy(tracing) && tracing.Str() != "Disabled" {
		xray := "AWSXrayWriteOnlyAccess"
		if f.partition() != "aws" {
			xray = "AWSXRayDaemonWriteAccess"
		}
		spec.managed = append(spec.managed, f.awsPolicy(xray))
	}
	if truthy(f.get("VpcConfig")) {
		spec.managed = append(spec.managed, f.awsPolicy("service-role/AWSLambdaVPCAccessExecutionRole"))
	}
	if dlq := f.get("DeadLetterQueue"); truthy(dlq) {
		deadLetter := allow("DeadLetterQueuePolicy", deadLetterActions[dlq.Get("Type").Str()], dlq.Get("TargetArn"), true)
		spec.documents = append([]*template.Node{deadLetter}, spec.documents...)
	}
	role, err := f.executionRole(spec)
	if err != nil {
		return err
	}
	f.role = f.add(role)
	f.lambda.set("Role", role.arn())
	if conditional {
		f.chooseRole(given.Get("Fn::If"))
	}
	return nil
}

// chooseRole lets the template's condition choose between the given and the
// generated role.
func (f *function) chooseRole(branches *template.Node) {
	condition, then, otherwise := branches.Items[0], branches.Items[1], branches.Items[2]
	switch {
	case then.IsNoValue() && otherwise.IsNoValue():
	case then.IsNoValue():
		f.lambda.set("Role", chooseBy(condition, f.role.arn(), otherwise))
		f.role.node.Set("Condition", condition)
	default:
		f.lambda.set("Role", chooseBy(condition, then, f.role.arn()))
		f.role.node.Set("Condition", template.Text(f.not(condition, "")))
	}
}

// not returns the name of the opposite of a condition, which it makes.
func (t *translator) not(condition *template.Node, suffix string) string {
	name := "NOT" + pythonText(condition) + suffix
	sectionOf(t.root, "Conditions").Set(name, template.Map(template.P("Fn::Not", template.List(template.Map(template.P("Condition", condition))))))
	return name
}
