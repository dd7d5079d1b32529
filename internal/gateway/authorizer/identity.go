package authorizer

import (
	"context"
	"errors"
	"net/netip"
	"strings"
)

// An Identity is what an OpenID Connect token says of its bearer.
type Identity struct {
	Subject         string
	Audience        []string
	AuthorizedParty string  // azp; "" where there is none
	Claims          []Claim // all of them, sorted by name
}

const expired = "the token has expired"

// Expired reports whether the token was good once.
func (e *TokenError) Expired() bool { return e.Description == expired }

// IssuerOf returns the issuer that a token names, before anything is verified.
func IssuerOf(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", refuse("token contains an invalid number of segments", nil)
	}
	var claims struct{ Iss string }
	if err := decodeSegment(parts[1], &claims); err != nil {
		return "", refuse("token is malformed", err)
	}
	if claims.Iss == "" {
		return "", refuse("issuer does not match", errors.New("the token names no issuer"))
	}
	return claims.Iss, nil
}

// Identity checks a token's signature, issuer and times, but leaves the audience
// to the caller: j.Audience is not looked at. Every error is a [*TokenError].
func (j *JWT) Identity(ctx context.Context, token string) (*Identity, error) {
	claims, err := j.verified(ctx, token)
	if err != nil {
		return nil, err
	}
	if err := j.checkIssuer(claims); err != nil {
		return nil, err
	}
	if err := j.checkTimes(claims); err != nil {
		return nil, err
	}
	subject, _ := claims["sub"].(string)
	if subject == "" {
		return nil, refuse("token is malformed", errors.New("the token has no subject"))
	}
	party, _ := claims["azp"].(string)
	return &Identity{Subject: subject, Audience: list(claims["aud"]), AuthorizedParty: party, Claims: texts(claims)}, nil
}

// onThisMachine reports whether a host is this machine by name or address.
func onThisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
