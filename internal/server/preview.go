package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// A StackPreview is what a deployment would do to one stack.
type StackPreview struct {
	Name         string          `json:"name"`
	Operation    string          `json:"operation"` // CREATE or UPDATE
	Capabilities []string        `json:"capabilities,omitempty"`
	Warnings     []string        `json:"warnings,omitempty"`
	Changes      []PreviewChange `json:"changes"`
}

// A PreviewChange is what would happen to one resource. Before and After are what
// it is made from; they are left out where a hidden parameter may be in them.
type PreviewChange struct {
	Action      string          `json:"action"` // create, update, replace or delete
	LogicalID   string          `json:"logicalId"`
	PhysicalID  string          `json:"physicalId,omitempty"`
	Type        string          `json:"type"`
	Level       string          `json:"level"`
	Conditional bool            `json:"conditional,omitempty"` // the replacement hangs on a value that is not known yet
	Properties  []string        `json:"properties,omitempty"`
	Before      json.RawMessage `json:"before,omitempty"`
	After       json.RawMessage `json:"after,omitempty"`
}

func (s *Server) stackRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /_hakone/preview", answer(s.preview))
	mux.HandleFunc("GET /_hakone/events", answer(s.stackEvents))
}

// preview answers what the deployment of a [DeployRequest] would do.
func (s *Server) preview(_ context.Context, r *http.Request) (any, error) {
	request, err := decode[DeployRequest](r)
	if err != nil {
		return nil, err
	}
	ordered, err := s.loadAll(request)
	if err != nil {
		return nil, err
	}
	previews := []StackPreview{}
	for _, l := range ordered {
		plan, err := s.cloudformation.Preview(l)
		if err != nil {
			return nil, err
		}
		previews = append(previews, s.stackPreview(l, plan))
	}
	return previews, nil
}

// loadAll checks all templates before the first is deployed, and returns them in
// the order in which that is done. What is wrong with any is one error.
func (s *Server) loadAll(request *DeployRequest) ([]*cloudformation.Loaded, error) {
	var loaded []*cloudformation.Loaded
	var refused []error
	for i := range request.Templates {
		l, err := s.cloudformation.Load(deployInput(request, &request.Templates[i]))
		if err != nil {
			refused = append(refused, err)
			continue
		}
		loaded = append(loaded, l)
	}
	switch len(refused) {
	case 0:
		return cloudformation.Order(loaded)
	case 1:
		return nil, refused[0]
	default:
		return nil, template.Join(refused...)
	}
}

func deployInput(request *DeployRequest, t *DeployTemplate) *cloudformation.DeployInput {
	return &cloudformation.DeployInput{
		StackName: t.StackName, Text: t.Text, File: t.File, Dir: t.Dir, Parameters: t.Parameters,
		GrantAll: true, Placeholders: request.Placeholders, ReplaceFailed: true, Early: true,
	}
}

// operation says whether a deployment creates the stack or updates it.
func (s *Server) operation(name string) string {
	if known, err := s.cloudformation.Describe(name); err != nil || known.Status == stack.ReviewInProgress || known.OnlyDeletable() {
		return "CREATE"
	}
	return "UPDATE"
}

func (s *Server) stackPreview(l *cloudformation.Loaded, plan *stack.Plan) StackPreview {
	p := StackPreview{Name: l.Input.StackName, Operation: s.operation(l.Input.StackName), Capabilities: l.Capabilities, Changes: []PreviewChange{}}
	for _, w := range l.Warnings {
		p.Warnings = append(p.Warnings, w.String())
	}
	for i := range plan.Changes {
		c := &plan.Changes[i]
		p.Changes = append(p.Changes, PreviewChange{
			Action: string(c.Operation), LogicalID: c.LogicalID, PhysicalID: c.PhysicalID, Type: c.Type, Level: c.Level.String(), Conditional: c.Conditional,
			Properties: slices.Concat(c.Properties, c.Attributes), Before: json.RawMessage(c.Before), After: json.RawMessage(c.After),
		})
	}
	return p
}

// stackEvents answers the events of the stack that the query names, the oldest
// first.
func (s *Server) stackEvents(_ context.Context, r *http.Request) (any, error) {
	events, err := s.cloudformation.Events(r.URL.Query().Get("stack"))
	if err != nil {
		return nil, err
	}
	out := make([]*ResourceEvent, 0, len(events))
	for i := range slices.Backward(events) {
		out = append(out, resourceEvent(&events[i]))
	}
	return out, nil
}
