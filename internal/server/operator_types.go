package server

import "time"

// The operator's API speaks JSON under /_hakone/ of the control plane. Requests
// are signed for the service "hakone"; the caller needs hakone:* permissions,
// which the administrator of a data directory has.

// Status tells where the server is reached and what it serves.
type Status struct {
	Version  string        `json:"version"`
	PID      int           `json:"pid"`
	Account  string        `json:"account"`
	Region   string        `json:"region"`
	DataDir  string        `json:"dataDir"`
	Started  time.Time     `json:"started"`
	Control  string        `json:"control"`
	HTTPS    string        `json:"https"`
	HTTP     string        `json:"http,omitempty"`
	CAFile   string        `json:"caFile"`
	SSH      string        `json:"ssh,omitempty"`
	Names    []string      `json:"names"`    // by which instances reach the APIs, on port 443
	Services []string      `json:"services"` // by which instances reach the control plane, on port 443
	APIs     []APIStatus   `json:"apis"`
	Stacks   []StackStatus `json:"stacks"`
	Engine   *EngineStatus `json:"engine,omitempty"` // of a node of a fleet
}

// APIStatus is one stage of an API, with the addresses that reach it here: the
// first is the one to paste.
type APIStatus struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Type  string   `json:"type"` // HTTP, REST or WEBSOCKET
	Stage string   `json:"stage"`
	URLs  []string `json:"urls"`
}

// StackStatus is a stack as far as people ask for it.
type StackStatus struct {
	Name    string        `json:"name"`
	ID      string        `json:"id"`
	Status  string        `json:"status"`
	Reason  string        `json:"reason,omitempty"`
	Outputs []StackOutput `json:"outputs"`
}

// A StackOutput is one output of a stack.
type StackOutput struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	ExportName  string `json:"exportName,omitempty"`
}

// DeployRequest asks for the deployment of templates, together: all of them are
// checked before the first is deployed, and the order follows exports and
// imports.
type DeployRequest struct {
	Templates    []DeployTemplate `json:"templates"`
	Placeholders []string         `json:"placeholders,omitempty"` // types accepted without a local meaning; "all"
}

// A DeployTemplate is one template and the stack it becomes.
type DeployTemplate struct {
	File       string            `json:"file"` // as the user named it, for messages
	Dir        string            `json:"dir"`  // absolute; local code paths are relative to it
	Text       string            `json:"text"`
	StackName  string            `json:"stackName"`
	Parameters map[string]string `json:"parameters,omitempty"`
}

// A DeleteRequest asks for the deletion of a stack.
type DeleteRequest struct {
	StackName string `json:"stackName"` // or its ID
}

// A Progress line is one thing that happened during a deployment or deletion.
// Exactly one field is set.
type Progress struct {
	Warning  string         `json:"warning,omitempty"`
	Begin    *BeginStack    `json:"begin,omitempty"`
	Resource *ResourceEvent `json:"resource,omitempty"`
	Stack    *StackResult   `json:"stack,omitempty"`
	Problem  *ProblemError  `json:"problem,omitempty"` // the last line when the request failed
}

// BeginStack opens the deployment of one stack.
type BeginStack struct {
	Name      string          `json:"name"`
	Operation string          `json:"operation"` // CREATE, UPDATE or DELETE
	Resources []PlannedChange `json:"resources"`

	Capabilities []string `json:"capabilities,omitempty"` // granted without being asked for
}

// A PlannedChange is what a deployment will do to one resource.
type PlannedChange struct {
	LogicalID string `json:"logicalId"`
	Type      string `json:"type"`
	Action    string `json:"action"` // create, update, replace, delete
	Level     string `json:"level"`  // real, recorded, placeholder
}

// A ResourceEvent is a change of status of one resource, or of the stack itself
// when Type is AWS::CloudFormation::Stack.
type ResourceEvent struct {
	Stack      string    `json:"stack"`
	LogicalID  string    `json:"logicalId"`
	PhysicalID string    `json:"physicalId,omitempty"`
	Type       string    `json:"type"`
	Status     string    `json:"status"`
	Reason     string    `json:"reason,omitempty"`
	Time       time.Time `json:"time"`
}

// A StackResult closes the deployment of one stack.
type StackResult struct {
	StackStatus
	Changed bool `json:"changed"`
}

// A ProblemError is an error for a person: AWS's text first, then ours.
type ProblemError struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Details string `json:"details,omitempty"` // further lines: file, line, column, caret, suggestion
}

// Error returns the message.
func (p *ProblemError) Error() string { return p.Message }

// A SessionRequest asks for credentials of a role, named by its logical ID in a
// stack, its name or its ARN.
type SessionRequest struct {
	Role string `json:"role"`
}

// An InstanceRequest names an instance by its logical ID in a stack, its
// instance ID or its Name tag. On /_hakone/instances it asks for the facts that
// the metadata endpoint tells, on /_hakone/instances/session for a session, and on
// /_hakone/instances/credentials for credentials of its role.
type InstanceRequest struct {
	Instance string `json:"instance"`
}
