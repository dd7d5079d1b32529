package awscurl

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync"
)

// prettyAt is the size up to which bodies are indented; longer ones pass.
const prettyAt = 4 << 20

func isText(contentType string) bool {
	contentType, _, _ = strings.Cut(strings.ToLower(contentType), ";")
	return strings.HasSuffix(contentType, "json") || strings.HasSuffix(contentType, "xml")
}

// pretty writes body indented, if it is JSON or XML and not huge; else as it is.
func pretty(w io.Writer, body io.Reader, colours bool) error {
	head, err := io.ReadAll(io.LimitReader(body, prettyAt))
	if err != nil {
		return err
	}
	text := head
	if len(head) < prettyAt {
		if indented, ok := indent(head); ok {
			text = indented
			if colours {
				text = colour(text)
			}
		}
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	_, err = io.Copy(w, body)
	return err
}

func indent(text []byte) ([]byte, bool) {
	var b bytes.Buffer
	if json.Indent(&b, bytes.TrimSpace(text), "", "  ") == nil {
		b.WriteByte('\n')
		return b.Bytes(), true
	}
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) {
		return nil, false
	}
	decoder, encoder := xml.NewDecoder(bytes.NewReader(text)), xml.NewEncoder(&b)
	encoder.Indent("", "  ")
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false
		}
		if characters, ok := token.(xml.CharData); ok && len(bytes.TrimSpace(characters)) == 0 {
			continue
		}
		if start, ok := token.(xml.StartElement); ok {
			start.Name = plain(start.Name)
			for i := range start.Attr {
				start.Attr[i].Name = plain(start.Attr[i].Name)
			}
			token = start
		}
		if end, ok := token.(xml.EndElement); ok {
			end.Name = plain(end.Name)
			token = end
		}
		if encoder.EncodeToken(token) != nil {
			return nil, false
		}
	}
	if encoder.Flush() != nil {
		return nil, false
	}
	b.WriteByte('\n')
	return b.Bytes(), true
}

// plain keeps a prefix as it is written.
func plain(name xml.Name) xml.Name {
	if name.Space != "" {
		return xml.Name{Local: name.Space + ":" + name.Local}
	}
	return name
}

var tokens = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"(?:[^"\\]|\\.)*"(\s*:)?|\b(?:true|false|null)\b|-?\b\d[\d.eE+-]*\b`)
})

// colour marks the names, texts and values of JSON for a terminal.
func colour(text []byte) []byte {
	if bytes.HasPrefix(text, []byte("<")) {
		return text
	}
	return tokens().ReplaceAllFunc(text, func(token []byte) []byte {
		shade := "\x1b[33m"
		if token[0] == '"' {
			shade = "\x1b[32m"
			if token[len(token)-1] == ':' {
				shade = "\x1b[34m"
			}
		}
		return []byte(shade + string(token) + "\x1b[0m")
	})
}
