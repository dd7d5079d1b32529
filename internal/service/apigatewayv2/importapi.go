package apigatewayv2

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/template"
)

// An ImportApiInput has an API as an OpenAPI 3.0 document. Body is required.
type ImportApiInput struct {
	Body           *template.Node
	Basepath       string // ignore, prepend or split; "" means ignore
	FailOnWarnings bool
	ClientToken    string // a repeated call with the same token makes no second API

	over func(*API) // what CloudFormation's other properties put over the document
}

// ImportApi makes an API from a document. Whatever of the document is not
// understood stops it, so that no route is more open than the document says.
func (s *Service) ImportApi(ctx context.Context, in *ImportApiInput) (*API, error) {
	def, err := s.definition(in)
	if err != nil {
		return nil, err
	}
	var d document
	d.API.ProtocolType = "HTTP"
	def.describe(&d.API)
	if in.over != nil {
		in.over(&d.API)
	}
	if err := s.complete(&d.API, idOf(in.ClientToken, apiIDLength)); err != nil {
		return nil, err
	}
	if err := def.apply(s, &d); err != nil {
		return nil, err
	}
	return s.store(ctx, &d)
}

// ReimportApi replaces an API's configuration by a document. Stages and
// deployments stay, and so do the identifiers of what keeps its name.
func (s *Service) ReimportApi(ctx context.Context, apiID string, in *ImportApiInput) (*API, error) {
	def, err := s.definition(in)
	if err != nil {
		return nil, err
	}
	var out API
	err = s.configure(ctx, apiID, func(d *document) error {
		def.describe(&d.API)
		if in.over != nil {
			in.over(&d.API)
		}
		if err := checkAPI(&d.API); err != nil {
			return err
		}
		if err := def.apply(s, d); err != nil {
			return err
		}
		out = d.API
		return nil
	})
	return &out, err
}

func (s *Service) definition(in *ImportApiInput) (*definition, error) {
	if err := checkBasePath(in.Basepath); err != nil {
		return nil, err
	}
	body, err := s.replaceVariables(in.Body)
	if err != nil {
		return nil, err
	}
	def, err := readOpenAPI(body, in.Basepath)
	if err != nil {
		return nil, err
	}
	if in.FailOnWarnings && len(def.warnings) > 0 {
		return nil, badRequest("Warnings found during import: %s", strings.Join(def.warnings, "; "))
	}
	return def, nil
}

// replaceVariables fills in the AWS variables that a document may have in its
// texts.
func (s *Service) replaceVariables(body *template.Node) (*template.Node, error) {
	if body.IsNull() {
		return nil, badRequest("The body is missing")
	}
	replacer := strings.NewReplacer(
		"${AWS::AccountId}", s.config.Account, "${AWS::Partition}", s.config.Partition, "${AWS::Region}", s.config.Region)
	out := body.Clone()
	var walk func(n *template.Node)
	walk = func(n *template.Node) {
		if n == nil {
			return
		}
		if n.IsScalar() && strings.Contains(n.Value, "${AWS::") {
			n.Value = replacer.Replace(n.Value)
		}
		for _, item := range n.Items {
			walk(item)
		}
		for _, p := range n.Pairs {
			walk(p.Value)
		}
	}
	walk(out)
	return out, nil
}

// describe fills in what the document says of the API as a whole.
func (def *definition) describe(a *API) {
	a.Name, a.Description, a.Version = def.name, def.description, def.version
	a.CorsConfiguration = def.cors
	a.Tags = def.tags
	a.ImportInfo, a.Warnings = def.info, def.warnings
	if def.disableExecuteApiEndpoint != nil {
		a.DisableExecuteApiEndpoint = *def.disableExecuteApiEndpoint
	}
}

// apply makes d's configuration that of the document.
func (def *definition) apply(s *Service, d *document) error {
	old := d.Configuration
	d.Configuration = Configuration{}
	authorizers := map[string]string{}
	for _, a := range def.authorizers {
		id := newID(partLength)
		for oldID, o := range old.Authorizers {
			if o.Name == a.Name {
				id = oldID
			}
		}
		if _, err := addAuthorizer(d, a, id); err != nil {
			return at("/components/securitySchemes/"+a.Name, err)
		}
		authorizers[a.Name] = id
	}
	for _, op := range def.operations {
		routeID, integrationID := newID(partLength), newID(partLength)
		for oldID, o := range old.Routes {
			if o.RouteKey == op.route.RouteKey {
				routeID = oldID
				if id, ok := strings.CutPrefix(o.Target, "integrations/"); ok {
					integrationID = id
				}
			}
		}
		if op.integration != nil {
			if _, taken := d.Configuration.Integrations[integrationID]; taken {
				integrationID = newID(partLength)
			}
			if _, err := s.addIntegration(d, *op.integration, integrationID); err != nil {
				return at(op.path, err)
			}
			op.route.Target = "integrations/" + integrationID
		}
		op.route.AuthorizerId = authorizers[op.authorizer]
		if _, err := addRoute(d, op.route, routeID); err != nil {
			return at(op.path, err)
		}
	}
	return nil
}

// at puts a place in the document before an error's text.
func at(path string, err error) error {
	if e, ok := errors.AsType[*awserr.Error](err); ok {
		return awserr.New(e.Code, e.Status, "Invalid OpenAPI input. %s: %s", path, e.Message)
	}
	return fmt.Errorf("%s: %w", path, err)
}
