package stack

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hakonegate/hakone/internal/template"
)

// A Status is a status of a resource or a stack, in AWS's words.
type Status string

// Statuses of stacks and resources.
const (
	CreateInProgress                        Status = "CREATE_IN_PROGRESS"
	CreateComplete                          Status = "CREATE_COMPLETE"
	CreateFailed                            Status = "CREATE_FAILED"
	UpdateInProgress                        Status = "UPDATE_IN_PROGRESS"
	UpdateComplete                          Status = "UPDATE_COMPLETE"
	UpdateFailed                            Status = "UPDATE_FAILED"
	DeleteInProgress                        Status = "DELETE_IN_PROGRESS"
	DeleteComplete                          Status = "DELETE_COMPLETE"
	DeleteFailed                            Status = "DELETE_FAILED"
	DeleteSkipped                           Status = "DELETE_SKIPPED"
	ReviewInProgress                        Status = "REVIEW_IN_PROGRESS"
	RollbackInProgress                      Status = "ROLLBACK_IN_PROGRESS"
	RollbackComplete                        Status = "ROLLBACK_COMPLETE"
	RollbackFailed                          Status = "ROLLBACK_FAILED"
	UpdateCompleteCleanupInProgress         Status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
	UpdateRollbackInProgress                Status = "UPDATE_ROLLBACK_IN_PROGRESS"
	UpdateRollbackCompleteCleanupInProgress Status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
	UpdateRollbackComplete                  Status = "UPDATE_ROLLBACK_COMPLETE"
	UpdateRollbackFailed                    Status = "UPDATE_ROLLBACK_FAILED"
)

// Reasons in AWS's words.
const (
	reasonInitiated   = "Resource creation Initiated"
	reasonReplacement = "Requested update requires the creation of a new physical resource; hence creating one."
	reasonCreateStop  = "Resource creation cancelled"
	reasonUpdateStop  = "Resource update cancelled"
)

// An Operation is what a deployment does to a resource.
type Operation string

// The operations.
const (
	None    Operation = ""
	Create  Operation = "create"
	Update  Operation = "update"
	Replace Operation = "replace"
	Delete  Operation = "delete"
)

// A Version is one physical resource and what it was made from.
type Version struct {
	Type                string
	PhysicalID          string              `json:",omitempty"`
	Ref                 string              `json:",omitempty"` // "" means PhysicalID
	Attributes          map[string]string   `json:",omitempty"`
	Lists               map[string][]string `json:",omitempty"`
	NoEcho              bool                `json:",omitempty"` // its attributes must not be shown
	Properties          *template.Node      // resolved, but for dynamic references
	Metadata            *template.Node      `json:",omitempty"`
	Name                string              // proposed when it was created
	Token               string
	Level               Level
	DependsOn           []string `json:",omitempty"`
	DeletionPolicy      string   `json:",omitempty"`
	UpdateReplacePolicy string   `json:",omitempty"`
}

// A Resource is what a stack has under one logical id. Between deployments only
// Now is set; during one, Operation says what is done to it, and Before what it
// was, so that it can be taken back at any moment.
type Resource struct {
	LogicalID string
	Status    Status
	Reason    string `json:",omitempty"`
	Updated   time.Time

	Now        *Version  `json:",omitempty"` // what there is; nil before its creation succeeded
	Next       *Version  `json:",omitempty"` // what is being created; outside the store also what an update is going to, and what a failed creation left if it has a PhysicalID
	Before     *Version  `json:",omitempty"` // what an update found; after a replacement, what clean-up deletes
	Deployment string    `json:",omitempty"` // the one that touched it last; what follows is about that one
	Operation  Operation `json:",omitempty"`
	TakenBack  bool      `json:",omitempty"` // rollback made Now what it was
	Calling    bool      `json:",omitempty"` // a handler is at work
}

// settle forgets a deployment that is over.
func (r *Resource) settle() {
	if !r.remains() {
		r.Next = nil
	}
	r.Before, r.Operation, r.TakenBack, r.Calling = nil, None, false, false
}

// remains reports whether a creation that failed may have left something.
func (r *Resource) remains() bool { return r.Now == nil && r.Next != nil && r.Next.PhysicalID != "" }

// current returns the version to show: of a resource that is being created the
// one that is coming.
func (r *Resource) current() Version {
	switch {
	case r.Now != nil:
		return *r.Now
	case r.Next != nil:
		return *r.Next
	case r.Before != nil:
		return *r.Before
	default:
		return Version{}
	}
}

// Type returns the resource type.
func (r *Resource) Type() string { return r.current().Type }

// PhysicalID returns the physical id; empty while there is none.
func (r *Resource) PhysicalID() string { return r.current().PhysicalID }

// An Event is one line of a stack's history.
type Event struct {
	ID                          string
	Time                        time.Time
	StackID, StackName          string
	LogicalID, PhysicalID, Type string
	Status                      Status
	Reason                      string `json:",omitempty"`
}

// event makes the event of a resource.
func (d *Deployment) event(r *Resource, v *Version, status Status, reason string) Event {
	e := d.eventOf(r.LogicalID, v, status, reason)
	r.Status, r.Reason, r.Updated = status, reason, e.Time
	return e
}

// eventOf makes an event about a version that is not what the resource is now.
func (d *Deployment) eventOf(id string, v *Version, status Status, reason string) Event {
	now := d.now()
	return Event{
		ID:   fmt.Sprintf("%s-%s-%s", id, status, now.UTC().Format("2006-01-02T15:04:05.000Z")),
		Time: now, StackID: d.StackID, StackName: d.StackName,
		LogicalID: id, PhysicalID: v.PhysicalID, Type: v.Type, Status: status, Reason: reason,
	}
}

func sorted(resources map[string]*Resource) []string { return slices.Sorted(maps.Keys(resources)) }
