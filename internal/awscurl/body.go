package awscurl

import (
	"path/filepath"
	"strings"
)

// body makes the payload that the command line asks for.
func (o *options) body(s *streams) (*payload, error) {
	p := &payload{}
	var err error
	switch {
	case o.upload == "-" && o.unsignedPayload:
		p.once = true
	case o.upload != "":
		err = p.addFile(o.upload, s)
	case len(o.form) > 0:
		err = p.addForm(o.form, s)
	case len(o.data) > 0 && !o.get:
		err = p.addData(o.data, s)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// addData joins what several -d give, as curl does.
func (p *payload) addData(data []datum, s *streams) error {
	for i, d := range data {
		if i > 0 && d.kind != dataJSON {
			p.addText("&")
		}
		if err := p.addDatum(d, s); err != nil {
			return err
		}
		switch d.kind {
		case dataJSON:
			p.contentType = "application/json"
		case dataRaw, dataURLEncode, dataCurl:
			p.contentType = "application/x-www-form-urlencoded"
		case dataPlain:
		}
	}
	return nil
}

func (p *payload) addDatum(d datum, s *streams) error {
	switch name, isFile := strings.CutPrefix(d.value, "@"); {
	case d.kind == dataURLEncode:
		encoded, err := urlEncoded(d.value, s)
		if err != nil {
			return err
		}
		p.addText(encoded)
		return nil
	case isFile && d.kind != dataRaw:
		return p.addFile(name, s)
	}
	p.addText(d.value)
	return nil
}

// urlEncoded is the value of a --data-urlencode: content, =content,
// name=content, @file or name@file.
func urlEncoded(value string, s *streams) (string, error) {
	i := strings.IndexAny(value, "=@")
	if i < 0 {
		return queryEscape(value), nil
	}
	name, content := value[:i], value[i+1:]
	if value[i] == '@' {
		read, err := readAll(content, s)
		if err != nil {
			return "", failf(exitRead, "read data: %w", err)
		}
		content = string(read)
	}
	if name == "" {
		return queryEscape(content), nil
	}
	return name + "=" + queryEscape(content), nil
}

// queryEscape encodes all but the unreserved bytes; a blank becomes %20, which
// nobody reads in two ways.
func queryEscape(s string) string {
	var b []byte
	for i := range len(s) {
		c := s[i]
		if c == '-' || c == '.' || c == '_' || c == '~' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			b = append(b, c)
			continue
		}
		b = appendEscape(b, c)
	}
	return string(b)
}

// complete adds to t what the command line says beside the URL: data in the
// query, the name of an uploaded file. It resolves dot segments unless the
// service wants them.
func (t *target) complete(o *options, s3 bool, s *streams) error {
	if o.upload != "" && o.upload != "-" && strings.HasSuffix(t.path, "/") && len(t.path) > 1 {
		t.path += queryEscape(filepath.Base(o.upload))
	}
	switch {
	case s3:
		t.path = strings.ReplaceAll(t.path, "+", "%2B") // S3 reads it as a blank
	case !o.pathAsIs:
		t.path = resolveDots(t.path)
	}
	var added []string
	if o.get && len(o.data) > 0 {
		p := &payload{}
		defer p.close()
		if err := p.addData(o.data, s); err != nil {
			return err
		}
		text, err := p.bytes()
		if err != nil {
			return err
		}
		added = append(added, encodeIllegal(string(text)))
	}
	for _, value := range o.urlQuery {
		if literal, ok := strings.CutPrefix(value, "+"); ok {
			added = append(added, encodeIllegal(literal))
			continue
		}
		encoded, err := urlEncoded(value, s)
		if err != nil {
			return err
		}
		added = append(added, encodeIllegal(encoded))
	}
	for _, text := range added {
		if t.query != "" {
			t.query += "&"
		}
		t.query += text
		t.hasQuery = true
	}
	return nil
}

// methodOf returns the method: curl's for the flags that the original lacks,
// else GET. Known methods are sent in upper case.
func (o *options) methodOf() (string, error) {
	method := o.method
	curls := false
	for _, d := range o.data {
		curls = curls || d.kind != dataPlain
	}
	switch {
	case method != "":
	case o.head:
		method = "HEAD"
	case o.upload != "":
		method = "PUT"
	case len(o.form) > 0 || curls && !o.get:
		method = "POST"
	default:
		method = "GET"
	}
	switch upper := strings.ToUpper(method); upper {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return upper, nil
	}
	if !isToken(method) {
		return "", failf(exitUsage, "-X %q: no method has such characters", method)
	}
	return method, nil
}
