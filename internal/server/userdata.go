package server

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/instance"
	"github.com/hakonegate/hakone/internal/service/ec2"
)

// Bounds of the scripts that user data is.
const (
	userDataTime = time.Hour
	maxUserDatas = 4 // at once
	maxLogLine   = 64 << 10
)

// userDataLog is where the output of an instance's user data goes.
func userDataLog(instanceID string) string {
	return "/aws/ec2/" + instanceID + "/cloud-init-output.log"
}

// runUserData runs the user data of every new instance, once, until ctx is done.
func (s *Server) runUserData(ctx context.Context) error {
	if !s.config.UserData {
		return nil
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		return nil
	}
	changes, leave := s.store.Changes("ec2.instances", "ec2.userdata")
	defer leave()
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, maxUserDatas)
	stops := map[string]context.CancelFunc{}
	for {
		there := map[string]bool{}
		for _, i := range s.ec2.Instances() {
			there[i.InstanceID] = true
			if stops[i.InstanceID] != nil || i.UserData == "" || s.ec2.UserDataStarted(i.InstanceID) {
				continue
			}
			own, stop := context.WithTimeout(ctx, userDataTime)
			stops[i.InstanceID] = stop
			running.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				s.userData(own, &i)
			})
		}
		for id, stop := range stops {
			if !there[id] {
				stop()
				delete(stops, id)
			}
		}
		select {
		case <-changes:
		case <-ctx.Done():
			for _, stop := range stops {
				stop()
			}
			return nil
		}
	}
}

// userData runs the user data of one instance, and tells in its log how it ended.
func (s *Server) userData(ctx context.Context, i *ec2.Instance) {
	first, err := s.ec2.StartUserData(ctx, i.InstanceID)
	if err != nil || !first {
		if err != nil {
			s.log.WarnContext(ctx, "user data was not run", "instance", i.InstanceID, "error", err)
		}
		return
	}
	output := &lineLog{append: func(line string) {
		s.logs.Append(userDataLog(i.InstanceID), i.InstanceID, execenv.LogEvent{Time: time.Now(), Message: line})
	}}
	status, err := s.runScript(ctx, i, output)
	output.end()
	switch {
	case err != nil:
		output.append("hakone: user data was not run: " + err.Error())
		s.log.WarnContext(ctx, "user data was not run", "instance", i.InstanceID, "error", err)
	case status != 0:
		output.append(fmt.Sprintf("hakone: user data ended with status %d", status))
		s.log.WarnContext(ctx, "user data failed", "instance", i.InstanceID, "status", status, "see", "hakone logs "+firstOf(i.LogicalID, i.InstanceID))
	default:
		output.append("hakone: user data ended with status 0")
	}
}

func (s *Server) runScript(ctx context.Context, i *ec2.Instance, output *lineLog) (int, error) {
	script, err := ec2.UserDataScript(i)
	if err != nil {
		return 0, err
	}
	command, err := s.instanceCommand(ctx, i)
	if err != nil {
		return 0, err
	}
	command.Script = script
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(nil), output, output
	return instance.Run(ctx, *command)
}

// A lineLog appends whole lines. Safe for concurrent use.
type lineLog struct {
	append func(line string)

	mu   sync.Mutex
	rest []byte
}

// Write implements [io.Writer].
func (l *lineLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok && len(l.rest) < maxLogLine {
			return len(b), nil
		}
		if !ok {
			line, rest = l.rest, nil
		}
		l.append(string(line))
		l.rest = bytes.Clone(rest)
	}
}

// end appends what has no end of line.
func (l *lineLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.append(string(l.rest))
		l.rest = nil
	}
}
