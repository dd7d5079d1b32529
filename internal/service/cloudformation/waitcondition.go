package cloudformation

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// waitHandle serves AWS::CloudFormation::WaitConditionHandle: an address that
// takes signals. They are kept under its token, by their UniqueId.
type waitHandle struct{ s *Service }

// signals are what came to one handle: the Data of each signal by its UniqueId.
type signals map[string]string

const maxSignals = 1000 // of one handle

// Create makes the address.
func (h waitHandle) Create(ctx context.Context, _ *stack.Request) (stack.Result, error) {
	token := newToken()
	if err := h.s.signals.Create(ctx, token, signals{}); err != nil {
		return stack.Result{}, err
	}
	if h.s.cfg.ResponseURL == nil {
		return stack.Result{PhysicalID: token}, nil
	}
	return stack.Result{PhysicalID: h.s.responseURL(token)}, nil
}

// Update changes nothing.
func (waitHandle) Update(context.Context, *stack.Request, *template.Node) (stack.Result, error) {
	return stack.Result{}, nil
}

// Delete removes the address.
func (h waitHandle) Delete(ctx context.Context, r *stack.Request) error {
	token := r.PhysicalID[strings.LastIndexByte(r.PhysicalID, '/')+1:]
	if _, ok := h.s.signals.Get(token); !ok {
		return nil
	}
	return h.s.signals.Delete(ctx, token)
}

// signal keeps a signal.
func (s *Service) signal(ctx context.Context, token string, body []byte) error {
	if _, ok := s.signals.Get(token); !ok {
		return unknownToken()
	}
	var in struct{ Status, Reason, UniqueID, Data string }
	if err := json.Unmarshal(body, &in); err != nil || in.UniqueID == "" || in.Status != "SUCCESS" && in.Status != "FAILURE" {
		return awserr.Validation("a signal is {\"Status\": \"SUCCESS\" or \"FAILURE\", \"Reason\": …, \"UniqueId\": …, \"Data\": …}")
	}
	return s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		known, ok := s.signals.In(tx).Get(token)
		switch {
		case !ok:
			return unknownToken()
		case len(known) >= maxSignals:
			return awserr.Validation("more than %d signals", maxSignals)
		}
		known = maps.Clone(known)
		known[in.UniqueID] = in.Data
		return s.signals.In(tx).Put(token, known)
	})
}

// waitCondition serves AWS::CloudFormation::WaitCondition. It is satisfied at
// once: nothing here runs on an instance that could signal it.
type waitCondition struct{ s *Service }

type waitProperties struct {
	Handle  string
	Timeout int // nothing is waited for
	Count   int
}

// Create gives the signals that came so far.
func (c waitCondition) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p waitProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if p.Handle != "" {
		stack.Warn(ctx, r.LogicalID+": a wait condition is satisfied at once here; signals to its handle are taken and not waited for")
	}
	known, _ := c.s.signals.Get(p.Handle[strings.LastIndexByte(p.Handle, '/')+1:])
	data := template.Map()
	for _, id := range slices.Sorted(maps.Keys(known)) {
		data.Set(id, template.Text(known[id]))
	}
	return stack.Result{PhysicalID: r.ProposedName, Attributes: map[string]string{"Data": string(data.JSON(""))}}, nil
}

// Update changes nothing.
func (waitCondition) Update(context.Context, *stack.Request, *template.Node) (stack.Result, error) {
	return stack.Result{}, awserr.Validation("Update to resource type AWS::CloudFormation::WaitCondition is not supported.")
}

// Delete has nothing to delete.
func (waitCondition) Delete(context.Context, *stack.Request) error { return nil }
