// Package identity finds the AWS credentials that a command line, an environment
// and the files of ~/.aws name.
//
// [Sources.Find] asks the sources in the order of the AWS CLI, with the exception
// that nothing is guessed: a profile that was named and has no credentials is an
// error, and so is half of a key pair. Everything is done here: AWS's SDK would
// double the time that one call takes to start.
package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// ErrUsage marks errors that the command line is to blame for.
var ErrUsage = errors.New("wrong usage")

func usagef(format string, args ...any) error {
	return fmt.Errorf("%w%w", fmt.Errorf(format, args...), silent{})
}

// silent is ErrUsage without words of its own.
type silent struct{}

func (silent) Error() string        { return "" }
func (silent) Is(target error) bool { return target == ErrUsage }

// Sources are where credentials may come from. Getenv is required.
type Sources struct {
	AccessKey, SecretKey string // of the command line
	AccessKeyGiven       bool   // also if empty: hides the environment's
	SecretKeyGiven       bool
	SecurityToken        string // of the command line; the old name wins
	SessionToken         string
	Profile              string // of the command line; beats the environment's keys

	Roles       []string // to assume one after the other, by whom the rest names
	ExternalID  string
	SessionName string
	MFASerial   string
	MFACode     string
	STSEndpoint string
	STSRegion   string
	IMDSv1      bool // the instance metadata service may fall back to version 1

	Getenv func(string) string
	Prompt func(question string) (string, error) // asks on the terminal; nil: nobody to ask
	HTTP   *http.Client                          // nil means http.DefaultClient
	Now    func() time.Time                      // nil means time.Now
	Notes  io.Writer                             // where remarks go; nil drops them
	Stderr io.Writer                             // of a credential_process; nil drops it

	files map[string]map[string]string // profiles, once read
}

// A Found is who signs, and how that was found.
type Found struct {
	sigv4.Credentials
	From string // "--access_key", "profile dev", "instance metadata"
}

// Find returns the credentials of the first source that has any.
func (s *Sources) Find(ctx context.Context) (Found, error) {
	found, err := s.base(ctx)
	if err != nil {
		return Found{}, err
	}
	for _, role := range s.Roles {
		settings := assumption{
			role: role, externalID: s.ExternalID, sessionName: s.SessionName, mfaSerial: s.MFASerial, profile: found.AccessKeyID,
		}
		credentials, err := s.assume(ctx, found.Credentials, settings)
		if err != nil {
			return Found{}, err
		}
		found = Found{credentials, found.From + ", role " + role}
	}
	return found, nil
}

// base goes through the sources in order.
func (s *Sources) base(ctx context.Context) (Found, error) {
	if s.AccessKey != "" || s.SecretKey != "" {
		return s.flags()
	}
	if s.Profile != "" {
		s.noteHiddenKeys()
		return s.profile(ctx, s.Profile, "--profile")
	}
	id, secret := s.Getenv("AWS_ACCESS_KEY_ID"), s.Getenv("AWS_SECRET_ACCESS_KEY")
	if s.AccessKeyGiven || s.SecretKeyGiven { // empty: as if there were none
		id, secret = "", ""
	}
	switch {
	case id != "" && secret != "":
		token := first(s.SecurityToken, s.SessionToken, s.Getenv("AWS_SECURITY_TOKEN"), s.Getenv("AWS_SESSION_TOKEN"))
		return Found{sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, "the environment"}, nil
	case id != "":
		return Found{}, errors.New("the environment has AWS_ACCESS_KEY_ID but no AWS_SECRET_ACCESS_KEY: set both or none")
	case secret != "":
		return Found{}, errors.New("the environment has AWS_SECRET_ACCESS_KEY but no AWS_ACCESS_KEY_ID: set both or none")
	}
	tried := []string{"--access_key: not given", "--profile: not given", "environment: no AWS_ACCESS_KEY_ID"}
	if name := s.Getenv("AWS_PROFILE"); name != "" {
		return s.profile(ctx, name, "AWS_PROFILE")
	}
	tried = append(tried, "AWS_PROFILE: not set")
	if file, role := s.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), s.Getenv("AWS_ROLE_ARN"); file != "" && role != "" {
		credentials, err := s.webIdentity(ctx, file, role, s.Getenv("AWS_ROLE_SESSION_NAME"))
		return Found{credentials, "web identity of the environment"}, err
	}
	tried = append(tried, "web identity: no AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN")
	settings, known, err := s.settings("default")
	switch {
	case err != nil:
		return Found{}, err
	case known && hasCredentials(settings):
		return s.profile(ctx, "default", "~/.aws")
	case known:
		tried = append(tried, "profile default: has no credentials")
	default:
		tried = append(tried, "profile default: not in "+s.credentialsFile()+" or "+s.configFile())
	}
	return s.machine(ctx, tried)
}

func (s *Sources) flags() (Found, error) {
	if s.AccessKey == "" || s.SecretKey == "" {
		return Found{}, usagef("--access_key and --secret_key: needs both")
	}
	return Found{sigv4.Credentials{
		AccessKeyID: s.AccessKey, SecretAccessKey: s.SecretKey, SessionToken: first(s.SecurityToken, s.SessionToken),
	}, "--access_key"}, nil
}

func (s *Sources) noteHiddenKeys() {
	if s.Notes != nil && s.Getenv("AWS_ACCESS_KEY_ID") != "" {
		fmt.Fprintf(s.Notes, "--profile %s is used, not the keys in the environment\n", s.Profile)
	}
}

// Region is the region of the profile in use; empty if it has none.
func (s *Sources) Region() string {
	settings, _, err := s.settings(first(s.Profile, s.Getenv("AWS_PROFILE"), "default"))
	if err != nil {
		return ""
	}
	return settings["region"]
}

func (s *Sources) home() string { return first(s.Getenv("HOME"), s.Getenv("USERPROFILE")) }

func (s *Sources) credentialsFile() string {
	return first(s.expand(s.Getenv("AWS_SHARED_CREDENTIALS_FILE")), filepath.Join(s.home(), ".aws", "credentials"))
}

func (s *Sources) configFile() string {
	return first(s.expand(s.Getenv("AWS_CONFIG_FILE")), filepath.Join(s.home(), ".aws", "config"))
}

func (s *Sources) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(s.home(), rest)
	}
	return path
}

func (s *Sources) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
