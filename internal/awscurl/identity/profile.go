package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// profile returns the credentials of a profile that was named by source.
func (s *Sources) profile(ctx context.Context, name, source string) (Found, error) {
	credentials, err := s.resolve(ctx, name, source, nil)
	if err != nil {
		return Found{}, err
	}
	return Found{credentials, "profile " + name}, nil
}

// resolve follows role chains; seen are the profiles on the way.
func (s *Sources) resolve(ctx context.Context, name, source string, seen []string) (sigv4.Credentials, error) {
	none := sigv4.Credentials{}
	settings, known, err := s.settings(name)
	if err != nil {
		return none, err
	}
	if !known {
		names := s.profiles()
		slices.Sort(names)
		hint := "no profile at all is there"
		if len(names) > 0 {
			hint = "there are " + strings.Join(names, ", ")
		}
		return none, usagef("%s: no profile %s in %s or %s: %s", source, name, s.credentialsFile(), s.configFile(), hint)
	}
	if slices.Contains(seen, name) {
		return none, usagef("profile %s is its own source_profile", name)
	}
	id, secret := settings["aws_access_key_id"], settings["aws_secret_access_key"]
	switch {
	case settings["role_arn"] != "":
		if settings["web_identity_token_file"] != "" {
			return s.webIdentity(ctx, s.expand(settings["web_identity_token_file"]), settings["role_arn"], settings["role_session_name"])
		}
		return s.role(ctx, name, settings, seen)
	case id != "" && secret != "":
		return sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: settings["aws_session_token"]}, nil
	case id != "":
		return none, usagef("profile %s has aws_access_key_id but no aws_secret_access_key", name)
	case secret != "":
		return none, usagef("profile %s has aws_secret_access_key but no aws_access_key_id", name)
	case settings["sso_session"] != "" || settings["sso_start_url"] != "" || settings["sso_account_id"] != "":
		return s.sso(ctx, name, settings)
	case settings["credential_process"] != "":
		credentials, err := s.process(ctx, settings["credential_process"])
		if err != nil {
			return none, fmt.Errorf("profile %s: %w", name, err)
		}
		return credentials, nil
	case settings["login_session"] != "":
		return s.console(name, settings["login_session"])
	default:
		return none, usagef("profile %s (%s) has no credentials: it needs one of %s", name, source, strings.Join(credentialSettings, ", "))
	}
}

// role assumes the role of a profile.
func (s *Sources) role(ctx context.Context, name string, settings map[string]string, seen []string) (sigv4.Credentials, error) {
	none := sigv4.Credentials{}
	var base sigv4.Credentials
	var err error
	switch from, kind := settings["source_profile"], settings["credential_source"]; {
	case from != "" && kind != "":
		return none, usagef("profile %s has both source_profile and credential_source", name)
	case from == name: // its own static keys
		base = sigv4.Credentials{
			AccessKeyID: settings["aws_access_key_id"], SecretAccessKey: settings["aws_secret_access_key"], SessionToken: settings["aws_session_token"],
		}
		if base.AccessKeyID == "" || base.SecretAccessKey == "" {
			return none, usagef("profile %s is its own source_profile, but has no keys", name)
		}
	case from != "":
		base, err = s.resolve(ctx, from, "source_profile of "+name, append(seen, name))
	case kind == "Environment":
		base = sigv4.Credentials{
			AccessKeyID: s.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: s.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: s.Getenv("AWS_SESSION_TOKEN"),
		}
		if base.AccessKeyID == "" || base.SecretAccessKey == "" {
			err = fmt.Errorf("profile %s takes its keys from the environment, which has none", name)
		}
	case kind == "Ec2InstanceMetadata":
		base, err = s.instance(ctx)
	case kind == "EcsContainer":
		base, err = s.container(ctx)
	case kind != "":
		return none, usagef("profile %s: credential_source is Environment, Ec2InstanceMetadata or EcsContainer", name)
	default:
		return none, usagef("profile %s has role_arn, but neither source_profile nor credential_source", name)
	}
	if err != nil {
		return none, err
	}
	a := assumption{
		role: settings["role_arn"], externalID: first(s.ExternalID, settings["external_id"]), profile: name,
		sessionName: first(s.SessionName, settings["role_session_name"]), mfaSerial: first(s.MFASerial, settings["mfa_serial"]),
	}
	if text := settings["duration_seconds"]; text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 900 || n > 43200 {
			return none, errors.New("profile " + name + ": duration_seconds is a number from 900 to 43200")
		}
		a.duration = time.Duration(n) * time.Second
	}
	return s.assume(ctx, base, a)
}
