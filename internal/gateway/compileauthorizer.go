package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/authorizer"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// compileAuthorizer makes what stands before a route.
func (g *Gateway) compileAuthorizer(s *stage, r *apigatewayv2.Route, served *apigatewayv2.ServedStage) (gate, error) {
	switch r.AuthorizationType {
	case "", apigatewayv2.AuthorizationNone:
		return open{}, nil
	case apigatewayv2.AuthorizationIAM:
		return &g.iam, nil
	case apigatewayv2.AuthorizationJWT, apigatewayv2.AuthorizationCustom:
	default:
		return nil, fmt.Errorf("the authorization type %s is not known", r.AuthorizationType)
	}
	a, ok := served.Configuration.Authorizers[r.AuthorizerId]
	switch {
	case !ok:
		return nil, fmt.Errorf("the authorizer %s does not exist", r.AuthorizerId)
	case r.AuthorizationType == apigatewayv2.AuthorizationJWT && a.AuthorizerType == apigatewayv2.AuthorizerJWT:
		return g.compileJWT(r, &a)
	case r.AuthorizationType == apigatewayv2.AuthorizationCustom && a.AuthorizerType == apigatewayv2.AuthorizerRequest:
		return g.compileLambdaAuthorizer(s, &a, served)
	default:
		return nil, fmt.Errorf("the authorizer %s is of the type %s", a.AuthorizerId, a.AuthorizerType)
	}
}

func (g *Gateway) compileJWT(r *apigatewayv2.Route, a *apigatewayv2.Authorizer) (gate, error) {
	if a.JwtConfiguration == nil || len(a.IdentitySource) != 1 {
		return nil, fmt.Errorf("the authorizer %s has no issuer or no identity source", a.AuthorizerId)
	}
	return &jwt{
		JWT:    authorizer.JWT{Issuer: a.JwtConfiguration.Issuer, Audience: a.JwtConfiguration.Audience, Issuers: g.issuers, Now: g.config.Now},
		source: a.IdentitySource[0], scopes: r.AuthorizationScopes,
	}, nil
}

func (g *Gateway) compileLambdaAuthorizer(s *stage, a *apigatewayv2.Authorizer, served *apigatewayv2.ServedStage) (gate, error) {
	arn, err := integration.FunctionARN(a.AuthorizerUri, served.Stage.StageVariables)
	if err != nil {
		return nil, err
	}
	definition, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(definition)
	ttl := 0
	if a.AuthorizerResultTtlInSeconds != nil {
		ttl = *a.AuthorizerResultTtlInSeconds
	}
	return &asked{
		Lambda: authorizer.Lambda{
			Invoker: g.config.Invoker, FunctionARN: arn, Credentials: a.AuthorizerCredentialsArn,
			SourceARN: "arn:" + g.config.Partition + ":execute-api:" + g.config.Region + ":" + g.config.Account + ":" + s.api.id + "/authorizers/" + a.AuthorizerId,
			Format:    a.AuthorizerPayloadFormatVersion, Simple: a.EnableSimpleResponses,
			TTL: time.Duration(ttl) * time.Second, Cache: g.answers,
			CacheKey: s.api.id + "/" + s.name + "/" + hex.EncodeToString(sum[:]),
		},
		sources: a.IdentitySource,
	}, nil
}
