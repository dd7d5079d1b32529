package lambda

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
)

// A FunctionURL is an HTTPS address of a function or alias.
type FunctionURL struct {
	ID               string // the host name's first label
	FunctionUrl      string
	FunctionArn      string
	AuthType         string // NONE or AWS_IAM
	InvokeMode       string // BUFFERED or RESPONSE_STREAM
	Cors             *Cors  `json:",omitempty"`
	CreationTime     string
	LastModifiedTime string
}

// Cors says which other origins may call a function URL.
type Cors struct {
	AllowCredentials bool     `json:",omitempty"`
	AllowHeaders     []string `json:",omitempty"`
	AllowMethods     []string `json:",omitempty"`
	AllowOrigins     []string `json:",omitempty"`
	ExposeHeaders    []string `json:",omitempty"`
	MaxAge           *int     `json:",omitempty"`
}

// FunctionURLInput makes or changes a function URL.
type FunctionURLInput struct {
	FunctionName string
	Qualifier    string // an alias, or ""
	AuthType     string
	InvokeMode   string // "" means BUFFERED
	Cors         *Cors
}

// CreateFunctionURLConfig gives a function or alias an address.
func (s *Service) CreateFunctionURLConfig(ctx context.Context, in *FunctionURLInput) (*FunctionURL, error) {
	r, err := s.resolve(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if r.qualifier != "" && (isNumber(r.qualifier) || r.qualifier == latest) {
		var v violations
		v.add(r.qualifier, "qualifier", `satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)`)
		return nil, v.err()
	}
	if in.AuthType == "" {
		return nil, violations{"Value null at 'authType' failed to satisfy constraint: Member must not be null"}.err()
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	at := time.Now().UTC().Format(time.RFC3339Nano)
	u := FunctionURL{
		ID: newURLID(), FunctionArn: s.arn(r.name, r.qualifier), AuthType: in.AuthType, InvokeMode: in.InvokeMode, Cors: in.Cors,
		CreationTime: at, LastModifiedTime: at,
	}
	set(&u.InvokeMode, orElse(in.InvokeMode, "BUFFERED"))
	u.FunctionUrl = "https://" + u.ID + ".lambda-url." + s.cfg.Region + ".on.aws/"
	err = s.change(ctx, r.name, func(f *record) error {
		if r.qualifier != "" {
			if _, ok := f.Aliases[r.qualifier]; !ok {
				return notFound("Cannot find alias arn: %s", s.arn(r.name, r.qualifier))
			}
		}
		if _, ok := f.URLs[r.qualifier]; ok {
			return conflict("Failed to create function url config for [functionArn = %s]. Error message:  FunctionUrlConfig exists for this Lambda function", s.arn(r.name, ""))
		}
		if f.URLs == nil {
			f.URLs = map[string]FunctionURL{}
		}
		f.URLs[r.qualifier] = u
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

func (in *FunctionURLInput) check() error {
	var v violations
	if t := in.AuthType; t != "" && t != "NONE" && t != "AWS_IAM" {
		v.add(in.AuthType, "authType", "satisfy enum value set: [NONE, AWS_IAM]")
	}
	if m := in.InvokeMode; m != "" && m != "BUFFERED" && m != "RESPONSE_STREAM" {
		v.add(m, "invokeMode", "satisfy enum value set: [BUFFERED, RESPONSE_STREAM]")
	}
	in.Cors.check(&v)
	return v.err()
}

func (c *Cors) check(v *violations) {
	if c == nil {
		return
	}
	for _, l := range []struct {
		member string
		list   []string
		most   int
	}{
		{"allowHeaders", c.AllowHeaders, 100}, {"allowMethods", c.AllowMethods, 6}, {"allowOrigins", c.AllowOrigins, 100}, {"exposeHeaders", c.ExposeHeaders, 100},
	} {
		if len(l.list) > l.most {
			v.add("["+strings.Join(l.list, ", ")+"]", "cors."+l.member, "have length less than or equal to "+strconv.Itoa(l.most))
		}
	}
	for _, m := range c.AllowMethods {
		if !slices.Contains([]string{"GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "*"}, m) {
			v.add(m, "cors.allowMethods", "satisfy enum value set: [GET, PUT, HEAD, POST, PATCH, DELETE, *]")
		}
	}
	if c.MaxAge != nil {
		atLeast(v, *c.MaxAge, "cors.maxAge", 0)
		atMost(v, *c.MaxAge, "cors.maxAge", 86400)
	}
}

// UpdateFunctionURLConfig changes a function URL; what is empty stays.
func (s *Service) UpdateFunctionURLConfig(ctx context.Context, in *FunctionURLInput) (*FunctionURL, error) {
	r, err := s.resolve(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var made FunctionURL
	err = s.change(ctx, r.name, func(f *record) error {
		u, ok := f.URLs[r.qualifier]
		if !ok {
			return noURL()
		}
		set(&u.AuthType, in.AuthType)
		set(&u.InvokeMode, in.InvokeMode)
		if in.Cors != nil {
			u.Cors = in.Cors
		}
		u.LastModifiedTime = time.Now().UTC().Format(time.RFC3339Nano)
		f.URLs[r.qualifier] = u
		made = u
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetFunctionURLConfig returns the address of a function or alias.
func (s *Service) GetFunctionURLConfig(name, qualifier string) (*FunctionURL, error) {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return nil, err
	}
	f, _ := s.functions.Get(r.name)
	u, ok := f.URLs[r.qualifier]
	if !ok {
		return nil, noURL()
	}
	return &u, nil
}

// DeleteFunctionURLConfig removes the address. Deleting what is gone succeeds.
func (s *Service) DeleteFunctionURLConfig(ctx context.Context, name, qualifier string) error {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return err
	}
	return s.change(ctx, r.name, func(f *record) error {
		delete(f.URLs, r.qualifier)
		return nil
	})
}

func noURL() error {
	return awserr.New("ResourceNotFoundException", http.StatusNotFound, "The resource you requested does not exist.")
}

// newURLID returns the random label of a function URL.
func newURLID() string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
