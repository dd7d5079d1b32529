package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"sync"
)

// emptyHash is the SHA-256 of nothing, which most requests carry as payload.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// A workspace holds the buffers of one signature, so that they are reused.
// Nothing that outlives the call may point into it.
type workspace struct {
	query []byte   // canonical names and values of the query, one after another
	pairs []pair   // where they are, sorted
	names []string // signed header names
	text  []byte   // canonical request
	toSig []byte   // string to sign
	hash  hash.Hash
	sum   [sha256.Size]byte
}

// A pair is one query parameter as offsets into workspace.query: the name
// goes up to mid, the value from there.
type pair struct{ start, mid, end int }

var workspaces = sync.Pool{New: func() any { return &workspace{hash: sha256.New()} }}

func newWorkspace() *workspace {
	w := workspaces.Get().(*workspace) // the pool holds nothing else
	w.query, w.pairs, w.names, w.text, w.toSig = w.query[:0], w.pairs[:0], w.names[:0], w.text[:0], w.toSig[:0]
	return w
}

// release gives w back. A workspace that one request made huge is dropped.
func (w *workspace) release() {
	const keep = 64 << 10
	clear(w.names[:cap(w.names)]) // they point into a request
	if cap(w.query)+cap(w.text) <= keep {
		workspaces.Put(w)
	}
}

func (w *workspace) name(p pair) []byte  { return w.query[p.start:p.mid] }
func (w *workspace) value(p pair) []byte { return w.query[p.mid:p.end] }

// parseQuery fills w.pairs with the canonical parameters of raw, sorted by
// name, then value: sorting joined strings would put Param-3 before Param. It
// reports whether every escape was whole; a pair with a broken one is left out.
func (w *workspace) parseQuery(raw string) (whole bool) {
	whole = true
	sorted := true
	for raw != "" {
		var piece string
		piece, raw, _ = strings.Cut(raw, "&")
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		p := pair{start: len(w.query)}
		var ok bool
		if w.query, ok = appendRecoded(w.query, name, false, true); ok {
			p.mid = len(w.query)
			w.query, ok = appendRecoded(w.query, value, false, true)
		}
		if !ok {
			w.query = w.query[:p.start]
			whole = false
			continue
		}
		p.end = len(w.query)
		if n := len(w.pairs); n > 0 && w.compare(w.pairs[n-1], p) > 0 {
			sorted = false
		}
		w.pairs = append(w.pairs, p)
	}
	if !sorted {
		slices.SortFunc(w.pairs, w.compare)
	}
	return whole
}

func (w *workspace) compare(a, b pair) int {
	if c := bytes.Compare(w.name(a), w.name(b)); c != 0 {
		return c
	}
	return bytes.Compare(w.value(a), w.value(b))
}

// begin writes method and canonical path into w.text. It reports false for a
// path with a broken escape, which only S3's rule minds.
func (w *workspace) begin(method, path string, r pathRule) (ok bool) {
	b := append(w.text[:0], method...)
	b = append(b, '\n')
	w.text, ok = appendPath(b, path, r)
	return ok
}

// finish writes the rest of the canonical request, from w.pairs and w.names.
// Query parameters named omit1 or omit2 are left out.
func (w *workspace) finish(host string, headers []Header, omit1, omit2, payloadHash string) {
	b := append(w.text, '\n')
	first := true
	for _, p := range w.pairs {
		if n := w.name(p); string(n) == omit1 || string(n) == omit2 {
			continue
		}
		if !first {
			b = append(b, '&')
		}
		first = false
		b = append(b, w.name(p)...)
		b = append(b, '=')
		b = append(b, w.value(p)...)
	}
	b = append(b, '\n')
	for _, name := range w.names {
		b = append(b, name...)
		b = append(b, ':')
		if name == "host" {
			b = append(b, host...)
		} else {
			b = appendHeader(b, name, headers)
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range w.names {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	w.text = append(b, payloadHash...)
}

// stringToSign writes the string to sign for w.text into w.toSig.
func (w *workspace) stringToSign(algorithm, time, scope string) {
	w.hash.Reset()
	w.hash.Write(w.text)
	b := append(w.toSig[:0], algorithm...)
	b = append(b, '\n')
	b = append(b, time...)
	b = append(b, '\n')
	b = append(b, scope...)
	b = append(b, '\n')
	w.toSig = hex.AppendEncode(b, w.hash.Sum(w.sum[:0]))
}

// mac leaves the HMAC-SHA256 of w.toSig in w.sum. It is crypto/hmac without
// its allocations.
func (w *workspace) mac(key *macKey) {
	w.hash.Reset()
	w.hash.Write(key.inner[:])
	w.hash.Write(w.toSig)
	inner := w.hash.Sum(w.sum[:0])
	w.hash.Reset()
	w.hash.Write(key.outer[:])
	w.hash.Write(inner)
	w.hash.Sum(w.sum[:0])
}

// appendHeader appends the canonical value of the header called name in lower
// case: repeated fields are joined by a comma in the order received.
func appendHeader(b []byte, name string, headers []Header) []byte {
	first := true
	for i := range headers {
		if !isNamed(headers[i].Name, name) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendFolded(b, headers[i].Value)
	}
	return b
}

// appendFolded appends s with outer white space trimmed and inner runs of it,
// line folds included, as one space. Quotes do not protect white space.
func appendFolded(b []byte, s string) []byte {
	start, blank := len(b), false
	for i := range len(s) {
		switch c := s[i]; c {
		case ' ', '\t', '\r', '\n':
			blank = true
		default:
			if blank && len(b) > start {
				b = append(b, ' ')
			}
			blank = false
			b = append(b, c)
		}
	}
	return b
}

// trim removes the white space around a header value.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// isNamed reports whether the header name s is lower, which is in lower case.
// Header names are ASCII: no other folding applies.
func isNamed(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
