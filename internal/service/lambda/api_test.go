package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/policy"
)

func TestRefusalsAreSpelledAsLambdaDoes(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nothing found: Message", functionNotFound("ARN"), `{"Message":"Function not found: ARN","Type":"User"}`},
		{"a wrong value", invalidParameter("No"), `{"Type":"User","message":"No"}`},
		{"the model: no Type", violations{"Value 'x'"}.err(), `{"message":"1 validation error detected: Value 'x'"}`},
		{"a limit has a reason", throttled("ReservedFunctionConcurrentInvocationLimitExceeded"), `{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}`},
		{"too large: Message", awserr.New("RequestEntityTooLargeException", 413, "Large"), `{"Message":"Large"}`},
		{"may not: Message", awserr.New("AccessDeniedException", 403, "User"), `{"Message":"User"}`},
		{"ours", awserr.New("InternalFailure", 500, "Failed"), `{"Type":"Service","message":"Failed"}`},
	}
	for _, tt := range tests {
		var e *awserr.Error
		if !errors.As(tt.err, &e) {
			t.Fatalf("%s: %v is no refusal", tt.name, tt.err)
		}
		got, err := json.Marshal(refusal(e))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// named returns a service that knows its names and nothing else.
func named() *Service {
	return &Service{cfg: Config{Account: "111111111111", Region: "us-east-1", Partition: "aws"}, arnPrefix: "arn:aws:lambda:us-east-1:111111111111:function:"}
}

func TestResourcesOfOperations(t *testing.T) {
	s := named()
	const arn = "arn:aws:lambda:us-east-1:111111111111:function:fn"
	tests := []struct{ name, got, want string }{
		{"a qualifier counts", s.referenceARN("fn", "live"), arn + ":live"},
		{"in the name too", s.referenceARN(arn+":live", ""), arn + ":live"},
		{"operations on the whole function pass over it", s.bareARN("fn:live"), arn},
		{"a partial ARN", s.bareARN("111111111111:function:fn"), arn},
		{"no name", s.referenceARN("a/b", ""), "*"},
		{"another account's", s.referenceARN("arn:aws:lambda:us-east-1:222222222222:function:fn", ""), "*"},
		{"a function to be made", s.newFunctionARN(&createRequest{FunctionName: "fn"}), arn},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, tt.got, tt.want)
		}
	}
}

// as returns the context of a caller with one policy.
func as(t *testing.T, text string) context.Context {
	t.Helper()
	d, err := policy.Parse(policy.Identity, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := &access.Caller{
		Kind: policy.User, AccountID: "111111111111", ARN: "arn:aws:iam::111111111111:user/bob", PrincipalARN: "arn:aws:iam::111111111111:user/bob",
		Policies: policy.Set{Identity: []*policy.Policy{policy.New("p", "", d)}},
	}
	return access.With(t.Context(), c, &access.RequestFacts{})
}

func TestRoleAndLayersMustBeTheCallersToGive(t *testing.T) {
	const role, version = "arn:aws:iam::111111111111:role/r", "arn:aws:lambda:us-east-1:111111111111:layer:l:1"
	allow := func(action, condition string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"*"` + condition + `}}`
	}
	tests := []struct {
		name, policy  string
		configuration configuration
		allowed       bool
	}{
		{"no role and no layer", allow("lambda:*", ""), configuration{}, true},
		{"a role without iam:PassRole", allow("lambda:*", ""), configuration{Role: role}, false},
		{"a role for Lambda", allow("iam:PassRole", `,"Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`), configuration{Role: role}, true},
		{"a role for another service", allow("iam:PassRole", `,"Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`), configuration{Role: role}, false},
		{"a layer", allow("lambda:GetLayerVersion", ""), configuration{Layers: []string{version}}, true},
		{"a layer without lambda:GetLayerVersion", allow("iam:PassRole", ""), configuration{Layers: []string{version}}, false},
	}
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	records, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	s := named()
	s.layers = store.In[layer](records, "lambda.layers")
	for _, tt := range tests {
		err := s.mayUse(as(t, tt.policy), "arn", &tt.configuration)
		var no *awserr.Error
		if tt.allowed && err != nil || !tt.allowed && (!errors.As(err, &no) || no.Code != "AccessDeniedException") {
			t.Errorf("%s: %v, want allowed %v", tt.name, err, tt.allowed)
		}
	}
}
