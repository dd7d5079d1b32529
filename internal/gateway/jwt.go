package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/gateway/authorizer"
	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/sigv4"
)

// jwt admits callers with a good token of an issuer, and with one of the
// route's scopes where it has any.
type jwt struct {
	authorizer.JWT

	source string
	scopes []string
}

func (j *jwt) authenticate(x *exchange) error {
	token := strings.TrimSpace(x.identity(j.source))
	if len(token) >= len("bearer") && strings.EqualFold(token[:len("bearer")], "bearer") && (len(token) == len("bearer") || token[len("bearer")] == ' ') {
		token = strings.TrimSpace(token[len("bearer"):])
	}
	if token == "" {
		return unauthorized("the identity source "+j.source+" has no token", "Bearer")
	}
	accepted, err := j.Verify(x.r.Context(), token)
	if refused, ok := errors.AsType[*authorizer.TokenError](err); ok {
		return unauthorized("the token is refused: "+refused.Error(),
			`Bearer scope="`+strings.Join(j.scopes, " ")+`" error="invalid_token" error_description="`+refused.Description+`"`)
	}
	if err != nil {
		return internal("the token could not be verified", err)
	}
	x.authorizer.JWT = &event.JWT{}
	for _, c := range accepted.Claims {
		x.authorizer.JWT.Claims = append(x.authorizer.JWT.Claims, event.Parameter(c))
	}
	x.tokenScopes = accepted.Scopes
	return nil
}

func (j *jwt) authorize(x *exchange) error {
	if _, err := x.resource(); err != nil {
		return err
	}
	if len(j.scopes) == 0 {
		return nil
	}
	if slices.ContainsFunc(x.tokenScopes, func(s string) bool { return slices.Contains(j.scopes, s) }) {
		x.authorizer.JWT.Scopes = x.tokenScopes
		return nil
	}
	return &refusal{
		Status: http.StatusForbidden, Detail: "the token has none of the route's scopes " + strings.Join(j.scopes, " "),
		Headers: challenge(`Bearer scope="` + strings.Join(j.scopes, " ") + `" error="insufficient_scope"`),
	}
}

func unauthorized(detail, header string) error {
	return &refusal{Status: http.StatusUnauthorized, Detail: detail, Headers: challenge(header)}
}

func challenge(value string) []sigv4.Header {
	return []sigv4.Header{{Name: "www-authenticate", Value: value}}
}
