package sam

import (
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// Name is the transform's name as templates write it.
const Name = "AWS::Serverless-2016-10-31"

// Options says for whom a template is transformed. The zero value transforms
// for partition aws, with the template's own parameter defaults, and refuses
// local code as AWS does.
type Options struct {
	Region     string            // AWS::Region, where the transform needs it
	Parameters map[string]string // given parameter values; they override defaults

	// Artifact is asked for each CodeUri, ContentUri or DefinitionUri that is
	// a local path, as written. It returns the s3:// URI that takes the path's
	// place. When it is nil, local paths are refused with AWS's text.
	Artifact func(path string, at template.Position) (uri string, err error)
}

// Applies reports whether a template asks for the transform.
func Applies(root *template.Node) bool {
	t := root.Get("Transform")
	if t.IsScalar() {
		return t.Value == Name
	}
	if t.IsList() {
		for _, item := range t.Items {
			if item.Str() == Name {
				return true
			}
		}
	}
	return false
}

// Transform returns the plain CloudFormation template that root stands for.
// It transforms whether or not root has a Transform section; see [Applies].
//
// The root is not changed. A template that AWS refuses gives a
// *[template.Error] whose message is AWS's text, with all causes collected
// and a note for the place of each.
func Transform(root *template.Node, opts Options) (*template.Node, []template.Warning, error) {
	t := &translator{opts: opts, root: root.Clone()}
	if err := t.run(); err != nil {
		return nil, t.warnings, err
	}
	return t.root, t.warnings, nil
}

// A translator is one run of the transform.
type translator struct {
	opts     Options
	root     *template.Node // a copy of the template, rewritten in place
	warnings []template.Warning
	faults   []*fault

	resources  *template.Node            // the Resources section; events add to APIs and buckets in it
	managed    map[string]bool           // APIs whose body the transform itself wrote
	generated  map[string]*template.Node // what events define of APIs with MergeDefinitions
	parameters map[string]*template.Node // values of parameters and pseudo parameters
	mappings   *template.Node
	renamed    map[string]string            // logical id → the id it became
	referable  map[string]map[string]string // logical id → property → generated id, for Ref Fn.Alias
	made       map[string][]*resource       // SAM resource → what it became
	shared     []*resource                  // made once for many SAM resources
	zones      map[string]*resource         // Route 53 record set groups by logical id
	deploys    deployments
	plans      usagePlans
}

func (t *translator) run() error {
	for _, phase := range []func(){
		t.structure,      // is it a template at all?
		t.bindParameters, // defaults and given values
		t.skeletons,      // explicit APIs without a body get an empty one
		func() { t.implicitAPI(&restAPI) },
		func() { t.implicitAPI(&httpAPI) },
		t.mergeGlobals,
		t.quoteVersions,
		t.embeddedConnectors,
		t.expand,
	} {
		if phase(); len(t.faults) > 0 {
			return collect(t.faults)
		}
	}
	t.assemble()
	t.rewriteReferences()
	return nil
}

// structure checks what everything after it relies on.
func (t *translator) structure() {
	t.resources = t.root.Get("Resources")
	if !t.resources.IsMap() || len(t.resources.Pairs) == 0 {
		t.fail(invalidTemplate(t.root, "'Resources' section is required"))
		return
	}
	for _, p := range t.resources.Pairs {
		if !p.Value.IsMap() {
			t.fail(invalidTemplate(p.Value, "All 'Resources' must be Objects. If you're using YAML, this may be an indentation issue."))
			return
		}
	}
	for i := range t.resources.Pairs {
		id, r := t.resources.Pairs[i].Key, t.resources.Pairs[i].Value
		if !isServerless(r) {
			continue
		}
		switch properties := r.Get("Properties"); {
		case properties == nil:
			r.Set("Properties", template.Map().At(r.Position))
		case !properties.IsMap():
			if kindOf(r) == "Connector" {
				t.fail(invalidResource(id, properties, "Properties of a resource must be an object."))
				return
			}
			t.fail(invalidResource(id, properties, "Attribute 'Properties' should be a map."))
			return
		}
		if c := r.Get("Condition"); truthy(c) && !c.IsText() {
			t.fail(invalidTemplate(c, "Every Condition member must be a string."))
			return
		}
	}
	t.managed = map[string]bool{}
	t.generated = map[string]*template.Node{}
	t.renamed = map[string]string{}
	t.referable = map[string]map[string]string{}
	t.made = map[string][]*resource{}
	t.zones = map[string]*resource{}
	t.mappings = t.root.Get("Mappings")
}

const prefix = "AWS::Serverless::"

func isServerless(r *template.Node) bool { return strings.HasPrefix(r.Get("Type").Str(), prefix) }

// kindOf returns "Function" for a resource of type AWS::Serverless::Function.
func kindOf(r *template.Node) string {
	kind, _ := strings.CutPrefix(r.Get("Type").Str(), prefix)
	if !isServerless(r) {
		return ""
	}
	return kind
}

// each calls f for the SAM resources of the given kinds, in source order.
// f may add resources.
func (t *translator) each(f func(id string, r *template.Node), kinds ...string) {
	pairs := append([]template.Pair(nil), t.resources.Pairs...)
	for _, p := range pairs {
		for _, kind := range kinds {
			if kindOf(p.Value) == kind {
				f(p.Key, p.Value)
			}
		}
	}
}

// A macro is a SAM resource on its way to what it stands for.
type macro struct {
	*translator
	id    string
	kind  string         // "Function"
	node  *template.Node // the whole resource
	props *template.Node // its properties, Globals merged in
	made  []*resource
}

// expansions are the resource types that the transform knows. Functions come
// first: their events write into APIs, which come after them.
var expansions = []struct {
	kind   string
	rules  []property
	expand func(*macro) error
}{
	{"Function", functionProperties, expandFunction},
	{"StateMachine", stateMachineProperties, expandStateMachine},
	{"Api", apiProperties, expandAPI},
	{"HttpApi", httpAPIProperties, expandHTTPAPI},
	{"SimpleTable", simpleTableProperties, expandSimpleTable},
	{"LayerVersion", layerProperties, expandLayer},
	{"Application", applicationProperties, expandApplication},
	{"CapacityProvider", capacityProviderProperties, expandCapacityProvider},
	{"Connector", connectorProperties, expandConnector},
}

func (t *translator) expand() {
	t.refuseUnsupported()
	for _, order := range [][]string{{"Function"}, {"StateMachine"}, {"Api", "HttpApi"}, {"SimpleTable", "LayerVersion", "Application", "CapacityProvider"}, {"Connector"}} {
		t.each(func(id string, r *template.Node) {
			for _, e := range expansions {
				if e.kind != kindOf(r) {
					continue
				}
				m := &macro{translator: t, id: id, kind: e.kind, node: r, props: r.Get("Properties")}
				if err := m.expand(e.rules, e.expand); err != nil {
					t.fail(asFault(id, r, err))
				}
			}
		}, order...)
	}
	t.deploys.finish(t)
	t.plans.finish(t)
}

// refuseUnsupported reports the SAM types that AWS's transform has and this one
// has not: leaving them in the template would only move the refusal to the
// deployment. A type that nobody has stays, as AWS leaves it.
func (t *translator) refuseUnsupported() {
	t.each(func(id string, r *template.Node) {
		t.fail(invalidResource(id, r.Get("Type"), "Resources of type %s are not supported here.", r.Get("Type").Value))
	}, "GraphQLApi", "WebSocketApi")
}

func (m *macro) expand(rules []property, expand func(*macro) error) error {
	if !isAlphanumeric(m.id) {
		return invalidResource(m.id, m.node, "Logical ids must be alphanumeric.")
	}
	if m.kind == "Function" || m.kind == "StateMachine" {
		if err := m.expandPolicyTemplates(); err != nil {
			return err
		}
	}
	if m.kind == "Application" {
		if err := m.checkLocation(); err != nil {
			return err
		}
	}
	if err := validate(m.id, m.node.Get("Type").Value, m.props, rules); err != nil {
		return err
	}
	if err := expand(m); err != nil {
		return err
	}
	for _, r := range m.made {
		if !isAlphanumeric(r.id) {
			return invalidResource(r.id, m.node, "Logical ids must be alphanumeric.")
		}
		if !m.mayMake(r) {
			m.fail(&fault{
				sortKey: m.id, place: m.node.Position,
				message: "Transforming resource with id [" + m.id + "] attempts to create a new resource with id [" + r.id + "] and type \"" + r.typ() +
					"\". A resource with that id already exists within this template. Please use a different id for that resource.",
			})
		}
		r.node.At(m.node.Position)
	}
	m.translator.made[m.id] = m.made
	return nil
}

// mayMake reports whether a made resource may have its logical id: it must be
// new, or take the place of what it was made from.
func (m *macro) mayMake(r *resource) bool {
	existing := m.resources.Get(r.id)
	if existing == nil {
		return true
	}
	from := map[string]string{
		"AWS::Lambda::Function":            "AWS::Serverless::Function",
		"AWS::Lambda::LayerVersion":        "AWS::Serverless::LayerVersion",
		"AWS::ApiGateway::RestApi":         "AWS::Serverless::Api",
		"AWS::ApiGatewayV2::Api":           "AWS::Serverless::HttpApi",
		"AWS::DynamoDB::Table":             "AWS::Serverless::SimpleTable",
		"AWS::Lambda::CapacityProvider":    "AWS::Serverless::CapacityProvider",
		"AWS::CloudFormation::Stack":       "AWS::Serverless::Application",
		"AWS::StepFunctions::StateMachine": "AWS::Serverless::StateMachine",
		"AWS::S3::Bucket":                  "AWS::S3::Bucket",
		"AWS::SNS::Topic":                  "AWS::SNS::Topic",
		"AWS::Cognito::UserPool":           "AWS::Cognito::UserPool",
		"AWS::ApiGateway::DomainName":      "AWS::ApiGateway::DomainName",
		"AWS::ApiGateway::BasePathMapping": "AWS::ApiGateway::BasePathMapping",
		"AWS::ApiGatewayV2::DomainName":    "AWS::ApiGatewayV2::DomainName",
		"AWS::Route53::RecordSetGroup":     "AWS::Route53::RecordSetGroup",
	}[r.typ()]
	return from != "" && existing.Get("Type").Str() == from
}

// add makes one more resource of the expansion.
func (m *macro) add(r *resource) *resource {
	m.made = append(m.made, r)
	return r
}

// refer lets Ref id.property, and its forms in GetAtt and Sub, name a made
// resource.
func (m *macro) refer(property string, r *resource) { m.referID(property, r.id) }

func (m *macro) referID(property, id string) {
	if m.referable[m.id] == nil {
		m.referable[m.id] = map[string]string{}
	}
	m.referable[m.id][property] = id
}

// inherited returns the attributes that pass to generated resources.
func (m *macro) inherited() attributes {
	return attributes{
		condition:           m.node.Get("Condition"),
		deletionPolicy:      m.node.Get("DeletionPolicy"),
		updateReplacePolicy: m.node.Get("UpdateReplacePolicy"),
	}
}

// own returns the attributes of the resource that keeps the SAM resource's
// place: also those that do not pass to others.
func (m *macro) own() attributes {
	a := m.inherited()
	a.dependsOn, a.metadata, a.updatePolicy = m.node.Get("DependsOn"), m.node.Get("Metadata"), m.node.Get("UpdatePolicy")
	return a
}

// get returns a property, nil when it is absent or null.
func (m *macro) get(name string) *template.Node { return present(m.props.Get(name)) }

// assemble puts what was made in the places of what it was made from.
func (t *translator) assemble() {
	out := template.Map()
	out.Position = t.resources.Position
	for _, p := range t.resources.Pairs {
		made, expanded := t.made[p.Key]
		if !expanded {
			if !out.Has(p.Key) {
				out.Pairs = append(out.Pairs, p)
			}
			continue
		}
		for _, r := range made {
			out.Set(r.id, r.node)
			out.Pair(r.id).KeyPosition = p.KeyPosition
		}
	}
	for _, r := range t.shared {
		out.Set(r.id, r.node)
	}
	t.root.Set("Resources", out)
	t.root.Delete("Globals")
	t.root.Delete("Transform")
}

func (t *translator) warn(at *template.Node, text string) {
	w := template.Warning{Text: text}
	if at != nil {
		w.Position = at.Position
	}
	t.warnings = append(t.warnings, w)
}
