package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/authorizer"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/service/sts"
)

// webIdentities verifies tokens of the account's OpenID Connect providers, as
// STS asks for it.
type webIdentities struct {
	iam     *iam.Service
	issuers *authorizer.Issuers
}

func newWebIdentities(s *iam.Service) *webIdentities {
	// An issuer's answers are its own: one that points elsewhere is not followed.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &webIdentities{iam: s, issuers: &authorizer.Issuers{Loopback: true, Client: client}}
}

// Verify implements [sts.WebIdentities]. The issuer of a token is asked for its
// keys only if the account has a provider for it.
func (w *webIdentities) Verify(ctx context.Context, token string) (*sts.WebIdentity, error) {
	issuer, err := authorizer.IssuerOf(token)
	if err != nil {
		return nil, err
	}
	provider, ok := w.iam.IssuerOf(issuer)
	if !ok {
		return nil, fmt.Errorf("%w: %s", sts.ErrNoProvider, issuer)
	}
	j := &authorizer.JWT{Issuer: issuer, Issuers: w.issuers, Now: time.Now}
	who, err := j.Identity(ctx, token)
	if refused, ok := errors.AsType[*authorizer.TokenError](err); ok && refused.Expired() {
		return nil, fmt.Errorf("%w: %w", sts.ErrWebTokenExpired, err)
	}
	if err != nil {
		return nil, err
	}
	audience := who.AuthorizedParty
	claims := map[string]string{}
	for _, claim := range who.Claims {
		claims[claim.Name] = claim.Value
	}
	if audience == "" {
		audience = known(who.Audience, provider.ClientIDList)
	} else {
		claims["oaud"] = strings.Join(who.Audience, ",")
	}
	if !slices.Contains(provider.ClientIDList, audience) {
		return nil, fmt.Errorf("%w: provider %s has no client ID among %q", sts.ErrWebAudience, provider.Arn, who.Audience)
	}
	return &sts.WebIdentity{Provider: provider.Url, Subject: who.Subject, Audience: audience, Claims: claims}, nil
}

// known returns the first audience that is a client ID, or "".
func known(audience, clientIDs []string) string {
	for _, a := range audience {
		if slices.Contains(clientIDs, a) {
			return a
		}
	}
	return ""
}
