package sigv4

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// liveServer answers signed requests with the path and body that it accepted.
func liveServer(tb testing.TB) *httptest.Server {
	tb.Helper()
	v := &Verifier{Keys: StaticKeys(longTerm, temporary), Scope: testScope}
	s := httptest.NewUnstartedServer(Handler(v, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sig, ok := FromContext(r.Context())
		body, err := io.ReadAll(r.Body)
		if !ok || err != nil {
			tb.Errorf("handler: signature %v, body error %v", sig, err)
			return
		}
		w.Header().Set("X-Path", sig.Path)
		w.Header().Set("X-Proto", r.Proto)
		_, _ = w.Write(body)
	})))
	s.EnableHTTP2 = true
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s
}

// raw sends text over HTTP/1.1 as it is, with the line ends of HTTP, and
// returns the status, or what came before it.
func raw(t *testing.T, s *httptest.Server, text string) (status int, all string) {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, fmt.Sprint(res.Header, string(body))
}

// signedText returns a signed request as HTTP/1.1 text without the last line end.
func signedText(t *testing.T, method, path, body string) string {
	t.Helper()
	r := &Request{Method: method, Host: "api", Path: path}
	if body != "" {
		r.Body = strings.NewReader(body)
	}
	r = sign(t, testSigner(), r, longTerm, time.Now())
	text := method + " " + path + " HTTP/1.1\nHost: api\nConnection: close\n"
	for _, h := range r.Headers {
		text += h.Name + ": " + h.Value + "\n"
	}
	return text
}

func TestRawRequestIsAccepted(t *testing.T) {
	if status, all := raw(t, liveServer(t), signedText(t, "GET", "/a/b", "")+"\n"); status != 200 || !strings.Contains(all, "/a/b") {
		t.Errorf("%d %s", status, all)
	}
}

// Row 42.
func TestAbsoluteFormIsRefused(t *testing.T) {
	text := signedText(t, "GET", "/a", "")
	for _, target := range []string{"http://evil/a", "https://api/a", "http://api@evil/a"} {
		if status, all := raw(t, liveServer(t), strings.Replace(text, "GET /a", "GET "+target, 1)+"\n"); status != 403 && status != 400 {
			t.Errorf("%s: %d %s", target, status, all)
		}
	}
}

// Row 41 over the wire.
func TestTwoHostHeadersAreRefused(t *testing.T) {
	text := signedText(t, "GET", "/a", "")
	for _, host := range []string{"api", "evil"} {
		if status, all := raw(t, liveServer(t), text+"Host: "+host+"\n\n"); status != 400 {
			t.Errorf("%s: %d %s", host, status, all)
		}
	}
}

// Row 43.
func TestHostBesideAuthorityIsRefused(t *testing.T) {
	for host, want := range map[string]bool{"": true, "api": true, "evil": false} {
		r := sign(t, testSigner(), &Request{Method: "GET", Host: "api", Path: "/a"}, longTerm, time.Now())
		fields := []Header{{":method", "GET"}, {":scheme", "https"}, {":authority", "api"}, {":path", "/a"}}
		if host != "" {
			fields = append(fields, Header{"host", host})
		}
		for _, h := range r.Headers {
			fields = append(fields, Header{strings.ToLower(h.Name), h.Value})
		}
		if got := acceptedOverHTTP2(t, liveServer(t), fields); got != want {
			t.Errorf("host %q beside :authority api: accepted is %v, want %v", host, got, want)
		}
	}
}

// acceptedOverHTTP2 sends one request in frames written by hand, since no
// client sends such, and reports whether the status is 200.
func acceptedOverHTTP2(t *testing.T, s *httptest.Server, fields []Header) bool {
	t.Helper()
	const settings, headers, reset, goAway = 4, 1, 3, 7
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	frame := func(kind, flags, stream byte, payload []byte) []byte {
		n := len(payload)
		return append([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, 0, 0, 0, stream}, payload...)
	}
	var block []byte // HPACK: literal fields without indexing, RFC 7541, 6.2.2
	text := func(s string) {
		if n := len(s); n < 127 {
			block = append(block, byte(n))
		} else {
			block = binary.AppendUvarint(append(block, 127), uint64(n-127))
		}
		block = append(block, s...)
	}
	for _, f := range fields {
		block = append(block, 0)
		text(f.Name)
		text(f.Value)
	}
	out := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	out = append(out, frame(settings, 0, 0, nil)...)
	out = append(out, frame(headers, 5, 1, block)...) // END_STREAM, END_HEADERS
	if _, err := conn.Write(out); err != nil {
		t.Fatal(err)
	}
	for {
		head := make([]byte, 9)
		if _, err := io.ReadFull(conn, head); err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(conn, payload); err != nil {
			t.Fatal(err)
		}
		switch head[3] {
		case headers:
			return payload[0] == 0x88 // entry 8 of the static table: ":status: 200"
		case reset, goAway:
			return false
		}
	}
}

