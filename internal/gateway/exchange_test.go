package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/hakonegate/hakone/sigv4"
)

// The memory of exchanges is used again: what one was told must not be seen by
// another, neither in its answer, nor by its backend, nor in its trace.
func TestExchangesShareNothing(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", r.Header.Get("X-Mine"))
		if r.Header.Get("X-Other") != "" && r.Header.Get("X-Mine") != "" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, r.RequestURI)
	}))
	defer backend.Close()
	b := newBench(t, nil, proxyAPI("GET /{a}/{b} : AWS_IAM", "GET", backend.URL+"/{a}/{b}", 0))
	who := []sigv4.Credentials{allowed, session, nobody}
	var all sync.WaitGroup
	for g := range 6 {
		all.Go(func() {
			for i := range 100 {
				caller := who[(g+i)%3]
				path := fmt.Sprintf("/g%d/i%d", g, i)
				r := request(t, "GET", path+"?q="+path[1:], "", nil)
				name := []string{"X-Mine", "X-Other"}[i%2]
				r.Header.Set(name, path)
				sign(t, r, caller, testTime)
				w := b.do(r)
				trace := b.trace.Find(w.Header().Get("Apigw-Requestid"))
				if trace == nil || trace.Path != path || trace.Caller.AccessKeyID != caller.AccessKeyID || trace.Signature.AccessKeyID != caller.AccessKeyID {
					t.Errorf("the trace of %s by %s is %+v", path, caller.AccessKeyID, trace)
					return
				}
				if caller == nobody {
					if w.Code != 403 || trace.Authorization.Allowed || trace.Integration != nil {
						t.Errorf("%s by nobody: %d, %+v", path, w.Code, trace)
					}
					continue
				}
				mine := ""
				if name == "X-Mine" {
					mine = path
				}
				if w.Code != 200 || w.Header().Get("X-Seen") != mine || w.Body.String() != path+"?q="+path[1:] || !trace.Authorization.Allowed {
					t.Errorf("%s: %d %q, the backend saw %q, want %q", path, w.Code, w.Body, w.Header().Get("X-Seen"), mine)
				}
			}
		})
	}
	all.Wait()
}
