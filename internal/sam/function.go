package sam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var functionProperties = []property{
	{name: "FunctionName", shape: text | mapping},
	{name: "Handler", shape: anything},
	{name: "Runtime", shape: anything},
	{name: "CodeUri", shape: anything},
	{name: "ImageUri", shape: anything},
	{name: "PackageType", shape: anything},
	{name: "InlineCode", shape: anything},
	{name: "DeadLetterQueue", shape: mapping},
	{name: "Description", shape: anything},
	{name: "MemorySize", shape: anything},
	{name: "Timeout", shape: anything},
	{name: "VpcConfig", shape: anything},
	{name: "Role", shape: text},
	{name: "AssumeRolePolicyDocument", shape: mapping},
	{name: "Policies", shape: text | mapping | textsOrMaps},
	{name: "RolePath", shape: anything},
	{name: "PermissionsBoundary", shape: text},
	{name: "Environment", shape: mapsByName},
	{name: "Events", shape: mapsByName},
	{name: "Tags", shape: mapping},
	{name: "PropagateTags", shape: boolean},
	{name: "Tracing", shape: text | mapping},
	{name: "KmsKeyArn", shape: anything},
	{name: "DeploymentPreference", shape: mapping},
	{name: "ReservedConcurrentExecutions", shape: anything},
	{name: "Layers", shape: textsOrMaps},
	{name: "EventInvokeConfig", shape: mapping},
	{name: "AutoPublishAlias", shape: text, old: true},
	{name: "AutoPublishCodeSha256", shape: text, old: true},
	{name: "AutoPublishAliasAllProperties", shape: boolean, literal: true},
	{name: "VersionDescription", shape: anything},
	{name: "VersionDeletionPolicy", shape: anything},
	{name: "ProvisionedConcurrencyConfig", shape: anything},
	{name: "FileSystemConfigs", shape: anything},
	{name: "ImageConfig", shape: anything},
	{name: "CodeSigningConfigArn", shape: anything},
	{name: "Architectures", shape: anything},
	{name: "SnapStart", shape: mapping},
	{name: "EphemeralStorage", shape: anything},
	{name: "FunctionUrlConfig", shape: mapping},
	{name: "RuntimeManagementConfig", shape: anything},
	{name: "LoggingConfig", shape: anything},
	{name: "RecursiveLoop", shape: anything},
	{name: "SourceKMSKeyArn", shape: anything},
	{name: "TenancyConfig", shape: anything},
	{name: "DurableConfig", shape: mapping},
	{name: "CapacityProviderConfig", shape: mapping},
	{name: "FunctionScalingConfig", shape: mapping},
	{name: "PublishToLatestPublished", shape: anything},
}

// passedToFunction are the properties that go to the Lambda function as they
// are.
var passedToFunction = []string{
	"FunctionName", "Description", "Handler", "Runtime", "MemorySize", "Timeout", "PackageType", "ImageConfig", "VpcConfig", "Environment", "KmsKeyArn",
	"ReservedConcurrentExecutions", "Layers", "FileSystemConfigs", "CodeSigningConfigArn", "Architectures", "SnapStart", "EphemeralStorage",
	"RuntimeManagementConfig", "LoggingConfig", "RecursiveLoop", "TenancyConfig", "DurableConfig", "FunctionScalingConfig", "PublishToLatestPublished",
}

// A function is an AWS::Serverless::Function while it is expanded.
type function struct {
	*macro
	lambda *resource
	role   *resource // the generated execution role, nil when Role is given
	alias  *resource
	events []*eventSource

	machine bool // it is a state machine: events start executions with roles of their own
}

