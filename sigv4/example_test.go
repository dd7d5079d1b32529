package sigv4_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// A service that asks for signed requests, and a client of it.
func ExampleHandler() {
	keys := sigv4.StaticKeys(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})
	verifier := &sigv4.Verifier{Keys: keys, Scope: sigv4.Scope{Region: "eu-central-1", Service: "orders"}}
	service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature, _ := sigv4.FromContext(r.Context())
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s sent %s", signature.AccessKeyID, body)
	})
	server := httptest.NewServer(sigv4.Handler(verifier, service))
	defer server.Close()

	call := func(secret string) {
		r, _ := http.NewRequest(http.MethodPost, server.URL+"/orders", strings.NewReader(`{"item":17}`))
		signer := sigv4.Signer{Service: "orders", Region: "eu-central-1"}
		if err := signer.SignHTTP(r, sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret}, time.Now()); err != nil {
			fmt.Println(err)
			return
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		fmt.Println(res.StatusCode, strings.SplitN(string(body), ".", 2)[0])
	}
	call("secret")
	call("guess")
	// Output:
	// 200 AKIDEXAMPLE sent {"item":17}
	// 403 {"message":"The request signature we calculated does not match the signature you provided
}

// The reason of a refusal is data.
func ExampleVerifier_Verify() {
	verifier := &sigv4.Verifier{
		Keys:  sigv4.StaticKeys(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}),
		Scope: sigv4.Scope{Region: "us-east-1", Service: "execute-api"},
	}
	_, err := verifier.Verify(context.Background(), &sigv4.Request{
		Method: "GET", Host: "api.example.com", Path: "/pets",
		Headers: []sigv4.Header{
			{Name: "X-Amz-Date", Value: "20260102T030405Z"},
			{Name: "Authorization", Value: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"},
		},
	})
	if refused, ok := errors.AsType[*sigv4.Error](err); ok {
		fmt.Println(refused.Reason == sigv4.Expired || refused.Reason == sigv4.NotYetValid, refused.AccessKeyID)
	}
	// Output: true AKIDEXAMPLE
}

// A URL that anyone may use for an hour.
func ExampleSigner_PresignHTTP() {
	signer := sigv4.Signer{Service: "s3", Region: "us-east-1", S3: true}
	r, _ := http.NewRequest(http.MethodGet, "https://bucket.s3.us-east-1.amazonaws.com/a%20file.txt", nil)
	c := sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}
	u, err := signer.PresignHTTP(r, c, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Hour)
	fmt.Println(u[:strings.LastIndex(u, "=")], err)
	// Output: https://bucket.s3.us-east-1.amazonaws.com/a%20file.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature <nil>
}