// Row 85: a server that does not touch the body does not ask for it either.
func TestNoContinueBeforeRefusal(t *testing.T) {
	text := "POST /a HTTP/1.1\nHost: api\nContent-Length: 10000000\nExpect: 100-continue\nConnection: close\n\n"
	if status, all := raw(t, liveServer(t), text); status != 403 {
		t.Errorf("unsigned: %d %s", status, all)
	}
}

// Row 87.
func TestTrailersAreIgnored(t *testing.T) {
	chunked := "Transfer-Encoding: chunked\nTrailer: Authorization, X-Amz-Date\n\n4\nbody\n0\nAuthorization: AWS4-HMAC-SHA256 x\nX-Amz-Date: 20200101T000000Z\n\n"
	if status, all := raw(t, liveServer(t), signedText(t, "POST", "/a", "body")+chunked); status != 200 || !strings.HasSuffix(all, "body") {
		t.Errorf("good signature, odd trailers: %d %s", status, all)
	}
	unsigned := "POST /a HTTP/1.1\nHost: api\nConnection: close\n"
	good := strings.SplitAfterN(signedText(t, "POST", "/a", "body"), "Connection: close\n", 2)[1]
	trailers := "Transfer-Encoding: chunked\nTrailer: Authorization, X-Amz-Date\n\n4\nbody\n0\n" + good + "\n"
	if status, all := raw(t, liveServer(t), unsigned+trailers); status != 403 || !strings.Contains(all, messageMissing) {
		t.Errorf("good signature in the trailers: %d %s", status, all)
	}
}

// Row 88.
func TestChunkedWinsOverContentLength(t *testing.T) {
	both := "Content-Length: 2\nTransfer-Encoding: chunked\n\n4\nbody\n0\n\n"
	if status, all := raw(t, liveServer(t), signedText(t, "POST", "/a", "body")+both); status != 400 && (status != 200 || !strings.HasSuffix(all, "body")) {
		t.Errorf("signed the chunked body: %d %s", status, all)
	}
	if status, all := raw(t, liveServer(t), signedText(t, "POST", "/a", "bo")+both); status != 400 && status != 403 {
		t.Errorf("signed the first bytes: %d %s", status, all)
	}
}

// Row 89.
func TestLookalikeHeaders(t *testing.T) {
	text := signedText(t, "GET", "/a", "")
	if status, all := raw(t, liveServer(t), strings.Replace(text, "X-Amz-Date:", "X_Amz_Date:", 1)+"\n"); status != 403 {
		t.Errorf("X_Amz_Date: %d %s", status, all)
	}
	if status, all := raw(t, liveServer(t), strings.Replace(text, "X-Amz-Date:", "X-Amz-Date :", 1)+"\n"); status != 400 {
		t.Errorf("blank before the colon: %d %s", status, all)
	}
	r := newForgery(false).forge(t)
	r.Headers[3].Name += " "
	if _, err := verify(testVerifier(), r); reasonOf(err) != Malformed {
		t.Errorf("blank in a header name: %v", err)
	}
}

// TestNoOtherReadingOfThePath shows that the path that was signed is the one
// that the handler sees, in every spelling that a server lets through.
func TestNoOtherReadingOfThePath(t *testing.T) {
	server := liveServer(t)
	for _, path := range []string{
		"/", "/a/b", "/a/b/", "/a%2Fb", "/a%2fb", "/%2e%2e/admin", "/a/%2E/b", "/a%2F..%2Fb", "/a;x=1/b", `/a\b`, "/a%5Cb", "/a%00b", "/%", "/%zz",
		"//a", "/a//b", "/a/./b", "/a/../b", "/a/..", "/..", "/.", "/.a", "/a..", "/gr\u00fc\u00dfe", "/a%252Fb",
	} {
		normal := normalise(path)
		for _, signed := range []string{path, normal} {
			text := strings.Replace(signedText(t, "GET", signed, ""), "GET "+signed+" ", "GET "+path+" ", 1)
			status, all := raw(t, server, text+"\n")
			switch {
			case path != normal && status != 403:
				t.Errorf("%s signed as %s: %d, but it has another reading", path, signed, status)
			case path == normal && status == 200 && !strings.Contains(all, "X-Path:["+path+"]"):
				t.Errorf("%s: handler saw %s", path, all)
			case path == normal && status != 200 && status != 400: // net/http refuses broken escapes itself
				t.Errorf("%s: %d %s", path, status, all)
			}
		}
	}
}

