package sam

import "github.com/hakonegate/hakone/internal/template"

// destinationTypes are the destinations of asynchronous invocations: the
// suffix of the policy that the function's role gets, and its action.
var destinationTypes = []struct{ name, policy, action string }{
	{"SQS", "SQSPolicy", "sqs:SendMessage"},
	{"SNS", "SNSPolicy", "sns:publish"},
	{"EventBridge", "EventBridgePolicy", "events:PutEvents"},
	{"Lambda", "LambdaPolicy", "lambda:InvokeFunction"},
	{"S3Bucket", "S3Policy", "s3:PutObject"},
}

// eventInvokeConfig makes the configuration of asynchronous invocations with
// its destinations, and returns the policies that they need.
func (f *function) eventInvokeConfig() ([]*template.Node, error) {
	config := f.get("EventInvokeConfig")
	if !truthy(config) {
		return nil, nil
	}
	config = f.resolve(config)
	a := f.own()
	a.dependsOn = nil
	qualifier := template.Text("$LATEST")
	if f.alias != nil {
		a.dependsOn = template.Texts(f.alias.id)
		qualifier = f.alias.props().Get("Name")
	}
	r := newResource(f.id+"EventInvokeConfig", "AWS::Lambda::EventInvokeConfig", a)

	var documents []*template.Node
	destinations := template.Map()
	if given := config.Get("DestinationConfig"); truthy(given) {
		if !given.IsMap() {
			return nil, invalidResource(f.id, given, "Property 'EventInvokeConfig.DestinationConfig' should be a map.")
		}
		for _, p := range given.Pairs {
			if p.Key != "OnSuccess" && p.Key != "OnFailure" {
				f.warn(p.Value, p.Key+" of the DestinationConfig of "+f.id+" has no effect")
			}
		}
		for _, outcome := range []string{"OnSuccess", "OnFailure"} {
			destination := present(given.Get(outcome))
			if destination == nil {
				continue
			}
			if !destination.IsMap() {
				return nil, invalidResource(f.id, destination, "Property 'EventInvokeConfig.DestinationConfig.%s' should be a map.", outcome)
			}
			arn, document, err := f.destination(destination, r.id+outcome)
			if err != nil {
				return nil, err
			}
			destinations.Set(outcome, template.Map(template.P("Destination", arn)))
			documents = append(documents, document)
		}
	}
	r.set("DestinationConfig", destinations)
	r.set("FunctionName", f.lambda.ref())
	r.set("Qualifier", qualifier)
	r.set("MaximumEventAgeInSeconds", config.Get("MaximumEventAgeInSeconds"))
	r.set("MaximumRetryAttempts", config.Get("MaximumRetryAttempts"))
	f.add(r)
	return documents, nil
}

// destination returns a destination's ARN and the policy to write to it. A
// queue or topic without ARN is made; with an ARN that is Fn::If it is made
// for the side that has none.
func (f *function) destination(config *template.Node, id string) (arn, document *template.Node, err error) {
	typ := config.Get("Type").Str()
	names := make([]string, 0, len(destinationTypes))
	policy, action := "", ""
	for _, d := range destinationTypes {
		names = append(names, d.name)
		if d.name == typ {
			policy, action = d.policy, d.action
		}
	}
	if action == "" {
		return nil, nil, invalidResource(f.id, config, "'Type: %s' must be one of %s", pythonText(config.Get("Type")), quoted(names))
	}
	arn = present(config.Get("Destination"))
	if arn.IsMap() && arn.Has("Fn::If") && !isIf(arn) {
		return nil, nil, invalidResource(f.id, arn, "Malformed 'Destination' property: Fn::If requires 3 arguments.")
	}
	condition := ""
	if isIf(arn) {
		condition = f.conditionOfNothing(arn.Get("Fn::If"))
	}
	if arn == nil || condition != "" {
		made, err := f.makeDestination(typ, id, config)
		if err != nil {
			return nil, nil, err
		}
		if own := f.macro.node.Get("Condition").Str(); condition != "" && own != "" {
			// AWS's transform wraps each of the two twice.
			named := func(n *template.Node) *template.Node { return template.Map(template.P("Condition", n)) }
			name := own + "AND" + condition + shortHash(f.id)
			sectionOf(f.root, "Conditions").Set(name, template.Map(template.P("Fn::And", template.List(
				named(named(template.Text(own))), named(named(template.Text(condition)))))))
			made.node.Set("Condition", template.Text(name))
		} else if condition != "" {
			made.node.Set("Condition", template.Text(condition))
		}
		target := made.arn()
		if typ == "SNS" {
			target = made.ref()
		}
		if condition == "" {
			arn = target
		} else {
			given := arn.Get("Fn::If").Items[2]
			if given.IsNoValue() {
				given = arn.Get("Fn::If").Items[1]
			}
			arn = choose(condition, target, given)
		}
	}
	if typ == "S3Bucket" {
		return arn, bucketPolicy(id+policy, arn), nil
	}
	return arn, allow(id+policy, action, arn, false), nil
}

// bucketPolicy returns the policy to write any object to a bucket. The
// statement for the objects names them the way AWS's transform does.
func bucketPolicy(name string, bucket *template.Node) *template.Node {
	objects := template.Map(template.P("Fn::Join", template.List(template.Text("/"), template.List(bucket, template.Text("*")))))
	document := allow(name, "s3:PutObject", objects, false)
	statement := template.Map(template.P("Action", template.Text("s3:ListBucket")), template.P("Effect", template.Text("Allow")), template.P("Resource", bucket.Clone()))
	document.Path("PolicyDocument", "Statement").Append(statement)
	return document
}

// conditionOfNothing returns the name of the condition under which a Fn::If
// gives NoValue, "" when it never does. For the second branch it makes the
// opposite condition.
func (f *function) conditionOfNothing(arg *template.Node) string {
	condition := arg.Items[0].Str()
	switch {
	case arg.Items[1].IsNoValue() && arg.Items[2].IsNoValue():
		return ""
	case arg.Items[1].IsNoValue():
		return condition
	case arg.Items[2].IsNoValue():
		return f.not(arg.Items[0], shortHash(f.id+"EventInvokeConfig"))
	default:
		return ""
	}
}

func (f *function) makeDestination(typ, id string, at *template.Node) (*resource, error) {
	switch typ {
	case "SQS":
		r := f.add(newResource(id+"Queue", "AWS::SQS::Queue", f.inherited()))
		f.refer("DestinationQueue", r)
		return r, nil
	case "SNS":
		r := f.add(newResource(id+"Topic", "AWS::SNS::Topic", f.inherited()))
		f.refer("DestinationTopic", r)
		return r, nil
	default:
		return nil, invalidResource(f.id, at, "Destination is required if Type is not %s", quoted([]string{"SQS", "SNS"}))
	}
}
