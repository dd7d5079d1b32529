package cloudformation

import (
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

func TestRecordedTypesHaveTheIdsOfAWS(t *testing.T) {
	types := stack.Collect((&Service{}).OwnTypes())
	tests := []struct {
		typ, properties, ref string
		attributes           []string // NAME=VALUE; a value ends in * where it is drawn
	}{
		{"AWS::Events::Rule", "{Name: nightly}", "nightly", []string{"Arn=arn:aws:events:eu-west-1:111122223333:rule/nightly"}},
		{"AWS::Events::Rule", "{}", "stack-Thing-ABC", []string{"Arn=arn:aws:events:eu-west-1:111122223333:rule/stack-Thing-ABC"}},
		{"AWS::Events::EventBus", "{Name: bus}", "bus", []string{"Arn=arn:aws:events:eu-west-1:111122223333:event-bus/bus", "Name=bus"}},
		{"AWS::StepFunctions::StateMachine", "{StateMachineName: m}", "arn:aws:states:eu-west-1:111122223333:stateMachine:m", []string{"Name=m", "Arn=arn:aws:states:eu-west-1:111122223333:stateMachine:m"}},
		{"AWS::SecretsManager::Secret", "{Name: s}", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-*", []string{"Id=arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-*"}},
		{"AWS::KMS::Key", "{}", "*", []string{"Arn=arn:aws:kms:eu-west-1:111122223333:key/*"}},
		{"AWS::Cognito::UserPool", "{}", "eu-west-1_*", []string{"ProviderURL=https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_*", "Arn=arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_*"}},
		{"AWS::Cognito::IdentityPool", "{}", "eu-west-1:*", nil},
		{"AWS::Route53::RecordSet", "{Name: a.example.com, Type: A}", "a.example.com", nil},
		{"AWS::CertificateManager::Certificate", "{DomainName: a.example.com}", "arn:aws:acm:eu-west-1:111122223333:certificate/*", nil},
		{"AWS::IAM::ServiceLinkedRole", "{AWSServiceName: x}", "AWSServiceRoleForstack-Thing-ABC", nil},
	}
	for _, tt := range tests {
		n, err := parsed(tt.properties)
		if err != nil {
			t.Fatal(err)
		}
		warned := ""
		r := &stack.Request{Account: "111122223333", Region: "eu-west-1", Partition: "aws", LogicalID: "Thing", ProposedName: "stack-Thing-ABC", Properties: n}
		got, err := types[tt.typ].Handler.Create(stack.WithWarnings(t.Context(), func(text string) { warned = text }), r)
		if err != nil {
			t.Fatal(err)
		}
		if !like(got.PhysicalID, tt.ref) {
			t.Errorf("Ref of %s %s = %q, want %q", tt.typ, tt.properties, got.PhysicalID, tt.ref)
		}
		for _, want := range tt.attributes {
			name, value, _ := strings.Cut(want, "=")
			if !like(got.Attributes[name], value) {
				t.Errorf("%s of %s %s = %q, want %q", name, tt.typ, tt.properties, got.Attributes[name], value)
			}
		}
		if !strings.Contains(warned, "Thing: "+tt.typ+" is recorded and has no effect here") {
			t.Errorf("%s: warned %q", tt.typ, warned)
		}
	}
}

func parsed(text string) (*template.Node, error) {
	n, _, err := template.ParseValue("", []byte("X: "+text))
	return n.Get("X"), err
}

func like(got, want string) bool {
	prefix, drawn := strings.CutSuffix(want, "*")
	return got == want || drawn && strings.HasPrefix(got, prefix) && len(got) > len(prefix)
}
