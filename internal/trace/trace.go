// Package trace keeps what happened to recent requests, so that an operator
// can be told why one was refused.
//
// A front door fills in a [Request] while it works and hands it to
// [Log.Record]. [Log.Find], [Log.Last] and [Log.LastDenied] find it again, and
// [Explain] tells it to a person. No trace holds a secret, a session token or a
// whole signature: Record masks them.
package trace

import (
	"time"

	"github.com/hakonegate/hakone/policy"
)

// A Request is what became of one request. It is immutable once recorded.
type Request struct {
	ID        string        `json:"id"` // what apigw-requestid told the caller
	Time      time.Time     `json:"time"`
	Duration  time.Duration `json:"durationNanos"`
	Method    string        `json:"method"`
	Host      string        `json:"host"`
	Path      string        `json:"path"` // as the caller sent it, without the query
	Protocol  string        `json:"protocol,omitempty"`
	SourceIP  string        `json:"sourceIp,omitempty"`
	UserAgent string        `json:"userAgent,omitempty"`
	Secure    bool          `json:"secure,omitempty"`

	API               string `json:"apiId,omitempty"`
	APIName           string `json:"apiName,omitempty"`
	Stage             string `json:"stage,omitempty"`
	Route             string `json:"routeKey,omitempty"`
	AuthorizationType string `json:"authorizationType,omitempty"`

	Steps         []Step         `json:"steps"`
	Signature     *Signature     `json:"signature,omitempty"`
	Caller        *Caller        `json:"caller,omitempty"`
	Authorization *Authorization `json:"authorization,omitempty"`
	Integration   *Integration   `json:"integration,omitempty"`

	Status int   `json:"status"`
	Bytes  int64 `json:"responseBytes"`
}

// An Outcome says how a step ended.
type Outcome string

// The outcomes of a step.
const (
	Passed  Outcome = "passed"
	Refused Outcome = "refused" // the caller's doing
	Failed  Outcome = "failed"  // ours, or the integration's
)

// A Step is one thing that was done for a request.
type Step struct {
	Name    string        `json:"name"`
	Outcome Outcome       `json:"outcome"`
	Detail  string        `json:"detail,omitempty"` // one sentence for the operator
	Took    time.Duration `json:"tookNanos"`
}

// A Signature says how the check of a signature went.
type Signature struct {
	Valid            bool      `json:"valid"`
	Reason           string    `json:"reason,omitempty"`  // the name of the failure, such as "Mismatch"; empty when valid
	Message          string    `json:"message,omitempty"` // what was compared and where it differs
	Cause            string    `json:"cause,omitempty"`   // what made it wrong, if that could be found out
	AccessKeyID      string    `json:"accessKeyId,omitempty"`
	Date             time.Time `json:"date,omitzero"`
	Now              time.Time `json:"now,omitzero"`
	Region           string    `json:"region,omitempty"`  // that the caller signed for
	Service          string    `json:"service,omitempty"` // that the caller signed for
	WantRegion       string    `json:"wantRegion,omitempty"`
	WantService      string    `json:"wantService,omitempty"`
	SignedHeaders    []string  `json:"signedHeaders,omitempty"`
	Presigned        bool      `json:"presigned,omitempty"`
	CanonicalRequest string    `json:"canonicalRequest,omitempty"` // as received, secrets masked
	StringToSign     string    `json:"stringToSign,omitempty"`
}

// A Caller is who signed.
type Caller struct {
	Kind        string `json:"kind"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserID      string `json:"userId,omitempty"`
	AccessKeyID string `json:"accessKeyId,omitempty"`
}

// An Authorization is the question asked of the caller's policies, and the
// answer.
type Authorization struct {
	Action      string              `json:"action"`
	Resource    string              `json:"resource"`
	Allowed     bool                `json:"allowed"`
	Decision    string              `json:"decision"`
	Explanation *policy.Explanation `json:"explanation,omitempty"` // of refusals
}

// An Integration says what stood behind the route and how it did.
type Integration struct {
	Type          string        `json:"type"`
	Target        string        `json:"target"` // function ARN or URL
	SourceARN     string        `json:"sourceArn,omitempty"`
	Status        int           `json:"status,omitempty"` // of an HTTP backend
	Error         string        `json:"error,omitempty"`
	FunctionError string        `json:"functionError,omitempty"`
	RequestID     string        `json:"requestId,omitempty"` // Lambda's, or that of another AWS service
	Duration      time.Duration `json:"durationNanos"`
}

// Refusal returns the step that ended r early; ok is false when none did.
func (r *Request) Refusal() (s Step, ok bool) {
	for _, s := range r.Steps {
		if s.Outcome != Passed {
			return s, true
		}
	}
	return Step{}, false
}

// Denied reports whether r was refused or failed, rather than answered by its
// integration.
func (r *Request) Denied() bool {
	_, ok := r.Refusal()
	return ok
}
