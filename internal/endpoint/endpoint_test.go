package endpoint_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/endpoint"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/service/ssm"
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
	parameters := ssm.New(ssm.Config{Store: st, Seal: ring, Account: account, Region: region})
	server := httptest.NewServer(endpoint.New(endpoint.Config{
		Keys: p.sts, Services: []wire.Service{p.sts.API(), p.iam.API(), parameters.API()}, Account: account, Region: region,
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

func TestSignedCallIsAnswered(t *testing.T) {
	p := start(t)
	status, body := p.call(t, "sts", p.admin, "Action", "GetCallerIdentity", "Version", "2011-06-15")
	if status != 200 || !strings.Contains(body, "<Arn>arn:aws:iam::"+account+":user/Administrator</Arn>") {
		t.Fatalf("GetCallerIdentity = %d %s", status, body)
	}
}

// user makes a user with a key and, if text is not empty, an inline policy.
func (p *plane) user(t *testing.T, name, text string) sigv4.Credentials {
	t.Helper()
	if _, err := p.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	if text != "" {
		in := &iam.UserPolicyInput{UserName: name, PolicyName: "p", PolicyDocument: iam.Document(text)}
		if _, err := p.iam.PutUserPolicy(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	k, err := p.iam.CreateAccessKey(t.Context(), &iam.UserNameInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	return sigv4.Credentials{AccessKeyID: k.AccessKey.AccessKeyId, SecretAccessKey: k.AccessKey.SecretAccessKey}
}

func TestQueryCallsAreRefusedInAWSsWords(t *testing.T) {
	p := start(t)
	bob := p.user(t, "bob", "")
	wrong, forged := p.admin, p.admin
	wrong.SecretAccessKey += "x"
	forged.SessionToken = "token"
	tests := []struct {
		name, service string
		credentials   sigv4.Credentials
		action        string
		status        int
		want          []string
	}{
		{"unsigned", "sts", sigv4.Credentials{}, "GetCallerIdentity", 403, []string{"<Code>MissingAuthenticationToken</Code>"}},
		{"an unknown key", "sts", sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, "GetCallerIdentity", 403, []string{"<Code>InvalidClientTokenId</Code>", "The security token included in the request is invalid."}},
		{"a wrong secret", "sts", wrong, "GetCallerIdentity", 403, []string{"<Code>SignatureDoesNotMatch</Code>"}},
		{"a token beside a long-term key", "sts", forged, "GetCallerIdentity", 403, []string{"<Code>InvalidClientTokenId</Code>"}},
		{"no permission", "iam", bob, "ListUsers", 403, []string{"<Code>AccessDenied</Code>", "User: arn:aws:iam::123456789012:user/bob is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::123456789012:user/ because no identity-based policy allows the iam:ListUsers action"}},
		{"identity needs none", "sts", bob, "GetCallerIdentity", 200, []string{"<UserId>AIDA"}},
		{"an unknown operation is named", "iam", p.admin, "MakeCoffee", 400, []string{"<Code>InvalidAction</Code>", "MakeCoffee", "iam"}},
		{"no operation", "iam", p.admin, "", 400, []string{"<Code>MissingAction</Code>"}},
		{"an unknown service is named with those that exist", "s3", p.admin, "ListBuckets", 404, []string{"&#34;s3&#34;", "iam, ssm, sts"}},
		{"a missing parameter is named", "iam", p.admin, "CreateUser", 400, []string{"<Code>ValidationError</Code>", "at &#39;userName&#39; failed to satisfy constraint: Member must not be null"}},
		{"a web identity is not signed", "sts", sigv4.Credentials{}, "AssumeRoleWithWebIdentity", 400, []string{"<Code>ValidationError</Code>"}},
	}
	for _, tt := range tests {
		status, body := p.call(t, tt.service, tt.credentials, "Action", tt.action)
		if status != tt.status {
			t.Errorf("%s: %d %s, want %d", tt.name, status, body, tt.status)
		}
		for _, want := range tt.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %s, want %s in it", tt.name, body, want)
			}
		}
	}
}

func TestJSONCallsAskForEachResource(t *testing.T) {
	p := start(t)
	arn := "arn:aws:ssm:" + region + ":" + account + ":parameter/"
	bob := p.user(t, "bob", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"`+arn+`mine/*"}}`)
	tests := []struct {
		name        string
		credentials sigv4.Credentials
		operation   string
		body        string
		status      int
		want        string
	}{
		{"one's own", bob, "PutParameter", `{"Name":"/mine/a","Type":"String","Value":"1"}`, 200, `"Version":1`},
		{"several of one's own", bob, "GetParameters", `{"Names":["/mine/a"]}`, 200, `"Value":"1"`},
		{"one among them is not", bob, "GetParameters", `{"Names":["/mine/a","/other"]}`, 403, `"__type":"AccessDeniedException"`},
		{"what is not there", bob, "GetParameter", `{"Name":"/mine/b"}`, 400, `"__type":"ParameterNotFound"`},
		{"a body that is no JSON", bob, "GetParameter", `{`, 400, `"__type":"SerializationException"`},
		{"unsigned", sigv4.Credentials{}, "GetParameter", `{}`, 403, `"__type":"MissingAuthenticationTokenException"`},
		{"an unknown key", sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, "GetParameter", `{}`, 403, `"__type":"UnrecognizedClientException"`},
		{"an unknown operation", p.admin, "Nope", `{}`, 400, `"__type":"UnknownOperationException"`},
	}
	for _, tt := range tests {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AmazonSSM."+tt.operation)
		if tt.credentials.AccessKeyID != "" {
			if err := (&sigv4.Signer{Service: "ssm", Region: region}).SignHTTP(r, tt.credentials, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if status, body := send(t, r); status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s: %d %s, want %d and %s", tt.name, status, body, tt.status, tt.want)
		}
	}
}

func TestARoleIsAssumedAndEndsWhenItIsDeleted(t *testing.T) {
	p, ctx := start(t), t.Context()
	bob := p.user(t, "bob", "")
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/bob"},"Action":"sts:AssumeRole"}}`
	create := &iam.CreateRoleInput{RoleName: "R", AssumeRolePolicyDocument: iam.Document(trust)}
	if _, err := p.iam.CreateRole(ctx, create); err != nil {
		t.Fatal(err)
	}
	status, body := p.call(t, "sts", bob, "Action", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/R", "RoleSessionName", "sess")
	if status != 200 {
		t.Fatalf("AssumeRole = %d %s", status, body)
	}
	element := func(name string) string {
		_, rest, _ := strings.Cut(body, "<"+name+">")
		text, _, _ := strings.Cut(rest, "</"+name+">")
		return text
	}
	session := sigv4.Credentials{AccessKeyID: element("AccessKeyId"), SecretAccessKey: element("SecretAccessKey"), SessionToken: element("SessionToken")}
	status, who := p.call(t, "sts", session, "Action", "GetCallerIdentity")
	if want := "<Arn>arn:aws:sts::123456789012:assumed-role/R/sess</Arn>"; status != 200 || !strings.Contains(who, want) {
		t.Errorf("GetCallerIdentity = %d %s, want %s", status, who, want)
	}
	if _, err := p.iam.DeleteRole(ctx, &iam.RoleNameInput{RoleName: "R"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.iam.CreateRole(ctx, create); err != nil {
		t.Fatal(err)
	}
	if status, who := p.call(t, "sts", session, "Action", "GetCallerIdentity"); status != 403 || !strings.Contains(who, "InvalidClientTokenId") {
		t.Errorf("with a session of the deleted role: %d %s", status, who)
	}
}
