package authorizer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of RS256 …
	_ "crypto/sha512" // … RS384 and RS512
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A JWT checks the tokens of one JWT authorizer. It is immutable and safe for
// concurrent use.
type JWT struct {
	Issuer   string
	Audience []string
	Issuers  *Issuers
	Now      func() time.Time
}

// A Token is a token that was accepted.
type Token struct {
	Claims []Claim  // sorted by name
	Scopes []string // of "scope" or "scp"; never nil
}

// A Claim is a claim in the text form that functions see.
type Claim struct{ Name, Value string }

// A TokenError says why a token was refused, in the words of the
// www-authenticate header's error_description.
type TokenError struct {
	Description string
	Err         error // more, for the operator
}

// Error returns the description.
func (e *TokenError) Error() string {
	if e.Err != nil {
		return e.Description + ": " + e.Err.Error()
	}
	return e.Description
}

// Unwrap returns e.Err.
func (e *TokenError) Unwrap() error { return e.Err }

func refuse(description string, err error) *TokenError { return &TokenError{description, err} }

// algorithms are those that API Gateway takes: RSA only.
var algorithms = map[string]crypto.Hash{"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512}

// Verify checks a token's signature and claims. Every error is a [*TokenError].
func (j *JWT) Verify(ctx context.Context, token string) (*Token, error) {
	claims, err := j.verified(ctx, token)
	if err != nil {
		return nil, err
	}
	if err := j.check(claims); err != nil {
		return nil, err
	}
	return &Token{Claims: texts(claims), Scopes: scopes(claims)}, nil
}

// verified returns the claims of a token whose signature is the issuer's.
func (j *JWT) verified(ctx context.Context, token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, refuse("token contains an invalid number of segments", nil)
	}
	var header struct {
		Alg, Kid string
		Crit     []string // extensions that must be understood; none is
	}
	if err := decodeSegment(parts[0], &header); err != nil {
		return nil, refuse("token is malformed", err)
	}
	hash, ok := algorithms[header.Alg]
	if !ok {
		return nil, refuse("signing method "+printable(header.Alg)+" is invalid", nil)
	}
	if len(header.Crit) > 0 {
		return nil, refuse("token is malformed", errors.New("the token's header has critical extensions"))
	}
	if header.Kid == "" {
		return nil, refuse("unable to find matching key", errors.New("the token's header has no kid"))
	}
	var claims map[string]any
	if err := decodeSegment(parts[1], &claims); err != nil {
		return nil, refuse("token is malformed", err)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, refuse("token is malformed", err)
	}
	key, err := j.Issuers.key(ctx, j.Issuer, header.Kid)
	if err != nil {
		return nil, err
	}
	digest := hash.New()
	digest.Write([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, hash, digest.Sum(nil), signature); err != nil {
		return nil, refuse("signature verification failed", err)
	}
	return claims, nil
}

// check compares the claims with what the authorizer wants and with the clock.
func (j *JWT) check(claims map[string]any) error {
	if err := j.checkIssuer(claims); err != nil {
		return err
	}
	audience := list(claims["aud"])
	if _, ok := claims["aud"]; !ok {
		audience = list(claims["client_id"])
	}
	if !slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(j.Audience, a) }) {
		return refuse("the token does not have a valid audience", nil)
	}
	return j.checkTimes(claims)
}

func (j *JWT) checkIssuer(claims map[string]any) error {
	if iss, _ := claims["iss"].(string); iss != j.Issuer {
		return refuse("issuer does not match", nil)
	}
	return nil
}

func (j *JWT) checkTimes(claims map[string]any) error {
	now := float64(j.Now().UnixNano()) / 1e9
	if exp, ok := seconds(claims["exp"]); !ok || exp <= now {
		return refuse(expired, nil)
	}
	for _, name := range []string{"nbf", "iat"} {
		if v, present := claims[name]; present {
			if at, ok := seconds(v); !ok || at > now {
				return refuse("the token is not valid yet", nil)
			}
		}
	}
	return nil
}

func decodeSegment(segment string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

func seconds(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// list returns a text or a list of texts as a list.
func list(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
		return out
	default:
		return nil
	}
}

// scopes returns the scopes of a token: "scope", separated by blanks, or "scp".
func scopes(claims map[string]any) []string {
	if s, ok := claims["scope"].(string); ok {
		return append([]string{}, strings.Fields(s)...)
	}
	out := []string{}
	for _, s := range list(claims["scp"]) {
		out = append(out, strings.Fields(s)...)
	}
	return out
}

// texts returns claims as functions see them: always as text.
func texts(claims map[string]any) []Claim {
	var out []Claim
	for name, v := range claims {
		if v != nil {
			out = append(out, Claim{name, text(v)})
		}
	}
	slices.SortFunc(out, func(a, b Claim) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// text writes a claim as AWS was seen to: lists in brackets with blanks and
// without quotes, numbers without an exponent.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		if !strings.ContainsAny(v.String(), "eE") {
			return v.String()
		}
		if f, ok := new(big.Float).SetString(v.String()); ok && f.MantExp(nil) < 1024 {
			return f.Text('f', -1)
		}
		return v.String()
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, text(item))
		}
		return "[" + strings.Join(items, " ") + "]"
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
}

// printable returns s cut to what may stand in a header.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 20)]
}
