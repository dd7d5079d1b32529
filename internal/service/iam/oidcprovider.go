package iam

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
)

const (
	maxClientIDs   = 100
	maxThumbprints = 5
)

var thumbprintChars = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

// An OpenIDConnectProvider is an issuer of tokens that roles may trust. Its
// thumbprints are kept and shown; TLS trusts the system's authorities, as IAM has
// done for most issuers since 2024.
type OpenIDConnectProvider struct {
	Url            string // without the scheme, as IAM shows it
	ClientIDList   []string
	ThumbprintList []string
	CreateDate     time.Time
	Tags           []Tag

	Arn    string `query:"-"`
	Issuer string `query:"-"` // as tokens say it, with the scheme
}

// CreateOIDCProviderInput is the input of
// [Service.CreateOpenIDConnectProvider].
type CreateOIDCProviderInput struct {
	Url            string `wire:"required"`
	ClientIDList   []string
	ThumbprintList []string
	Tags           []Tag
}

// CreateOIDCProviderOutput names the new provider.
type CreateOIDCProviderOutput struct {
	OpenIDConnectProviderArn string
	Tags                     []Tag
}

// CreateOpenIDConnectProvider adds an issuer of tokens.
func (s *Service) CreateOpenIDConnectProvider(ctx context.Context, in *CreateOIDCProviderInput) (*CreateOIDCProviderOutput, error) {
	bare, err := checkIssuer(in.Url)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	p := OpenIDConnectProvider{
		Url: bare, Issuer: in.Url, ClientIDList: in.ClientIDList, ThumbprintList: in.ThumbprintList, Tags: in.Tags,
		CreateDate: s.timestamp(), Arn: s.arn("oidc-provider", "/", bare),
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := s.oidc.Create(ctx, p.Arn, p); err != nil {
		if errors.Is(err, store.ErrExists) {
			return nil, exists("Provider with url %s already exists.", in.Url)
		}
		return nil, err
	}
	return &CreateOIDCProviderOutput{OpenIDConnectProviderArn: p.Arn, Tags: p.Tags}, nil
}

// checkIssuer returns an issuer's URL without the scheme. http is for issuers on
// this machine only.
func checkIssuer(text string) (string, error) {
	invalid := awserr.New("InvalidInput", 400, "Invalid Open ID Connect Provider URL")
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > 255 || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", invalid
	case u.Scheme == "https":
	case u.Scheme == "http" && onThisMachine(u.Hostname()):
	default:
		return "", invalid
	}
	return text[len(u.Scheme)+len("://"):], nil
}

func onThisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// check refuses what IAM's quotas and patterns do.
func (p *OpenIDConnectProvider) check() error {
	if len(p.ClientIDList) > maxClientIDs {
		return limit("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", maxClientIDs)
	}
	if len(p.ThumbprintList) > maxThumbprints {
		return awserr.New("InvalidInput", 400, "Thumbprint list must contain fewer than %d entries.", maxThumbprints+1)
	}
	for _, id := range p.ClientIDList {
		if id == "" || len(id) > 255 {
			return awserr.Validation("1 validation error detected: Value '%s' at 'clientIDList' failed to satisfy constraint: Member must have length between 1 and 255, inclusive", id)
		}
	}
	for _, t := range p.ThumbprintList {
		if !thumbprintChars.MatchString(t) {
			return awserr.Validation("1 validation error detected: Value '%s' at 'thumbprintList' failed to satisfy constraint: Member must have length between 40 and 40, inclusive", t)
		}
	}
	return nil
}

func noProvider(arn string) error { return noSuch("OpenIDConnect Provider not found for arn %s", arn) }

// OIDCProviderInput names a provider, and what to change of it.
type OIDCProviderInput struct {
	OpenIDConnectProviderArn string `wire:"required"`
	ClientID                 string
	ThumbprintList           []string
}

