package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/hakonegate/hakone/sigv4"
)

// sdkProfile lets the SDK answer for a profile with a program, SSO or a login.
func (s *Sources) sdkProfile(ctx context.Context, name string) (sigv4.Credentials, error) {
	options := []func(*config.LoadOptions) error{
		config.WithSharedConfigProfile(name),
		config.WithSharedConfigFiles([]string{s.configFile()}),
		config.WithSharedCredentialsFiles([]string{s.credentialsFile()}),
	}
	if s.HTTP != nil {
		options = append(options, config.WithHTTPClient(s.HTTP))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("profile %s: %w", name, err)
	}
	credentials, err := retrieve(ctx, loaded.Credentials)
	if err == nil {
		return credentials, nil
	}
	settings, _, _ := s.settings(name) // read before
	if settings["sso_session"] != "" || settings["sso_start_url"] != "" {
		return credentials, fmt.Errorf("profile %s: %w: run aws sso login --profile %s", name, err, name)
	}
	return credentials, fmt.Errorf("profile %s: %w", name, err)
}

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
		tried = append(tried, "instance metadata: "+innermost(err))
	}
	return Found{}, errors.New("no credentials:\n  " + strings.Join(tried, "\n  ") + "\n  (--no-sign-request sends without a signature)")
}

// container asks the endpoint that ECS or EKS names.
func (s *Sources) container(ctx context.Context) (sigv4.Credentials, error) {
	address := s.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if relative := s.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
		address = "http://169.254.170.2" + relative
	}
	if address == "" {
		return sigv4.Credentials{}, errors.New("container credentials: no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI")
	}
	token := s.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := s.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		content, err := os.ReadFile(file) //nolint:gosec // the platform's own configuration
		if err != nil {
			return sigv4.Credentials{}, fmt.Errorf("container credentials: %w", err)
		}
		token = strings.TrimSpace(string(content))
	}
	provider := endpointcreds.New(address, func(o *endpointcreds.Options) {
		o.AuthorizationToken = token
		o.HTTPClient = direct(5 * time.Second)
	})
	credentials, err := retrieve(ctx, provider)
	if err != nil {
		return credentials, fmt.Errorf("container credentials: %w", err)
	}
	return credentials, nil
}

// instance asks the instance metadata service, for as long as a machine that is
// no instance should have to wait.
func (s *Sources) instance(ctx context.Context) (sigv4.Credentials, error) {
	patience := time.Second
	if text := s.Getenv("AWS_METADATA_SERVICE_TIMEOUT"); text != "" {
		if given, err := time.ParseDuration(text + "s"); err == nil && given > 0 {
			patience = given
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	client := imds.New(imds.Options{
		Endpoint: s.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"), HTTPClient: direct(patience),
		EnableFallback: aws.BoolTernary(s.IMDSv1), Retryer: aws.NopRetryer{},
	})
	credentials, err := retrieve(ctx, ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client }))
	if err != nil {
		return credentials, fmt.Errorf("instance metadata: %w", err)
	}
	return credentials, nil
}

// direct is a client that goes through no proxy.
func direct(patience time.Duration) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{}}
}

func retrieve(ctx context.Context, provider aws.CredentialsProvider) (sigv4.Credentials, error) {
	found, err := provider.Retrieve(ctx)
	if err != nil {
		return sigv4.Credentials{}, err
	}
	return sigv4.Credentials{AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken}, nil
}

// innermost is the last cause of err, in one line.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return strings.ReplaceAll(err.Error(), "\n", " ")
		}
		err = next
	}
}
