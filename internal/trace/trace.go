// Package trace keeps what happened to recent requests, so that an operator
// can be told why one was refused.
//
// A front door fills in a [Request] while it works and hands it to
// [Log.Record]. [Log.Find], [Log.Last] and [Log.LastDenied] find it again, and
// [Explain] tells it to a person. No trace holds a secret, a session token or a
// whole signature: Record masks them.
package trace

import (
	"slices"
	"sync"
	"time"

	"github.com/hakonegate/hakone/policy"
)

// A Request is what became of one request. [New] returns one whose parts have their
// memory with it; once recorded it is the log's.
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

	parts parts
}

// parts is the memory of what a request points to.
type parts struct {
	steps         [12]Step
	signature     Signature
	headers       [12]string
	caller        Caller
	authorization Authorization
	integration   Integration
}

var pool = sync.Pool{New: func() any { return new(Request) }}

// New returns an empty request.
func New() *Request {
	r, _ := pool.Get().(*Request)
	r.Steps = r.parts.steps[:0]
	return r
}

// recycle takes the memory of r, which nobody may see any more, for another one.
func recycle(r *Request) {
	*r = Request{}
	pool.Put(r)
}

// clone returns a copy that nobody changes.
func (r *Request) clone() *Request {
	if r == nil {
		return nil
	}
	c := *r
	c.parts = parts{}
	c.Steps = slices.Clone(r.Steps)
	c.Signature, c.Caller, c.Authorization, c.Integration = copied(r.Signature), copied(r.Caller), copied(r.Authorization), copied(r.Integration)
	if c.Signature != nil {
		c.Signature.SignedHeaders = slices.Clone(c.Signature.SignedHeaders)
	}
	return &c
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// SetSignature notes how the check of the signature went. It keeps nothing of the
// memory of s.SignedHeaders.
func (r *Request) SetSignature(s *Signature) {
	r.parts.signature = *s
	r.Signature = &r.parts.signature
	r.Signature.SignedHeaders = append(r.parts.headers[:0], s.SignedHeaders...)
}

// SetCaller notes who signed.
func (r *Request) SetCaller(c Caller) {
	r.parts.caller = c
	r.Caller = &r.parts.caller
}

// SetAuthorization notes what the caller's policies were asked.
func (r *Request) SetAuthorization(a Authorization) {
	r.parts.authorization = a
	r.Authorization = &r.parts.authorization
}

// SetIntegration notes what stands behind the route.
func (r *Request) SetIntegration(i Integration) {
	r.parts.integration = i
	r.Integration = &r.parts.integration
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
