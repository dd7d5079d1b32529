package trace

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Explain tells r in plain words: what happened, why, and what to do about it.
func Explain(w io.Writer, r *Request) error {
	var b bytes.Buffer
	p := printer{&b}
	p.headline(r)
	p.facts(r)
	p.signature(r.Signature)
	p.authorization(r.Authorization)
	p.integration(r.Integration)
	if advice := advise(r); len(advice) > 0 {
		b.WriteString("\nWhat to do\n")
		for _, a := range advice {
			fmt.Fprintf(&b, "  - %s\n", a)
		}
	}
	p.computed(r.Signature)
	// What a caller sent must not steer the operator's terminal.
	_, err := w.Write(bytes.Map(visible, b.Bytes()))
	return err
}

type printer struct{ b *bytes.Buffer }

// row writes one aligned fact; an empty one is left out.
func (p printer) row(name, value string) {
	if value != "" {
		fmt.Fprintf(p.b, "  %-16s %s\n", name, value)
	}
}

func (p printer) headline(r *Request) {
	scheme := "http"
	if r.Secure {
		scheme = "https"
	}
	fmt.Fprintf(p.b, "%s %s://%s%s\n", r.Method, scheme, r.Host, r.Path)
	fmt.Fprintf(p.b, "answered %d %s at %s after %s, request ID %s\n\n",
		r.Status, http.StatusText(r.Status), r.Time.UTC().Format("2006-01-02 15:04:05 UTC"), r.Duration.Round(10*time.Microsecond), r.ID)
	s, ok := r.Refusal()
	switch {
	case !ok:
		p.b.WriteString("Nothing was refused.\n")
	case s.Outcome == Failed:
		fmt.Fprintf(p.b, "Failed at the step %q: %s.\n", s.Name, s.Detail)
	default:
		fmt.Fprintf(p.b, "Refused at the step %q: %s.\n", s.Name, s.Detail)
	}
}

func (p printer) facts(r *Request) {
	p.b.WriteByte('\n')
	p.row("from", r.SourceIP)
	switch {
	case r.API == "":
		p.row("API", "none found")
	case r.APIName == "":
		p.row("API", r.API)
	default:
		p.row("API", r.APIName+" ("+r.API+")")
	}
	p.row("stage", r.Stage)
	if r.Route != "" {
		p.row("route", r.Route+", authorization "+r.AuthorizationType)
	} else if r.Stage != "" {
		p.row("route", "none found")
	}
	if c := r.Caller; c != nil {
		p.row("caller", fmt.Sprintf("%s %s, access key %s", c.Kind, c.ARN, c.AccessKeyID))
	}
}

func (p printer) signature(s *Signature) {
	if s == nil {
		return
	}
	p.b.WriteByte('\n')
	if s.Valid {
		p.row("signature", "good")
	} else {
		p.row("signature", "refused: "+s.Reason)
		p.row("", s.Message)
	}
	p.row("access key", s.AccessKeyID)
	if !s.Date.IsZero() {
		text := s.Date.UTC().Format("2006-01-02 15:04:05 UTC")
		if !s.Now.IsZero() {
			text += ", " + distance(s.Now.Sub(s.Date)) + " this machine's clock"
		}
		p.row("signed at", text)
	}
	if s.Region+s.Service != "" {
		text := s.Region + "/" + s.Service
		if s.WantService != "" && (s.Region != s.WantRegion || s.Service != s.WantService) {
			text += ", but this API is " + s.WantRegion + "/" + s.WantService
		}
		p.row("signed for", text)
	}
	p.row("signed headers", strings.Join(s.SignedHeaders, ", "))
	if s.Presigned {
		p.row("form", "presigned URL")
	}
}

func distance(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d > 0:
		return d.String() + " behind"
	case d < 0:
		return (-d).String() + " ahead of"
	default:
		return "the same as"
	}
}

func (p printer) authorization(a *Authorization) {
	if a == nil {
		return
	}
	if a.Explanation == nil {
		p.b.WriteByte('\n')
		p.row("policies", a.Decision)
		p.row("action", a.Action)
		p.row("resource", a.Resource)
		return
	}
	p.b.WriteString("\nPolicies\n")
	for line := range strings.Lines(a.Explanation.Text()) {
		if strings.TrimSpace(line) == "" {
			p.b.WriteByte('\n')
			continue
		}
		p.b.WriteString("  " + line)
	}
}

func (p printer) integration(i *Integration) {
	if i == nil {
		return
	}
	p.b.WriteByte('\n')
	p.row("integration", i.Type+" "+i.Target)
	p.row("for", i.SourceARN)
	p.row("took", i.Duration.Round(10*time.Microsecond).String())
	if i.Status != 0 {
		p.row("answered", fmt.Sprint(i.Status))
	}
	p.row("function error", i.FunctionError)
	p.row("error", i.Error)
}

// computed shows what this side hashed, for comparison with the client's own.
func (p printer) computed(s *Signature) {
	if s == nil || s.CanonicalRequest == "" {
		return
	}
	p.b.WriteString("\nThe canonical request that this side made of what it received. Compare it with your client's, line by line:\n")
	p.quote(s.CanonicalRequest)
	p.b.WriteString("\nThe string to sign:\n")
	p.quote(s.StringToSign)
}

func (p printer) quote(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(p.b, "  | %s\n", line)
	}
}

// visible replaces control characters.
func visible(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 {
		return '\uFFFD'
	}
	return r
}
