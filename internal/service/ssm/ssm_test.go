package ssm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/ssm"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

func start(t *testing.T) *ssm.Service {
	t.Helper()
	ctx := context.Background()
	e, err := engine.Start(ctx, engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	st, err := store.Open(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	ring, err := seal.Open(ctx, st)
	if err != nil {
		t.Fatal(err)
	}
	return ssm.New(ssm.Config{Store: st, Seal: ring, Account: "123456789012", Region: "ap-northeast-1"})
}

func put(t *testing.T, s *ssm.Service, name, kind, value string) {
	t.Helper()
	if _, err := s.PutParameter(t.Context(), &ssm.PutParameterInput{Name: name, Type: kind, Value: value}); err != nil {
		t.Fatal(err)
	}
}

func TestSecureStringsAreOpenedOnlyWhenAsked(t *testing.T) {
	s := start(t)
	put(t, s, "/app/password", "SecureString", "hunter2")
	for _, decrypt := range []bool{false, true} {
		out, err := s.GetParameter(t.Context(), &ssm.GetParameterInput{Name: "/app/password", WithDecryption: decrypt})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Parameter.Value == "hunter2"; got != decrypt {
			t.Errorf("WithDecryption %v shows the value: %v", decrypt, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := start(t)
	put(t, s, "/a", "String", "1")
	try := func(in ssm.PutParameterInput) error { _, err := s.PutParameter(t.Context(), &in); return err }
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"what exists needs Overwrite", try(ssm.PutParameterInput{Name: "/a", Type: "String", Value: "2"}), "ParameterAlreadyExists: The parameter already exists. To overwrite this value, set the overwrite option in the request to true."},
		{"a new one needs a type", try(ssm.PutParameterInput{Name: "/b", Value: "2"}), "ValidationException: A parameter type is required"},
		{"aws is reserved", try(ssm.PutParameterInput{Name: "/aws/x", Type: "String", Value: "2"}), "AccessDeniedException: No access to reserved parameter name: /aws/x."},
		{"ssm too", try(ssm.PutParameterInput{Name: "SSMx", Type: "String", Value: "2"}), `ValidationException: Parameter name: can't be prefixed with "ssm"`},
		{"a path begins with a slash", try(ssm.PutParameterInput{Name: "a/b", Type: "String", Value: "2"}), "ValidationException: Parameter name must be a fully qualified name."},
		{"4096 characters at most", try(ssm.PutParameterInput{Name: "/b", Type: "String", Value: strings.Repeat("x", 4097)}), "ValidationException: Standard tier parameters support a maximum parameter value of 4096 characters."},
		{"the pattern must match", try(ssm.PutParameterInput{Name: "/b", Type: "String", Value: "x", AllowedPattern: "[0-9]+"}), "ParameterPatternMismatchException"},
		{"what is not there", second(s.GetParameter(t.Context(), &ssm.GetParameterInput{Name: "/no"})), "ParameterNotFound: Parameter /no not found."},
		{"nor that version", second(s.GetParameter(t.Context(), &ssm.GetParameterInput{Name: "/a:9"})), "ParameterVersionNotFound"},
	}
	for _, tt := range tests {
		if tt.err == nil || !strings.HasPrefix(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s…", tt.name, tt.err, tt.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestVersionsStay(t *testing.T) {
	s := start(t)
	put(t, s, "/a", "String", "one")
	if _, err := s.PutParameter(t.Context(), &ssm.PutParameterInput{Name: "/a", Value: "two", Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"/a": "two", "/a:1": "one", "/a:2": "two", "arn:aws:ssm:ap-northeast-1:123456789012:parameter/a": "two",
	} {
		value, _, _ := s.Lookup(name)
		if value != want {
			t.Errorf("Lookup(%s) = %q, want %q", name, value, want)
		}
	}
	out, err := s.GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{Name: "/a"})
	if err != nil || len(out.Parameters) != 2 {
		t.Errorf("history = %+v, %v", out, err)
	}
}

func TestPublicParametersAreAnsweredByRule(t *testing.T) {
	s := start(t)
	const name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
	first, kind, ok := s.Lookup(name)
	again, _, _ := s.Lookup(name)
	other, _, _ := s.Lookup(strings.Replace(name, "x86_64", "arm64", 1))
	if !ok || kind != "String" || !strings.HasPrefix(first, "ami-") || len(first) != 21 || first != again || first == other {
		t.Errorf("Lookup = %s, %s, %v; again %s; another %s", first, kind, ok, again, other)
	}
	if v, _, _ := s.Lookup("/cdk-bootstrap/hnb659fds/version"); v != "21" {
		t.Errorf("CDK's version = %q", v)
	}
	put(t, s, "/cdk-bootstrap/hnb659fds/version", "String", "30")
	if v, _, _ := s.Lookup("/cdk-bootstrap/hnb659fds/version"); v != "30" {
		t.Errorf("a record comes first: %q", v)
	}
	if _, _, ok := s.Lookup("/aws/service/nothing"); ok {
		t.Error("an unknown public name is answered")
	}
}

func TestByPath(t *testing.T) {
	s := start(t)
	for i := range 12 {
		put(t, s, fmt.Sprintf("/app/p%02d", i), "String", "v")
	}
	put(t, s, "/app/deep/p", "String", "v")
	put(t, s, "/apple", "String", "v")
	names := func(recursive bool) (got []string) {
		in := &ssm.GetParametersByPathInput{Path: "/app", Recursive: recursive}
		for {
			out, err := s.GetParametersByPath(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range out.Parameters {
				got = append(got, p.Name)
			}
			if in.NextToken = out.NextToken; in.NextToken == "" {
				return got
			}
		}
	}
	if got := names(false); len(got) != 12 || got[0] != "/app/p00" {
		t.Errorf("one level: %v", got)
	}
	if got := names(true); len(got) != 13 || got[0] != "/app/deep/p" {
		t.Errorf("all levels: %v", got)
	}
}

func TestParameterOfATemplate(t *testing.T) {
	s, ctx := start(t), t.Context()
	h := s.Types()[0].Handler
	n, _, err := template.Parse("t.yaml", []byte("X: {Type: String, Value: 5, Tags: {a: b}}"))
	if err != nil {
		t.Fatal(err)
	}
	r := &stack.Request{ProposedName: "CFN-P-1", Properties: n.Get("X")}
	result, err := h.Create(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	want := stack.Result{PhysicalID: "CFN-P-1", Attributes: map[string]string{"Type": "String", "Value": "5", "Arn": "arn:aws:ssm:ap-northeast-1:123456789012:parameter/CFN-P-1"}}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Error(diff)
	}
	r.PhysicalID = result.PhysicalID
	for range 2 {
		if err := h.Delete(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParameterPoliciesOfATemplateAreRefused(t *testing.T) {
	s := start(t)
	n, _, err := template.Parse("t.yaml", []byte(`X: {Type: String, Value: v, Policies: '[{"Type":"Expiration"}]'}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Types()[0].Handler.Create(t.Context(), &stack.Request{ProposedName: "p", Properties: n.Get("X")})
	if err == nil || !strings.Contains(err.Error(), "no parameter policies") {
		t.Errorf("got %v", err)
	}
}
