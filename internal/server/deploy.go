package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// wireCloudFormation collects the resource types of all services.
func (s *Server) wireCloudFormation(blobs *blob.Store) error {
	responses := s.responseURL
	if s.config.Functions.NoNetwork {
		responses = nil
	}
	s.cloudformation = cloudformation.New(cloudformation.Config{
		Store:   s.store,
		Blobs:   blobs,
		Objects: s.s3,
		Types:   slices.Concat(s.iam.Types(), s.ssm.Types(), s.ec2.Types(), s.logs.Types(), s.lambda.Types(), s.apis.Types(), s.emulatedTypes(), s.s3.Types()),
		Account: s.config.Account,
		Region:  s.config.Region,
		Log:     s.log,
		SSM: func(name string) (template.SSMParameter, bool) {
			value, kind, ok := s.ssm.Lookup(name)
			return template.SSMParameter{Type: kind, Value: value}, ok
		},
		Role: s.iam.RoleByARN,

		Functions:   customFunctions{s},
		ResponseURL: responses,
		Served:      func(ctx context.Context) error { return s.gateway.WaitFor(ctx, s.apis.Revision()) },
	})
	return nil
}

// recover finishes what a killed process left half done.
func (s *Server) recover(ctx context.Context) error {
	if err := s.cloudformation.Recover(ctx); err != nil {
		return fmt.Errorf("finish interrupted deployments: %w", err)
	}
	s.cloudformation.Restore(ctx)
	return nil
}

// A progressWriter streams progress to the caller, a JSON object a line. It is
// safe for concurrent use.
type progressWriter struct {
	mu    sync.Mutex
	lines *json.Encoder
	flush func() error
}

func newProgressWriter(w http.ResponseWriter) *progressWriter {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	return &progressWriter{lines: json.NewEncoder(w), flush: http.NewResponseController(w).Flush}
}

// say sends a line. That the caller is gone shows in the request's context.
func (p *progressWriter) say(line Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines.Encode(line) == nil {
		_ = p.flush()
	}
}

// deploy deploys templates together: all are checked before the first begins.
func (s *Server) deploy(w http.ResponseWriter, r *http.Request) {
	request, err := decode[DeployRequest](r)
	if err != nil {
		writeProblem(w, http.StatusBadRequest, ProblemOf(err))
		return
	}
	progress := newProgressWriter(w)
	if err := s.deployAll(r.Context(), request, progress); err != nil {
		progress.say(Progress{Problem: ProblemOf(err)})
	}
}

func (s *Server) deployAll(ctx context.Context, request *DeployRequest, progress *progressWriter) error {
	ordered, err := s.loadAll(request)
	if err != nil {
		return err
	}
	for _, l := range ordered {
		for _, warning := range l.Warnings {
			progress.say(Progress{Warning: warning.String()})
		}
	}
	for _, l := range ordered {
		if err := s.deployOne(ctx, l.Input, progress); err != nil {
			return err
		}
	}
	return nil
}

// deployOne deploys one stack and waits until the gateway serves the result.
func (s *Server) deployOne(ctx context.Context, in *cloudformation.DeployInput, progress *progressWriter) error {
	operation := s.operation(in.StackName)
	in.Planned = func(l *cloudformation.Loaded, plan *stack.Plan) {
		begin := &BeginStack{Name: in.StackName, Operation: operation, Capabilities: l.Capabilities}
		for _, change := range plan.Changes {
			begin.Resources = append(begin.Resources, PlannedChange{
				LogicalID: change.LogicalID, Type: change.Type, Action: string(change.Operation), Level: change.Level.String(),
			})
		}
		progress.say(Progress{Begin: begin})
	}
	in.Event = func(event stack.Event) { progress.say(Progress{Resource: resourceEvent(&event)}) }
	k, err := s.cloudformation.Deploy(stack.WithWarnings(ctx, func(text string) { progress.say(Progress{Warning: text}) }), in)
	changed := !errors.Is(err, cloudformation.ErrNoChanges)
	if err != nil && changed {
		return deploymentProblem(in.StackName, err)
	}
	if err := s.gateway.WaitFor(ctx, s.apis.Revision()); err != nil {
		return err
	}
	progress.say(Progress{Stack: &StackResult{StackStatus: stackStatus(k), Changed: changed}})
	return nil
}

// deploymentProblem names the resources that failed, each with its reason.
func deploymentProblem(name string, err error) error {
	var failed *stack.FailedError
	if !errors.As(err, &failed) {
		return err
	}
	message, details, _ := strings.Cut(failed.Error(), "\n")
	return &ProblemError{
		Code:    string(failed.Status),
		Message: fmt.Sprintf("hakone: stack %s is in %s: %s", name, failed.Status, message),
		Details: details,
	}
}

func (s *Server) delete(w http.ResponseWriter, r *http.Request) {
	request, err := decode[DeleteRequest](r)
	if err != nil {
		writeProblem(w, http.StatusBadRequest, ProblemOf(err))
		return
	}
	known, err := s.cloudformation.Describe(request.StackName)
	if err != nil {
		writeProblem(w, http.StatusBadRequest, ProblemOf(err))
		return
	}
	progress := newProgressWriter(w)
	err = s.cloudformation.Delete(r.Context(), known.StackID, func(event stack.Event) {
		progress.say(Progress{Resource: resourceEvent(&event)})
	})
	if err == nil {
		err = s.gateway.WaitFor(r.Context(), s.apis.Revision())
	}
	if err != nil {
		progress.say(Progress{Problem: ProblemOf(deploymentProblem(known.StackName, err))})
		return
	}
	if gone, err := s.cloudformation.Describe(known.StackID); err == nil {
		known = gone
	}
	progress.say(Progress{Stack: &StackResult{StackStatus: stackStatus(known), Changed: true}})
}

func resourceEvent(e *stack.Event) *ResourceEvent {
	return &ResourceEvent{
		Stack: e.StackName, LogicalID: e.LogicalID, PhysicalID: e.PhysicalID, Type: e.Type,
		Status: string(e.Status), Reason: e.Reason, Time: e.Time,
	}
}

func stackStatus(k *cloudformation.Stack) StackStatus {
	status := StackStatus{Name: k.StackName, ID: k.StackID, Status: string(k.Status), Reason: k.StatusReason, Outputs: []StackOutput{}}
	for _, o := range k.Outputs {
		status.Outputs = append(status.Outputs, StackOutput{Key: o.Key, Value: o.Value, Description: o.Description, ExportName: o.ExportName})
	}
	return status
}

// stackStatuses lists the stacks, the oldest first: in the order of their
// deployment.
func (s *Server) stackStatuses() []StackStatus {
	statuses := []StackStatus{}
	for _, k := range s.cloudformation.Stacks() {
		statuses = append(statuses, stackStatus(k))
	}
	slices.Reverse(statuses)
	return statuses
}

// physicalID resolves the logical ID of a resource of a stack; a name that is
// none stands for itself.
func (s *Server) physicalID(name, typeName string) string {
	if _, resource := s.cloudformation.FindResource(typeName, name); resource != nil {
		return resource.PhysicalID()
	}
	return name
}
