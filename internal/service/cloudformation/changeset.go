package cloudformation

import (
	"time"

	"github.com/hakonegate/hakone/internal/stack"
)

// A ChangeSet is a deployment that was computed and not carried out yet.
type ChangeSet struct {
	ID, Name, StackID, StackName string
	Type                         string // CREATE or UPDATE
	Description                  string
	Status, StatusReason         string
	ExecutionStatus              string
	Created                      time.Time
	Changes                      []stack.Change
	Parameters                   []Parameter
	Capabilities                 []string
	Tags                         map[string]string
	Input                        DeployInput
}
