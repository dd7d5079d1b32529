// Package emulator calls AWS services that are not here: those of an emulator, or
// of another endpoint that the operator gave for a service.
//
// A [Client] speaks the protocols of the services. A [Ledger] remembers what of
// them deployments made, so that nothing else is ever deleted there.
package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/sigv4"
)

// A Client calls one service. Service, its signing name, Endpoint and Region are
// required. It is safe for concurrent use.
type Client struct {
	Service  string
	Endpoint *url.URL
	Region   string
	HTTP     *http.Client // nil means http.DefaultClient
}

// Types returns the types of a service that c calls. Without an endpoint they need
// what the operator must give first.
func (c *Client) Types(needs string, types []stack.Type) []stack.Type {
	for i := range types {
		if c == nil {
			types[i].Needs = needs
		}
	}
	return types
}

// Bounds of a call.
const (
	callTimeout = 30 * time.Second
	maxAnswer   = 8 << 20
)

// deployer signs calls: emulators want a signature and look no further.
var deployer = sigv4.Credentials{AccessKeyID: "AKIAHAKONEDEPLOYMENT", SecretAccessKey: "not a secret: no emulator verifies it"}

// JSON calls an operation of a service that speaks JSON, such as target
// "DynamoDB_20120810.CreateTable" with version "1.0". out may be nil. A refusal
// is an [*awserr.Error].
func (c *Client) JSON(ctx context.Context, version, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the call of %s: %w", target, err)
	}
	status, answer, err := c.call(ctx, body, map[string]string{"Content-Type": "application/x-amz-json-" + version, "X-Amz-Target": target})
	switch {
	case err != nil:
		return err
	case status/100 != 2:
		return jsonRefusal(status, answer)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", target, err)
	}
	return nil
}

// Query calls an operation of a service that speaks the query protocol. out gets
// the answer's XML and may be nil.
func (c *Client) Query(ctx context.Context, version, action string, in url.Values, out any) error {
	in.Set("Version", version)
	in.Set("Action", action)
	status, answer, err := c.call(ctx, []byte(in.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	switch {
	case err != nil:
		return err
	case status/100 != 2:
		return xmlRefusal(status, answer)
	case out == nil:
		return nil
	}
	if err := xml.Unmarshal(answer, out); err != nil { //nolint:gosec // plain structs; the text is bounded
		return fmt.Errorf("read the answer of %s: %w", action, err)
	}
	return nil
}

func (c *Client) call(ctx context.Context, body []byte, headers map[string]string) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint.JoinPath("/").String(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("call %s: %w", c.Service, err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	signer := sigv4.Signer{Service: c.Service, Region: c.Region}
	if err := signer.SignHTTP(r, deployer, time.Now()); err != nil {
		return 0, nil, fmt.Errorf("sign the call of %s: %w", c.Service, err)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, c.unreachable(err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, nil, c.unreachable(err)
	}
	return response.StatusCode, answer, nil
}

func (c *Client) unreachable(err error) error {
	if network, ok := errors.AsType[*net.OpError](err); ok {
		err = network
	}
	return awserr.New("ServiceUnavailable", http.StatusServiceUnavailable, "the endpoint of %s, %s, does not answer: %v", c.Service, c.Endpoint, err)
}

// jsonRefusal reads an error of the JSON protocols.
func jsonRefusal(status int, body []byte) error {
	var e struct {
		Type         string `json:"__type"`
		Message      string `json:"message"`
		OtherMessage string `json:"Message"`
	}
	if json.Unmarshal(body, &e) != nil || e.Type == "" {
		return strange(status, body)
	}
	code := e.Type[strings.LastIndexByte(e.Type, '#')+1:]
	if e.Message == "" {
		e.Message = e.OtherMessage
	}
	if e.Message == "" {
		e.Message = code
	}
	return awserr.New(code, status, "%s", e.Message)
}

// xmlRefusal reads an error of the query protocol.
func xmlRefusal(status int, body []byte) error {
	var e struct {
		Error struct{ Code, Message string }
	}
	if xml.Unmarshal(body, &e) != nil || e.Error.Code == "" { //nolint:gosec // a plain struct; the text is bounded
		return strange(status, body)
	}
	return awserr.New(e.Error.Code, status, "%s", e.Error.Message)
}

func strange(status int, body []byte) error {
	const shown = 200
	return awserr.New("InternalFailure", http.StatusBadGateway, "the endpoint answered %d and no error of AWS: %.*q", status, shown, body)
}

// Refused reports whether err is a refusal with one of the codes, maybe with what
// older protocols put before and after it.
func Refused(err error, codes ...string) bool {
	var e *awserr.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range codes {
		if e.Code == code || strings.HasSuffix(e.Code, "."+code) {
			return true
		}
	}
	return false
}
