package awscurl

import (
	"crypto/rand"
	"errors"
	"mime"
	"path/filepath"
	"strings"
)

// A formPart is one -F.
type formPart struct {
	name        string
	text        string
	file        string // @FILE or <FILE; empty: text
	attached    bool   // by @: has a file name
	filename    string
	contentType string
}

// parseFormPart reads NAME=CONTENT with ;type= and ;filename= after it.
func parseFormPart(value string, literal bool) (formPart, error) {
	name, content, ok := strings.Cut(value, "=")
	part := formPart{name: name, text: content}
	switch {
	case !ok:
		return part, errors.New("it is NAME=CONTENT")
	case literal:
		return part, nil
	}
	part.text, content, _ = strings.Cut(content, ";")
	for option := range strings.SplitSeq(content, ";") {
		key, setting, _ := strings.Cut(strings.TrimSpace(option), "=")
		switch setting = strings.Trim(setting, `"`); key {
		case "type":
			part.contentType = setting
		case "filename":
			part.filename = setting
		default:
			// Parameters of the type itself, as ;charset=; or text with a ";".
			switch {
			case part.contentType != "":
				part.contentType += ";" + option
			case option != "":
				part.text += ";" + option
			}
		}
	}
	if file, ok := strings.CutPrefix(part.text, "@"); ok {
		part.file, part.attached = file, true
		if part.filename == "" {
			part.filename = filepath.Base(file)
		}
		if part.contentType == "" {
			part.contentType = mime.TypeByExtension(filepath.Ext(file))
		}
		if part.contentType == "" {
			part.contentType = "application/octet-stream"
		}
	} else if file, ok := strings.CutPrefix(part.text, "<"); ok {
		part.file = file
	}
	return part, nil
}

// addForm adds a multipart body. Files are streamed like any other.
func (p *payload) addForm(parts []formPart, s *streams) error {
	boundary := "------------------------" + rand.Text()
	quote := strings.NewReplacer(`\`, `\\`, `"`, `%22`, "\r", "%0D", "\n", "%0A")
	for _, part := range parts {
		head := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + quote.Replace(part.name) + `"`
		if part.filename != "" {
			head += `; filename="` + quote.Replace(part.filename) + `"`
		}
		if part.contentType != "" {
			head += "\r\nContent-Type: " + strings.NewReplacer("\r", "", "\n", "").Replace(part.contentType)
		}
		p.addText(head + "\r\n\r\n")
		if part.file == "" {
			p.addText(part.text)
		} else if err := p.addFile(part.file, s); err != nil {
			return err
		}
		p.addText("\r\n")
	}
	p.addText("--" + boundary + "--\r\n")
	p.contentType = "multipart/form-data; boundary=" + boundary
	return nil
}
