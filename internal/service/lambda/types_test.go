package lambda_test

import (
	"testing"

	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

func handler(t *testing.T, s *lambda.Service, name string) stack.Handler {
	t.Helper()
	for _, typ := range s.Types() {
		if typ.Name == name {
			return typ.Handler
		}
	}
	t.Fatalf("no type %s", name)
	return nil
}

func properties(t *testing.T, text string) *template.Node {
	t.Helper()
	n, err := template.FromJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTemplatesProvision looks by what is refused: a version cannot be provisioned
// beside an alias of it that is.
func TestTemplatesProvision(t *testing.T) {
	s := open(t)
	hello(t, s, "1")
	version := &stack.Request{Properties: properties(t, `{"FunctionName": "fn", "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}}`)}
	if _, err := handler(t, s, "AWS::Lambda::Version").Create(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	aliases := handler(t, s, "AWS::Lambda::Alias")
	with := properties(t, `{"FunctionName": "fn", "Name": "live", "FunctionVersion": "1", "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}}`)
	without := properties(t, `{"FunctionName": "fn", "Name": "live", "FunctionVersion": "1"}`)
	if _, err := aliases.Create(t.Context(), &stack.Request{Properties: with}); code(err) != "ResourceConflictException" {
		t.Fatalf("an alias beside a version that is provisioned = %v", err)
	}
	if err := s.DeleteProvisioned(t.Context(), "fn", "1"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteAlias(t.Context(), "fn", "live"); err != nil {
		t.Fatal(err)
	}
	made, err := aliases.Create(t.Context(), &stack.Request{Properties: with})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetProvisioned(t.Context(), "fn", "1", 1); code(err) != "ResourceConflictException" {
		t.Errorf("the alias is not provisioned: %v", err)
	}
	if _, err := aliases.Update(t.Context(), &stack.Request{PhysicalID: made.PhysicalID, Properties: without}, with); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetProvisioned(t.Context(), "fn", "1", 1); err != nil {
		t.Errorf("the alias is provisioned still: %v", err)
	}
}
