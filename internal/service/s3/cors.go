package s3

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
)

type corsConfiguration struct {
	Rules []corsRule `xml:"CORSRule"`
}

type corsRule struct {
	ID             string   `xml:",omitempty" json:",omitempty"`
	AllowedHeaders []string `xml:"AllowedHeader"`
	AllowedMethods []string `xml:"AllowedMethod"`
	AllowedOrigins []string `xml:"AllowedOrigin"`
	ExposeHeaders  []string `xml:"ExposeHeader"`
	MaxAgeSeconds  *int     `xml:",omitempty" json:",omitempty"`
}

type putCORSInput struct {
	target
	Configuration *corsConfiguration `rest:"xml"`
}

type corsOutput struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CORSConfiguration"`
	corsConfiguration
}

var corsMethods = []string{"GET", "PUT", "HEAD", "POST", "DELETE"}

func (c *corsConfiguration) check() error {
	if c == nil || len(c.Rules) == 0 || len(c.Rules) > 100 {
		return malformedXML()
	}
	for _, r := range c.Rules {
		for _, m := range r.AllowedMethods {
			if !slices.Contains(corsMethods, m) {
				return invalidRequest("Found unsupported HTTP method in CORS config. Unsupported method is %s", m)
			}
		}
		for _, text := range slices.Concat(r.AllowedOrigins, r.AllowedHeaders) {
			if strings.Count(text, "*") > 1 {
				return invalidRequest(`%s "%s" can not have more than one wildcard.`, "AllowedOrigin", text)
			}
		}
		if len(r.AllowedMethods) == 0 || len(r.AllowedOrigins) == 0 {
			return malformedXML()
		}
	}
	return nil
}

func (s *Service) putBucketCORS(ctx context.Context, in *putCORSInput) (*wire.Nothing, error) {
	if err := in.Configuration.check(); err != nil {
		return nil, err
	}
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.CORS = in.Configuration; return nil })
}

func (s *Service) getBucketCORS(_ context.Context, in *bucketInput) (*corsOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if b.CORS == nil {
		return nil, notConfigured("NoSuchCORSConfiguration", "The CORS configuration does not exist")
	}
	return &corsOutput{corsConfiguration: *b.CORS}, nil
}

func (s *Service) deleteBucketCORS(ctx context.Context, in *bucketInput) (*wire.Nothing, error) {
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.CORS = nil; return nil })
}

type preflightInput struct {
	Bucket  string
	Key     string
	Origin  string `rest:"header=Origin"`
	Method  string `rest:"header=Access-Control-Request-Method"`
	Headers string `rest:"header=Access-Control-Request-Headers"`
}

type preflightOutput struct {
	Origin      string `rest:"header=Access-Control-Allow-Origin"`
	Methods     string `rest:"header=Access-Control-Allow-Methods"`
	Headers     string `rest:"header=Access-Control-Allow-Headers"`
	Expose      string `rest:"header=Access-Control-Expose-Headers"`
	MaxAge      string `rest:"header=Access-Control-Max-Age"`
	Credentials string `rest:"header=Access-Control-Allow-Credentials"`
	Vary        string `rest:"header=Vary"`
}

// preflight answers a browser that asks before it sends a request. Nobody signs
// such a question.
func (s *Service) preflight(_ context.Context, in *preflightInput) (*preflightOutput, error) {
	if in.Origin == "" || in.Method == "" {
		return nil, awserr.New("BadRequest", http.StatusBadRequest, "Insufficient information. Origin request header needed.")
	}
	out := s.cors(in)
	if out == nil {
		return nil, awserr.New("AccessForbidden", http.StatusForbidden, "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.")
	}
	return out, nil
}

// CORS returns the headers of an answer to a request of a page from origin.
func (s *Service) CORS(bucket, origin, method string) http.Header {
	h := http.Header{}
	out := s.cors(&preflightInput{Bucket: bucket, Origin: origin, Method: method})
	if out == nil {
		return h
	}
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin": out.Origin, "Access-Control-Allow-Methods": out.Methods, "Access-Control-Expose-Headers": out.Expose,
		"Access-Control-Max-Age": out.MaxAge, "Access-Control-Allow-Credentials": out.Credentials, "Vary": out.Vary,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

// cors returns the answer of the first rule that fits, nil if none does.
func (s *Service) cors(in *preflightInput) *preflightOutput {
	b, ok := s.buckets.Get(in.Bucket)
	if !ok || b.CORS == nil {
		return nil
	}
	for _, r := range b.CORS.Rules {
		i := slices.IndexFunc(r.AllowedOrigins, func(o string) bool { return fits(o, in.Origin) })
		if i < 0 || !slices.Contains(r.AllowedMethods, in.Method) || !r.allows(in.Headers) {
			continue
		}
		out := &preflightOutput{
			Origin: in.Origin, Methods: strings.Join(r.AllowedMethods, ", "), Headers: strings.ToLower(in.Headers),
			Expose: strings.Join(r.ExposeHeaders, ", "), Credentials: "true", Vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
		}
		if r.AllowedOrigins[i] == "*" {
			out.Origin, out.Credentials = "*", ""
		}
		if r.MaxAgeSeconds != nil {
			out.MaxAge = fmt.Sprint(*r.MaxAgeSeconds)
		}
		return out
	}
	return nil
}

// allows reports whether all headers that are asked for are allowed.
func (r *corsRule) allows(headers string) bool {
	for h := range strings.SplitSeq(headers, ",") {
		h = strings.ToLower(strings.TrimSpace(h))
		if h != "" && !slices.ContainsFunc(r.AllowedHeaders, func(a string) bool { return fits(strings.ToLower(a), h) }) {
			return false
		}
	}
	return true
}

// fits compares a text with one that may have a wildcard.
func fits(pattern, text string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == text
	}
	return len(text) >= len(before)+len(after) && strings.HasPrefix(text, before) && strings.HasSuffix(text, after)
}
