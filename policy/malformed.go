package policy

import "fmt"

// A MalformedError is a refusal of a document. AWS answers with the code
// MalformedPolicyDocument and Message, and nothing else.
type MalformedError struct {
	Message  string // AWS's text, exactly
	Detail   string // what is wrong, for people
	Element  string // "Statement[1].Action", if known
	Position Position
}

// Error returns AWS's message.
func (e *MalformedError) Error() string { return e.Message }

// Explain returns the message with what is wrong and where.
func (e *MalformedError) Explain() string {
	s := e.Message
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	if e.Position.Line > 0 {
		s += " at " + e.Position.String()
	}
	if e.Element != "" {
		s += " in " + e.Element
	}
	return s
}

// A Warning is something that AWS accepts but that cannot mean what its author
// wanted.
type Warning struct {
	Position Position `json:"position"`
	Element  string   `json:"element"` // "Statement[0].Action"
	Message  string   `json:"message"`
	Likely   string   `json:"likely,omitempty"` // the likely spelling, if there is one
}

// String returns the warning in one line.
func (w Warning) String() string {
	s := w.Position.String() + ": " + w.Element + ": " + w.Message
	if w.Likely != "" {
		s += fmt.Sprintf("; did you mean %q?", w.Likely)
	}
	return s
}
