package store

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// A record's subject is subjectPrefix, the name of its collection, a dot and
// the encoded key, which has no dots.
const subjectPrefix = "hakone.records."

const (
	operationHeader   = "Hakone-Operation"
	operationDelete   = "delete"
	batchIDHeader     = "Nats-Batch-Id"
	batchCommitHeader = "Nats-Batch-Commit"
)

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// subjectOf encodes a key so that any text is one token of a subject.
func subjectOf(collection, key string) string {
	var b strings.Builder
	b.Grow(len(subjectPrefix) + len(collection) + len(key) + 1)
	b.WriteString(subjectPrefix)
	b.WriteString(collection)
	b.WriteByte('.')
	const digits = "0123456789ABCDEF"
	for i := range len(key) {
		c := key[i]
		if plain(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('=')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// parseSubject is the inverse of subjectOf.
func parseSubject(subject string) (collection, key string, err error) {
	rest, ok := strings.CutPrefix(subject, subjectPrefix)
	dot := strings.LastIndexByte(rest, '.')
	if !ok || dot <= 0 || dot == len(rest)-1 {
		return "", "", fmt.Errorf("subject %q is not one of a record", subject)
	}
	collection, coded := rest[:dot], rest[dot+1:]
	if !strings.Contains(coded, "=") {
		return collection, coded, nil
	}
	out := make([]byte, 0, len(coded))
	for i := 0; i < len(coded); i++ {
		if coded[i] != '=' {
			out = append(out, coded[i])
			continue
		}
		if i+3 > len(coded) {
			return "", "", fmt.Errorf("subject %q has a broken key", subject)
		}
		c, err := hex.DecodeString(coded[i+1 : i+3])
		if err != nil {
			return "", "", fmt.Errorf("subject %q has a broken key: %w", subject, err)
		}
		out = append(out, c[0])
		i += 2
	}
	return collection, string(out), nil
}

// checkName panics on a collection name that cannot be part of a subject: names
// are constants of the program.
func checkName(name string) {
	for part := range strings.SplitSeq(name, ".") {
		if part == "" {
			panic(fmt.Sprintf("store: bad collection name %q", name))
		}
		for i := range len(part) {
			if !plain(part[i]) {
				panic(fmt.Sprintf("store: bad collection name %q", name))
			}
		}
	}
}
