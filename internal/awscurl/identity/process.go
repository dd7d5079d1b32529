package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// process runs a profile's credential_process, as the AWS SDKs do: by the
// shell, for at most a minute. What it prints is not repeated in errors.
func (s *Sources) process(ctx context.Context, line string) (sigv4.Credentials, error) {
	none := sigv4.Credentials{}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	shell := []string{"sh", "-c", line}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd.exe", "/C", line}
	}
	var printed limited
	command := exec.CommandContext(ctx, shell[0], shell[1:]...) //nolint:gosec // the user's own configuration
	command.Stdout, command.Stderr = &printed, s.Stderr
	command.WaitDelay = time.Second
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return none, fmt.Errorf("credential_process: %w", err)
	}
	var answer struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      *time.Time
	}
	switch err := json.Unmarshal(printed.kept.Bytes(), &answer); {
	case err != nil:
		return none, errors.New("credential_process: what it printed is not the JSON of credentials")
	case answer.Version != 1:
		return none, fmt.Errorf("credential_process: it printed Version %d, and only 1 is known", answer.Version)
	case answer.AccessKeyID == "" || answer.SecretAccessKey == "":
		return none, errors.New("credential_process: it printed no AccessKeyId or no SecretAccessKey")
	case answer.Expiration != nil && !answer.Expiration.After(s.now()):
		return none, errors.New("credential_process: the credentials it printed have expired")
	}
	return sigv4.Credentials{AccessKeyID: answer.AccessKeyID, SecretAccessKey: answer.SecretAccessKey, SessionToken: answer.SessionToken}, nil
}

// limited keeps what is written to it, up to 64 KB. It has no other methods: a
// ReadFrom would go past the limit.
type limited struct{ kept bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if l.kept.Len()+len(b) > 64<<10 {
		return 0, errors.New("it printed too much")
	}
	return l.kept.Write(b)
}
