package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hakonegate/hakone/internal/server"
	"github.com/hakonegate/hakone/sigv4"
)

// errNotRunning means that no server serves the data directory.
var errNotRunning = errors.New("no server is running")

// A client talks to the operator's API of a running server, signing with the
// administrator's key of the data directory.
type client struct {
	control     string // "http://127.0.0.1:4566"
	region      string
	credentials sigv4.Credentials
	http        *http.Client
}

// connect finds the running server of the data directory. The error is
// errNotRunning when there is none. A server of another account or region than
// the flags ask for is refused.
func (p *program) connect(ctx context.Context) (*client, error) {
	location, err := server.ReadLocation(p.dataDir)
	if err != nil {
		return nil, fmt.Errorf("%w for data directory %s: start it with: %s up PATH", errNotRunning, p.dataDir, invocation())
	}
	credentials, err := server.ReadAdministrator(p.dataDir)
	if err != nil {
		return nil, err
	}
	c := &client{control: location.Control, region: location.Region, credentials: credentials, http: &http.Client{}}
	if p.control != "" {
		c.control = "http://" + p.control
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.get(ctx, "/_hakone/health", nil, nil); err != nil {
		return nil, fmt.Errorf("%w at %s (data directory %s): start it with: %s up PATH", errNotRunning, c.control, p.dataDir, invocation())
	}
	if p.account != "" {
		var status server.Status
		if err := c.get(ctx, "/_hakone/status", nil, &status); err != nil {
			return nil, err
		}
		if err := refuseOther("account", p.account, status.Account); err != nil {
			return nil, err
		}
	}
	return c, refuseOther("region", p.region, c.region)
}

// refuseOther refuses to work with a server for another account or region than
// is asked for.
func refuseOther(what, asked, running string) error {
	if asked == "" || asked == running {
		return nil
	}
	return &server.ProblemError{
		Message: "hakone: the running server answers for " + what + " " + running + ", but " + asked + " is asked for",
		Details: "Use another data directory for another " + what + ": --data-dir DIR",
	}
}

// get asks for path and decodes the answer into result, if that is not nil.
func (c *client) get(ctx context.Context, path string, query url.Values, result any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.call(ctx, http.MethodGet, path, nil, result)
}

// call sends input as JSON and decodes the answer into result.
func (c *client) call(ctx context.Context, method, path string, input, result any) error {
	response, err := c.send(ctx, method, path, input)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if result == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(result); err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	return nil
}

// follow sends input and hands each line of progress to see. A problem at the
// end is returned as the error.
func (c *client) follow(ctx context.Context, method, path string, input any, see func(server.Progress)) error {
	response, err := c.send(ctx, method, path, input)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	lines := json.NewDecoder(response.Body)
	for {
		var line server.Progress
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the server ended in the middle of the work: %w", err)
		case line.Problem != nil:
			return line.Problem
		default:
			see(line)
		}
	}
}

func (c *client) send(ctx context.Context, method, path string, input any) (*http.Response, error) {
	var body []byte
	if input != nil {
		var err error
		if body, err = json.Marshal(input); err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.control+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	signer := sigv4.Signer{Service: server.OperatorService, Region: c.region}
	if err := signer.SignHTTP(request, c.credentials, time.Now()); err != nil {
		return nil, fmt.Errorf("sign request: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	problem := &server.ProblemError{}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(problem); err != nil || problem.Message == "" {
		problem.Message = fmt.Sprintf("hakone: the server answered %s to %s %s", response.Status, method, path)
	}
	return nil, problem
}
