package apigatewayv2

import "strings"

// A ServiceAction is what an AWS service integration does: an operation of a
// service, under the name that integrationSubtype has for it.
type ServiceAction struct {
	Subtype    string
	Service    string // signing name, by which endpoints are configured
	Operation  string
	Parameters []ServiceParameter
}

// A ServiceParameter is a member of an operation's input that requestParameters
// may give.
type ServiceParameter struct {
	Name     string
	Required bool
	Kind     ParameterKind
}

// A ParameterKind says how the text of a mapped value becomes a member.
type ParameterKind uint8

// The kinds of parameters.
const (
	TextParameter   ParameterKind = iota
	NumberParameter               // decimal digits
	ListParameter                 // a JSON array of texts, or texts with commas
	ObjectParameter               // a JSON object, which must come from the request
	BlobParameter                 // bytes, sent as base64
	TimeParameter                 // RFC 3339, sent as seconds since 1970
	RegionParameter               // not sent: the region that is signed for
)

func required(names ...string) (out []ServiceParameter) {
	for _, name := range names {
		out = append(out, ServiceParameter{Name: name, Required: true})
	}
	return out
}

func optional(kind ParameterKind, name string) ServiceParameter {
	return ServiceParameter{Name: name, Kind: kind}
}

func serviceAction(subtype, service string, required []ServiceParameter, optional ...ServiceParameter) ServiceAction {
	_, operation, _ := strings.Cut(subtype, "-")
	parameters := append(required, optional...)
	return ServiceAction{subtype, service, operation, append(parameters, ServiceParameter{Name: "Region", Kind: RegionParameter})}
}

// serviceActions are those of the payload format version 1.0 (AWS: "Integration
// subtype reference").
var serviceActions = []ServiceAction{
	serviceAction("AppConfig-GetConfiguration", "appconfig", required("Application", "Environment", "Configuration", "ClientId"),
		optional(TextParameter, "ClientConfigurationVersion")),
	serviceAction("EventBridge-PutEvents", "events", required("Detail", "DetailType", "Source"),
		optional(TimeParameter, "Time"), optional(TextParameter, "EventBusName"), optional(ListParameter, "Resources"), optional(TextParameter, "TraceHeader")),
	serviceAction("Kinesis-PutRecord", "kinesis", append(required("StreamName", "PartitionKey"), ServiceParameter{"Data", true, BlobParameter}),
		optional(TextParameter, "SequenceNumberForOrdering"), optional(TextParameter, "ExplicitHashKey")),
	serviceAction("SQS-DeleteMessage", "sqs", required("QueueUrl", "ReceiptHandle")),
	serviceAction("SQS-PurgeQueue", "sqs", required("QueueUrl")),
	serviceAction("SQS-ReceiveMessage", "sqs", required("QueueUrl"),
		optional(ListParameter, "AttributeNames"), optional(NumberParameter, "MaxNumberOfMessages"), optional(ListParameter, "MessageAttributeNames"),
		optional(TextParameter, "ReceiveRequestAttemptId"), optional(NumberParameter, "VisibilityTimeout"), optional(NumberParameter, "WaitTimeSeconds")),
	serviceAction("SQS-SendMessage", "sqs", required("QueueUrl", "MessageBody"),
		optional(NumberParameter, "DelaySeconds"), optional(ObjectParameter, "MessageAttributes"), optional(TextParameter, "MessageDeduplicationId"),
		optional(TextParameter, "MessageGroupId"), optional(ObjectParameter, "MessageSystemAttributes")),
	serviceAction("StepFunctions-StartExecution", "states", required("StateMachineArn"),
		optional(TextParameter, "Name"), optional(TextParameter, "Input")),
	serviceAction("StepFunctions-StartSyncExecution", "states", required("StateMachineArn"),
		optional(TextParameter, "Name"), optional(TextParameter, "Input"), optional(TextParameter, "TraceHeader")),
	serviceAction("StepFunctions-StopExecution", "states", required("ExecutionArn"),
		optional(TextParameter, "Cause"), optional(TextParameter, "Error")),
}

// ServiceActionOf returns the action of an integrationSubtype.
func ServiceActionOf(subtype string) (*ServiceAction, error) {
	var names []string
	for i := range serviceActions {
		if serviceActions[i].Subtype == subtype {
			return &serviceActions[i], nil
		}
		names = append(names, serviceActions[i].Subtype)
	}
	return nil, badRequest("Invalid integration subtype %s. Must be one of [%s]", subtype, strings.Join(names, ", "))
}

// A ServiceInput is the requestParameters of an AWS service integration, taken
// apart: a value for some of the action's parameters, by name.
type ServiceInput map[string]MappedValue

// ParseInput reads the requestParameters for the action.
func (a *ServiceAction) ParseInput(parameters map[string]string) (ServiceInput, error) {
	in := ServiceInput{}
	for _, p := range a.Parameters {
		text, given := parameters[p.Name]
		if !given {
			if p.Required {
				return nil, badRequest("Parameter: %s does not exist in RequestParameters of %s, which needs it", p.Name, a.Subtype)
			}
			continue
		}
		value, err := parseValue(text, false)
		if err != nil {
			return nil, err
		}
		constant, isConstant := value.constant()
		switch {
		case text == "":
			return nil, badRequest("Parameter: %s has no value", p.Name)
		case p.Kind == ObjectParameter && isConstant:
			return nil, badRequest("Invalid selection expression specified: Validation Result: warnings : [], errors : [Invalid source: %s specified for destination: %s]", constant, p.Name)
		case p.Kind == RegionParameter && !isConstant:
			return nil, badRequest("Region must be the name of a region, not %s", text)
		}
		in[p.Name] = value
	}
	for _, name := range sortedKeys(parameters) {
		if !a.takes(name) {
			return nil, badRequest("Parameter: %s is none of %s", name, a.Subtype)
		}
	}
	return in, nil
}

func (a *ServiceAction) takes(name string) bool {
	for _, p := range a.Parameters {
		if p.Name == name {
			return true
		}
	}
	return false
}

// checkService refuses an AWS service integration that could not be called.
func (s *Service) checkService(i *Integration) error {
	action, err := ServiceActionOf(i.IntegrationSubtype)
	if err != nil {
		return err
	}
	switch {
	case i.PayloadFormatVersion != "1.0":
		return badRequest("AWS service integrations have the payload format version 1.0")
	case i.IntegrationUri != "":
		return badRequest("An integration with the subtype %s has no integration URI: RequestParameters say what is called", i.IntegrationSubtype)
	case i.CredentialsArn == "":
		return badRequest("Credentials ARN must be specified for an integration with the subtype %s", i.IntegrationSubtype)
	case !strings.Contains(i.CredentialsArn, ":role/"):
		return badRequest("Invalid credentials %s: an integration with the subtype %s is called with a role", i.CredentialsArn, i.IntegrationSubtype)
	}
	if _, err := action.ParseInput(i.RequestParameters); err != nil {
		return err
	}
	if s.config.HasEndpoint == nil || !s.config.HasEndpoint(action.Service) {
		return badRequest("No endpoint is configured for %s, which %s calls: start hakone with --service-endpoint %[1]s=URL", action.Service, i.IntegrationSubtype)
	}
	return checkResponseMappings(i)
}