func expandFunction(m *macro) error {
	f := &function{macro: m}
	for _, step := range []func() error{
		f.linkEvents, // the events refer to what they may refer to
		f.construct,
		f.publish,
		f.url,
		f.deploymentPreference,
		f.invokeAndRole,
		f.makeEvents,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	f.propagateTags()
	return nil
}

// taggable are the generated types that PropagateTags gives the tags of their
// function or state machine.
var taggable = []string{"AWS::Lambda::Function", "AWS::StepFunctions::StateMachine", "AWS::IAM::Role", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::IoT::TopicRule"}

// propagateTags makes the resource's own tags those of all that was made, also
// where the transform has put a tag of its own.
func (f *function) propagateTags() {
	if !f.propagatesTags() {
		return
	}
	for _, r := range f.made {
		if slices.Contains(taggable, r.typ()) {
			r.set("Tags", tagList("", f.get("Tags")))
		}
	}
}

func (f *function) propagatesTags() bool {
	return truthy(f.get("PropagateTags")) && truthy(f.get("Tags"))
}

func (f *function) construct() error {
	if err := f.checkDeadLetterQueue(); err != nil {
		return err
	}
	code, err := f.code()
	if err != nil {
		return err
	}
	f.lambda = f.add(newResource(f.id, "AWS::Lambda::Function", f.own()))
	f.lambda.set("Code", code)
	for _, name := range passedToFunction {
		f.lambda.set(name, f.get(name))
	}
	f.lambda.set("Role", f.get("Role"))
	if tracing := f.get("Tracing"); truthy(tracing) && tracing.Str() != "Disabled" {
		f.lambda.set("TracingConfig", template.Map(template.P("Mode", tracing)))
	}
	if dlq := f.get("DeadLetterQueue"); truthy(dlq) {
		f.lambda.set("DeadLetterConfig", template.Map(template.P("TargetArn", dlq.Get("TargetArn"))))
	}
	if err := f.checkTags("lambda:createdBy"); err != nil {
		return err
	}
	if err := f.checkTenancy(); err != nil {
		return err
	}
	f.lambda.set("Tags", f.tagList("lambda:createdBy"))
	if c := f.get("CapacityProviderConfig"); truthy(c) {
		provider, err := f.capacityProvider(c)
		if err != nil {
			return err
		}
		f.lambda.set("CapacityProviderConfig", provider)
	}
	return f.checkPackageType(code)
}

// checkTenancy refuses what functions with a tenancy configuration or a
// capacity provider cannot have.
func (f *function) checkTenancy() error {
	if truthy(f.get("TenancyConfig")) {
		for _, p := range []struct{ name, text string }{
			{"ProvisionedConcurrencyConfig", "Provisioned concurrency"}, {"FunctionUrlConfig", "Function URL"}, {"SnapStart", "SnapStart"},
		} {
			if value := f.get(p.name); truthy(value) {
				return invalidResource(f.id, value, "%s is not supported for functions enabled with tenancy configuration.", p.text)
			}
		}
	}
	provider := f.get("CapacityProviderConfig")
	if vpc := f.get("VpcConfig"); truthy(provider) && truthy(vpc) {
		return invalidResource(f.id, vpc, "Cannot specify 'CapacityProviderConfig' and 'VpcConfig' together.")
	}
	if scaling := f.get("FunctionScalingConfig"); truthy(scaling) && !truthy(provider) {
		return invalidResource(f.id, scaling, "'FunctionScalingConfig' requires 'CapacityProviderConfig'.")
	}
	if !truthy(f.get("TenancyConfig")) {
		return nil
	}
	for _, e := range f.events {
		if e.typ != "Api" && e.typ != "HttpApi" {
			return invalidResource(f.id, e.node, "Event source '%s' is not supported for functions enabled with tenancy configuration. Only Api and HttpApi event sources are supported.", e.typ)
		}
	}
	return nil
}

// checkTags keeps the transform's own tag for itself.
func (m *macro) checkTags(reserved string) error {
	if tags := m.get("Tags"); tags.Has(reserved) {
		return invalidResource(m.id, tags, "%s is a reserved Tag key name and cannot be set on your resource. Please change the tag key in the input.", reserved)
	}
	return nil
}

// tagList returns Tags as a list of keys and values, the SAM tag first.
func (m *macro) tagList(createdBy string) *template.Node {
	return tagList(createdBy, m.get("Tags"))
}

func tagList(createdBy string, tags *template.Node) *template.Node {
	all := template.List()
	tag := func(key string, value *template.Node) {
		all.Append(template.Map(template.P("Key", template.Text(key)), template.P("Value", value)))
	}
	if createdBy != "" {
		tag(createdBy, template.Text(createdBySAM))
	}
	if tags.IsMap() {
		for _, p := range tags.Pairs {
			if p.Value.IsNull() {
				p.Value = template.Text("")
			}
			tag(p.Key, p.Value)
		}
	}
	return all
}

func (f *function) code() (*template.Node, error) {
	inline, uri, image := f.get("InlineCode"), f.get("CodeUri"), f.get("ImageUri")
	if uri == nil && f.opts.Artifact != nil {
		// Packaging a template takes its own folder when CodeUri is missing.
		uri = template.Text(".").At(f.node.Position)
	}
	var code *template.Node
	packaged := f.get("PackageType")
	switch {
	case truthy(packaged) && packaged.Str() != "Zip" && packaged.Str() != "Image":
		return nil, invalidResource(f.id, packaged, "invalid 'PackageType' : %s", pythonText(packaged))
	case packaged.Str() == "Image":
		if !truthy(image) {
			return nil, invalidResource(f.id, f.node, "'ImageUri' must be set.")
		}
		f.warn(image, fmt.Sprintf("the function %s is a container image, which does not run here", f.id))
		return template.Map(template.P("ImageUri", image)), nil
	case inline != nil:
		code = template.Map(template.P("ZipFile", inline))
	case uri != nil:
		location, err := f.s3Location("CodeUri", uri)
		if err != nil {
			return nil, err
		}
		code = location.code()
	default:
		return nil, invalidResource(f.id, f.node, "Only one of 'InlineCode' or 'CodeUri' can be set.")
	}
	if key := f.get("SourceKMSKeyArn"); key != nil {
		code.Set("SourceKMSKeyArn", key)
	}
	return code, nil
}

func (f *function) checkPackageType(code *template.Node) error {
	has := func(names ...string) bool {
		for _, name := range names {
			if truthy(f.get(name)) {
				return true
			}
		}
		return false
	}
	switch f.get("PackageType").Str() {
	case "", "Zip":
		if !has("Runtime") || !has("Handler") {
			return invalidResource(f.id, f.node, "Runtime and Handler needs to be present when PackageType is of type `Zip`")
		}
		if has("ImageConfig") || code.Has("ImageUri") {
			return invalidResource(f.id, f.node, "ImageUri or ImageConfig cannot be present when PackageType is of type `Zip`")
		}
	case "Image":
		if has("Handler", "Runtime", "Layers") {
			return invalidResource(f.id, f.node, "Runtime, Handler, Layers cannot be present when PackageType is of type `Image`")
		}
	}
	return nil
}

// deadLetterActions are the types of DeadLetterQueue and what the function's
// role must be allowed for each.
var deadLetterActions = map[string]string{"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}

func (f *function) checkDeadLetterQueue() error {
	dlq := f.get("DeadLetterQueue")
	if !truthy(dlq) {
		return nil
	}
	// DeadLetterQueue is not resolved: an intrinsic type cannot name an action.
	if !truthy(dlq.Get("TargetArn")) || !truthy(dlq.Get("Type")) {
		return invalidResource(f.id, dlq, "'DeadLetterQueue' requires Type and TargetArn properties to be specified.")
	}
	if !dlq.Get("Type").IsText() {
		return invalidResource(f.id, dlq, "Property 'DeadLetterQueue.Type' should be a string.")
	}
	if deadLetterActions[dlq.Get("Type").Str()] == "" {
		return invalidResource(f.id, dlq, "'DeadLetterQueue' requires Type of %s", quoted([]string{"SQS", "SNS"}))
	}
	return nil
}

// publish makes the version and the alias that AutoPublishAlias asks for.
func (f *function) publish() error {
	name := f.get("AutoPublishAlias")
	if truthy(f.get("ProvisionedConcurrencyConfig")) && !truthy(name) {
		return invalidResource(f.id, f.node, "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function")
	}
	if !truthy(name) {
		return nil
	}
	name = f.resolve(name)
	if !name.IsText() {
		return invalidResource(f.id, name, "'AutoPublishAlias' must be a string or a Ref to a template parameter")
	}
	if !aliasName.MatchString(name.Value) {
		return invalidResource(f.id, name, "AutoPublishAlias name ('%s') must contain only alphanumeric characters, hyphens, or underscores matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern.", name.Value)
	}
	if policy := f.get("VersionDeletionPolicy"); policy != nil && !isIntrinsic(policy) && policy.Str() != "Delete" && policy.Str() != "Retain" {
		return invalidResource(f.id, policy, "Property 'VersionDeletionPolicy' should be a one of the strings: 'Delete' or 'Retain'.")
	}
	version, err := f.version()
	if err != nil {
		return err
	}
	f.add(version)
	f.refer("Version", version)

	suffix := strings.NewReplacer("-", "D", "_", "U").Replace(name.Value)
	f.alias = f.add(newResource(f.id+"Alias"+suffix, "AWS::Lambda::Alias", f.inherited()))
	f.alias.set("Name", name)
	f.alias.set("FunctionName", f.lambda.ref())
	f.alias.set("FunctionVersion", template.GetAtt(version.id, "Version"))
	f.alias.set("ProvisionedConcurrencyConfig", f.get("ProvisionedConcurrencyConfig"))
	f.refer("Alias", f.alias)
	return nil
}

// version makes the function's version. Its logical id changes with the code
// and what else makes a new version necessary, so that an update publishes
// one.
func (f *function) version() (*resource, error) {
	var content *template.Node
	if isTrue(f.get("AutoPublishAliasAllProperties")) {
		content = f.lambda.props().Clone()
	} else {
		content = f.resolve(f.lambda.props().Get("Code")).Clone()
		f.lambda.set("Code", content.Clone())
		if env := f.get("Environment"); env.IsMap() {
			for _, p := range env.Pairs {
				content.Set(p.Key, p.Value)
			}
		}
		if memory := f.get("MemorySize"); truthy(memory) {
			content.Set("MemorySize", memory)
		}
		if snap := f.get("SnapStart"); snap.Get("ApplyOn") != nil && snap.Get("ApplyOn").Str() != "None" {
			content.Set("SnapStart", snap)
		}
	}
	id := hashed(f.id+"Version", content)
	if sum := f.get("AutoPublishCodeSha256"); truthy(sum) {
		sum = f.resolve(sum)
		if !sum.IsText() {
			return nil, invalidResource(f.id, sum, "AutoPublishCodeSha256 must be a string")
		}
		id = f.id + "Version" + sum.Value[:min(10, len(sum.Value))]
		f.describe(sum)
	}
	a := f.inherited()
	if a.deletionPolicy == nil {
		a.deletionPolicy = template.Text("Retain")
		if truthy(f.get("CapacityProviderConfig")) {
			a.deletionPolicy = template.Text("Delete")
		}
		if policy := f.get("VersionDeletionPolicy"); policy != nil {
			a.deletionPolicy = policy
		}
	}
	v := newResource(id, "AWS::Lambda::Version", a)
	v.set("FunctionName", f.lambda.ref())
	v.set("Description", f.get("VersionDescription"))
	v.set("FunctionScalingConfig", f.get("FunctionScalingConfig"))
	return v, nil
}

// describe ends the function's description with the hash of its code, so that
// CloudFormation sees a change and publishes.
func (f *function) describe(sum *template.Node) {
	switch description := f.get("Description"); {
	case !truthy(description):
		f.lambda.set("Description", sum)
	case description.IsMap():
		f.lambda.set("Description", template.Map(template.P("Fn::Join", template.List(template.Text(" "), template.List(description, sum)))))
	default:
		f.lambda.set("Description", template.Text(description.Str()+" "+sum.Value))
	}
}

var aliasName = regexp.MustCompile(`^[a-zA-Z0-9_-]*[a-zA-Z_-][a-zA-Z0-9_-]*$`)

// invoked returns how permissions and mappings name what events invoke.
func (f *function) invoked() *template.Node {
	if f.alias != nil {
		return f.alias.ref()
	}
	return f.lambda.ref()
}

// invokedARN returns the ARN of what events invoke.
func (f *function) invokedARN() *template.Node {
	if f.alias != nil {
		return f.alias.ref()
	}
	if f.machine {
		return f.lambda.ref() // the Ref of a state machine is its ARN
	}
	return f.lambda.arn()
}
