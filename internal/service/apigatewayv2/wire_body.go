package apigatewayv2

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

// A list is one page of what there is.
type list[T any] struct {
	Items     []T
	NextToken string `json:",omitempty"`
}

func listed[T any](all func(apiID string) ([]T, error)) func(context.Context, *request) (*list[T], error) {
	return func(_ context.Context, in *request) (*list[T], error) {
		items, err := all(in.ApiId)
		if err != nil {
			return nil, err
		}
		return paged(items, in)
	}
}

// paged cuts the page out that was asked for; a token is where the next one
// begins.
func paged[T any](items []T, in *request) (*list[T], error) {
	from, count := 0, len(items)
	var err error
	if in.NextToken != "" {
		if from, err = strconv.Atoi(in.NextToken); err != nil || from < 0 {
			return nil, badRequest("Invalid nextToken")
		}
	}
	if in.MaxResults != "" {
		if count, err = strconv.Atoi(in.MaxResults); err != nil || count < 1 {
			return nil, badRequest("Invalid maxResults")
		}
	}
	items = items[min(from, len(items)):]
	out := &list[T]{Items: items}
	if count < len(items) {
		out.Items, out.NextToken = items[:count], strconv.Itoa(from+count)
	}
	return out, nil
}

// read fills in what the body says; the rest stays. Structures and lists are
// replaced as a whole, maps get the entries that the body has.
func (in *request) read(into any) error {
	if len(bytes.TrimSpace(in.Body)) == 0 {
		return nil
	}
	given := map[string]json.RawMessage{}
	if err := json.Unmarshal(in.Body, &given); err != nil {
		return badRequest("Invalid request body: it is no JSON object")
	}
	v := reflect.ValueOf(into).Elem()
	for f := range v.Type().Fields() {
		for name := range given {
			if kind := f.Type.Kind(); strings.EqualFold(name, f.Name) && (kind == reflect.Pointer || kind == reflect.Slice) {
				v.FieldByIndex(f.Index).SetZero() // or the record's own would be written into
			}
		}
	}
	if err := json.Unmarshal(in.Body, into); err != nil {
		return badRequest("Invalid request body: %v", err)
	}
	return nil
}

// passes asks whether the caller may hand a role to API Gateway; "" and the
// caller's own credentials are none.
func (s *Service) passes(ctx context.Context, roles ...string) error {
	caller, f := access.From(ctx)
	facts := *f
	facts.Keys = policy.Map{"iam:passedtoservice": policy.One("apigateway.amazonaws.com")}
	for _, role := range roles {
		if role == "" || strings.HasSuffix(role, ":user/*") {
			continue
		}
		if d := access.Authorize(caller, &facts, "iam:PassRole", role, s.config.Account, nil); !d.Allowed() {
			return access.Denied("AccessDeniedException", caller, "iam:PassRole", role, d)
		}
	}
	return nil
}

// facts are what conditions may ask of a call.
func (s *Service) facts(operation string, in any) wire.Facts {
	r, ok := in.(*request)
	if !ok {
		return wire.Facts{}
	}
	var said struct {
		Name, AuthorizationType, AuthorizerType, RoutingMode string

		Tags map[string]string
	}
	_ = json.Unmarshal(r.Body, &said) // what cannot be read is refused by the operation
	f := wire.Facts{Keys: policy.Map{}, RequestTags: said.Tags, TagKeys: r.TagKeys}
	key := func(name, value string) {
		if value != "" {
			f.Keys["apigateway:"+name] = policy.One(value)
		}
	}
	switch operation {
	case "CreateApi", "UpdateApi":
		key("request/apiname", said.Name)
	case "CreateRoute", "UpdateRoute":
		key("request/routeauthorizationtype", said.AuthorizationType)
	case "CreateAuthorizer", "UpdateAuthorizer":
		key("request/authorizertype", said.AuthorizerType)
	case "CreateDomainName", "UpdateDomainName":
		key("request/routingmode", said.RoutingMode)
	}
	s.ruleFacts(operation, r, f.Keys)
	t := tagged{"apis", r.ApiId, r.StageName}
	switch {
	case r.ResourceArn != "":
		t, _ = s.taggedBy(r.ResourceArn) // what is wrong with it, the operation says
	case r.StageName != "":
		t.kind = "stages"
	case r.DomainName != "":
		t = tagged{kind: "domainnames", id: r.DomainName}
	case r.VpcLinkId != "":
		t = tagged{kind: "vpclinks", id: r.VpcLinkId}
	}
	f.ResourceTags, _ = s.tags(t) // none where the resource does not exist
	d, ok := s.apis.Get(t.id)
	if !ok {
		return f
	}
	key("resource/apiname", d.API.Name)
	key("resource/routeauthorizationtype", d.Configuration.Routes[r.RouteId].AuthorizationType)
	key("resource/authorizertype", d.Configuration.Authorizers[r.AuthorizerId].AuthorizerType)
	return f
}

// document reads the OpenAPI document that the body has as a text.
func (s *Service) document(ctx context.Context, in *request) (*ImportApiInput, error) {
	var said struct{ Body string }
	if err := in.read(&said); err != nil {
		return nil, err
	}
	root, _, err := template.ParseValue("body", []byte(said.Body))
	if err != nil {
		return nil, badRequest("Unable to parse the OpenAPI document: %v", err)
	}
	replaced, err := s.replaceVariables(root)
	if err != nil {
		return nil, err
	}
	if err := s.passes(ctx, credentials(replaced)...); err != nil {
		return nil, err
	}
	return &ImportApiInput{Body: root, Basepath: in.Basepath, FailOnWarnings: in.FailOnWarnings}, nil
}

// credentials are the roles that a document hands out.
func credentials(n *template.Node) []string {
	var roles []string
	if n == nil {
		return nil
	}
	for _, item := range n.Items {
		roles = append(roles, credentials(item)...)
	}
	for _, p := range n.Pairs {
		if (p.Key == "credentials" || p.Key == "authorizerCredentials") && p.Value.IsScalar() {
			roles = append(roles, p.Value.Value)
		}
		roles = append(roles, credentials(p.Value)...)
	}
	return roles
}
