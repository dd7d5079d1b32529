package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

const region = "us-east-1"

// A gateway is a running hakone.
type gateway struct {
	process *exec.Cmd
	data    string // folder
	facts   struct {
		PID                  int
		Control, HTTP, HTTPS string
	}
	credentials sigv4.Credentials
}

// up starts hakone on the measured core with a template, and waits until it serves.
func (s *session) up(name, template string) (g *gateway, err error) {
	path, err := s.file(name+"/template.yaml", template)
	if err != nil {
		return nil, err
	}
	g = &gateway{data: filepath.Join(s.folder, "data-"+name)}
	if err := os.RemoveAll(g.data); err != nil { // of an earlier row: its stack would be served first
		return nil, err
	}
	args := []string{
		s.hakone, "up", path, "--data-dir", g.data, "--region", region, "--listen", "127.0.0.1:0", "--listen-http", "127.0.0.1:0",
		"--control", "127.0.0.1:0", "--account-throttle", "off", "--watch=false",
	}
	if g.process, err = s.start(measured, "", nil, args...); err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		out, err := exec.Command(s.hakone, "status", "--data-dir", g.data, "--output", "json").Output() //nolint:gosec,noctx // ours; it ends by itself
		if err == nil && json.Unmarshal(out, &g.facts) == nil && strings.Contains(string(out), "CREATE_COMPLETE") {
			break
		}
		if time.Since(began) > 2*time.Minute {
			said, _ := os.ReadFile(filepath.Join(s.folder, "output"))
			return nil, fmt.Errorf("hakone does not serve %s: %s", path, said[max(0, len(said)-2000):])
		}
	}
	return g, g.identify(s)
}

// identify gets the administrator's credentials.
func (g *gateway) identify(s *session) error {
	out, err := exec.Command(s.hakone, "env", "--data-dir", g.data).Output() //nolint:gosec,noctx // ours; it ends by itself
	if err != nil {
		return fmt.Errorf("hakone env: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		value = strings.Trim(value, `'"`)
		switch name {
		case "AWS_ACCESS_KEY_ID":
			g.credentials.AccessKeyID = value
		case "AWS_SECRET_ACCESS_KEY":
			g.credentials.SecretAccessKey = value
		}
	}
	if g.credentials.SecretAccessKey == "" {
		return fmt.Errorf("hakone env says no credentials in %d bytes", len(out))
	}
	return nil
}

// sign returns the headers of a signed GET request, which may be sent again for
// five minutes.
func (g *gateway) sign(url string) (http.Header, error) { return signAs(g.credentials, url) }

func signAs(c sigv4.Credentials, url string) (http.Header, error) { return signFor(c, url, region) }

func signFor(c sigv4.Credentials, url, region string) (http.Header, error) {
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody) //nolint:noctx // it is not sent
	if err != nil {
		return nil, err
	}
	signer := sigv4.Signer{Service: "execute-api", Region: region}
	err = signer.SignHTTP(r, c, time.Now())
	return r.Header, err
}

// lines are headers as the load programs take them.
func lines(h http.Header) []string {
	var out []string
	for name, values := range h {
		out = append(out, name+": "+values[0])
	}
	return out
}

// control calls an operation of a query or JSON protocol on the control plane.
func (g *gateway) control(service, method, path, contentType, body string, headers ...string) error {
	return callAWS(g.facts.Control, g.credentials, service, method, path, contentType, body, headers...)
}

var controlClient = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func callAWS(endpoint string, c sigv4.Credentials, service, method, path, contentType, body string, headers ...string) error {
	r, err := http.NewRequest(method, endpoint+path, strings.NewReader(body)) //nolint:noctx // the client has a timeout
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	signer := sigv4.Signer{Service: service, Region: region}
	if err := signer.SignHTTP(r, c, time.Now()); err != nil {
		return err
	}
	res, err := controlClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer := make([]byte, 4096)
	n, _ := res.Body.Read(answer)
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, answer[:n])
	}
	return nil
}

// proxyTemplate is an API with signed routes to a backend, and a user whose policy
// has twenty statements, the one that allows the call among them.
func proxyTemplate(backend string, routes int) string {
	var b strings.Builder
	b.WriteString("Resources:\n  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: bench, ProtocolType: HTTP}}\n")
	b.WriteString("  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: $default, AutoDeploy: true}}\n")
	fmt.Fprintf(&b, "  Backend: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Api, IntegrationType: HTTP_PROXY, IntegrationMethod: ANY, IntegrationUri: %q, PayloadFormatVersion: '1.0'}}\n", backend)
	for i := range routes {
		path := "/hello"
		if i > 0 {
			path = fmt.Sprintf("/r%d/{id}/part", i)
		}
		fmt.Fprintf(&b, "  Route%d: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: 'GET %s', AuthorizationType: AWS_IAM, Target: !Sub 'integrations/${Backend}'}}\n", i, path)
	}
	b.WriteString("  User: {Type: AWS::IAM::User, Properties: {UserName: bench}}\n")
	b.WriteString("  Policy: {Type: AWS::IAM::ManagedPolicy, Properties: {Users: [!Ref User], PolicyDocument: {Version: '2012-10-17', Statement: [\n")
	for i := range 19 {
		fmt.Fprintf(&b, "    {Effect: Allow, Action: ['execute-api:Invoke', 's3:Get*'], Resource: 'arn:aws:execute-api:*:*:other%d/*/GET/*'},\n", i)
	}
	b.WriteString("    {Effect: Allow, Action: 'execute-api:*', Resource: '*'}]}}}\n")
	b.WriteString("  Key: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User}}\n")
	b.WriteString("Outputs:\n  ID: {Value: !Ref Key}\n  Secret: {Value: !GetAtt Key.SecretAccessKey}\n")
	return b.String()
}

// user returns the credentials that a template has in its outputs.
func (g *gateway) user(s *session) (sigv4.Credentials, error) {
	out, err := exec.Command(s.hakone, "outputs", "--data-dir", g.data, "--output", "json").Output() //nolint:gosec,noctx // ours; it ends by itself
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("hakone outputs: %w", err)
	}
	var stacks map[string]struct{ ID, Secret string }
	if err := json.Unmarshal(out, &stacks); err != nil {
		return sigv4.Credentials{}, err
	}
	for _, o := range stacks {
		if o.Secret != "" {
			return sigv4.Credentials{AccessKeyID: o.ID, SecretAccessKey: o.Secret}, nil
		}
	}
	return sigv4.Credentials{}, errors.New("the stack's outputs have no key")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
