package lambda_test

import (
	"testing"

	"github.com/hakonegate/hakone/internal/service/lambda"
)

func TestFunctionURLNeedsBothPermissions(t *testing.T) {
	s := open(t)
	hello(t, s, "1")
	made, err := s.CreateFunctionURLConfig(t.Context(), &lambda.FunctionURLInput{FunctionName: "fn", AuthType: "NONE"})
	if err != nil {
		t.Fatal(err)
	}
	u, ok := s.URL(made.ID)
	if !ok {
		t.Fatal("the URL is not served")
	}
	call := func() string {
		_, err := s.InvokeURL(t.Context(), u, &lambda.InvokeInput{Payload: []byte(`{}`)})
		if err != nil {
			return code(err)
		}
		return ""
	}
	if got := call(); got != "AccessDeniedException" {
		t.Errorf("without permissions: %q", got)
	}
	for _, in := range []*lambda.AddPermissionInput{
		{StatementId: "url", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE"},
		{StatementId: "function", Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true},
	} {
		if got := call(); got != "AccessDeniedException" {
			t.Errorf("before %s: %q", in.Action, got)
		}
		in.FunctionName, in.Principal = "fn", "*"
		if _, err := s.AddPermission(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if got := call(); got != "" {
		t.Errorf("with both: %s", got)
	}
	// The permission is for calls through the URL only.
	if _, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionARN: arn}); code(err) != "AccessDeniedException" {
		t.Errorf("Invoke by anybody = %v, want AccessDeniedException", err)
	}
	if err := s.DeleteFunctionURLConfig(t.Context(), "fn", ""); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.URL(made.ID); ok {
		t.Error("the URL is served after its deletion")
	}
}
