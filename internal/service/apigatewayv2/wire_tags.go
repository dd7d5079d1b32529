package apigatewayv2

import (
	"context"
	"maps"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
)

// A tagged is a resource with tags: an API, one of its stages, a domain name or
// a VPC link.
type tagged struct{ kind, id, stage string }

// taggedBy takes the ARN of a resource with tags apart.
func (s *Service) taggedBy(arn string) (tagged, error) {
	rest, ours := strings.CutPrefix(arn, s.arnPrefix()+"/")
	parts := strings.Split(rest, "/")
	switch {
	case ours && len(parts) == 2 && (parts[0] == "apis" || parts[0] == "domainnames" || parts[0] == "vpclinks"):
		return tagged{kind: parts[0], id: parts[1]}, nil
	case ours && len(parts) == 4 && parts[0] == "apis" && parts[2] == "stages":
		return tagged{"stages", parts[1], parts[3]}, nil
	default:
		return tagged{}, badRequest("Invalid resource ARN: APIs, stages, domain names and VPC links have tags here, not %s", arn)
	}
}

// tags returns the resource's tags.
func (s *Service) tags(t tagged) (map[string]string, error) {
	switch t.kind {
	case "apis":
		a, err := s.GetApi(t.id)
		if err != nil {
			return nil, err
		}
		return a.Tags, nil
	case "stages":
		stage, err := s.GetStage(t.id, t.stage)
		if err != nil {
			return nil, err
		}
		return stage.Tags, nil
	case "domainnames":
		d, err := s.GetDomainName(t.id)
		if err != nil {
			return nil, err
		}
		return d.Tags, nil
	default:
		v, err := s.GetVpcLink(t.id)
		if err != nil {
			return nil, err
		}
		return v.Tags, nil
	}
}

const maxTags = 50

// retag changes the tags of the resource that arn names.
func (s *Service) retag(ctx context.Context, arn string, fn func(map[string]string)) error {
	t, err := s.taggedBy(arn)
	if err != nil {
		return err
	}
	change := func(tags *map[string]string) error {
		next := map[string]string{}
		maps.Copy(next, *tags)
		if fn(next); len(next) > maxTags {
			return badRequest("A resource has at most %d tags", maxTags)
		}
		*tags = next
		return nil
	}
	switch t.kind {
	case "apis":
		_, err = s.UpdateApi(ctx, t.id, func(a *API) error { return change(&a.Tags) })
	case "stages":
		_, err = s.UpdateStage(ctx, t.id, t.stage, func(stage *Stage) error { return change(&stage.Tags) })
	case "domainnames":
		_, err = s.UpdateDomainName(ctx, t.id, func(d *DomainName) error { return change(&d.Tags) })
	default:
		_, err = s.UpdateVpcLink(ctx, t.id, func(v *VpcLink) error { return change(&v.Tags) })
	}
	return err
}

type tagsAnswer struct{ Tags map[string]string }

func (s *Service) wireGetTags(_ context.Context, in *request) (*tagsAnswer, error) {
	t, err := s.taggedBy(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags, err := s.tags(t)
	if err != nil {
		return nil, err
	}
	return &tagsAnswer{tags}, nil
}

func (s *Service) wireTagResource(ctx context.Context, in *request) (*wire.Nothing, error) {
	var said struct{ Tags map[string]string }
	if err := in.read(&said); err != nil {
		return nil, err
	}
	return &wire.Nothing{}, s.retag(ctx, in.ResourceArn, func(tags map[string]string) { maps.Copy(tags, said.Tags) })
}

func (s *Service) wireUntagResource(ctx context.Context, in *request) error {
	return s.retag(ctx, in.ResourceArn, func(tags map[string]string) {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
	})
}
