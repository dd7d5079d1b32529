package hakone_test

import (
	"strings"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// The directories of the tests that show the HTTP API.
const (
	inGateway     = "internal/gateway."
	inRoutes      = "internal/gateway/httpapi."
	inEvents      = "internal/gateway/event."
	inAuthorizers = "internal/gateway/authorizer."
	inAPIs        = "internal/service/apigatewayv2."
	inServer      = "internal/server."
	inConformance = "conformance."
)

func httpAPICompatibility() compatibility {
	return compatibility{
		title: "HTTP APIs (API Gateway, version 2)",
		intro: "REST and WebSocket APIs are not here.",
		sections: []compatibilitySection{
			{"Addresses", []compatibilityRow{
				{"default endpoints by host, `$default` and named stages", yes, "", []string{inGateway + "TestAddresses"}},
				{"`disableExecuteApiEndpoint`", yes, "", []string{inGateway + "TestDisabledEndpointIsNotFound"}},
				{"HTTP/2 and HTTP/1.1, AWS's headers and no other", yes, "", []string{inServer + "TestAnswersOfDocumentedRequests", inGateway + "TestHTTP2WritesNoOtherHeader"}},
				{"deployments, `autoDeploy`, stage variables", yes, "", []string{inAPIs + "TestStagesServeTheirDeployment"}},
				{"custom domain names with API mappings, wildcards", yes, "", []string{inGateway + "TestCustomDomainNames", inAPIs + "TestDomainNamesAreChecked", inAPIs + "TestApiMappingsAreChecked"}},
				{"mutual TLS with a truststore", yes, "", []string{inServer + "TestMutualTLS", inGateway + "TestMutualTLSIsAskedOfTheRequestsConnection"}},
				{"certificates of one's own", yes, "", []string{inServer + "TestGivenCertificates"}},
				{"certificates from a public authority (ACME)", partly, "single names; a wildcard's is given (`--tls-cert`)", []string{inServer + "TestConfiguredNamesGetAPublicCertificate", inServer + "TestWithoutAPublicCertificateTheLocalOneIsServed", inServer + "TestPublicCertificatesAreRenewed"}},
				{"routing rules and modes, on headers and base paths", yes, "", []string{inGateway + "TestRoutingRules", inAPIs + "TestRoutingRulesAreChecked", inAPIs + "TestRoutingModesKeepWhatTheyDoNotServe", inConformance + "TestCustomDomainNames"}},
			}},
			{"Routes", []compatibilityRow{
				{"selection: literal, variable, greedy, `ANY`, `$default`", yes, "", []string{inRoutes + "TestRouteSelection", inRoutes + "FuzzRoute"}},
				{"percent-encoding of paths and queries", yes, "", []string{inRoutes + "TestDecodePath", inRoutes + "TestParseQuery"}},
				{"order of checks: an unknown path is 404 before it is 403", yes, "", []string{inGateway + "TestUnknownPathIs404EvenUnsigned"}},
				{"CORS of the API", yes, "", []string{inRoutes + "TestCORS", inGateway + "TestCORSOfTheAPI"}},
				{"limits: request line, headers, 10 MB bodies, slow senders", yes, "", []string{inGateway + "TestLimits", inGateway + "TestOddRequestsGetABoundedAnswer", inGateway + "TestASlowBodyIsGivenUp", inGateway + "TestTheLogSaysWhyARequestIsRefused"}},
				{"malformed and smuggled requests, idle connections", yes, "", []string{inServer + "TestMalformedRequestsAreRefusedAndNothingBehindThemIsRouted", inServer + "TestMalformedHTTP2IsNotPassedOn", inServer + "TestTenThousandIdleConnectionsLeaveTheServerAtWork"}},
				{"connections and memory are bounded, each refusal is an answer", yes, "", []string{inServer + "TestTooManyConnectionsAreRefused", inServer + "TestTooManySecureConnectionsAreRefused", inServer + "TestIdleConnectionsCostLittle", inGateway + "TestBodiesTakeBoundedMemory"}},
				{"throttling of the account, stages and routes", yes, "", []string{inGateway + "TestThrottling", inGateway + "TestTheAccountsThrottleIsSharedByAllRoutes"}},
			}},
			{"Authorizers", []compatibilityRow{
				{"`AWS_IAM`, signed headers and presigned URLs", yes, "", []string{inGateway + "TestSignedRequestIsAnsweredAndUnsignedOneRefused", inGateway + "TestRefusedSignatures", inGateway + "TestPresignedURLIsAnswered"}},
				{"JWT: discovery, JWKS, claims, scopes, `www-authenticate`", yes, "", []string{inAuthorizers + "TestTokens", inAuthorizers + "TestKeysAreFetchedAnew", inGateway + "TestRefusedTokens", inGateway + "TestTokensWithScopes"}},
				{"Lambda authorizers 1.0 and 2.0, simple answers, cache", yes, "", []string{inGateway + "TestLambdaAuthorizerAnswers", inGateway + "TestLambdaAuthorizerIdentitySources"}},
			}},
			{"Integrations", []compatibilityRow{
				{"Lambda: events 1.0 and 2.0", yes, "", []string{inServer + "TestEventsOfDocumentedRequests", inEvents + "TestEvents", inEvents + "TestBodyIsBase64UnlessText"}},
				{"Lambda: answers, inferred and structured", yes, "", []string{inServer + "TestAnswersOfDocumentedRequests", inEvents + "TestParseV2", inEvents + "TestParseV1"}},
				{"Lambda: failures, timeouts", yes, "", []string{inGateway + "TestFailedIntegrations", inGateway + "TestSlowFunctionIsUnavailableAfterTheTimeout"}},
				{"Lambda: resource policy by SourceArn, credentials", yes, "", []string{inGateway + "TestFunctionIsInvokedForTheRoute", inGateway + "TestCredentialsOfTheIntegration"}},
				{"HTTP: URI, query, headers, streaming, failures", yes, "", []string{inGateway + "TestHTTPProxyPassesTheRequest", inGateway + "TestHTTPProxyFailures", inGateway + "TestHTTPProxyStreamsAndBreaksOff"}},
				{"parameter mapping of requests and answers", yes, "", []string{inGateway + "TestRequestParameterMapping", inGateway + "TestResponseParameterMapping"}},
				{"private integrations through VPC links, server name", partly, "the operator gives the address (`--vpc-link`)", []string{inGateway + "TestPrivateIntegrationsReachTheAddressThatWasGiven", inGateway + "TestPrivateIntegrationsVerifyTheServerNameThatIsConfigured"}},
				{"AWS services, the ten subtypes", partly, "the operator gives the endpoint (`--service-endpoint`)", []string{inGateway + "TestServiceActions", inGateway + "TestServiceActionsThatFail", inAPIs + "TestServiceIntegrations"}},
			}},
			{"Logs and metrics", []compatibilityRow{
				{"access logs with `$context` variables", partly, "Firehose as a destination", []string{inGateway + "TestAccessLog"}},
				{"metrics by API, stage and route", partly, "as Prometheus text, not in CloudWatch", []string{inGateway + "TestMetricsCountByRoute", inServer + "TestAScraperReadsMetricsWithTheTokenAndNothingElse"}},
			}},
			{"Definitions", []compatibilityRow{
				{"import of OpenAPI 3.0 with extensions", yes, "", []string{inAPIs + "TestImportTakesTheBasePath", inAPIs + "TestBodyIsReadFromAnObject", inAPIs + "TestPassthroughIsWhatAProxyDoes", inAPIs + "TestArticleBodyIsImported", inAPIs + "TestImportReadsAuthorizersAndDefaultRoute", inAPIs + "TestImportRefusesWhatItDoesNotUnderstand"}},
				{"export, which imports as the same API", yes, "", []string{inAPIs + "TestAnExportImportsAsTheSameAPI", inAPIs + "TestExportOfAStage"}},
				{"CloudFormation types `AWS::ApiGatewayV2::*`", partly, "those of WebSocket APIs and portals", []string{inAPIs + "TestStackMakesARoutingRule", inAPIs + "TestStackOverridesAQuickCreate", inAPIs + "TestStackMakesChangesAndRemovesAnAPI", inAPIs + "TestStackImportsABody", inAPIs + "TestStackMakesADomainName"}},
				{"what is made is what is read and listed", yes, "", []string{inAPIs + "TestWhatIsMadeIsWhatIsReadAndListed", inConformance + "TestControlPlaneClients"}},
				{"Terraform's `aws_apigatewayv2_*`: a plan after an apply is empty", partly, "shown by the provider's calls, not by the provider", []string{inConformance + "TestTerraformSeesWhatItSaid"}},
				{"statuses and texts of errors, `resourceType`, WebSocket members refused by name", yes, "", []string{inAPIs + "TestNotFoundNamesTheKindOfResource", inAPIs + "TestMembersOfWebSocketAPIsAreRefusedByName"}},
			}},
			{"Operations", operationRows()},
		},
	}
}

// operations are those of the model of API Gateway's version 2, portals apart.
const operations = `CreateApi ImportApi GetApi GetApis ReimportApi UpdateApi DeleteApi ExportApi DeleteCorsConfiguration
CreateAuthorizer GetAuthorizer GetAuthorizers UpdateAuthorizer DeleteAuthorizer ResetAuthorizersCache
CreateDeployment GetDeployment GetDeployments UpdateDeployment DeleteDeployment
CreateIntegration GetIntegration GetIntegrations UpdateIntegration DeleteIntegration
CreateRoute GetRoute GetRoutes UpdateRoute DeleteRoute DeleteRouteRequestParameter
CreateStage GetStage GetStages UpdateStage DeleteStage DeleteAccessLogSettings DeleteRouteSettings
CreateDomainName GetDomainName GetDomainNames UpdateDomainName DeleteDomainName
CreateApiMapping GetApiMapping GetApiMappings UpdateApiMapping DeleteApiMapping
CreateVpcLink GetVpcLink GetVpcLinks UpdateVpcLink DeleteVpcLink
GetTags TagResource UntagResource
CreateModel GetModel GetModels UpdateModel DeleteModel GetModelTemplate
CreateIntegrationResponse GetIntegrationResponse GetIntegrationResponses UpdateIntegrationResponse DeleteIntegrationResponse
CreateRouteResponse GetRouteResponse GetRouteResponses UpdateRouteResponse DeleteRouteResponse
CreateRoutingRule GetRoutingRule ListRoutingRules PutRoutingRule DeleteRoutingRule`

// operationRows asks the service itself which operations it has.
func operationRows() (rows []compatibilityRow) {
	served := map[string]bool{}
	for _, o := range new(apigatewayv2.Service).API().Operations {
		served[o.Name] = true
	}
	for line := range strings.SplitSeq(operations, "\n") {
		r := compatibilityRow{here: yes, proof: []string{inAPIs + "TestWhatIsMadeIsWhatIsReadAndListed"}}
		var names, lacking []string
		for name := range strings.FieldsSeq(line) {
			names = append(names, "`"+name+"`")
			if !served[name] {
				lacking = append(lacking, "`"+name+"`")
			}
		}
		r.what = strings.Join(names, " ")
		switch {
		case len(lacking) == len(names):
			r.here, r.missing, r.proof = no, "all", nil
		case len(lacking) > 0:
			r.here, r.missing = partly, strings.Join(lacking, " ")
		case strings.Contains(line, "RoutingRule"):
			r.proof = []string{inAPIs + "TestRoutingRulesOnTheWire", inConformance + "TestCustomDomainNames"}
		case strings.Contains(line, "Model") || strings.Contains(line, "Response"):
			r.here, r.missing, r.proof = no, "not for HTTP APIs: refused by name, nothing is listed", nil
		}
		rows = append(rows, r)
	}
	return rows
}
