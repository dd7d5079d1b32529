package iam

import (
	"context"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// oidcType is AWS::IAM::OIDCProvider.
type oidcType struct{ s *Service }

type oidcProperties struct {
	Url            string `required:"true"`
	ClientIdList   []string
	ThumbprintList []string
	Tags           []Tag
}

func oidcResult(arn string) stack.Result {
	return stack.Result{PhysicalID: arn, Attributes: map[string]string{"Arn": arn}}
}

// Create implements [stack.Handler].
func (t oidcType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode[oidcProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.CreateOpenIDConnectProvider(ctx, &CreateOIDCProviderInput{
		Url: p.Url, ClientIDList: p.ClientIdList, ThumbprintList: p.ThumbprintList, Tags: p.Tags,
	})
	if err != nil {
		return stack.Result{}, err
	}
	return oidcResult(out.OpenIDConnectProviderArn), nil
}

// Update implements [stack.Handler].
func (t oidcType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	p, err := decode[oidcProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	if err := checkTags(p.Tags); err != nil {
		return stack.Result{}, err
	}
	_, err = t.s.changeProvider(ctx, &OIDCProviderInput{OpenIDConnectProviderArn: r.PhysicalID}, func(have *OpenIDConnectProvider) error {
		have.ClientIDList, have.ThumbprintList, have.Tags = p.ClientIdList, p.ThumbprintList, p.Tags
		return nil
	})
	return oidcResult(r.PhysicalID), err
}

// Delete implements [stack.Handler].
func (t oidcType) Delete(ctx context.Context, r *stack.Request) error {
	_, err := t.s.DeleteOpenIDConnectProvider(ctx, &OIDCProviderInput{OpenIDConnectProviderArn: r.PhysicalID})
	return gone(err)
}
