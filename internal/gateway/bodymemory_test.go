package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/gateway/integration"
)

func TestBodiesTakeBoundedMemory(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	slow := invoker(func(_ context.Context, i *integration.Invocation) (*integration.Result, error) {
		if strings.Contains(string(i.Payload), "slow") {
			entered <- true
			<-leave
		}
		return &integration.Result{Payload: []byte(`"ok"`)}, nil
	})
	b := newBench(t, slow, httpAPI("$default", "POST /", "POST /slow", "POST /iam : AWS_IAM"))
	b.bodies.max = 100
	body := strings.Repeat("x", 60)
	done := make(chan int)
	go func() { done <- b.do(request(t, "POST", "/slow", body, nil)).Code }()
	<-entered
	for path, signed := range map[string]bool{"/": false, "/iam": true} {
		r := request(t, "POST", path, body, nil)
		if signed {
			r = request(t, "POST", path, body, &allowed)
		}
		if w := b.do(r); w.Code != 503 || w.Body.String() != `{"message":"Service Unavailable"}` {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
		if last := b.trace.Last(); !strings.Contains(last.Steps[len(last.Steps)-1].Detail, "memory") {
			t.Errorf("%s: the trace says %+v", path, last.Steps)
		}
	}
	if w := b.do(request(t, "POST", "/", "small", nil)); w.Code != 200 {
		t.Errorf("a small one: %d %s", w.Code, w.Body)
	}
	leave <- true
	if code := <-done; code != 200 {
		t.Errorf("who was first: %d", code)
	}
	if w := b.do(request(t, "POST", "/", body, nil)); w.Code != 200 {
		t.Errorf("after it: %d %s", w.Code, w.Body)
	}
	if held := b.bodies.held.Load(); held != 0 {
		t.Errorf("%d bytes are still counted", held)
	}
}

func TestABoundBodyHoldsMemoryUntilItIsReleased(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default"))
	b.bodies.max = 10
	read := func(body string) (func(), error) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		release := b.BoundBody(httptest.NewRecorder(), r)
		_, err := io.ReadAll(r.Body)
		return release, err
	}
	first, err := read("12345678")
	if err != nil {
		t.Fatal(err)
	}
	second, err := read("12345678")
	if !errors.Is(err, ErrBodies) {
		t.Errorf("beyond the bound: %v", err)
	}
	second()
	first()
	if held := b.bodies.held.Load(); held != 0 {
		t.Errorf("%d bytes are still counted", held)
	}
}
