//go:build conformance

package conformance

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Custom domain names as clients see them: routing rules made by boto3 and aws,
// then requests by curl, which verifies the certificates of exact and wildcard
// names.
func TestCustomDomainNames(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }))
	defer backend.Close()
	s := start(t)
	administrator := s.environment()
	out := s.run(append(administrator, "BACKEND="+backend.URL), "python3", "-c", rulesScript)
	blue, out, _ := strings.Cut(out, "\n")
	want := `made [{'InvokeApi': {'ApiId': 'BLUE', 'Stage': '$default', 'StripBasePath': True}}] 201
read same
put 200 30 [{'InvokeApi': {'ApiId': 'GREEN', 'Stage': '$default', 'StripBasePath': False}}]
listed [30, 50, 100]
pages [[30, 50], [100]]
ConflictException 409
BadRequestException 400
BadRequestException 400
NotFoundException 404
ROUTING_RULE_THEN_API_MAPPING
`
	if got := strings.NewReplacer(blue, "BLUE").Replace(out); !strings.HasPrefix(got, want) {
		t.Errorf("boto3 printed\n%s\nwant\n%s", got, want)
	}
	base, _, _ := strings.Cut(strings.TrimPrefix(s.status.HTTPS, "https://"), "/_")
	curl := func(host, path string, headers ...string) string {
		t.Helper()
		args := []string{"-s", "--cacert", s.status.CAFile, "--connect-to", "::" + base}
		for _, h := range headers {
			args = append(args, "-H", h)
		}
		return s.run(administrator, "curl", append(args, "https://"+host+path)...)
	}
	for _, tt := range []struct {
		name, host, path, header, want string
	}{
		{"a rule with a header", "api.example.com", "/pets/1", "X-Version: beta-3", "/green/pets/1"},
		{"a rule with a base path, stripped", "api.example.com", "/shop/cart", "X: y", "/blue/cart"},
		{"the last rule takes every request", "api.example.com", "/else", "X: y", "/green/else"},
		{"a wildcard domain name", "a.example.org", "/found", "X: y", "/blue/found"},
		{"another of it", "b.example.org", "/found", "X: y", "/blue/found"},
		{"a rule of the wildcard, before its mapping", "c.example.org", "/v2/found", "X: y", "/green/v2/found"},
		{"an exact name beats the wildcard", "exact.example.org", "/found", "X: y", `{"message":"Not Found"}`},
	} {
		if got := curl(tt.host, tt.path, tt.header); got != tt.want {
			t.Errorf("%s: curl printed %q, want %q", tt.name, got, tt.want)
		}
	}
	t.Run("aws: list, delete", func(t *testing.T) {
		id := strings.TrimSpace(s.run(administrator, "aws", "apigatewayv2", "list-routing-rules", "--domain-name", "api.example.com",
			"--query", "RoutingRules[?Priority==`100`].RoutingRuleId", "--output", "text"))
		s.run(administrator, "aws", "apigatewayv2", "delete-routing-rule", "--domain-name", "api.example.com", "--routing-rule-id", id)
		if got := curl("api.example.com", "/else"); got != `{"message":"Not Found"}` {
			t.Errorf("without the last rule: %q", got)
		}
	})
}

const rulesScript = `
import boto3, os
from botocore.exceptions import ClientError
c = boto3.client("apigatewayv2")
def api(name):
    a = c.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    i = c.create_integration(ApiId=a, IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", PayloadFormatVersion="1.0", IntegrationUri=os.environ["BACKEND"] + "/" + name + "/{proxy}")
    c.create_route(ApiId=a, RouteKey="ANY /{proxy+}", Target="integrations/" + i["IntegrationId"])
    c.create_stage(ApiId=a, StageName="$default", AutoDeploy=True)
    return a
blue, green = api("blue"), api("green")
print(blue)
d = "api.example.com"
c.create_domain_name(DomainName=d, DomainNameConfigurations=[{"CertificateArn": "arn:aws:acm:x:1:certificate/c"}], RoutingMode="ROUTING_RULE_ONLY")
to = lambda a, strip=False: [{"InvokeApi": {"ApiId": a, "Stage": "$default", "StripBasePath": strip}}]
path = lambda p: {"MatchBasePaths": {"AnyOf": [p]}}
header = lambda h, v: {"MatchHeaders": {"AnyOf": [{"Header": h, "ValueGlob": v}]}}
plain = lambda answer: {k: v for k, v in answer.items() if k != "ResponseMetadata"}
r = c.create_routing_rule(DomainName=d, Priority=50, Conditions=[path("shop")], Actions=to(blue, True))
print("made", r["Actions"], r["ResponseMetadata"]["HTTPStatusCode"])
print("read", "same" if plain(c.get_routing_rule(DomainName=d, RoutingRuleId=r["RoutingRuleId"])) == plain(r) else "other")
beta = c.create_routing_rule(DomainName=d, Priority=200, Conditions=[header("x-version", "beta*"), path("pets")], Actions=to(blue))
p = c.put_routing_rule(DomainName=d, RoutingRuleId=beta["RoutingRuleId"], Priority=30, Conditions=[header("x-version", "beta*"), path("pets")], Actions=to(green))
print("put", p["ResponseMetadata"]["HTTPStatusCode"], p["Priority"], str(p["Actions"]).replace(green, "GREEN"))
c.create_routing_rule(DomainName=d, Priority=100, Conditions=[], Actions=to(green))
print("listed", [r["Priority"] for r in c.list_routing_rules(DomainName=d)["RoutingRules"]])
print("pages", [[r["Priority"] for r in page["RoutingRules"]] for page in c.get_paginator("list_routing_rules").paginate(DomainName=d, PaginationConfig={"PageSize": 2})])
def fails(f):
    try: print("done", f())
    except ClientError as e: print(e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])
fails(lambda: c.create_routing_rule(DomainName=d, Priority=50, Conditions=[], Actions=to(blue)))
fails(lambda: c.create_routing_rule(DomainName=d, Priority=51, Conditions=[header("Authorization", "x")], Actions=to(blue)))
fails(lambda: c.create_api_mapping(DomainName=d, ApiId=blue, Stage="$default"))
fails(lambda: c.get_routing_rule(DomainName=d, RoutingRuleId="nope"))
w = "*.example.org"
c.create_domain_name(DomainName=w, DomainNameConfigurations=[{"CertificateArn": "arn:aws:acm:x:1:certificate/c"}])
c.create_domain_name(DomainName="exact.example.org")
c.create_api_mapping(DomainName=w, ApiId=blue, Stage="$default")
print(c.update_domain_name(DomainName=w, RoutingMode="ROUTING_RULE_THEN_API_MAPPING")["RoutingMode"])
c.create_routing_rule(DomainName=w, Priority=1, Conditions=[path("v2")], Actions=to(green))
`
