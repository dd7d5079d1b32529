package iam

import (
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/template"
)

// SAM's policy templates have no Version; IAM's API would refuse them.
func TestInlinePoliciesOfTemplatesMayLackAVersion(t *testing.T) {
	n, _, err := template.Parse("t.yaml", []byte(`{"Roles": [], "PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "*"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := decode[inlineProperties](n)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(p.PolicyDocument.Document); !strings.HasPrefix(text, `{"Version":"2012-10-17",`) {
		t.Errorf("the document is %s, want a Version", text)
	}
	if n.Get("PolicyDocument").Has("Version") {
		t.Error("the template was changed")
	}
}
