package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded are the variable parts of an answer, and what stands for them.
var recorded = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`(?m)^Date: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT\r$`), "Date: DATE\r"},
	{regexp.MustCompile(`(?m)^Apigw-Requestid: [A-Za-z0-9_-]{9}HcE[A-Za-z0-9_-]{3}=\r$`), "Apigw-Requestid: ID\r"},
}

// Answers to requests with functions behind them, to the byte, as clients of AWS
// see them over HTTP/1.1: the line, the headers in their order, and the body.
func TestAnswersOfDocumentedRequests(t *testing.T) {
	const (
		asJSON = "Content-Type: application/json\n"
		asText = "Content-Type: text/plain; charset=utf-8\n"
	)
	ok := func(kind, length, more, body string) string {
		return "HTTP/1.1 200 OK\nDate: DATE\n" + kind + "Content-Length: " + length + "\nConnection: keep-alive\n" + more + "Apigw-Requestid: ID\n\n" + body
	}
	own := func(line, length, body string) string {
		return "HTTP/1.1 " + line + "\nDate: DATE\n" + asJSON + "Content-Length: " + length + "\nConnection: keep-alive\nApigw-Requestid: ID\n\n" + body
	}
	forbidden := own("403 Forbidden", "23", `{"message":"Forbidden"}`)
	failed := own("500 Internal Server Error", "35", `{"message":"Internal Server Error"}`)
	unavailable := own("503 Service Unavailable", "33", `{"message":"Service Unavailable"}`)
	tests := []struct{ fact, request, answer, want string }{
		{"a text is the body", "GET /two", `"Hello, World!"`, ok(asJSON, "13", "", "Hello, World!")},
		{"the empty text too", "GET /two", `""`, ok(asJSON, "0", "", "")},
		{"a number as it is", "GET /two", `42`, ok(asJSON, "2", "", "42")},
		{"a list as it is", "GET /two", `[1, 2]`, ok(asJSON, "6", "", "[1, 2]")},
		{"nothing is null", "GET /two", `null`, ok(asJSON, "4", "", "null")},
		{"an object without a status is the body", "GET /two", `{"a": 1}`, ok(asJSON, "8", "", `{"a": 1}`)},
		{"one with a status is text", "GET /two", `{"statusCode":200,"body":"x"}`, ok(asText, "1", "", "x")},
		{"a status as text", "GET /two", `{"statusCode":"200","body":"x"}`, ok(asText, "1", "", "x")},
		{"a type of its own", "GET /two", `{"statusCode":200,"headers":{"Content-Type":"text/html"},"body":"x"}`, ok("Content-Type: text/html\n", "1", "", "x")},
		{"base64 is decoded", "GET /two", `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, ok(asText, "2", "", "hi")},
		{"names in title case, numbers as text", "GET /two", `{"statusCode":200,"headers":{"myheader":1,"x-b":true},"body":""}`, ok(asText, "0", "Myheader: 1\nX-B: true\n", "")},
		{
			"cookies before the header", "GET /two", `{"statusCode":200,"headers":{"set-cookie":"c=3"},"cookies":["a=1; Path=/","b=2"]}`,
			ok(asText, "0", "Set-Cookie: a=1; Path=/\nSet-Cookie: b=2\nSet-Cookie: c=3\n", ""),
		},
		{
			"headers of the connection are the gateway's", "GET /two", `{"statusCode":200,"headers":{"connection":"close","content-length":"9","date":"x","transfer-encoding":"chunked","upgrade":"x","server":"s"},"body":"x"}`,
			ok(asText, "1", "Server: s\n", "x"),
		},
		{"HEAD has no body", "HEAD /two", `{"statusCode":200,"body":"abc"}`, ok(asText, "3", "", "")},
		{
			"no content", "GET /two", `{"statusCode":204}`,
			"HTTP/1.1 204 No Content\nDate: DATE\n" + asText + "Connection: keep-alive\nApigw-Requestid: ID\n\n",
		},
		{
			"single values before multiple ones", "GET /one", `{"statusCode":200,"headers":{"x-a":"1"},"multiValueHeaders":{"x-a":["2","3"]},"body":"x"}`,
			ok(asText, "1", "X-A: 1\nX-A: 2\nX-A: 3\n", "x"),
		},

		{"status 0", "GET /two", `{"statusCode":0}`, failed},
		{"a status with a fraction", "GET /two", `{"statusCode":200.5}`, failed},
		{"a body that is no text", "GET /two", `{"statusCode":200,"body":{"a":1}}`, failed},
		{"a header that is a list", "GET /two", `{"statusCode":200,"headers":{"a":["b"]}}`, failed},
		{"what is no base64", "GET /two", `{"statusCode":200,"body":"!","isBase64Encoded":true}`, failed},
		{"a text in format 1.0", "GET /one", `"x"`, failed},
		{"a status as text in format 1.0", "GET /one", `{"statusCode":"200"}`, failed},
		{"a function that raises", "GET /two\nX-Raise: boom", "", failed},
		{"a function that ends", "GET /two\nX-Exit: 1", "", failed},
		{"an answer that is too large", "GET /two\nX-Large: 6291556", "", failed},
		{"a function's own timeout", "GET /short", "", failed},
		{"the integration's timeout", "GET /hasty\nX-Sleep: 1", "", unavailable},
		{"a function without concurrency", "GET /full", "", unavailable},
		{"a function that may not be invoked", "GET /closed", "", failed},
		{"a function that is not there", "GET /nothing", "", failed},
		{"a route without a target", "GET /targetless", "", failed},
		{"a route that lets nobody through", "GET /throttled", "", own("429 Too Many Requests", "31", `{"message":"Too Many Requests"}`)},
		{"no signature", "GET /signed", "", forbidden},
		{"no route", "GET /nope", "", own("404 Not Found", "23", `{"message":"Not Found"}`)},
		{"an escape that is none", "GET /%zz", "", strings.Replace(own("400 Bad Request", "25", `{"message":"Bad Request"}`), "keep-alive", "close", 1)},
		{"headers that are too long", "GET /two\nX-Long: " + strings.Repeat("x", 10_240), "", own("431 Request Header Fields Too Large", "45", `{"message":"Request Header Fields Too Large"}`)},
	}
	s := runningTemplate(t, "answers.yaml")
	host := s.apis.GetApis()[0].ApiId + ".execute-api." + defaultRegion + ".amazonaws.com"
	t.Run("HTTP/2", func(t *testing.T) { testAnswersOverHTTP2(t, s, host) })
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			method, rest, _ := strings.Cut(tt.request, " ")
			target, headers, more := strings.Cut(rest, "\n")
			text := method + " " + target + " HTTP/1.1\nHost: " + host + "\n"
			if more {
				text += headers + "\n"
			}
			if tt.answer != "" {
				text += "X-Answer: " + tt.answer + "\n"
			}
			got := s.exchange(t, host, method, strings.ReplaceAll(text+"\n", "\n", "\r\n"))
			if diff := cmp.Diff(strings.Split(tt.want, "\n"), strings.Split(strings.ReplaceAll(got, "\r", ""), "\n")); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// testAnswersOverHTTP2 sees that HTTP/2 has the same without a connection header.
func testAnswersOverHTTP2(t *testing.T, s *Server, host string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	for _, tt := range []struct {
		target, answer, body string
		status               int
		headers              []string
	}{
		{"/two", `"x"`, "x", 200, []string{"Apigw-Requestid", "Content-Length", "Content-Type", "Date"}},
		{"/two", `{"statusCode":201,"headers":{"Connection":"x","A":"b"},"cookies":["c=d"]}`, "", 201, []string{"A", "Apigw-Requestid", "Content-Length", "Content-Type", "Date", "Set-Cookie"}},
		{"/signed", "", `{"message":"Forbidden"}`, 403, []string{"Apigw-Requestid", "Content-Length", "Content-Type", "Date"}},
		{"/nope", "", `{"message":"Not Found"}`, 404, []string{"Apigw-Requestid", "Content-Length", "Content-Type", "Date"}},
		{"/full", "", `{"message":"Service Unavailable"}`, 503, []string{"Apigw-Requestid", "Content-Length", "Content-Type", "Date"}},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.data.url()+tt.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("X-Answer", tt.answer)
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		var names []string
		for name := range res.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		if res.ProtoMajor != 2 || res.StatusCode != tt.status || string(body) != tt.body {
			t.Errorf("%s: %s %d %s", tt.target, res.Proto, res.StatusCode, body)
		}
		if diff := cmp.Diff(tt.headers, names); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", tt.target, diff)
		}
	}
}

// exchange sends a request as it is written and returns the answer as it came,
// without what changes from time to time.
func (s *Server) exchange(t *testing.T, host, method, request string) string {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: host}}
	conn, err := dialer.DialContext(context.Background(), "tcp", s.data.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	var raw strings.Builder
	reader := bufio.NewReader(io.TeeReader(conn, &raw))
	res, err := http.ReadResponse(reader, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	answer := raw.String()
	for _, m := range recorded {
		answer = m.pattern.ReplaceAllString(answer, m.mask)
	}
	return answer
}
