package sam

import (
	"errors"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/template"
)

const document = "Invalid Serverless Application Specification document. Number of errors found: "

// Each template is refused with AWS's text; most give one function or API.
func TestRefusals(t *testing.T) {
	fn := func(properties string) string {
		return "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {" + properties + "}}}"
	}
	code := func(properties string) string { return fn("InlineCode: x, Handler: h, Runtime: r, " + properties) }
	event := func(e string) string { return code("Events: {E: {" + e + "}}") }
	api := func(properties string) string {
		return "Resources: {A: {Type: 'AWS::Serverless::HttpApi', Properties: {" + properties + "}}}"
	}
	route := func(apiProperties, eventProperties string) string {
		return "Resources: {A: {Type: 'AWS::Serverless::HttpApi', Properties: {" + apiProperties + "}}, F: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Handler: h, Runtime: r, " +
			"Events: {E: {Type: HttpApi, Properties: {ApiId: !Ref A, Path: /x, Method: GET, " + eventProperties + "}}}}}}"
	}
	inF, inA := "1. Resource with id [F] is invalid. ", "1. Resource with id [A] is invalid. "
	inE := inF + "Event with id [E] is invalid. "
	jwt := "Auth: {DefaultAuthorizer: J, Authorizers: {J: {IdentitySource: s, JwtConfiguration: {issuer: i}}}}"

	tests := []struct{ name, template, want string }{
		{"no resources", "Parameters: {}", "1. Structure of the SAM template is invalid. 'Resources' section is required"},
		{"a resource is text", "Resources: {F: x}", "1. Structure of the SAM template is invalid. All 'Resources' must be Objects. If you're using YAML, this may be an indentation issue."},
		{"properties are text", "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: x}}", inF + "Attribute 'Properties' should be a map."},
		{"logical id with a dash", "Resources: {F-1: {Type: 'AWS::Serverless::SimpleTable'}}", "1. Resource with id [F-1] is invalid. Logical ids must be alphanumeric."},
		{"unknown property", code("Foo: 1"), inF + "property Foo not defined for resource of type AWS::Serverless::Function"},
		{"wrong type", code("Layers: x"), inF + "Type of property 'Layers' is invalid."},
		{"missing property", "Resources: {L: {Type: 'AWS::Serverless::LayerVersion'}}", "1. Resource with id [L] is invalid. Missing required property 'ContentUri'."},
		{"local code", fn("CodeUri: src/, Handler: h, Runtime: r"), inF + "'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter."},
		{"code without key", fn("CodeUri: {Bucket: b}, Handler: h, Runtime: r"), inF + "'CodeUri' requires Bucket and Key properties to be specified."},
		{"image without uri", fn("PackageType: Image"), inF + "'ImageUri' must be set."},
		{"reserved tag", code("Tags: {'lambda:createdBy': me}"), inF + "lambda:createdBy is a reserved Tag key name and cannot be set on your resource. Please change the tag key in the input."},
		{"concurrency without alias", code("ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}"), inF + "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function"},
		{"alias from a resource", code("AutoPublishAlias: !Ref X"), inF + "'AutoPublishAlias' must be a string or a Ref to a template parameter"},
		{"url without authorization type", code("FunctionUrlConfig: {Cors: {}}"), inF + "AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE."},
		{"url with unknown CORS setting", code("FunctionUrlConfig: {AuthType: NONE, Cors: {Foo: 1}}"), inF + "Foo is not a valid property for configuring Cors."},
		{"url with CORS of a wrong type", code("FunctionUrlConfig: {AuthType: NONE, Cors: {AllowOrigins: x}}"), inF + "AllowOrigins must be of type list."},
		{"deployment without alias", code("DeploymentPreference: {Type: AllAtOnce}"), inF + "'DeploymentPreference' requires AutoPublishAlias property to be specified."},
		{"destination without type", code("EventInvokeConfig: {DestinationConfig: {OnSuccess: {Type: X}}}"), inF + "'Type: X' must be one of ['SQS', 'SNS', 'EventBridge', 'Lambda', 'S3Bucket']"},
		{"unknown policy", code("Policies: [{Foo: {}, Bar: {}}]"), inF + "Policy at index 0 in the 'Policies' property is not valid"},
		{"policy template without its parameter", code("Policies: [{SQSPollerPolicy: {Foo: 1}}]"), inF + "Following required parameters of template 'SQSPollerPolicy' don't have values: ['QueueName']"},
		{"policy template with text", code("Policies: [{SQSPollerPolicy: x}]"), inF + "Must specify valid parameter values for policy template 'SQSPollerPolicy'"},

		{"unknown event", event("Type: X"), inE + "Resource dict has missing or invalid value for key Type. Event Type is: X."},
		{"event without its property", event("Type: SQS"), "1. Resource with id [FE] is invalid. Missing required property 'Queue'."},
		{"bucket elsewhere", event("Type: S3, Properties: {Bucket: b, Events: e}"), inE + "S3 events must reference an S3 bucket in the same template."},
		{"path without method", event("Type: HttpApi, Properties: {Path: /}"), inE + "Property 'Method' is required."},
		{"method without path", event("Type: HttpApi, Properties: {Method: GET}"), inE + "Property 'Path' is required."},
		{"path from a function", event("Type: HttpApi, Properties: {Path: !Sub x, Method: GET}"), inE + "Property 'Path' should be a string."},
		{"no such API", event("Type: HttpApi, Properties: {Path: /, Method: GET, ApiId: A}"), inE + "ApiId must be a valid reference to an 'AWS::Serverless::HttpApi' resource in same template."},
		{"REST event on an HTTP API", "Resources: {A: {Type: 'AWS::Serverless::HttpApi'}, F: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Handler: h, Runtime: r, Events: {E: {Type: Api, Properties: {Path: /, Method: GET, RestApiId: !Ref A}}}}}}", inE + "RestApiId must be a valid reference to an 'AWS::Serverless::Api' resource in same template."},
		{"two events on one route", code("Events: {E: {Type: HttpApi, Properties: {Path: /x, Method: GET}}, D: {Type: HttpApi, Properties: {Path: /x, Method: get}}}"), inF + "Event with id [D] is invalid. API method 'get' defined multiple times for path '/x'."},

		{"auth without authorizer", route("", "Auth: {AuthorizationScopes: [s]}"), inE + "'Auth' section requires either an explicit 'Authorizer' set or a 'DefaultAuthorizer' configured on the HttpApi."},
		{"authorizer of an API without any", route("", "Auth: {Authorizer: X}"), inE + "Unable to set Authorizer [X] on API method [get] for path [/x] because the related API does not define any Authorizers."},
		{"authorizer that the API lacks", route(jwt, "Auth: {Authorizer: X}"), inE + "Unable to set Authorizer [X] on API method [get] for path [/x] because it wasn't defined in the API's Authorizers."},
		{"NONE without default", route("", "Auth: {Authorizer: NONE}"), inE + "Unable to set Authorizer on API method [get] for path [/x] because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified."},
		{"authorizer that is text", route("Auth: {Authorizers: {X: y}}", "Auth: {Authorizer: X}"), "2. Resource with id [A] is invalid. Property 'Auth.Authorizers.X' should be a map. Resource with id [F] is invalid. Event with id [E] is invalid. Unable to set Authorizer [X] on API method [get] for path [/x]. The method authorizer must be a string with a corresponding dict entry in the api authorizer."},

		{"IAM default that is not enabled", api("Auth: {DefaultAuthorizer: AWS_IAM}"), inA + "Unable to set DefaultAuthorizer because 'AWS_IAM' was not defined in 'Authorizers'."},
		{"IAM enabled by text", api("Auth: {DefaultAuthorizer: AWS_IAM, EnableIamAuthorizer: 'true'}"), inA + "Unable to set DefaultAuthorizer because 'AWS_IAM' was not defined in 'Authorizers'."},
		{"unknown auth key", api("Auth: {Foo: 1}"), inA + "Invalid value for 'Auth' property"},
		{"JWT without identity source", api("Auth: {Authorizers: {J: {JwtConfiguration: {issuer: i}}}}"), inA + "J OAuth2 Authorizer must define 'IdentitySource'."},
		{"Lambda authorizer without version", api("Auth: {Authorizers: {L: {FunctionArn: a}}}"), inA + "L Lambda Authorizer must define 'AuthorizerPayloadFormatVersion'."},
		{"scopes on a Lambda authorizer", api("Auth: {Authorizers: {L: {FunctionArn: a, AuthorizationScopes: [s]}}}"), inA + "AuthorizationScopes is only supported for OAuth2 Authorizer."},
		{"unknown CORS key", api("CorsConfiguration: {Foo: 1}"), inA + "Invalid key 'Foo' for 'Cors' property."},
		{"credentials from anywhere", api("CorsConfiguration: {AllowCredentials: true, AllowOrigins: ['*']}"), inA + `Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is "'*'" or not set.`},
		{"auth of a definition in S3", api("DefinitionUri: 's3://b/k', Auth: {EnableIamAuthorizer: true}"), inA + "Auth works only with inline OpenApi specified in the 'DefinitionBody' property."},
		{"name twice", api("Name: n, DefinitionBody: {openapi: 3.0.1, info: {title: t}, paths: {}}"), inA + "Unable to set Name because it is already defined within inline OpenAPI specified in the 'DefinitionBody' property."},
		{"domain without certificate", api("Domain: {DomainName: d}"), inA + "Custom Domains only works if both DomainName and CertificateArn are provided."},
		{"zone without name", api("Domain: {DomainName: d, CertificateArn: c, Route53: {IpV6: true}}"), inA + "HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains."},

		{"unknown globals section", "Globals: {X: {}}\nResources: {F: {Type: T}}", "1. 'Globals' section is invalid. 'X' is not supported. Must be one of the following values - ['Api', 'CapacityProvider', 'Function', 'HttpApi', 'LayerVersion', 'SimpleTable', 'StateMachine', 'WebSocketApi']"},
		{"table key of an unknown type", "Resources: {T: {Type: 'AWS::Serverless::SimpleTable', Properties: {PrimaryKey: {Name: n, Type: X}}}}", "1. Resource with id [T] is invalid. Invalid 'Type' \"X\"."},
		{"layer kept oddly", "Resources: {L: {Type: 'AWS::Serverless::LayerVersion', Properties: {ContentUri: 's3://b/k', RetentionPolicy: X}}}", "1. Resource with id [L] is invalid. 'RetentionPolicy' must be one of the following options: ['Retain', 'Delete']."},
		{"generated id that exists", "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Handler: h, Runtime: r}}, FRole: {Type: 'AWS::IAM::Role'}}", `1. Transforming resource with id [F] attempts to create a new resource with id [FRole] and type "AWS::IAM::Role". A resource with that id already exists within this template. Please use a different id for that resource.`},
		{"SAM type that is not known", "Resources: {G: {Type: 'AWS::Serverless::GraphQLApi'}}", "1. Resource with id [G] is invalid. Resources of type AWS::Serverless::GraphQLApi are not supported here."},
		{"all causes at once, sorted", "Resources: {Z: {Type: 'AWS::Serverless::Function'}, B: {Type: 'AWS::Serverless::LayerVersion'}}", "2. Resource with id [B] is invalid. Missing required property 'ContentUri'. Resource with id [Z] is invalid. Only one of 'InlineCode' or 'CodeUri' can be set."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := transformText(t, "template.yaml", []byte(tt.template), Options{})
			if err == nil || err.Error() != document+tt.want {
				t.Errorf("error = %v\nwant    %s", err, document+tt.want)
			}
		})
	}
}

func TestRefusalsSayWhere(t *testing.T) {
	text := "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      InlineCode: x\n      Handler: h\n      Runtime: r\n      Foo: 1\n"
	root, _, err := template.Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = Transform(root, Options{})
	e, ok := errors.AsType[*template.Error](err)
	if !ok || len(e.Notes) != 1 || e.Notes[0].Position.String() != "t.yaml:8:7" {
		t.Fatalf("Transform = %v, want a template.Error with a note at t.yaml:8:7", err)
	}
	if !strings.Contains(e.Detail(), "Foo: 1") {
		t.Errorf("Detail() = %q, want the line itself", e.Detail())
	}
}
