package sam

import (
	"crypto/sha1" //nolint:gosec // the logical ids of AWS's transform are made of SHA-1; nothing is protected by it
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/hakonegate/hakone/internal/template"
)

// hashed returns prefix and the first ten hexadecimal digits of the hash of a
// value: of a string as it is, of anything else as JSON.
func hashed(prefix string, value *template.Node) string {
	if !truthy(value) {
		return prefix
	}
	if value.IsText() {
		return prefix + shortHash(value.Value)
	}
	return prefix + shortHash(canonical(value))
}

func shortHash(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])[:10]
}

// canonical returns compact JSON with sorted keys and only ASCII characters:
// the text that AWS's transform hashes.
func canonical(n *template.Node) string {
	var b strings.Builder
	writeCanonical(&b, n)
	return b.String()
}

func writeCanonical(b *strings.Builder, n *template.Node) {
	switch {
	case n.IsMap():
		sorted := slices.Clone(n.Pairs)
		slices.SortFunc(sorted, func(x, y template.Pair) int { return strings.Compare(x.Key, y.Key) })
		b.WriteByte('{')
		for i, p := range sorted {
			if i > 0 {
				b.WriteByte(',')
			}
			writeASCII(b, p.Key)
			b.WriteByte(':')
			writeCanonical(b, p.Value)
		}
		b.WriteByte('}')
	case n.IsList():
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			writeCanonical(b, item)
		}
		b.WriteByte(']')
	case n.IsBool():
		b.WriteString(strings.ToLower(n.Value))
	case n.IsNumber():
		b.WriteString(pythonNumber(n.Value))
	case n.IsScalar():
		writeASCII(b, n.Value)
	default:
		b.WriteString("null")
	}
}

func writeASCII(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < ' ' || r > '~' && r != 0x7f:
			if r > 0xffff {
				high, low := utf16.EncodeRune(r)
				fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
			} else {
				fmt.Fprintf(b, `\u%04x`, r)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

func longHash(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}
