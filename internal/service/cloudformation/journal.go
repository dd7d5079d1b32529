package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
)

// keepEvents bounds the events of one stack; older ones are overwritten.
const keepEvents = 2000

// keepSteps bounds the steps of one change of the store: each is a handful of
// records.
const keepSteps = 64

// A journal keeps the progress of one deployment in the store. Each step is what
// happened and the events that tell it, atomically. Steps of resources that wait at
// the same time are one change: events are kept in the order in which they are told.
type journal struct {
	s        *Service
	id, name string // of the stack
	progress func(stack.Event)

	turn chan struct{} // one token: of who keeps the steps that wait
	last int           // sequence of the last event; of who has the token

	mu      sync.Mutex
	waiting []*step
}

// A step of a deployment, and what became of it.
type step struct {
	events []stack.Event
	change func(tx *store.Tx) error
	over   chan struct{} // closed when err is set
	err    error
}

func (s *Service) journal(k *Stack, progress func(stack.Event)) *journal {
	j := &journal{s: s, id: k.StackID, name: k.StackName, progress: progress, turn: make(chan struct{}, 1)}
	for _, e := range s.events(k.StackID).All() {
		j.last = max(j.last, e.Sequence)
	}
	return j
}

// have returns the resources of the stack.
func (j *journal) have() map[string]*stack.Resource {
	out := map[string]*stack.Resource{}
	for id, r := range j.s.resources(j.id).All() {
		out[id] = &r
	}
	return out
}

