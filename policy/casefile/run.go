package casefile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/hakonegate/hakone/policy" //nolint:depguard // part of the same public library
)

// maxLine bounds a case. Policies are small; a case holds a handful.
const maxLine = 4 << 20

// A Result is the line that [Run] writes for a case.
type Result struct {
	ID         string      `json:"id"`
	Decision   string      `json:"decision"`
	Reason     string      `json:"reason"`
	Statements []Statement `json:"statements"`         // those that decided
	Expected   string      `json:"expected,omitempty"` // when it differs
}

// A Statement names a statement of a case's policies.
type Statement struct {
	Policy string `json:"policy"` // "identityPolicies[0]"
	Index  int    `json:"index"`
	Sid    string `json:"sid,omitempty"`
	Effect string `json:"effect"`
}

// Run decides the cases in r, one JSON object a line, and writes one line of
// JSON for each to w. It returns how many decisions differ from what their case
// expects. A case with a policy that cannot be read is denied, and counts as
// different. An error means that r is not a case file or that w failed.
func Run(r io.Reader, w io.Writer) (failed int, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for number := 1; lines.Scan(); number++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var c Case
		if err := json.Unmarshal(line, &c); err != nil {
			return failed, fmt.Errorf("line %d: %w", number, err)
		}
		result, ok := c.Decide()
		if !ok {
			failed++
		}
		if err := out.Encode(result); err != nil {
			return failed, err
		}
	}
	if err := lines.Err(); err != nil {
		return failed, fmt.Errorf("read cases: %w", err)
	}
	return failed, nil
}

// Decide returns the decision of the case, and whether it is the expected one.
func (c *Case) Decide() (Result, bool) {
	result := Result{ID: c.ID, Statements: []Statement{}}
	r, s, err := c.Build()
	if err != nil {
		result.Decision, result.Reason = policy.ImplicitlyDenied.String(), err.Error()
		result.Expected = c.Expected
		return result, false
	}
	e := policy.Explain(r, s)
	result.Decision, result.Reason = e.Decision, e.Reason
	for _, at := range e.Decisive {
		p := &e.Layers[at.Layer].Policies[at.Policy]
		st := &p.Statements[at.Statement]
		result.Statements = append(result.Statements, Statement{Policy: p.Name, Index: st.Index, Sid: st.Sid, Effect: st.Effect})
	}
	if c.Expected != "" && c.Expected != result.Decision {
		result.Expected = c.Expected
		return result, false
	}
	return result, true
}
