package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

func refused(id string) *Request {
	return &Request{ID: id, Status: 403, Steps: []Step{{Name: "authenticate", Outcome: Refused, Detail: "no"}}}
}

func answered(id string) *Request {
	return &Request{ID: id, Status: 200, Steps: []Step{{Name: "respond", Outcome: Passed}}}
}

func id(r *Request) string {
	if r == nil {
		return "none"
	}
	return r.ID
}

func TestLogFindsTraces(t *testing.T) {
	l := &Log{Count: 3}
	if l.Last() != nil || l.LastDenied() != nil || l.Find("x") != nil {
		t.Error("an empty log has traces")
	}
	l.Record(refused("r1"))
	for i := range 10 {
		l.Record(answered(fmt.Sprint("a", i)))
	}
	for what, tt := range map[string]struct{ got, want string }{
		"last":                                {id(l.Last()), "a9"},
		"last denied, in spite of the good":   {id(l.LastDenied()), "r1"},
		"one that is kept":                    {id(l.Find("a7")), "a7"},
		"one that was dropped":                {id(l.Find("a6")), "none"},
		"recent ones of both kinds, in order": {ids(l.Recent(9)), "a9 a8 a7 r1"},
		"recent ones are no more than asked":  {ids(l.Recent(2)), "a9 a8"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", what, tt.got, tt.want)
		}
	}
}

func ids(rs []*Request) string {
	var out []string
	for _, r := range rs {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

func TestLogIsBounded(t *testing.T) {
	l := &Log{Bytes: 100_000}
	for i := range 500 {
		r := refused(fmt.Sprint(i))
		r.Signature = &Signature{CanonicalRequest: strings.Repeat("x", 5000)}
		l.Record(r)
	}
	if n := len(l.Recent(1000)); n > 10 || n < 5 {
		t.Errorf("%d traces of 5 KB are kept in 50 KB", n)
	}
	if len(l.refused.entries) > 200 {
		t.Errorf("%d places are held for them", len(l.refused.entries))
	}
}

func TestLogTakesManyAtOnce(t *testing.T) {
	l := &Log{Count: 10}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				l.Record(answered(fmt.Sprint(i)))
				l.Last()
			}
		})
	}
	wg.Wait()
}

// Who reads a trace keeps what it saw, whatever becomes of its memory.
func TestATraceThatWasReadStays(t *testing.T) {
	l := &Log{Count: 1}
	record := func(id string) {
		r := New()
		r.ID, r.Status = id, 200
		r.Steps = append(r.Steps, Step{Name: "of " + id, Outcome: Passed})
		r.SetSignature(&Signature{AccessKeyID: "key of " + id, SignedHeaders: []string{"header of " + id}})
		r.SetCaller(Caller{ARN: "caller of " + id})
		r.SetAuthorization(Authorization{Action: "action of " + id})
		r.SetIntegration(Integration{Target: "target of " + id})
		l.Record(r)
	}
	record("a")
	kept := l.Last()
	for i := range 100 {
		record(fmt.Sprint(i))
	}
	got := strings.Join([]string{kept.ID, kept.Steps[0].Name, kept.Signature.AccessKeyID, kept.Signature.SignedHeaders[0], kept.Caller.ARN, kept.Authorization.Action, kept.Integration.Target}, ", ")
	if want := "a, of a, key of a, header of a, caller of a, action of a, target of a"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestNoSecretIsKept(t *testing.T) {
	canonical := "GET\n/\nX-Amz-Security-Token=SECRET1&X-Amz-Signature=SECRET2&a=b\nauthorization:SECRET3\ncookie:SECRET4\nhost:h\nx-amz-security-token:SECRET5\n\nhost;x-amz-security-token\nhash"
	r := refused("r")
	r.Path = "/p?token=SECRET6"
	r.Signature = &Signature{Reason: sigv4.Mismatch.String(), CanonicalRequest: canonical, StringToSign: "s"}
	l := &Log{}
	l.Record(r)
	kept, err := json.Marshal(l.Last())
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := Explain(&text, l.Last()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{string(kept), text.String()} {
		if strings.Contains(s, "SECRET") {
			t.Errorf("a secret is kept: %s", s)
		}
		for _, want := range []string{"a=b", "host:h", "x-amz-security-token:***"} {
			if !strings.Contains(s, want) {
				t.Errorf("%q is lost in %s", want, s)
			}
		}
	}
}

func TestExplainNamesTheUsualCause(t *testing.T) {
	now := time.Date(2025, 4, 14, 22, 14, 16, 0, time.UTC)
	for reason, want := range map[sigv4.Reason]string{
		sigv4.Missing: "sign the request", sigv4.WrongScope: "Sign for the service execute-api and the region ap-northeast-1",
		sigv4.Expired: "10m0s behind this machine's clock", sigv4.UnknownKey: "hakone env", sigv4.InvalidToken: "AWS_SESSION_TOKEN",
		sigv4.ExpiredToken: "The session is over", sigv4.HostNotSigned: "Sign the Host header", sigv4.PathNotNormal: "without empty",
		sigv4.Malformed: "Bearer", sigv4.StreamingPayload: "UNSIGNED-PAYLOAD", sigv4.Mismatch: "A proxy may have changed",
	} {
		r := refused("JCJM3j95PHcEJHg=")
		r.Method, r.Host, r.Path, r.Secure, r.Time = "GET", "h", "/", true, now
		r.Signature = &Signature{
			Reason: reason.String(), Date: now.Add(-10 * time.Minute), Now: now, Region: "us-east-1", Service: "execute-api",
			WantRegion: "ap-northeast-1", WantService: "execute-api",
		}
		var b bytes.Buffer
		if err := Explain(&b, r); err != nil {
			t.Fatal(err)
		}
		for _, w := range []string{want, "GET https://h/", "403 Forbidden", "JCJM3j95PHcEJHg=", "but this API is ap-northeast-1/execute-api"} {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%v: no %q in\n%s", reason, w, b.String())
			}
		}
	}
}

func TestExplainPresignedURLThatIsOver(t *testing.T) {
	r := refused("r")
	r.Signature = &Signature{Reason: sigv4.Expired.String(), Presigned: true}
	var b bytes.Buffer
	if err := Explain(&b, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "X-Amz-Expires") || strings.Contains(b.String(), "clocks") {
		t.Errorf("a presigned URL that is over is explained by\n%s", b.String())
	}
}

func TestTraceSurvivesJSON(t *testing.T) {
	r := refused("r")
	r.Authorization = &Authorization{Action: "execute-api:Invoke", Decision: "ImplicitlyDenied"}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Request
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if s, ok := back.Refusal(); !ok || s.Name != "authenticate" {
		t.Errorf("got back %+v", back)
	}
}
