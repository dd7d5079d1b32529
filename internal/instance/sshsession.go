package instance

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A sshSession is one command or shell of a client.
type sshSession struct {
	channel ssh.Channel
	command Command
	log     *slog.Logger
	sizes   chan [2]uint16
	refusal string // told in place of a command
	started bool
	done    chan struct{}
}

// serve hears what the client asks for until the command has ended, or the client
// has gone.
func (s *sshSession) serve(ctx context.Context, requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(ctx)
	defer s.channel.Close()
	s.sizes, s.done = make(chan [2]uint16, 1), make(chan struct{})
	s.command.Stdin, s.command.Stdout, s.command.Stderr = s.channel, s.channel, s.channel.Stderr()
	defer func() {
		cancel()
		if s.started {
			<-s.done
		}
	}()
	for {
		select {
		case <-s.done:
			return
		case r, more := <-requests:
			if !more {
				return
			}
			accepted := s.hear(r)
			if r.WantReply {
				_ = r.Reply(accepted, nil) // a client that has gone needs no answer
			}
			if accepted && slices.Contains([]string{"shell", "exec", "subsystem"}, r.Type) {
				s.started = true
				go func() {
					defer close(s.done)
					s.run(ctx)
				}()
			}
		}
	}
}

// hear takes what a request says, and reports whether it is accepted.
func (s *sshSession) hear(r *ssh.Request) bool {
	switch {
	case r.Type == "window-change":
		return s.resize(r.Payload)
	case s.started:
		return false
	case r.Type == "pty-req":
		return s.terminal(r.Payload)
	case r.Type == "env":
		return s.variable(r.Payload)
	case r.Type == "shell":
		return true
	case r.Type == "exec":
		var asked struct{ Command string }
		if ssh.Unmarshal(r.Payload, &asked) != nil || len(asked.Command) > maxSSHCommand {
			return false
		}
		s.command.Args = []string{shell(), "-c", asked.Command}
		return true
	case r.Type == "subsystem":
		var asked struct{ Name string }
		if ssh.Unmarshal(r.Payload, &asked) != nil {
			return false
		}
		s.refusal = fmt.Sprintf("hakone: the subsystem %.64q is not served: the files of a session end with it\n", asked.Name)
		return true // clients show no reason of a request that is not accepted
	default:
		return false
	}
}

// terminal takes the terminal that the client has.
func (s *sshSession) terminal(payload []byte) bool {
	var asked struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}
	if ssh.Unmarshal(payload, &asked) != nil || !plain(asked.Term) {
		return false
	}
	s.command.Terminal = &Terminal{Rows: uint16(asked.Rows), Columns: uint16(asked.Columns), Resize: s.sizes} //nolint:gosec // a size
	s.command.Environment = append([]string{"TERM=" + asked.Term}, s.command.Environment...)
	return true
}

// variable takes a variable of the client's language, as Amazon Linux does.
func (s *sshSession) variable(payload []byte) bool {
	var asked struct{ Name, Value string }
	if ssh.Unmarshal(payload, &asked) != nil || !plain(asked.Name) || !plain(asked.Value) ||
		asked.Name != "LANG" && !strings.HasPrefix(asked.Name, "LC_") || len(s.command.Environment) > 64 {
		return false
	}
	s.command.Environment = append([]string{asked.Name + "=" + asked.Value}, s.command.Environment...)
	return true
}

func plain(text string) bool {
	return len(text) <= maxSSHVariable && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '=' || r == 0x7f })
}

// resize passes on the size of the client's window; one that nobody looked at yet
// gives way to a newer one.
func (s *sshSession) resize(payload []byte) bool {
	var asked struct{ Columns, Rows, Width, Height uint32 }
	if ssh.Unmarshal(payload, &asked) != nil {
		return false
	}
	select {
	case <-s.sizes:
	default:
	}
	s.sizes <- [2]uint16{uint16(asked.Rows), uint16(asked.Columns)} //nolint:gosec // a size
	return true
}

func (s *sshSession) run(ctx context.Context) {
	if s.command.Terminal != nil {
		s.command.Stderr = s.channel // a terminal has one output
	}
	var status int
	var err error
	if s.refusal == "" {
		status, err = Run(ctx, s.command)
	} else {
		_, _ = io.WriteString(s.channel.Stderr(), s.refusal)
		status = 1
	}
	if err != nil {
		s.log.WarnContext(ctx, "ssh session failed", "instance", s.command.Prompt, "error", err)
		_, _ = io.WriteString(s.channel.Stderr(), "hakone: "+err.Error()+"\r\n")
		status = 255
	}
	_, _ = s.channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
}
