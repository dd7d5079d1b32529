// Package imds hands out credentials the way AWS's machines do.
//
// [New] is the instance metadata service of one EC2 instance, version 2 (a token
// first) and, where the instance allows it, version 1. [NewContainer] is the
// credentials endpoint of containers, which every SDK knows through
// AWS_CONTAINER_CREDENTIALS_FULL_URI and which needs no link-local address.
//
// The hop limit is for whoever opens the socket: it is the IP time-to-live of
// answers.
package imds

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
)

// A Source knows one instance.
type Source interface {
	// Instance returns the instance as it is now.
	Instance(ctx context.Context) (*Instance, error)
	// RoleCredentials returns a new session of the instance's role that lasts as
	// long as life, if the role lets it. An error is told to the instance's
	// programs as "EC2 cannot assume the role".
	RoleCredentials(ctx context.Context, life time.Duration) (*access.Credentials, error)
}

// A Config says what to serve. Source is required.
type Config struct {
	Source Source
	Log    *slog.Logger     // nil discards
	Now    func() time.Time // nil means time.Now
}

const (
	headerToken = "X-aws-ec2-metadata-token" //nolint:gosec // the name of a header
	headerTTL   = "X-aws-ec2-metadata-token-ttl-seconds"
	maxTTL      = 21600
)

type metadata struct {
	source Source
	log    *slog.Logger
	now    func() time.Time
	secret [32]byte // of this instance's tokens
	role   rolling
}

// New returns the metadata service of one instance.
func New(c Config) http.Handler {
	m := &metadata{source: c.Source, log: c.Log, now: c.Now}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if m.now == nil {
		m.now = time.Now
	}
	_, _ = rand.Read(m.secret[:]) // never fails
	return m
}

var versions = regexp.MustCompile(`^(latest|1\.0|\d{4}-\d{2}-\d{2})$`)

// ServeHTTP answers one request: token first, then what it is about.
func (m *metadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "EC2ws")
	i, err := m.source.Instance(r.Context())
	if err != nil {
		m.log.ErrorContext(r.Context(), "instance metadata failed", "error", err)
		refuse(w, http.StatusInternalServerError)
		return
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case i.Disabled:
		refuse(w, http.StatusForbidden)
	case version == "latest" && rest == "api/token":
		m.issueToken(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed)
	case !m.authorized(w, r, i):
		refuse(w, http.StatusUnauthorized)
	case version == "":
		answer(w, "text/plain", "1.0\n2021-07-15\nlatest")
	case !versions.MatchString(version):
		refuse(w, http.StatusNotFound)
	default:
		m.serve(w, r, i, rest)
	}
}

// serve answers a path below the version.
func (m *metadata) serve(w http.ResponseWriter, r *http.Request, i *Instance, rest string) {
	area, rest, _ := strings.Cut(rest, "/")
	switch area {
	case "":
		answer(w, "text/plain", "dynamic\nmeta-data\nuser-data")
	case "user-data":
		if len(i.UserData) == 0 || rest != "" {
			refuse(w, http.StatusNotFound)
			return
		}
		answer(w, "application/octet-stream", string(i.UserData))
	case "dynamic":
		m.serveDynamic(w, r, i, rest)
	case "meta-data":
		m.serveMetadata(w, r, i, rest)
	default:
		refuse(w, http.StatusNotFound)
	}
}

func (m *metadata) serveMetadata(w http.ResponseWriter, r *http.Request, i *Instance, rest string) {
	if role, ok := strings.CutPrefix(rest, "iam/security-credentials/"); ok && role != "" {
		if i.RoleName == "" || role != i.RoleName {
			refuse(w, http.StatusNotFound)
			return
		}
		answer(w, "text/plain", m.roleDocument(r.Context(), i))
		return
	}
	text, ok := lookup(i.leaves(), rest)
	if !ok {
		refuse(w, http.StatusNotFound)
		return
	}
	answer(w, "text/plain", text)
}

// lookup returns a leaf, or the listing of a directory: its names, each on a
// line, directories with a slash.
func lookup(leaves []leaf, rest string) (string, bool) {
	dir := strings.TrimSuffix(rest, "/")
	if dir != "" {
		dir += "/"
	}
	var names []string
	for _, l := range leaves {
		if l.path == rest {
			return l.value, true
		}
		below, ok := strings.CutPrefix(l.path, dir)
		if !ok {
			continue
		}
		name, _, more := strings.Cut(below, "/")
		if more {
			name += "/"
		}
		if dir == "public-keys/" {
			name = strings.TrimSuffix(name, "/") + "=" + l.label
		}
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return strings.Join(names, "\n"), len(names) > 0 && path.Clean("/"+rest) == "/"+strings.TrimSuffix(rest, "/")
}

// issueToken answers PUT /latest/api/token.
func (m *metadata) issueToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut {
		w.Header().Set("Allow", "OPTIONS, PUT")
		refuse(w, http.StatusMethodNotAllowed)
		return
	}
	if _, forwarded := r.Header["X-Forwarded-For"]; forwarded {
		refuse(w, http.StatusForbidden)
		return
	}
	ttl, err := strconv.Atoi(r.Header.Get(headerTTL))
	if err != nil || ttl < 1 || ttl > maxTTL {
		refuse(w, http.StatusBadRequest)
		return
	}
	w.Header().Set(headerTTL, strconv.Itoa(ttl))
	answer(w, "text/plain", m.token(m.now().Add(time.Duration(ttl)*time.Second)))
}

// A token is its end and a nonce, authenticated with this instance's secret: no
// list of tokens is kept.
func (m *metadata) token(end time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(end.UnixMilli()))
	b = append(b, make([]byte, 16)...)
	_, _ = rand.Read(b[8:]) // never fails
	return base64.URLEncoding.EncodeToString(append(b, m.sum(b)...))
}

func (m *metadata) sum(b []byte) []byte {
	h := hmac.New(sha256.New, m.secret[:])
	h.Write(b)
	return h.Sum(nil)
}

// authorized checks the token; one that is given must be good even where none is
// needed.
func (m *metadata) authorized(w http.ResponseWriter, r *http.Request, i *Instance) bool {
	given := r.Header.Get(headerToken)
	if given == "" {
		return !i.TokensRequired
	}
	b, err := base64.URLEncoding.DecodeString(given)
	if err != nil || len(b) != 24+sha256.Size || subtle.ConstantTimeCompare(m.sum(b[:24]), b[24:]) != 1 {
		return false
	}
	left := time.UnixMilli(int64(binary.BigEndian.Uint64(b))).Sub(m.now()) //nolint:gosec // it was made from an int64
	if left <= 0 {
		return false
	}
	w.Header().Set(headerTTL, strconv.Itoa(int(left/time.Second)))
	return true
}

func answer(w http.ResponseWriter, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(text)) //nolint:gosec // plain text that the instance's owner wrote
}

const page = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>STATUS</title>
 </head>
 <body>
  <h1>STATUS</h1>
 </body>
</html>
`

func refuse(w http.ResponseWriter, status int) {
	text := strings.ReplaceAll(page, "STATUS", strconv.Itoa(status)+" - "+http.StatusText(status))
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // a client that has gone needs no answer
}
