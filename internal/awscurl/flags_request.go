package awscurl

import (
	"errors"
	"strings"
)

func requestFlags() []flag {
	return []flag{
		{
			long: "request", short: 'X', arg: "METHOD", original: true, group: groupRequest,
			help: "the method; GET if not given, also with -d",
			set:  text(func(o *options) *string { return &o.method }),
		},
		{
			long: "data", short: 'd', arg: "DATA", original: true, group: groupRequest,
			help: "the body; @FILE and @- take the bytes of a file or of standard input; repeated, joined by &",
			set:  data(dataPlain),
		},
		{
			long: "data-binary", arg: "[DATA]", original: true, group: groupRequest,
			help:     "a switch that goes with -d and changes nothing; with DATA, as curl's: a POST of DATA or @FILE",
			optional: isDataBinaryValue,
			set: func(o *options, value string) error {
				if value == "" {
					o.binary = true
					return nil
				}
				return data(dataCurl)(o, value)
			},
		},
		{
			long: "data-raw", arg: "DATA", group: groupRequest,
			help: "POST DATA as it stands, @ included", set: data(dataRaw),
		},
		{
			long: "data-ascii", arg: "DATA", group: groupRequest, hidden: true, set: data(dataPlain),
		},
		{
			long: "data-urlencode", arg: "DATA", group: groupRequest,
			help: "POST DATA URL-encoded: content, =content, name=content, @FILE or name@FILE", set: data(dataURLEncode),
		},
		{
			long: "json", arg: "DATA", group: groupRequest,
			help: "POST DATA with the content type application/json, and accept JSON",
			set: func(o *options, value string) error {
				o.jsonBody = true
				return data(dataJSON)(o, value)
			},
		},
		{
			long: "form", short: 'F', arg: "NAME=CONTENT", group: groupRequest,
			help: "POST a multipart form; CONTENT may be @FILE (an attachment) or <FILE (its text), with ;type= and ;filename=",
			set:  form(false),
		},
		{
			long: "form-string", arg: "NAME=TEXT", group: groupRequest,
			help: "like -F, the text as it stands", set: form(true),
		},
		{
			long: "upload-file", short: 'T', arg: "FILE", group: groupRequest,
			help: "PUT a file; - is standard input; to a URL that ends in / under the name of the file",
			set:  text(func(o *options) *string { return &o.upload }),
		},
		{
			long: "get", short: 'G', group: groupRequest,
			help: "put the data into the query instead of the body", set: on(func(o *options) *bool { return &o.get }),
		},
		{
			long: "head", short: 'I', group: groupRequest,
			help: "HEAD: print the headers of the answer", set: on(func(o *options) *bool { return &o.head }),
		},
		{
			long: "url", arg: "URL", group: groupRequest, help: "the URL, as a flag",
			set: func(o *options, value string) error {
				if o.url != "" {
					return errors.New("one URL is enough")
				}
				o.url = value
				return nil
			},
		},
		{
			long: "url-query", arg: "DATA", group: groupRequest,
			help: "add to the query, encoded like --data-urlencode; +TEXT adds TEXT as it stands",
			set:  list(func(o *options) *[]string { return &o.urlQuery }),
		},
		{
			long: "header", short: 'H', arg: "LINE", original: true, group: groupRequest,
			help: `"Name: value"; "Name:" removes a default, "Name;" sends it empty, @FILE reads lines`,
			set:  list(func(o *options) *[]string { return &o.headers }),
		},
		{
			long: "user-agent", short: 'A', arg: "TEXT", group: groupRequest,
			help: "the User-Agent header", set: text(func(o *options) *string { return &o.userAgent }),
		},
		{
			long: "referer", short: 'e', arg: "URL", group: groupRequest,
			help: "the Referer header", set: text(func(o *options) *string { return &o.referer }),
		},
		{
			long: "cookie", short: 'b', arg: "DATA", group: groupRequest,
			help: "NAME=VALUE; …, or a file of cookies to send", set: list(func(o *options) *[]string { return &o.cookies }),
		},
		{
			long: "cookie-jar", short: 'c', arg: "FILE", group: groupRequest,
			help: "write the cookies to FILE afterwards, in Netscape's form", set: text(func(o *options) *string { return &o.cookieJar }),
		},
		{
			long: "range", short: 'r', arg: "RANGE", group: groupRequest,
			help: "ask for bytes, as 0-499", set: text(func(o *options) *string { return &o.byteRange }),
		},
		{
			long: "continue-at", short: 'C', arg: "OFFSET", group: groupRequest,
			help: "go on with a download; - finds the offset by the output file", set: text(func(o *options) *string { return &o.resume }),
		},
		{
			long: "compressed", group: groupRequest,
			help: "accept compressed answers and decode them; the default", set: on(func(o *options) *bool { return &o.compressed }),
		},
		{
			long: "path-as-is", group: groupRequest,
			help: "leave /./ and /../ in the path", set: on(func(o *options) *bool { return &o.pathAsIs }),
		},
		{
			long: "globoff", short: 'g', group: groupRequest, hidden: true, set: func(*options, string) error { return nil },
		},
		{
			long: "config", short: 'K', arg: "FILE", group: groupRequest,
			help: "read more flags from FILE, as curl does", set: func(*options, string) error { return nil },
		},
	}
}

func data(kind dataKind) func(*options, string) error {
	return func(o *options, value string) error {
		o.data = append(o.data, datum{kind, value})
		return nil
	}
}

func form(literal bool) func(*options, string) error {
	return func(o *options, value string) error {
		part, err := parseFormPart(value, literal)
		o.form = append(o.form, part)
		return err
	}
}

// isDataBinaryValue tells the original's switch from curl's flag with a value:
// @FILE is a value, and so is a word without which there is still one URL,
// unless -d gives the data.
func isDataBinaryValue(o *options, word string, rest []string) bool {
	if strings.HasPrefix(word, "@") {
		return true
	}
	if len(o.data) > 0 || strings.HasPrefix(word, "-") {
		return false
	}
	known, positional := flags(), 0
	for i := 0; i < len(rest); i++ {
		takes, isData := shape(known, rest[i])
		switch {
		case rest[i] == "--":
			return positional+len(rest)-i-1 == 1
		case isData:
			return false
		case takes:
			i++
		case !strings.HasPrefix(rest[i], "-") || rest[i] == "-":
			positional++
		}
	}
	return positional == 1
}

// shape says of a word whether it is a flag whose value is the next word, and
// whether it is a -d.
func shape(known []flag, word string) (takesNext, isData bool) {
	if strings.HasPrefix(word, "--") {
		name, _, glued := strings.Cut(word[2:], "=")
		f, err := find(known, name)
		if err != nil {
			return false, false
		}
		return f.arg != "" && f.optional == nil && !glued, f.long == "data"
	}
	if len(word) < 2 || word[0] != '-' {
		return false, false
	}
	for i := 1; i < len(word); i++ {
		for _, f := range known {
			if f.short == word[i] && f.arg != "" && f.optional == nil {
				return i == len(word)-1, f.long == "data"
			}
		}
	}
	return false, false
}