// TestAcceptedThroughBothProtocols sends generated requests through a real
// client and server.
func TestAcceptedThroughBothProtocols(t *testing.T) {
	server := liveServer(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		client := server.Client()
		transport := client.Transport.(*http.Transport).Clone()
		transport.ForceAttemptHTTP2 = proto == "HTTP/2.0"
		if proto == "HTTP/1.1" {
			transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetHTTP1(true)
		}
		client = &http.Client{Transport: transport}
		for range 150 {
			r, body := randomHTTPRequest(t, random, server.URL)
			c := []Credentials{longTerm, temporary}[random.IntN(2)]
			s := testSigner()
			s.SendPayloadHash = random.IntN(2) == 0
			path := r.URL.EscapedPath()
			if random.IntN(3) == 0 {
				u, err := s.PresignHTTP(r, c, time.Now(), time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				if r.URL, err = url.Parse(u); err != nil {
					t.Fatal(err)
				}
			} else if err := s.SignHTTP(r, c, time.Now()); err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusOK || r.Method != http.MethodHead && string(got) != body || res.Header.Get("X-Proto") != proto || res.Header.Get("X-Path") != path {
				t.Fatalf("%s %s: %d %s %v\n%.300s", r.Method, r.URL, res.StatusCode, res.Proto, res.Header, got)
			}
		}
		transport.CloseIdleConnections()
	}
}

func randomHTTPRequest(t *testing.T, random *rand.Rand, base string) (*http.Request, string) {
	t.Helper()
	text := func(n int) string {
		const alphabet = "abcXYZ019-._~ +&=;,/\\%?#'\"\u00e4\u4e16@:$!*()"
		runes := []rune(alphabet)
		out := make([]rune, random.IntN(n))
		for i := range out {
			out[i] = runes[random.IntN(len(runes))]
		}
		return string(out)
	}
	path := ""
	for range 1 + random.IntN(3) {
		segment := text(8)
		if strings.Trim(segment, ".") == "" {
			segment = "x"
		}
		path += "/" + url.PathEscape(segment)
	}
	q := url.Values{}
	for range random.IntN(4) {
		q.Add(text(6), text(9))
	}
	method := []string{"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"}[random.IntN(6)]
	payload := ""
	var reader io.Reader
	if method != "GET" && method != "HEAD" && random.IntN(2) == 0 {
		payload = strings.Repeat(text(20), 1+random.IntN(1000))
		reader = strings.NewReader(payload)
		if random.IntN(2) == 0 {
			reader = io.MultiReader(reader) // hides the length: chunked, were it not hashed
		}
	}
	r, err := http.NewRequestWithContext(context.Background(), method, base+path+"?"+q.Encode(), reader)
	if err != nil {
		t.Fatal(err)
	}
	for i := range random.IntN(4) {
		r.Header.Add(fmt.Sprintf("X-Meta-%d", i/2), strings.TrimSpace(text(12)))
	}
	if random.IntN(2) == 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if random.IntN(3) == 0 {
		r.Header.Set("X-Amz-Target", "A.B")
	}
	return r, payload
}

func TestHandlerSeesTheNormalisedPath(t *testing.T) {
	v := testVerifier()
	v.NormalizePath = true
	reached := false
	h := Handler(v, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached = true
		if r.URL.Path != "/public/a/b" || r.URL.EscapedPath() != "/public/a%2Fb" || r.RequestURI != "/public/a%2Fb?x=1" {
			t.Errorf("URL %v, target %s", r.URL, r.RequestURI)
		}
	}))
	r := httptest.NewRequest(http.MethodGet, "http://api.example.com/admin/..//public/./a%2Fb?x=1", nil)
	r.RequestURI = "/admin/..//public/./a%2Fb?x=1"
	for _, h := range sign(t, testSigner(), &Request{Method: "GET", Host: "api.example.com", Path: "/public/a%2Fb", RawQuery: "x=1"}, longTerm, testTime).Headers {
		r.Header.Set(h.Name, h.Value)
	}
	if h.ServeHTTP(httptest.NewRecorder(), r); !reached {
		t.Error("not reached")
	}
}

func TestHandlerIsNotReachedByARefusedRequest(t *testing.T) {
	h := Handler(testVerifier(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/a", nil))
	if w.Code != http.StatusForbidden || w.Header().Get("X-Amzn-ErrorType") != "MissingAuthenticationTokenException" || w.Body.String() != `{"message":"Missing Authentication Token"}` {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	WriteError(w, net.ErrClosed)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "closed") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
