package apigatewayv2

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/wire/restjson"
	"github.com/hakonegate/hakone/policy"
)

// asAdministrator returns the context of a call by somebody who may do
// everything.
func asAdministrator(t *testing.T) context.Context {
	t.Helper()
	d, err := policy.Parse(policy.Identity, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:iam::123456789012:user/administrator"
	c := &access.Caller{Kind: policy.User, AccountID: "123456789012", ARN: arn, PrincipalARN: arn, Policies: policy.Set{Identity: []*policy.Policy{policy.New("p", "", d)}}}
	return access.With(t.Context(), c, &access.RequestFacts{})
}

// A client calls the operations as one on the wire does.
type client struct {
	t      *testing.T
	s      *Service
	router *restjson.Router
}

func newClient(t *testing.T, s *Service) *client {
	t.Helper()
	return &client{t, s, restjson.NewRouter(s.API().Operations)}
}

// call returns what an operation answers, as a client decodes it.
func (c *client) call(method, path string, body any) (out map[string]any, err error) {
	c.t.Helper()
	name, labels, ok := c.router.Find(method, path)
	if !ok {
		c.t.Fatalf("%s %s is no operation", method, path)
	}
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, o := range c.s.API().Operations {
		if o.Name != name {
			continue
		}
		in := o.NewInput()
		r := restjson.Request{Labels: labels, Header: http.Header{}, Body: text}
		if err := r.Decode(in); err != nil {
			return nil, err
		}
		answer, err := o.Run(asAdministrator(c.t), in)
		if err != nil {
			return nil, err
		}
		encoded, err := restjson.Encode(answer, true)
		if err != nil {
			return nil, err
		}
		out = map[string]any{}
		return out, json.Unmarshal(encoded.Body, &out)
	}
	return nil, nil
}

// must returns what an operation that does not fail answers.
func (c *client) must(method, path string, body any) map[string]any {
	c.t.Helper()
	out, err := c.call(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

func TestWhatIsMadeIsWhatIsReadAndListed(t *testing.T) {
	s := newService(t)
	s.config.HasEndpoint = func(string) bool { return true }
	c := newClient(t, s)
	api := c.must("POST", "/v2/apis", said{"name": "n", "protocolType": "HTTP", "tags": said{"a": "b"}})["apiId"].(string)
	integration := c.must("POST", "/v2/apis/"+api+"/integrations", said{"integrationType": "HTTP_PROXY", "integrationMethod": "GET", "integrationUri": "https://a.example"})["integrationId"].(string)
	c.must("POST", "/v2/apis/"+api+"/stages", said{"stageName": "$default", "autoDeploy": true})
	base := "/v2/apis/" + api
	tests := []struct {
		name, path, id string
		body, change   said
		want           said // among others
	}{
		{
			"an API", "/v2/apis", "apiId",
			said{"name": "m", "protocolType": "HTTP", "corsConfiguration": said{"allowOrigins": []string{"https://a.example"}}},
			said{"description": "d"},
			said{"apiKeySelectionExpression": "$request.header.x-api-key", "routeSelectionExpression": "$request.method $request.path", "disableExecuteApiEndpoint": false, "ipAddressType": "ipv4", "tags": said{}},
		},
		{
			"a route", base + "/routes", "routeId",
			said{"routeKey": "GET /x", "target": "integrations/" + integration},
			said{"operationName": "x"},
			said{"apiKeyRequired": false, "authorizationType": "NONE"},
		},
		{
			"an integration", base + "/integrations", "integrationId",
			said{"integrationType": "AWS_PROXY", "integrationSubtype": "SQS-PurgeQueue", "credentialsArn": "arn:aws:iam::123456789012:role/r", "requestParameters": said{"QueueUrl": queue}},
			said{"timeoutInMillis": 100},
			said{"connectionType": "INTERNET", "payloadFormatVersion": "1.0", "integrationMethod": "POST"},
		},
		{
			"an authorizer", base + "/authorizers", "authorizerId",
			said{"name": "a", "authorizerType": "REQUEST", "authorizerUri": function, "authorizerPayloadFormatVersion": "2.0", "identitySource": []string{"$request.header.A"}},
			said{"enableSimpleResponses": true, "identitySource": []string{"$request.header.B"}},
			said{"authorizerResultTtlInSeconds": 300.0},
		},
		{
			"a stage", base + "/stages", "stageName",
			said{"stageName": "prod", "stageVariables": said{"k": "v"}},
			said{"description": "d"},
			said{"autoDeploy": false, "defaultRouteSettings": said{"detailedMetricsEnabled": false}, "routeSettings": said{}, "tags": said{}},
		},
		{
			"a domain name", "/v2/domainnames", "domainName",
			said{"domainName": "api.example.com", "domainNameConfigurations": []said{{"certificateArn": "arn:aws:acm:x:1:certificate/c"}}},
			said{"domainNameConfigurations": []said{{"certificateArn": "arn:aws:acm:x:1:certificate/d", "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}}},
			said{"apiMappingSelectionExpression": "$request.basepath", "routingMode": "API_MAPPING_ONLY", "tags": said{}},
		},
		{
			"an API mapping", "/v2/domainnames/api.example.com/apimappings", "apiMappingId",
			said{"apiId": api, "stage": "$default"},
			said{"apiMappingKey": "k"},
			said{"apiMappingKey": ""},
		},
		{
			"a VPC link", "/v2/vpclinks", "vpcLinkId",
			said{"name": "v", "subnetIds": []string{"subnet-1"}, "tags": said{"a": "b"}},
			said{"name": "w"},
			said{"securityGroupIds": []any{}, "vpcLinkStatus": "AVAILABLE", "vpcLinkVersion": "V2", "createdDate": testTime.Format(time.RFC3339)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &client{t, c.s, c.router}
			made := c.must("POST", tt.path, tt.body)
			id, _ := made[tt.id].(string)
			for name, want := range tt.want {
				if diff := cmp.Diff(want, made[name]); diff != "" {
					t.Errorf("%s of what was made (-want +got):\n%s", name, diff)
				}
			}
			same := func(want map[string]any) {
				t.Helper()
				if diff := cmp.Diff(want, c.must("GET", tt.path+"/"+id, nil)); diff != "" {
					t.Errorf("read (-want +got):\n%s", diff)
				}
				items, _ := c.must("GET", tt.path, nil)["items"].([]any)
				for _, item := range items {
					if item, _ := item.(map[string]any); item[tt.id] == id {
						if diff := cmp.Diff(want, item); diff != "" {
							t.Errorf("listed (-want +got):\n%s", diff)
						}
						return
					}
				}
				t.Errorf("not listed in %v", items)
			}
			same(made)
			changed := c.must("PATCH", tt.path+"/"+id, tt.change)
			if cmp.Equal(made, changed) {
				t.Error("the update changed nothing")
			}
			same(changed)
			if tt.name == "a domain name" {
				return // a mapping is to be made in it
			}
			c.must("DELETE", tt.path+"/"+id, nil)
			if _, err := c.call("GET", tt.path+"/"+id, nil); status(err) != http.StatusNotFound {
				t.Errorf("deleted, and yet: %v", err)
			}
		})
	}
}

const queue = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/q"

func TestTagsOfEveryResource(t *testing.T) {
	s := newService(t)
	c := newClient(t, s)
	api := newStage(t, s, "$default")
	c.must("POST", "/v2/domainnames", said{"domainName": "api.example.com"})
	link := c.must("POST", "/v2/vpclinks", said{"name": "v", "subnetIds": []string{"subnet-1"}})["vpcLinkId"].(string)
	for _, resource := range []string{"/apis/" + api, "/apis/" + api + "/stages/$default", "/domainnames/api.example.com", "/vpclinks/" + link} {
		path := "/v2/tags/arn:aws:apigateway:ap-northeast-1::" + resource
		c.must("POST", path, said{"tags": said{"a": "b"}})
		if got := c.must("GET", path, nil)["tags"]; !cmp.Equal(got, any(said{"a": "b"})) {
			t.Errorf("tags of %s: %v", resource, got)
		}
	}
	for _, arn := range []string{"arn:aws:apigateway:ap-northeast-1::/apis/nope", "arn:aws:apigateway:eu-west-1::/apis/" + api, "arn:aws:apigateway:ap-northeast-1::/restapis/x"} {
		if _, err := c.call("GET", "/v2/tags/"+arn, nil); err == nil {
			t.Errorf("%s has tags", arn)
		}
	}
}

func TestWhatHTTPAPIsCannotHave(t *testing.T) {
	s := newService(t)
	c := newClient(t, s)
	api := newStage(t, s, "$default")
	c.must("POST", "/v2/domainnames", said{"domainName": "api.example.com"})
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/v2/apis/" + api + "/models", 0},
		{"GET", "/v2/apis/nope/models", 404},
		{"POST", "/v2/apis/" + api + "/models", 400},
		{"GET", "/v2/apis/" + api + "/models/m", 404},
		{"GET", "/v2/apis/" + api + "/models/m/template", 404},
		{"DELETE", "/v2/apis/" + api + "/routes/r/routeresponses/x", 404},
		{"GET", "/v2/apis/" + api + "/integrations/i/integrationresponses", 404},
	} {
		if _, err := c.call(tt.method, tt.path, said{}); status(err) != tt.want {
			t.Errorf("%s %s: %v, want %d", tt.method, tt.path, err, tt.want)
		}
	}
}

func TestUpdateApiChangesAQuickCreate(t *testing.T) {
	s := newService(t)
	c := newClient(t, s)
	made := c.must("POST", "/v2/apis", said{"name": "n", "protocolType": "HTTP", "target": function})["apiId"].(string)
	c.must("PATCH", "/v2/apis/"+made, said{"name": "m", "routeKey": "GET /x", "target": function + "-2", "credentialsArn": "arn:aws:iam::123456789012:role/r"})
	route := c.must("GET", "/v2/apis/"+made+"/routes", nil)["items"].([]any)[0].(map[string]any)
	integration := c.must("GET", "/v2/apis/"+made+"/"+route["target"].(string), nil)
	if route["routeKey"] != "GET /x" || integration["integrationUri"] != function+"-2" || integration["credentialsArn"] != "arn:aws:iam::123456789012:role/r" {
		t.Errorf("got %v and %v", route, integration)
	}
	if _, err := c.call("PATCH", "/v2/apis/"+made, said{"target": "nope"}); status(err) != http.StatusBadRequest {
		t.Errorf("a target that is none: %v", err)
	}
	plain := createAPI(t, s).ApiId
	if _, err := c.call("PATCH", "/v2/apis/"+plain, said{"target": function}); status(err) != http.StatusBadRequest {
		t.Errorf("an API that was not made so: %v", err)
	}
}
