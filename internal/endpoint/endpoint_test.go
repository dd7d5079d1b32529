package endpoint_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/endpoint"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/service/sts"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/sigv4"
)

const (
	account = "123456789012"
	region  = "ap-northeast-1"
)

// A plane is a running control plane with its administrator's credentials.
type plane struct {
	URL   string
	iam   *iam.Service
	sts   *sts.Service
	admin sigv4.Credentials
}

func start(t *testing.T) *plane {
	t.Helper()
	ctx := t.Context()
	e, err := engine.Start(ctx, engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	st, err := store.Open(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	ring, err := seal.Open(ctx, st)
	if err != nil {
		t.Fatal(err)
	}
	p := &plane{}
	if p.iam, err = iam.New(iam.Config{Store: st, Seal: ring, Account: account}); err != nil {
		t.Fatal(err)
	}
	if p.sts, err = sts.New(sts.Config{Identities: p.iam, Seal: ring, Account: account}); err != nil {
		t.Fatal(err)
	}
	key, err := p.iam.Bootstrap(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p.admin = credentials(key)
	server := httptest.NewServer(endpoint.New(endpoint.Config{
		Keys: p.sts, Services: []wire.Service{p.sts.API(), p.iam.API()}, Account: account, Region: region,
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

func credentials(c *access.Credentials) sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// call signs and sends a query call; pairs are its parameters.
func (p *plane) call(t *testing.T, service string, c sigv4.Credentials, pairs ...string) (int, string) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if c.AccessKeyID != "" {
		if err := (&sigv4.Signer{Service: service, Region: region}).SignHTTP(r, c, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return send(t, r)
}

func send(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestServe(t *testing.T) {
	if os.Getenv("HAKONE_HOLD") == "" {
		t.Skip("only by hand")
	}
	p := start(t)
	os.WriteFile("/tmp/hk/h-plane.env", []byte("export AWS_ENDPOINT_URL="+p.URL+" AWS_ACCESS_KEY_ID="+p.admin.AccessKeyID+" AWS_SECRET_ACCESS_KEY="+p.admin.SecretAccessKey+" AWS_REGION="+region+" AWS_DEFAULT_REGION="+region+"\n"), 0o600)
	<-time.After(10 * time.Minute)
}

func TestSignedCallIsAnswered(t *testing.T) {
	p := start(t)
	status, body := p.call(t, "sts", p.admin, "Action", "GetCallerIdentity", "Version", "2011-06-15")
	if status != 200 || !strings.Contains(body, "<Arn>arn:aws:iam::"+account+":user/Administrator</Arn>") {
		t.Fatalf("GetCallerIdentity = %d %s", status, body)
	}
}

var _ = context.Background
