package http1

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// echo tells what came.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s %q %v", r.Method, r.Host, r.RequestURI, body, err)
}

func start(t *testing.T, handler http.HandlerFunc, change func(*Server)) (address string, server *Server) {
	t.Helper()
	server = &Server{
		Handler: handler, HeaderTimeout: 20 * time.Second, IdleTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeader: 16 << 10, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(server)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return listener.Addr().String(), server
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return c
}

// answers sends what is sent and returns the answers as STATUS BODY, then how the
// connection goes on.
func answers(t *testing.T, address, sent string) []string {
	t.Helper()
	c := dial(t, address)
	go func() {
		_, _ = io.WriteString(c, sent)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	reader := bufio.NewReader(c)
	var got []string
	for {
		if _, err := reader.Peek(1); err != nil {
			return got
		}
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			return append(got, err.Error())
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			body = nil
		}
		got = append(got, strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", string(body))))
	}
}

func TestRequests(t *testing.T) {
	address, _ := start(t, echo, nil)
	const next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
	const nextAnswer = `200 GET h /next "" <nil>`
	for _, tt := range []struct {
		name, sent string
		want       []string
	}{
		{"one after the other", next + next, []string{nextAnswer, nextAnswer}},
		{"a body of a length", "POST /a?b=%20 HTTP/1.1\r\nHost: h:1\r\nContent-Length: 3\r\n\r\nabc" + next, []string{`200 POST h:1 /a?b=%20 "abc" <nil>`, nextAnswer}},
		{"a body in chunks", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: u\r\n\r\n" + next, []string{`200 POST h / "abc" <nil>`, nextAnswer}},
		{"HTTP/1.0 ends the connection", "GET / HTTP/1.0\r\n\r\n" + next, []string{`200 GET  / "" <nil>`}},
		{"close ends the connection", "GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n" + next, []string{`200 GET h / "" <nil>`}},
		{"the absolute form", "GET http://other/x HTTP/1.1\r\nHost: h\r\n\r\n", []string{`200 GET other http://other/x "" <nil>`}},
		{"the body ends early", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc", []string{`200 POST h / "abc" unexpected EOF`}},
		{"the chunks end early", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", []string{`200 POST h / "abc" unexpected EOF`}},

		{"a bare line feed", "GET / HTTP/1.1\nHost: h\r\n\r\n" + next, []string{"400"}},
		{"a bare line feed between headers", "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n" + next, []string{"400"}},
		{"a bare carriage return", "GET / HTTP/1.1\r\nHost: h\r\nA: b\rC: d\r\n\r\n" + next, []string{"400"}},
		{"a folded line", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n" + next, []string{"400"}},
		{"space before the colon", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc" + next, []string{"400"}},
		{"a line without a colon", "GET / HTTP/1.1\r\nHost: h\r\nabc\r\n\r\n" + next, []string{"400"}},
		{"NUL in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\x00\r\n\r\n" + next, []string{"400"}},
		{"an empty line first", "\r\n" + next, []string{"400"}},
		{"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n" + next, []string{"400"}},
		{"a space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n" + next, []string{"505"}},
		{"a tab in the target", "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n" + next, []string{"400"}},
		{"no version", "GET /\r\nHost: h\r\n\r\n" + next, []string{"400"}},
		{"another version", "GET / HTTP/1.2\r\nHost: h\r\n\r\n" + next, []string{"505"}},
		{"a tunnel", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n" + next, []string{"400"}},
		{"no host", "GET / HTTP/1.1\r\n\r\n" + next, []string{"400"}},
		{"two hosts", "GET / HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n" + next, []string{"400"}},
		{"a host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + next, []string{"400"}},
		{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + next, []string{"400"}},
		{"a list of lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc" + next, []string{"400"}},
		{"a signed length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc" + next, []string{"400"}},
		{"a negative length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc" + next, []string{"400"}},
		{"an empty length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nabc" + next, []string{"400"}},
		{"a length that is too large", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\nabc" + next, []string{"400"}},
		{"a length and chunks", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, []string{"400"}},
		{"chunks twice", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, []string{"400"}},
		{"chunks of HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, []string{"400"}},
		{"another encoding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + next, []string{"501"}},
		{"an encoding that looks like it", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + next, []string{"501"}},
		{"a chunk that is too long for its size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" + next, []string{`200 POST h / "a" malformed chunked encoding`}},
		{"a bare line feed after a chunk's size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n" + next, []string{`200 POST h / "" chunked line ends with bare LF`}},
		{"a bare line feed in the trailer", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\r\n" + next, []string{`200 POST h / "" ` + errTrailer.Error()}},
		{"a strange expectation", "POST / HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n" + next, []string{"417"}},
		{"headers without end", "GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("b", 32<<10), []string{"431"}},
		{"HTTP/2 where there is none", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := answers(t, address, tt.sent); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatIsWrittenArrives(t *testing.T) {
	large := strings.Repeat("0123456789", 50_000)
	address, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			w.Header().Set("Content-Length", fmt.Sprint(len(large)))
			_, _ = io.WriteString(w, large)
		case "/unknown":
			for part := range strings.SplitSeq(large, "9") {
				_, _ = io.WriteString(w, part+"9")
			}
		case "/flushed":
			for i := range 3 {
				fmt.Fprint(w, i)
				w.(http.Flusher).Flush()
			}
		case "/none":
			w.WriteHeader(http.StatusNoContent)
			if _, err := w.Write([]byte("x")); err == nil {
				t.Error("204 has a body")
			}
		case "/line":
			w.Header().Set("A", "b\r\nC: d")
			w.Header()["E f"] = []string{"g"}
		}
	}, nil)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	type answer struct {
		StatusCode       int
		Header           http.Header
		ContentLength    int64
		TransferEncoding []string
	}
	get := func(method, path string) (answer, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		return answer{res.StatusCode, res.Header, res.ContentLength, res.TransferEncoding}, string(b)
	}
	for range 2 { // on the same connection
		if res, body := get("GET", "/large"); body != large || res.ContentLength != int64(len(large)) {
			t.Errorf("large: %d of %d bytes", len(body), len(large))
		}
		if res, body := get("HEAD", "/large"); body != "" || res.ContentLength != int64(len(large)) {
			t.Errorf("HEAD: %q, length %d", body, res.ContentLength)
		}
		if res, body := get("GET", "/unknown"); body != large+"9" || len(res.TransferEncoding) != 1 {
			t.Errorf("unknown: %d bytes, %v", len(body), res.TransferEncoding)
		}
		if res, body := get("GET", "/flushed"); body != "012" || len(res.TransferEncoding) != 1 {
			t.Errorf("flushed: %q, %v", body, res.TransferEncoding)
		}
		if res, body := get("GET", "/none"); res.StatusCode != http.StatusNoContent || body != "" || res.Header.Get("Content-Length") != "" {
			t.Errorf("none: %d %q %v", res.StatusCode, body, res.Header)
		}
		if res, _ := get("GET", "/line"); res.Header.Get("C") != "" || res.Header.Get("A") != "b  C: d" || res.ContentLength != 0 || res.Header.Get("Date") == "" {
			t.Errorf("line: %v", res.Header)
		}
	}
}

func TestABodyThatNobodyWants(t *testing.T) {
	const drain = 100 << 10
	address, _ := start(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }, func(s *Server) { s.Drain = drain })
	const next = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	for _, tt := range []struct {
		length int
		want   string
	}{{drain, "[413 413]"}, {drain + 1, "[413]"}} {
		sent := fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", tt.length) + strings.Repeat("x", tt.length) + next
		if got := fmt.Sprint(answers(t, address, sent)); got != tt.want {
			t.Errorf("%d bytes: %s, want %s", tt.length, got, tt.want)
		}
	}
}

func TestClientsThatWaitAreToldToContinue(t *testing.T) {
	address, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		echo(w, r)
	}, nil)
	c := dial(t, address)
	reader := bufio.NewReader(c)
	_, _ = io.WriteString(c, "POST /yes HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	if line, err := reader.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	_, _ = reader.ReadString('\n')
	_, _ = io.WriteString(c, "abc")
	res, err := http.ReadResponse(reader, nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", res, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	_, _ = io.WriteString(c, "POST /no HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	res, err = http.ReadResponse(reader, nil)
	if err != nil || res.StatusCode != http.StatusForbidden || !res.Close {
		t.Fatalf("got %v, %v: the connection cannot go on, since nobody knows whether the body comes", res, err)
	}
	_ = res.Body.Close()
}

func TestPanics(t *testing.T) {
	address, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		panic("oops")
	}, nil)
	for _, path := range []string{"/abort", "/oops"} {
		res, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); string(body) != "half" || err == nil {
			t.Errorf("%s: %q, %v; want it broken off", path, body, err)
		}
		_ = res.Body.Close()
	}
}

func TestShutdownFinishesRequestsAndCutsWhatTakesTooLong(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	address, server := start(t, func(w http.ResponseWriter, _ *http.Request) {
		entered <- true
		<-leave
		_, _ = io.WriteString(w, "done")
	}, nil)
	idle := dial(t, address)
	busy, stuck := dial(t, address), dial(t, address)
	for _, c := range []net.Conn{busy, stuck} {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		<-entered
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- server.Shutdown(ctx) }()
	if n, err := idle.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection got %d bytes, %v", n, err)
	}
	leave <- true
	// One of the two was answered; which one, nobody knows.
	answered := make(chan string, 2)
	for _, c := range []net.Conn{busy, stuck} {
		go func() {
			b, _ := io.ReadAll(c)
			answered <- string(b)
		}()
	}
	if got := <-answered; !strings.HasSuffix(got, "done") || !strings.Contains(got, "Connection: close\r\n") {
		t.Errorf("the first got %q", got)
	}
	cancel()
	if got := <-answered; got != "" {
		t.Errorf("the other got %q", got)
	}
	err := <-result // though the handler minds nothing
	if cut, ok := errors.AsType[*CutError](err); !ok || !slices.Equal(cut.Requests, []string{"GET /"}) {
		t.Errorf("Shutdown: %v", err)
	}
	leave <- true
}

func TestSlowClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		server := &Server{
			Handler: http.HandlerFunc(echo), HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeader: 4096, Log: slog.New(slog.DiscardHandler),
			Unread: func(_ net.Addr, reason string) { told = append(told, reason) },
		}
		for _, tt := range []struct {
			sent string
			want time.Duration
		}{{"", 10 * time.Second}, {"GET / HTT", 10 * time.Second}, {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", time.Minute}} {
			client, theirs := net.Pipe()
			began := time.Now()
			server.start(theirs)
			if tt.sent != "" {
				_, _ = io.WriteString(client, tt.sent)
			}
			_, _ = io.Copy(io.Discard, client)
			if took := time.Since(began); took < tt.want || took > tt.want+time.Second {
				t.Errorf("%q: closed after %v, want %v", tt.sent, took, tt.want)
			}
			_ = client.Close()
		}
		server.served.Wait()
		if len(told) != 1 || told[0] != "its headers came too slowly" {
			t.Errorf("told %q", told)
		}
	})
}

func TestAClientThatTakesNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &Server{
			Handler: http.HandlerFunc(echo), HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeader: 4096, Log: slog.New(slog.DiscardHandler),
		}
		client, theirs := net.Pipe()
		defer client.Close()
		began := time.Now()
		server.start(theirs)
		_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		server.served.Wait()
		if took := time.Since(began); took < 40*time.Second || took > 62*time.Second {
			t.Errorf("left after %v", took)
		}
	})
}

func TestHTTP2IsHandedOver(t *testing.T) {
	protocols := &http.Protocols{}
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	cert := httptest.NewTLSServer(nil)
	defer cert.Close()
	for _, secure := range []bool{false, true} {
		conns := make(chan net.Conn, 1)
		second := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }), Protocols: protocols}
		go func() { _ = second.Serve(&handed{conns: conns}) }()
		defer second.Close()
		address, _ := start(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto, r.TLS != nil) }, func(s *Server) {
			s.HTTP2 = func(c net.Conn) { conns <- c }
			if secure {
				s.TLS = &tls.Config{Certificates: cert.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
			}
		})
		scheme := "http"
		if secure {
			scheme = "https"
		}
		for want, set := range map[string]func(*http.Protocols){
			"HTTP/2.0":                      func(p *http.Protocols) { p.SetHTTP2(true); p.SetUnencryptedHTTP2(true) },
			"HTTP/1.1" + fmt.Sprint(secure): func(p *http.Protocols) { p.SetHTTP1(true) },
		} {
			transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: &http.Protocols{}}
			set(transport.Protocols)
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+address, http.NoBody)
			res, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatalf("%s, %s: %v", scheme, want, err)
			}
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			transport.CloseIdleConnections()
			if string(body) != want {
				t.Errorf("%s: got %q, want %q", scheme, body, want)
			}
		}
	}
}

type handed struct {
	conns chan net.Conn
	once  sync.Once
}

func (h *handed) Accept() (net.Conn, error) {
	c, ok := <-h.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (h *handed) Close() error   { h.once.Do(func() { close(h.conns) }); return nil }
func (h *handed) Addr() net.Addr { return &net.TCPAddr{} }
