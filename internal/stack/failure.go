package stack

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// failure collects what went wrong in a walk.
type failure struct {
	mu      sync.Mutex
	order   []string // logical ids as they failed
	verbs   map[string]string
	causes  map[string]string
	errs    map[string]error
	journal error // progress could not be kept
}

func (f *failure) add(id string, operation Operation, reason string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	verb := "update"
	if operation == Create || operation == Delete {
		verb = string(operation)
	}
	f.order = append(f.order, id)
	f.verbs[id], f.causes[id], f.errs[id] = verb, reason, err
}

// keep notes that progress could not be kept, and passes the error on.
func (f *failure) keep(err error) error {
	if err == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.journal == nil {
		f.journal = fmt.Errorf("keep progress of the deployment: %w", err)
	}
	return err
}

// reason returns AWS's sentence about what failed; empty if nothing did.
func (f *failure) reason() string {
	var sentences []string
	for _, verb := range []string{"create", "update", "delete"} {
		var ids []string
		for _, id := range f.order {
			if f.verbs[id] == verb {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			slices.Sort(ids)
			sentences = append(sentences, fmt.Sprintf("The following resource(s) failed to %s: [%s].", verb, strings.Join(ids, ", ")))
		}
	}
	return strings.Join(sentences, " ")
}

func newFailure() *failure {
	return &failure{causes: map[string]string{}, errs: map[string]error{}, verbs: map[string]string{}}
}
