package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/policy"
)

func TestExplainDecidesLikeEvaluate(t *testing.T) {
	for _, c := range readCases(t) {
		r, s, err := c.Build()
		if err != nil {
			t.Fatal(err)
		}
		e := policy.Explain(r, s)
		if e.Decision != c.Expected {
			t.Errorf("%s: Explain says %s, want %s", c.ID, e.Decision, c.Expected)
		}
		if (e.Decision == "ImplicitlyDenied") == (len(e.Decisive) > 0) && !strings.HasSuffix(c.Request.Principal, ":root") {
			t.Errorf("%s: %s is decided by %v", c.ID, e.Decision, e.Decisive)
		}
		if e.Decision != "Allowed" && len(e.Missing) == 0 {
			t.Errorf("%s: nothing is said to be missing", c.ID)
		}
		if text := e.Text(); !strings.Contains(text, c.Request.Action) {
			t.Errorf("%s: the text does not name the action: %s", c.ID, text)
		}
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var again policy.Explanation
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatal(err)
		}
		if again.Text() != e.Text() {
			t.Errorf("%s: JSON loses something: %s", c.ID, cmp.Diff(e.Text(), again.Text()))
		}
	}
}

// The statements that are said to be missing do allow the request.
func TestMissingStatementsAllow(t *testing.T) {
	for _, c := range readCases(t) {
		if c.Expected != "ImplicitlyDenied" {
			continue
		}
		r, s, err := c.Build()
		if err != nil {
			t.Fatal(err)
		}
		e := policy.Explain(r, s)
		for _, m := range e.Missing {
			doc := `{"Version":"2012-10-17","Statement":` + string(m.Statement) + `}`
			switch m.Layer {
			case "identity-based policy":
				c.IdentityPolicies = append(c.IdentityPolicies, json.RawMessage(doc))
			case "session policy":
				c.SessionPolicies = append(c.SessionPolicies, json.RawMessage(doc))
			case "permissions boundary":
				c.PermissionBoundaries[0] = joined(t, c.PermissionBoundaries[0], m.Statement)
			case "resource-based policy", "role trust policy":
				c.ResourcePolicy = joined(t, c.ResourcePolicy, m.Statement)
			case "service control policy":
				for i := range c.SCPs {
					c.SCPs[i] = append(c.SCPs[i], json.RawMessage(doc))
				}
			default:
				t.Errorf("%s: a statement is missing in %s", c.ID, m.Layer)
			}
		}
		r, s, err = c.Build()
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		if d := policy.Evaluate(r, s); !d.Allowed() {
			t.Errorf("%s: %s even with %s", c.ID, d.Sentence(r), mustJSON(t, e.Missing))
		}
	}
}

// joined returns the document with one statement more.
func joined(t *testing.T, doc, statement json.RawMessage) json.RawMessage {
	t.Helper()
	if len(doc) == 0 || string(doc) == "null" {
		return json.RawMessage(`{"Version":"2012-10-17","Statement":` + string(statement) + `}`)
	}
	var d struct {
		Version   string
		Statement []json.RawMessage
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	d.Statement = append(d.Statement, statement)
	return mustJSON(t, d)
}

func mustJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
