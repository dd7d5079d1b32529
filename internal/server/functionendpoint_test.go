package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/sigv4"
)

func TestFunctionEndpointsAreRead(t *testing.T) {
	tests := []struct{ text, want, err string }{
		{"f=https://lambda.eu-west-1.amazonaws.com", "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/f/invocations", ""},
		{"f=http://127.0.0.1:4566/", "http://127.0.0.1:4566/2015-03-31/functions/f/invocations", ""},
		{"f=https://x/2015-03-31/functions/g/invocations?Qualifier=live", "https://x/2015-03-31/functions/g/invocations?Qualifier=live", ""},
		{"f", "", "is not NAME=URL"},
		{"=http://x", "", "is not NAME=URL"},
		{"f=ftp://x", "", "is no URL"},
		{"f=https://u:p@x", "", "more than a host"},
		{"f=https://x/y", "", "is not that of Invoke"},
		{"f=https://abc.lambda-url.us-east-1.on.aws", "", "is a function URL"},
	}
	for _, tt := range tests {
		got, err := ParseFunctionEndpoints([]string{tt.text})
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: error %v, want %q", tt.text, err, tt.err)
		}
		if err == nil && got["f"].String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.text, got["f"], tt.want)
		}
	}
	if _, err := ParseFunctionEndpoints([]string{"f=http://x", "f=http://y"}); err == nil {
		t.Error("two endpoints of one function are taken")
	}
}

// oneKey knows one access key.
type oneKey struct{}

func (oneKey) Key(_ context.Context, id, _ string) (sigv4.Key, error) {
	if id != "AKIAEXAMPLE" {
		return sigv4.Key{}, fmt.Errorf("no key %s", id)
	}
	return sigv4.Key{SecretAccessKey: "secret"}, nil
}

// streamedHi is the chunk "hi" and the end of a call that failed later, as Lambda
// frames them.
const streamedHi = "AAAAbAAAAFqyXv3PCzpldmVudC10eXBlBwAMUGF5bG9hZENodW5rDTpjb250ZW50LXR5cGUHABhhcHBsaWNhdGlvbi9vY3RldC1zdHJlYW0NOm1lc3NhZ2UtdHlwZQcABWV2ZW50aGkRYuRpAAAAkwAAAFSfghdECzpldmVudC10eXBlBwAOSW52b2tlQ29tcGxldGUNOmNvbnRlbnQtdHlwZQcAEGFwcGxpY2F0aW9uL2pzb24NOm1lc3NhZ2UtdHlwZQcABWV2ZW50eyJFcnJvckNvZGUiOiJUeXBlRXJyb3IiLCJFcnJvckRldGFpbHMiOiJsYXRlIn1REXLH"

func FuzzFrames(f *testing.F) {
	frames, err := base64.StdEncoding.DecodeString(streamedHi)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frames)
	f.Fuzz(func(_ *testing.T, text []byte) {
		for from := bytes.NewReader(text); ; {
			if _, _, err := readFrame(from); err != nil {
				return
			}
		}
	})
}

func TestFunctionElsewhereIsCalledWithASignature(t *testing.T) {
	verifier := &sigv4.Verifier{Keys: oneKey{}, Scope: sigv4.Scope{Region: "us-east-1", Service: "lambda"}}
	var got http.Header
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("X-Amzn-RequestId", "id-there")
		w.Header().Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte("START\nEND\n")))
		switch r.PathValue("name") {
		case "fails":
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			fmt.Fprint(w, `{"errorType":"ValueError","errorMessage":"m"}`)
		case "busy":
			w.WriteHeader(http.StatusTooManyRequests)
		case "forbidden":
			w.Header().Set("X-Amzn-ErrorType", "InvalidSignatureException:http://x")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message":"The signature does not match.\nx-amz-security-token:secret"}`)
		default:
			fmt.Fprint(w, `{"a": 1}`)
		}
	})
	mux.HandleFunc("POST /2021-11-15/functions/works/response-streaming-invocations", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Remapped-Content-Type", "application/octet-stream")
		frames, err := base64.StdEncoding.DecodeString(streamedHi)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(frames)
	})
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := sigv4.NewRequest(r)
		if err == nil {
			_, err = verifier.Verify(r.Context(), request)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	defer there.Close()
	endpoints, err := ParseFunctionEndpoints([]string{"works=" + there.URL, "fails=" + there.URL, "busy=" + there.URL, "forbidden=" + there.URL})
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
	l := newRemoteLambda(endpoints, "us-east-1", func(name string) string { return environment[name] })
	if l.Serves(&execenv.Function{Name: "other"}) || !l.Serves(&execenv.Function{Name: "works"}) {
		t.Error("Serves is wrong")
	}
	call := execenv.Invocation{TraceID: "Root=1-2", ClientContext: `{"a":1}`}
	res, err := l.Invoke(t.Context(), &execenv.Function{Name: "works"}, []byte(`{}`), call)
	want := execenv.Result{RequestID: "id-there", Payload: []byte(`{"a": 1}`), ContentType: "text/plain; charset=utf-8", LogTail: []byte("START\nEND\n")}
	if diff := cmp.Diff(want, res); err != nil || diff != "" {
		t.Errorf("result: %v (-want +got):\n%s", err, diff)
	}
	if got.Get("X-Amzn-Trace-Id") != "Root=1-2" || got.Get("X-Amz-Client-Context") != "eyJhIjoxfQ==" || got.Get("X-Amz-Security-Token") != "token" {
		t.Errorf("headers = %v", got)
	}
	var chunks []string
	streaming := call
	streaming.Stream = func(contentType string, chunk []byte) { chunks = append(chunks, contentType+" "+string(chunk)) }
	if res, err := l.Invoke(t.Context(), &execenv.Function{Name: "works"}, []byte(`{}`), streaming); err != nil || !res.Streamed || res.ErrorType != "TypeError" || string(res.Payload) != "late" {
		t.Errorf("stream = %+v, %v", res, err)
	}
	if diff := cmp.Diff([]string{"application/octet-stream hi"}, chunks); diff != "" {
		t.Errorf("chunks (-want +got):\n%s", diff)
	}
	if res, err := l.Invoke(t.Context(), &execenv.Function{Name: "fails"}, []byte(`{}`), streaming); err != nil || res.ErrorType != "ValueError" {
		t.Errorf("where there are no streams = %+v, %v", res, err)
	}
	if res, err := l.Invoke(t.Context(), &execenv.Function{Name: "fails"}, []byte(`{}`), call); err != nil || res.FunctionError != "Unhandled" || res.ErrorType != "ValueError" {
		t.Errorf("failing function = %+v, %v", res, err)
	}
	for name, want := range map[string]string{
		"busy":      execenv.ErrLimit.Error(),
		"forbidden": "call function forbidden at its endpoint: it answered 403 Forbidden: InvalidSignatureException The signature does not match.",
	} {
		_, err := l.Invoke(t.Context(), &execenv.Function{Name: name}, []byte(`{}`), call)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
