package ec2

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hakonegate/hakone/internal/store"
)

// maxUserData bounds user data that was compressed.
const maxUserData = 1 << 20

// A run says when an instance's user data was run.
type run struct{ Started time.Time }

// UserDataScript returns an instance's user data as cloud-init would run it; nil
// if there is none. User data that is no script is refused: cloud-init's other
// formats change a system that is not there.
func UserDataScript(i *Instance) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(i.UserData)
	if err != nil {
		return nil, fmt.Errorf("user data is not base64: %w", err)
	}
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		r, err := gzip.NewReader(bytes.NewReader(text))
		if err == nil {
			text, err = io.ReadAll(io.LimitReader(r, maxUserData+1))
		}
		if err != nil || len(text) > maxUserData {
			return nil, fmt.Errorf("user data cannot be expanded, or is more than %d bytes: %w", maxUserData, err)
		}
	}
	if len(text) == 0 {
		return nil, nil
	}
	if !bytes.HasPrefix(text, []byte("#!")) {
		line, _, _ := bytes.Cut(text, []byte("\n"))
		return nil, fmt.Errorf("user data that begins with %.40q is no script: hakone runs those only, by their first line #!PROGRAM", line)
	}
	return text, nil
}

// StartUserData reports whether the user data of an instance is to be run now: the
// first who asks runs it, once and for all.
func (s *Service) StartUserData(ctx context.Context, instanceID string) (bool, error) {
	err := s.runs.Create(ctx, instanceID, run{s.now().UTC()})
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// UserDataStarted reports whether somebody has run, or runs, the user data.
func (s *Service) UserDataStarted(instanceID string) bool {
	_, ok := s.runs.Get(instanceID)
	return ok
}
