package policy

import "encoding/json"

// An Explanation is a decision with everything that led to it. It is plain data,
// survives JSON, and holds no secrets: of the request it has the principal, the
// action, the resource and the condition keys.
type Explanation struct {
	Request  ExplainedRequest `json:"request"`
	Decision string           `json:"decision"`           // "Allowed", "ImplicitlyDenied" or "ExplicitlyDenied"
	Rule     int              `json:"rule"`               // the step of AWS's evaluation that decided, 0 to 8
	Reason   string           `json:"reason"`             // one sentence in AWS's words
	Layers   []ExplainedLayer `json:"layers"`             // one for each type of policy
	Decisive []Pointer        `json:"decisive,omitempty"` // the statements that decided
	Nearest  *Nearest         `json:"nearest,omitempty"`  // the statement that came nearest to allowing
	Missing  []Missing        `json:"missing,omitempty"`  // what would have allowed the request; all of it is needed
	Hints    []Hint           `json:"hints,omitempty"`    // likely mistakes, the likeliest first
}

// An ExplainedRequest is the request as the policies saw it.
type ExplainedRequest struct {
	Principal       ExplainedPrincipal `json:"principal"`
	Action          string             `json:"action"`
	Resource        string             `json:"resource"`
	ResourceAccount string             `json:"resourceAccount,omitempty"`
	Context         map[string]Value   `json:"context"`
	Absent          []string           `json:"keysAskedButAbsent,omitempty"`
}

// An ExplainedPrincipal is who asked.
type ExplainedPrincipal struct {
	Kind      string `json:"kind"` // as [PrincipalKind.String]
	ARN       string `json:"arn,omitempty"`
	RoleARN   string `json:"roleArn,omitempty"`
	ID        string `json:"id,omitempty"`
	AccountID string `json:"account,omitempty"`
	Service   string `json:"service,omitempty"`
	Provider  string `json:"provider,omitempty"`
}

// The outcomes of a layer.
const (
	LayerAllows = "allows"
	LayerDenies = "denies"
	LayerSilent = "silent" // there are policies, but no statement applies
	LayerAbsent = "absent" // there is no such policy
	LayerUnused = "unused" // there are policies, but they do not bind this caller
)

// An ExplainedLayer is what the policies of one type say. Organizations have a
// layer for each level.
type ExplainedLayer struct {
	Type     string            `json:"type"`            // "identity-based policy" …
	Level    int               `json:"level,omitempty"` // of an organization, from 1
	Present  bool              `json:"present"`
	Outcome  string            `json:"outcome"`
	Policies []ExplainedPolicy `json:"policies,omitempty"`
}

// An ExplainedPolicy is one policy of a layer.
type ExplainedPolicy struct {
	Name       string               `json:"name,omitempty"`
	ARN        string               `json:"arn,omitempty"`
	Source     string               `json:"source,omitempty"`
	Statements []ExplainedStatement `json:"statements"`
}

// An ExplainedStatement is one statement, compared with the request.
type ExplainedStatement struct {
	Sid     string   `json:"sid,omitempty"`
	Index   int      `json:"index"`
	Start   Position `json:"start"` // in the policy's text
	End     Position `json:"end"`
	Effect  string   `json:"effect"`
	Applies bool     `json:"applies"`
	Differs string   `json:"differs,omitempty"` // the first element that does not match: "action", "resource", "principal" or "condition"
	Checks  Checks   `json:"checks"`
}

// Checks are the comparisons of a statement's elements.
type Checks struct {
	Principal  *PatternCheck    `json:"principal,omitempty"` // nil: the statement names none
	Action     PatternCheck     `json:"action"`
	Resource   *PatternCheck    `json:"resource,omitempty"` // nil: the statement names none
	Conditions []ConditionCheck `json:"conditions,omitempty"`
}

// A PatternCheck is the comparison of an element that lists patterns. It shows
// one of them: the one that matched, or else the nearest.
type PatternCheck struct {
	Element string `json:"element"` // "Action", "NotAction" …
	Matches bool   `json:"matches"`
	Pattern string `json:"pattern"`
	Got     string `json:"got"`
	Part    string `json:"part,omitempty"`     // the first part that differs: "account", "stage" …
	Want    string `json:"wantPart,omitempty"` // that part of the pattern
	Have    string `json:"gotPart,omitempty"`  // that part of the request
	Note    string `json:"note,omitempty"`
}

// A ConditionCheck is the comparison of a condition.
type ConditionCheck struct {
	Operator  string            `json:"operator"`
	Key       string            `json:"key"`
	Wanted    []string          `json:"wanted"`
	Got       *Value            `json:"got,omitempty"`
	Absent    bool              `json:"absent,omitempty"` // the request does not have the key
	Result    bool              `json:"result"`
	Variables map[string]string `json:"resolvedVariables,omitempty"`
	Note      string            `json:"note,omitempty"`
}

// A Pointer points into Layers.
type Pointer struct {
	Layer     int `json:"layer"`
	Policy    int `json:"policy"`
	Statement int `json:"statement"`
}

// A Nearest is the statement that came nearest to allowing a request, and what
// kept it from it.
type Nearest struct {
	Pointer
	Name string `json:"name"` // such as: statement "Invoke" of policy orders
	Text string `json:"text"` // what differs, in words
}

// A Missing is a statement that a policy lacks, or a Deny to change.
type Missing struct {
	Layer     string          `json:"layer"`
	Where     string          `json:"where"`               // "a policy of role AppRole"
	Statement json.RawMessage `json:"statement,omitempty"` // the smallest that does; none when a Deny is in the way
	Change    *Pointer        `json:"change,omitempty"`    // the Deny that is in the way
	Note      string          `json:"note,omitempty"`
}

// A Hint names a likely mistake.
type Hint struct {
	Code string   `json:"code"` // stable, such as "wrong-stage"
	Text string   `json:"text"`
	At   *Pointer `json:"at,omitempty"` // the statement that it is about
}