// GetOpenIDConnectProvider returns a provider.
func (s *Service) GetOpenIDConnectProvider(_ context.Context, in *OIDCProviderInput) (*OpenIDConnectProvider, error) {
	p, ok := s.oidc.Get(in.OpenIDConnectProviderArn)
	if !ok {
		return nil, noProvider(in.OpenIDConnectProviderArn)
	}
	return &p, nil
}

// An OIDCProviderEntry names a provider in a list.
type OIDCProviderEntry struct{ Arn string }

// ListOIDCProvidersOutput lists all providers: IAM does not page them.
type ListOIDCProvidersOutput struct{ OpenIDConnectProviderList []OIDCProviderEntry }

// ListOpenIDConnectProviders lists the providers.
func (s *Service) ListOpenIDConnectProviders(context.Context, *wire.Nothing) (*ListOIDCProvidersOutput, error) {
	out := &ListOIDCProvidersOutput{OpenIDConnectProviderList: []OIDCProviderEntry{}}
	for arn := range s.oidc.All() {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, OIDCProviderEntry{arn})
	}
	return out, nil
}

// UpdateOpenIDConnectProviderThumbprint replaces the thumbprints.
func (s *Service) UpdateOpenIDConnectProviderThumbprint(ctx context.Context, in *OIDCProviderInput) (*wire.Nothing, error) {
	return s.changeProvider(ctx, in, func(p *OpenIDConnectProvider) error {
		p.ThumbprintList = in.ThumbprintList
		return nil
	})
}

// AddClientIDToOpenIDConnectProvider adds an audience.
func (s *Service) AddClientIDToOpenIDConnectProvider(ctx context.Context, in *OIDCProviderInput) (*wire.Nothing, error) {
	return s.changeProvider(ctx, in, func(p *OpenIDConnectProvider) error {
		if !slices.Contains(p.ClientIDList, in.ClientID) {
			p.ClientIDList = append(p.ClientIDList, in.ClientID)
		}
		return nil
	})
}

// RemoveClientIDFromOpenIDConnectProvider removes an audience; one that is not
// there is no error.
func (s *Service) RemoveClientIDFromOpenIDConnectProvider(ctx context.Context, in *OIDCProviderInput) (*wire.Nothing, error) {
	return s.changeProvider(ctx, in, func(p *OpenIDConnectProvider) error {
		p.ClientIDList = slices.DeleteFunc(p.ClientIDList, func(id string) bool { return id == in.ClientID })
		return nil
	})
}

func (s *Service) changeProvider(ctx context.Context, in *OIDCProviderInput, change func(*OpenIDConnectProvider) error) (*wire.Nothing, error) {
	return s.done(s.updateOIDC(ctx, in.OpenIDConnectProviderArn, func(p *OpenIDConnectProvider) error {
		if err := change(p); err != nil {
			return err
		}
		return p.check()
	}))
}

func (s *Service) updateOIDC(ctx context.Context, arn string, change func(*OpenIDConnectProvider) error) error {
	err := s.oidc.Update(ctx, arn, change)
	if errors.Is(err, store.ErrNotFound) {
		return noProvider(arn)
	}
	return err
}

// DeleteOpenIDConnectProvider deletes a provider; one that is not there is no
// error. Roles that trust it stay.
func (s *Service) DeleteOpenIDConnectProvider(ctx context.Context, in *OIDCProviderInput) (*wire.Nothing, error) {
	err := s.oidc.Delete(ctx, in.OpenIDConnectProviderArn)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return s.done(err)
}

// IssuerOf finds the provider of tokens that name the issuer.
func (s *Service) IssuerOf(issuer string) (OpenIDConnectProvider, bool) {
	_, bare, ok := strings.Cut(issuer, "://")
	if !ok {
		return OpenIDConnectProvider{}, false
	}
	p, ok := s.oidc.Get(s.arn("oidc-provider", "/", bare))
	return p, ok && p.Issuer == issuer
}
