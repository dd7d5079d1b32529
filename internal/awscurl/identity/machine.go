package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// machine asks what the program runs on: a container or an instance. Tried says
// why the sources before had nothing.
func (s *Sources) machine(ctx context.Context, tried []string) (Found, error) {
	if s.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || s.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" {
		credentials, err := s.container(ctx)
		return Found{credentials, "the container"}, err
	}
	tried = append(tried, "container: no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI")
	if strings.EqualFold(s.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		tried = append(tried, "instance metadata: AWS_EC2_METADATA_DISABLED is true")
	} else {
		credentials, err := s.instance(ctx)
		if err == nil {
			return Found{credentials, "instance metadata"}, nil
		}
		tried = append(tried, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return Found{}, errors.New("no credentials:\n  " + strings.Join(tried, "\n  ") + "\n  (--no-sign-request sends without a signature)")
}

// machineCredentials are credentials as containers and instances give them.
type machineCredentials struct {
	Code            string // of instances only: Success, or what went wrong
	Message         string
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
}

// readMachine decodes what a container's or an instance's endpoint answered.
func readMachine(content []byte) (sigv4.Credentials, error) {
	var answer machineCredentials
	if err := json.Unmarshal(content, &answer); err != nil {
		return sigv4.Credentials{}, errors.New("the answer is not JSON")
	}
	if answer.Code != "" && answer.Code != "Success" {
		return sigv4.Credentials{}, fmt.Errorf("%s: %s", answer.Code, answer.Message)
	}
	if answer.AccessKeyID == "" || answer.SecretAccessKey == "" {
		return sigv4.Credentials{}, errors.New("the answer has no credentials")
	}
	return sigv4.Credentials{AccessKeyID: answer.AccessKeyID, SecretAccessKey: answer.SecretAccessKey, SessionToken: answer.Token}, nil
}

// container asks the endpoint that ECS or EKS names.
func (s *Sources) container(ctx context.Context) (sigv4.Credentials, error) {
	credentials, err := s.askContainer(ctx)
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("container credentials: %w", err)
	}
	return credentials, nil
}

func (s *Sources) askContainer(ctx context.Context) (sigv4.Credentials, error) {
	none := sigv4.Credentials{}
	address := s.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if relative := s.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
		address = "http://169.254.170.2" + relative
	}
	if address == "" {
		return none, errors.New("no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI")
	}
	if err := mayGiveCredentials(address); err != nil {
		return none, err
	}
	token := s.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := s.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		content, err := os.ReadFile(file) //nolint:gosec // the platform's own configuration
		if err != nil {
			return none, err
		}
		token = strings.TrimSpace(string(content))
	}
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", token)
	}
	content, err := ask(ctx, direct(5*time.Second), http.MethodGet, address, header)
	if err != nil {
		return none, err
	}
	return readMachine(content)
}

// mayGiveCredentials refuses endpoints that another machine could answer for: in
// plain HTTP only this machine and the addresses of ECS and EKS are asked.
func mayGiveCredentials(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL")
	case u.Scheme == "https" || u.Hostname() == "localhost":
		return nil
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err == nil && u.Scheme == "http" {
		switch ip.String() {
		case "169.254.170.2", "169.254.170.23", "fd00:ec2::23":
			return nil
		}
		if ip.IsLoopback() {
			return nil
		}
	}
	return fmt.Errorf("%s: without https it must be on this machine, or the address of ECS or EKS", u.Host)
}

// instance asks the instance metadata service, for as long as a machine that is
// no instance should have to wait.
func (s *Sources) instance(ctx context.Context) (sigv4.Credentials, error) {
	credentials, err := s.askInstance(ctx)
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("instance metadata: %w", err)
	}
	return credentials, nil
}

func (s *Sources) askInstance(ctx context.Context) (sigv4.Credentials, error) {
	patience := time.Second
	if text := s.Getenv("AWS_METADATA_SERVICE_TIMEOUT"); text != "" {
		if given, err := time.ParseDuration(text + "s"); err == nil && given > 0 {
			patience = given
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	endpoint := "http://169.254.169.254"
	if strings.EqualFold(s.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "IPv6") {
		endpoint = "http://[fd00:ec2::254]"
	}
	endpoint = strings.TrimSuffix(first(s.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"), endpoint), "/") + "/latest/"
	client := direct(patience)
	header := http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"300"}}
	token, err := ask(ctx, client, http.MethodPut, endpoint+"api/token", header)
	switch {
	case err == nil:
		header = http.Header{"X-Aws-Ec2-Metadata-Token": {string(token)}}
	case s.IMDSv1:
		header = http.Header{}
	default:
		return sigv4.Credentials{}, err
	}
	const path = "meta-data/iam/security-credentials/"
	roles, err := ask(ctx, client, http.MethodGet, endpoint+path, header)
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("no role: %w", err)
	}
	role, _, _ := strings.Cut(strings.TrimSpace(string(roles)), "\n")
	if role == "" {
		return sigv4.Credentials{}, errors.New("the instance has no role")
	}
	content, err := ask(ctx, client, http.MethodGet, endpoint+path+url.PathEscape(role), header)
	if err != nil {
		return sigv4.Credentials{}, err
	}
	return readMachine(content)
}

// direct is a client that goes through no proxy and is not led elsewhere.
func direct(patience time.Duration) *http.Client {
	return &http.Client{
		Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
