package functionurl_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/iotest"

	"github.com/hakonegate/hakone/internal/gateway"
	"github.com/hakonegate/hakone/internal/gateway/functionurl"
	"github.com/hakonegate/hakone/internal/service/lambda"
)

func TestBodiesAreBoundedAsThoseOfAPIs(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		status int
	}{
		{"a slow sender", os.ErrDeadlineExceeded, 408},
		{"no memory", gateway.ErrBodies, 503},
		{"malformed", errors.New("malformed chunked encoding"), 400},
		{"none of it", nil, 200},
	} {
		released := false
		bound := func(_ http.ResponseWriter, r *http.Request) func() {
			if tt.err != nil {
				r.Body = io.NopCloser(iotest.ErrReader(tt.err))
			}
			return func() { released = true }
		}
		o := &one{url: lambda.FunctionURL{AuthType: "NONE"}, answer: lambda.InvokeOutput{Payload: []byte(`1`)}}
		w := httptest.NewRecorder()
		functionurl.New(functionurl.Config{Functions: o, Keys: bob{}, Region: "us-east-1", Log: slog.New(slog.DiscardHandler), Bound: bound}, http.NotFoundHandler()).
			ServeHTTP(w, request("POST", "/", "body"))
		if w.Code != tt.status || !released {
			t.Errorf("%s: %d %s, released %v, want %d", tt.name, w.Code, w.Body, released, tt.status)
		}
	}
}
