package awscurl

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// corpus are the shapes of URLs that clients sign wrongly.
var corpus = []string{
	"/", "/a b", "/a%20b", "/a%2Fb", "/a//b", "/a/./b", "/a/../b", "/a+b", "/a(b)c!*'", "/a:b@c,d;e=f", "/é", "/~x", "/%7Ex",
	"/p?b=2&a=1", "/p?a=2&a=1", "/p?a", "/p?a=b=c", "/p?a=b%3D", "/p?a=b%2Fc", "/p?a=%20x", "/p?a=b+c", "/p?a=b c", "/p?a=b,c:d/e?f", "/p?a=é",
	"/p?a=2&ab=3&a%21=1", "/p#frag", "/test/@connections/abc=",
	"?e=a@b", "/%zz", "/p?a=%zz", "/p?X=%E2%82%AC", "/p?a=1;b=2", "/p?x=1?y=2", "/a/..", "/a/b/../", "/a/%2e%2e/b", "/%",
}

// TestRefereeAcceptsEveryURL rebuilds each signature from what arrived, with code
// that shares nothing with the signer.
func TestRefereeAcceptsEveryURL(t *testing.T) {
	file := writeFile(t, strings.Repeat("bytes\r\n\x00\xff", 1000))
	bodies := []struct {
		name  string
		args  []string
		stdin string
	}{
		{"no body", nil, ""},
		{"a header", []string{"-H", "X-Amz-Meta-A:  a   b ", "-H", "Host: Other.Example.com:8443"}, ""},
		{"-d", []string{"-X", "POST", "-d", "a=é"}, ""},
		{"-F", []string{"-F", "a=1", "-F", "f=@" + file + ";type=text/plain"}, ""},
		{"-T", []string{"-T", file}, ""},
		{"standard input", []string{"-X", "PUT", "-d", "@-"}, strings.Repeat("x", spoolAt+1)},
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		var complaint string
		var seen int
		var service string
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			seen++
			complaint = referee(r, service)
			if r.Proto != protocol {
				complaint = "came by " + r.Proto
			}
			if strings.HasSuffix(r.Host, ":443") {
				complaint = "came for " + r.Host
			}
		}))
		server.EnableHTTP2 = protocol == "HTTP/2.0"
		server.StartTLS()
		t.Cleanup(server.Close)
		for _, service = range []string{"execute-api", "s3"} {
			for _, path := range corpus {
				for _, b := range bodies {
					t.Run(strings.Join([]string{protocol, service, path, b.name}, " "), func(t *testing.T) {
						complaint, seen = "", 0
						args := append([]string{"-k", "--service", service, "--connect-to", "::" + server.Listener.Addr().String()}, b.args...)
						status, _, stderr := invoke(t, surrounding{stdin: b.stdin}, append(args, "https://api.example.com:443"+path)...)
						if status != 0 || seen != 1 || complaint != "" {
							t.Errorf("exit status %d, %d requests, referee: %s\n%s", status, seen, complaint, stderr)
						}
					})
				}
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "awscurl-*"))
	if err == nil && len(left) > 0 {
		t.Errorf("copies of standard input are left: %v", left)
	}
}

// referee says what is wrong with the signature of r; nothing if it is good.
func referee(r *http.Request, service string) string {
	authorization := r.Header.Get("Authorization")
	_, rest, ok := strings.Cut(authorization, "SignedHeaders=")
	names, signature, ok2 := strings.Cut(rest, ", Signature=")
	if !ok || !ok2 {
		return "no signature: " + authorization
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if strings.HasPrefix(path, "https://") {
		return "absolute target"
	}
	if service == "s3" {
		path = refereeEncode(refereeDecode(path, false), "/")
	} else {
		var kept []string
		for segment := range strings.SplitSeq(path, "/") {
			switch segment {
			case "", ".":
			case "..":
				kept = kept[:max(0, len(kept)-1)]
			default:
				kept = append(kept, segment)
			}
		}
		slash := ""
		if strings.HasSuffix(path, "/") && len(kept) > 0 {
			slash = "/"
		}
		path = refereeEncode("/"+strings.Join(kept, "/")+slash, "/")
	}
	var pairs [][2]string
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(pair, "="); pair != "" {
			pairs = append(pairs, [2]string{refereeEncode(refereeDecode(name, true), ""), refereeEncode(refereeDecode(value, true), "")})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]) })
	var joined []string
	for _, p := range pairs {
		joined = append(joined, p[0]+"="+p[1])
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if got := r.Header.Get("X-Amz-Content-Sha256"); got != hash {
		return "payload hash " + got + ", want " + hash
	}
	headers := ""
	for name := range strings.SplitSeq(names, ";") {
		value := r.Host
		if name != "host" {
			value = strings.Join(strings.Fields(strings.Join(r.Header.Values(name), ",")), " ")
		}
		headers += name + ":" + value + "\n"
	}
	canonical := strings.Join([]string{r.Method, path, strings.Join(joined, "&"), headers, names, hash}, "\n")
	date := r.Header.Get("X-Amz-Date")
	sum = sha256.Sum256([]byte(canonical))
	scope := date[:8] + "/us-east-1/" + service + "/aws4_request"
	toSign := "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + testSecret)
	for _, part := range append(strings.Split(scope, "/"), toSign) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if hex.EncodeToString(key) != signature {
		return "mismatch: " + canonical
	}
	if !slices.IsSorted(strings.Split(names, ";")) {
		return "unsorted headers"
	}
	return ""
}

func refereeDecode(s string, plus bool) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+' && plus:
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s):
			c, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return "broken escape in " + s
			}
			b = append(b, c...)
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

func refereeEncode(s, safe string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(unreserved+safe, s[i]) >= 0 {
			b.WriteByte(s[i])
		} else {
			b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{s[i]})))
		}
	}
	return b.String()
}
