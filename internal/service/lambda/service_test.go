package lambda_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/store"
)

// A place is what a service works with.
type place struct {
	tb      testing.TB
	records *store.Store
	code    *blob.Store
	pool    *execenv.Pool
}

func newPlace(tb testing.TB) *place {
	tb.Helper()
	e, err := engine.Start(tb.Context(), engine.Config{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { e.Close() })
	records, err := store.Open(tb.Context(), e)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { records.Close() })
	code, err := blob.Open(tb.Context(), e)
	if err != nil {
		tb.Fatal(err)
	}
	pool := execenv.New(execenv.Config{Dir: tb.TempDir(), Code: code})
	running(tb, pool.Run)
	return &place{tb, records, code, pool}
}

// running runs a component until the test is over.
func running(tb testing.TB, run func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		<-done
	})
}

// service returns a service there. It is not running.
func (p *place) service(d lambda.Destinations) *lambda.Service {
	return lambda.New(lambda.Config{
		Store: p.records, Code: p.code, Pool: p.pool, Account: "111111111111", Region: "us-east-1",
		Clock: lambda.ScaledClock(0.0005), TakeOverEvery: 5 * time.Millisecond, Destinations: d,
	})
}

// open returns a service over a fresh data directory, with its pool running.
func open(tb testing.TB) *lambda.Service {
	tb.Helper()
	return newPlace(tb).service(nil)
}

const arn = "arn:aws:lambda:us-east-1:111111111111:function:fn"

// hello makes a Python function, or skips the test where there is no Python.
func hello(tb testing.TB, s *lambda.Service, body string) {
	tb.Helper()
	_, err := s.CreateFunction(tb.Context(), &lambda.CreateFunctionInput{
		FunctionName: "fn", Code: lambda.Code{Source: "def handler(event, context):\n    return " + body + "\n"},
		Settings: lambda.Settings{Runtime: "python3.11", Handler: "index.handler", Role: "arn:aws:iam::111111111111:role/r"},
	})
	if err != nil && strings.Contains(err.Error(), "no python3 program") {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// code returns the code of a refusal.
func code(err error) string {
	if no, ok := errors.AsType[*awserr.Error](err); ok {
		return no.Code
	}
	return ""
}

func fromAPI(sourceARN string) *lambda.InvokeInput {
	return &lambda.InvokeInput{
		FunctionARN: arn, Payload: []byte(`{}`), Service: "apigateway.amazonaws.com", SourceARN: sourceARN, SourceAccount: "111111111111",
	}
}

func TestAPIGatewayMayCallWhatThePolicyAllows(t *testing.T) {
	s := open(t)
	hello(t, s, `"Hello, World"`)
	in := fromAPI("arn:aws:execute-api:us-east-1:111111111111:abcdef1234/$default/GET/")
	if _, err := s.Invoke(t.Context(), in); code(err) != "AccessDeniedException" {
		t.Errorf("Invoke without a permission = %v, want AccessDeniedException", err)
	}
	st, err := s.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: "fn", StatementId: "api", Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com",
		SourceArn: "arn:aws:execute-api:us-east-1:111111111111:abcdef1234/*/GET/",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Sid":"api","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"` + arn +
		`","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:111111111111:abcdef1234/*/GET/"}}}`
	if diff := cmp.Diff(want, st); diff != "" {
		t.Errorf("statement (-want +got):\n%s", diff)
	}
	out, err := s.Invoke(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out.Payload), `"Hello, World"`; got != want || out.FunctionError != "" || out.ExecutedVersion != "$LATEST" {
		t.Errorf("Invoke = %+v, want %s", out, want)
	}
	other := fromAPI("arn:aws:execute-api:us-east-1:111111111111:other12345/$default/GET/")
	if _, err := s.Invoke(t.Context(), other); code(err) != "AccessDeniedException" {
		t.Errorf("Invoke from another API = %v, want AccessDeniedException", err)
	}
	if err := s.RemovePermission(t.Context(), "fn", "", "api", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Invoke(t.Context(), in); code(err) != "AccessDeniedException" {
		t.Errorf("Invoke after RemovePermission = %v, want AccessDeniedException", err)
	}
}

func allow(tb testing.TB, s *lambda.Service, qualifier string) {
	tb.Helper()
	_, err := s.AddPermission(tb.Context(), &lambda.AddPermissionInput{
		FunctionName: "fn", Qualifier: qualifier, StatementId: "api", Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com",
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func invoke(tb testing.TB, s *lambda.Service, in *lambda.InvokeInput) string {
	tb.Helper()
	out, err := s.Invoke(tb.Context(), in)
	if err != nil {
		tb.Fatal(err)
	}
	return string(out.Payload)
}

func TestChangeOfCodeIsChangeOfAnswer(t *testing.T) {
	s := open(t)
	hello(t, s, "1")
	allow(t, s, "")
	in := fromAPI("arn:aws:execute-api:us-east-1:111111111111:abcdef1234/$default/GET/")
	if got := invoke(t, s, in); got != "1" {
		t.Errorf("Invoke = %s, want 1", got)
	}
	if _, err := s.UpdateFunctionCode(t.Context(), "fn", lambda.Code{Source: "def handler(event, context):\n    return 2\n"}, ""); err != nil {
		t.Fatal(err)
	}
	if got := invoke(t, s, in); got != "2" {
		t.Errorf("Invoke after the update = %s, want 2", got)
	}
}

func TestAliasNeedsItsOwnPermission(t *testing.T) {
	s := open(t)
	hello(t, s, `context.function_version + context.invoked_function_arn[-5:]`)
	allow(t, s, "")
	if _, err := s.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: "fn"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: "fn", Name: "live", FunctionVersion: "1"}); err != nil {
		t.Fatal(err)
	}
	in := fromAPI("")
	in.FunctionARN = arn + ":live"
	if _, err := s.Invoke(t.Context(), in); code(err) != "AccessDeniedException" {
		t.Errorf("Invoke of the alias = %v, want AccessDeniedException", err)
	}
	allow(t, s, "live")
	if got, want := invoke(t, s, in), `"1:live"`; got != want {
		t.Errorf("Invoke of the alias = %s, want %s", got, want)
	}
}

func TestUnknownFunctionIsNotFound(t *testing.T) {
	s := open(t)
	in := fromAPI("")
	_, err := s.Invoke(t.Context(), in)
	if got, want := err, "ResourceNotFoundException: Function not found: "+arn+":$LATEST"; got == nil || got.Error() != want {
		t.Errorf("Invoke = %v, want %s", got, want)
	}
}

func TestStateSurvivesInTheStore(t *testing.T) {
	s := open(t)
	hello(t, s, "1")
	fn, err := s.GetFunction("fn", "")
	if err != nil {
		t.Fatal(err)
	}
	if fn.FunctionArn != arn || fn.State != "Active" || fn.LoggingConfig.LogGroup != "/aws/lambda/fn" || fn.CodeSize == 0 || fn.Environment != nil {
		t.Errorf("GetFunction = %+v", fn)
	}
	if err := s.DeleteFunction(t.Context(), "fn", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.GetFunction("fn", ""); code(err) != "ResourceNotFoundException" {
		t.Errorf("GetFunction after the deletion = %v", err)
	}
}
