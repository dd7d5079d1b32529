// Package sdk has row 4 of the suite: who is calling and may they, by us and by what
// one writes with the AWS SDK: sign again and compare, then walk the policy with a
// glob for each pattern. It is a module of its own, so that nobody else needs the SDK.
package sdk

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

const (
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	resource  = "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/GET/hello"
	action    = "execute-api:Invoke"
	keyID     = "AKIDEXAMPLE"
	secret    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// document is a policy of twenty statements of which the last allows the call.
func document() string {
	var b strings.Builder
	b.WriteString(`{"Version":"2012-10-17","Statement":[`)
	for i := range 19 {
		fmt.Fprintf(&b, `{"Effect":"Allow","Action":["execute-api:Invoke","s3:Get*"],"Resource":["arn:aws:execute-api:*:*:other%d/*/GET/*"]},`, i)
	}
	b.WriteString(`{"Effect":"Allow","Action":["execute-api:*"],"Resource":["arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/*/GET/*"]}]}`)
	return b.String()
}

// request returns an empty request that the SDK signed.
func request(tb testing.TB, at time.Time) *http.Request {
	tb.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/hello", http.NoBody) //nolint:noctx // it is not sent
	if err != nil {
		tb.Fatal(err)
	}
	if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, r, emptyHash, "execute-api", "us-east-1", at); err != nil {
		tb.Fatal(err)
	}
	return r
}

func BenchmarkOurs(b *testing.B) {
	at := time.Date(2031, 3, 9, 10, 0, 0, 0, time.UTC)
	r := request(b, at)
	r.RequestURI = r.URL.RequestURI()
	verifier := &sigv4.Verifier{
		Keys:  sigv4.StaticKeys(sigv4.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}),
		Scope: sigv4.Scope{Region: "us-east-1", Service: "execute-api"}, Now: func() time.Time { return at },
	}
	d, err := policy.Load(policy.Identity, []byte(document()))
	if err != nil {
		b.Fatal(err)
	}
	set := &policy.Set{Identity: []*policy.Policy{policy.New("", "", d)}}
	asked := &policy.Request{
		Principal: policy.Principal{Kind: policy.User, ARN: "arn:aws:iam::111122223333:user/bench", AccountID: "111122223333", UserID: "AIDAEXAMPLE"},
		Action:    action, Resource: resource, ResourceAccount: "111122223333", Context: policy.NewMap(nil),
	}
	in := new(sigv4.Request)
	var signature sigv4.Signature
	b.ReportAllocs()
	for b.Loop() {
		if err := in.Reset(r); err != nil {
			b.Fatal(err)
		}
		if err := verifier.VerifyInto(context.Background(), &signature, in, verifier.Scope); err != nil {
			b.Fatal(err)
		}
		if !policy.Evaluate(asked, set).Allowed() {
			b.Fatal("not allowed")
		}
	}
}

type statement struct {
	Effect           string
	Action, Resource []string
}

func BenchmarkSDK(b *testing.B) {
	at := time.Date(2031, 3, 9, 10, 0, 0, 0, time.UTC)
	r := request(b, at)
	sent := r.Header.Get("Authorization")
	signer := v4.NewSigner()
	var parsed struct{ Statement []statement }
	if err := json.Unmarshal([]byte(document()), &parsed); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		again, err := http.NewRequest(r.Method, r.URL.String(), http.NoBody) //nolint:noctx // it is not sent
		if err != nil {
			b.Fatal(err)
		}
		credentials := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}
		if err := signer.SignHTTP(context.Background(), credentials, again, emptyHash, "execute-api", "us-east-1", at); err != nil {
			b.Fatal(err)
		}
		if !hmac.Equal([]byte(again.Header.Get("Authorization")), []byte(sent)) {
			b.Fatal("another signature")
		}
		if !walk(parsed.Statement) {
			b.Fatal("not allowed")
		}
	}
}

// walk judges by globs. path.Match's star ends at a slash, so that slashes are
// replaced first, as is usually done.
func walk(statements []statement) (allowed bool) {
	flat := strings.ReplaceAll(resource, "/", "\x00")
	for _, s := range statements {
		if matches(s.Action, action) && matches(s.Resource, flat) {
			if s.Effect == "Deny" {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func matches(patterns []string, value string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(strings.ReplaceAll(p, "/", "\x00"), value); ok {
			return true
		}
	}
	return false
}
