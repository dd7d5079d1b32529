package sam

import (
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

var s3Properties = []property{
	{name: "Bucket", shape: text, required: true},
	{name: "Events", shape: text | texts, required: true, literal: true},
	{name: "Filter", shape: mapping, old: true},
}

func linkS3(e *eventSource) error {
	bucket := e.get("Bucket")
	if id := bucket.Get("Ref"); bucket.IsMap() && id != nil {
		if !id.IsText() {
			return e.invalid(bucket, "'Ref' value in S3 events is not a valid string.")
		}
		if e.resources.Has(id.Value) {
			return nil
		}
	}
	return e.invalid(bucket, "S3 events must reference an S3 bucket in the same template.")
}

// makeS3 lets the bucket invoke the function and writes the notification into
// the bucket. The permission must exist before the bucket checks it.
func makeS3(e *eventSource) error {
	id := e.get("Bucket").Get("Ref").Value
	bucket := e.resources.Get(id)
	if err := expectType(bucket, id, "AWS::S3::Bucket"); err != nil {
		return err
	}
	permission := e.add(e.permission("s3.amazonaws.com", e.full+"Permission", template.P("SourceAccount", template.Ref("AWS::AccountId"))))

	properties := bucket.Get("Properties")
	if properties.IsNull() {
		properties = template.Map().At(e.node.Position)
		bucket.Set("Properties", properties)
	}
	condition := e.macro.node.Get("Condition").Str()
	if condition == "" {
		if err := e.dependOn(bucket, permission.id); err != nil {
			return err
		}
	} else {
		// DependsOn cannot name a resource that may not exist. A tag that
		// refers to it, if it exists, makes the same order.
		tags := properties.Get("Tags")
		if !tags.IsNull() && !tags.IsList() {
			return invalidResource(id, tags, "Property 'Tags' should be a list.")
		}
		if tags.IsNull() {
			tags = template.List()
			properties.Set("Tags", tags)
		}
		tags.Append(template.Map(
			template.P("Key", template.Text("sam:ConditionalDependsOn:"+permission.id)),
			template.P("Value", choose(condition, permission.ref(), template.Text("no dependency"))),
		))
	}
	if n := properties.Get("NotificationConfiguration"); !n.IsNull() && !n.IsMap() {
		return invalidResource(id, n, "Property 'NotificationConfiguration' should be a map.")
	}
	notifications := sectionOf(properties, "NotificationConfiguration")
	lambdas := notifications.Get("LambdaConfigurations")
	if lambdas.IsNull() {
		lambdas = template.List()
		notifications.Set("LambdaConfigurations", lambdas)
	}
	if !lambdas.IsList() {
		return invalidResource(id, lambdas, "Property 'NotificationConfiguration.LambdaConfigurations' should be a list.")
	}
	types := []*template.Node{e.get("Events")}
	if types[0].IsList() {
		types = types[0].Items
	}
	for _, typ := range types {
		n := pairs(template.P("Event", typ), template.P("Function", e.invokedARN()), template.P("Filter", e.get("Filter")))
		if condition != "" {
			n = orNothing(condition, n)
		}
		if !slices.ContainsFunc(lambdas.Items, func(other *template.Node) bool { return equal(other, n) }) {
			lambdas.Append(n.At(e.node.Position))
		}
	}
	return nil
}

// dependOn adds a logical id to a resource's DependsOn.
func (e *eventSource) dependOn(r *template.Node, id string) error {
	all := template.List()
	switch on := r.Get("DependsOn"); {
	case on.IsNull():
	case on.IsScalar():
		all.Append(on)
	case on.IsList():
		all = on
	default:
		return invalidResource(e.full, on, "Invalid type for field 'DependsOn'. Expected a string or list of strings.")
	}
	for _, known := range all.Items {
		if known.Str() == id {
			return nil
		}
	}
	all.Append(template.Text(id))
	r.Set("DependsOn", all.At(e.node.Position))
	return nil
}