// keep commits one step, or has it committed by another that waits: the contexts of
// one deployment hold the same lease.
func (j *journal) keep(ctx context.Context, events []stack.Event, change func(tx *store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := &step{events: events, change: change, over: make(chan struct{})}
	j.mu.Lock()
	j.waiting = append(j.waiting, mine)
	j.mu.Unlock()
	for {
		select {
		case <-mine.over:
			return mine.err
		case j.turn <- struct{}{}:
			j.keepWaiting(context.WithoutCancel(ctx))
			<-j.turn
		}
	}
}

// keepWaiting commits steps that wait, the oldest first.
func (j *journal) keepWaiting(ctx context.Context) {
	j.mu.Lock()
	steps := slices.Clone(j.waiting[:min(keepSteps, len(j.waiting))])
	j.waiting = slices.Delete(j.waiting, 0, len(steps))
	j.mu.Unlock()
	if len(steps) == 0 {
		return
	}
	stored := j.s.events(j.id)
	n := j.last
	err := j.s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		n = j.last
		for _, step := range steps {
			for _, e := range step.events {
				n++
				if err := stored.In(tx).Put(fmt.Sprintf("%04d", n%keepEvents), storedEvent{n, e}); err != nil {
					return err
				}
			}
			if err := step.change(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		j.last = n
	}
	for _, step := range steps {
		if err == nil && j.progress != nil {
			for _, e := range step.events {
				j.progress(e)
			}
		}
		step.err = err
		close(step.over)
	}
}

func (j *journal) undoLog(logicalID string) string { return uuidOf(j.id) + "/" + logicalID }

// Save implements [stack.Journal].
func (j *journal) Save(ctx context.Context, r *stack.Resource, events ...stack.Event) error {
	return j.keep(ctx, events, func(tx *store.Tx) error {
		if !r.Calling {
			if err := tx.Keep(j.undoLog(r.LogicalID)); err != nil {
				return err
			}
		}
		return j.s.resources(j.id).In(tx).Put(r.LogicalID, *r)
	})
}

// Remove implements [stack.Journal].
func (j *journal) Remove(ctx context.Context, logicalID string, events ...stack.Event) error {
	return j.keep(ctx, events, func(tx *store.Tx) error {
		if err := tx.Keep(j.undoLog(logicalID)); err != nil {
			return err
		}
		err := j.s.resources(j.id).In(tx).Delete(logicalID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
}

// Calling implements [stack.Journal].
func (j *journal) Calling(ctx context.Context, logicalID string) context.Context {
	return store.WithUndo(ctx, j.undoLog(logicalID))
}

// Undo implements [stack.Journal].
func (j *journal) Undo(ctx context.Context, logicalID string) error {
	kept, err := j.s.cfg.Store.Undo(ctx, j.undoLog(logicalID))
	for _, record := range kept {
		j.s.cfg.Log.WarnContext(ctx, "not taken back: it changed since", "stack", j.name, "resource", logicalID, "record", record)
	}
	return err
}

// Status implements [stack.Journal]. A deployment's outcome becomes the stack's
// state in the same change as the status that says so.
func (j *journal) Status(ctx context.Context, status stack.Status, reason string) error {
	now := j.s.cfg.Now()
	e := stack.Event{
		ID: uuid.NewString(), Time: now, StackID: j.id, StackName: j.name, LogicalID: j.name, PhysicalID: j.id,
		Type: "AWS::CloudFormation::Stack", Status: status, Reason: reason,
	}
	return j.keep(ctx, []stack.Event{e}, func(tx *store.Tx) error {
		k, ok := j.s.stacks.In(tx).Get(j.id)
		if !ok {
			return fmt.Errorf("stack %s: %w", j.id, store.ErrNotFound)
		}
		k.Status, k.StatusReason = status, reason
		var err error
		switch status {
		case stack.UpdateInProgress:
			k.Updated = now
		case stack.CreateComplete, stack.UpdateCompleteCleanupInProgress:
			err = j.s.settle(tx, &k)
		case stack.RollbackComplete, stack.RollbackFailed, stack.UpdateRollbackComplete, stack.CreateFailed:
			err = j.s.discard(tx, &k)
		case stack.DeleteComplete:
			err = j.s.bury(tx, &k)
		default:
		}
		if err != nil {
			return err
		}
		return j.s.stacks.In(tx).Put(j.id, k)
	})
}

// settle makes what a deployment changes of the stack the stack's own.
func (s *Service) settle(tx *store.Tx, k *Stack) error {
	p := k.Pending
	if p == nil {
		return nil
	}
	if err := s.swapExports(tx, k, p.Outputs); err != nil {
		return err
	}
	if k.Template != "" && k.Template != k.Deployment {
		if err := s.deleteText(tx, k.Template); err != nil {
			return err
		}
	}
	k.Template = k.Deployment
	k.Description, k.Parameters, k.Outputs, k.Imports = p.Description, p.Parameters, p.Outputs, p.Imports
	k.Capabilities, k.Tags, k.Transforms, k.Pending = p.Capabilities, maps.Clone(p.Tags), p.Transforms, nil
	return nil
}

// discard forgets what a deployment would have changed. A stack that was never
// created keeps the template that failed, to be looked at.
func (s *Service) discard(tx *store.Tx, k *Stack) error {
	p := k.Pending
	k.Pending = nil
	if p == nil || k.Template == k.Deployment {
		return nil
	}
	if k.Template != "" {
		return s.deleteText(tx, k.Deployment)
	}
	k.Template = k.Deployment
	k.Description, k.Parameters, k.Tags, k.Transforms = p.Description, p.Parameters, p.Tags, p.Transforms
	return nil
}

// bury ends a stack: its name and its exports are free again, and its change sets
// are gone.
func (s *Service) bury(tx *store.Tx, k *Stack) error {
	k.Deleted = s.cfg.Now()
	if err := s.swapExports(tx, k, nil); err != nil {
		return err
	}
	for _, id := range []string{k.Template, k.Deployment} {
		if err := s.deleteText(tx, id); err != nil {
			return err
		}
	}
	k.Imports, k.Pending = nil, nil
	for id, c := range s.sets.All() {
		if c.StackID != k.StackID {
			continue
		}
		if err := s.sets.In(tx).Delete(id); err != nil {
			return err
		}
	}
	if id, ok := s.names.In(tx).Get(k.StackName); ok && id == k.StackID {
		return s.names.In(tx).Delete(k.StackName)
	}
	return nil
}

func (s *Service) deleteText(tx *store.Tx, id string) error {
	if id == "" {
		return nil
	}
	err := s.texts.In(tx).Delete(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
