package instance

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Bounds of the SSH server.
const (
	maxConnections = 64
	maxSessions    = 8 // of a connection
	maxSSHCommand  = 128 << 10
	maxSSHVariable = 256
	handshakeTime  = 30 * time.Second
	sshUser        = "ec2-user"
)

// An SSHServer lets people into instances as the OpenSSH on them does: as
// ec2-user, with the key of the instance's key pair and nothing else. Where one
// key opens several instances, the user says which: ec2-user%NAME. There are
// commands, shells and terminals; nothing is forwarded. All fields are required.
type SSHServer struct {
	// Keys reports whether a public key, in the form of the SSH protocol, opens
	// any instance.
	Keys func(key []byte) bool

	// Open returns the command to run as the instance that a key opens, without
	// arguments, terminal and streams. The client holds the key: the error is told.
	Open func(ctx context.Context, l Login) (*Command, error)

	HostKey ssh.Signer
	Log     *slog.Logger
}

// A Login is somebody who has shown to hold a key.
type Login struct {
	Key      []byte // public, in the form of the SSH protocol
	Instance string // whatever the user named; "" if nothing
	From     netip.Addr
}

// ReadHostKey reads the server's own key from a file, which is made if it is not
// there.
func ReadHostKey(file string) (ssh.Signer, error) {
	text, err := os.ReadFile(file) //nolint:gosec // in the data directory
	if errors.Is(err, os.ErrNotExist) {
		text, err = makeHostKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the host key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("read the host key %s: %w", file, err)
	}
	return signer, nil
}

func makeHostKey(file string) ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, "hakone")
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(block)
	return text, os.WriteFile(file, text, 0o600)
}

// Serve serves connections until ctx is done, and ends their commands then. It
// closes the listener.
func (s *SSHServer) Serve(ctx context.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	var serving sync.WaitGroup
	defer serving.Wait()
	slots := make(chan struct{}, maxConnections)
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serve SSH: %w", err)
		}
		select {
		case slots <- struct{}{}:
			serving.Go(func() {
				defer func() { <-slots }()
				s.connection(ctx, conn)
			})
		default:
			_ = conn.Close()
		}
	}
}

// connection lets one client in and serves its sessions.
func (s *SSHServer) connection(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return
	}
	var command *Command
	config := s.config(ctx, from.Addr().Unmap(), &command)
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	client, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		s.Log.InfoContext(ctx, "ssh client refused", "from", from.Addr(), "error", err)
		return
	}
	_ = conn.SetDeadline(time.Time{})
	s.Log.InfoContext(ctx, "ssh client let in", "from", from.Addr(), "instance", command.Prompt)
	go ssh.DiscardRequests(requests) // forwardings, among others: refused
	slots := make(chan struct{}, maxSessions)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	for c := range channels {
		if c.ChannelType() != "session" {
			_ = c.Reject(ssh.Prohibited, "hakone forwards nothing: "+c.ChannelType()+" is refused")
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			_ = c.Reject(ssh.ResourceShortage, fmt.Sprintf("a connection has %d sessions at most", maxSessions))
			continue
		}
		channel, asked, err := c.Accept()
		if err != nil {
			break
		}
		sessions.Go(func() {
			defer func() { <-slots }()
			one := &sshSession{channel: channel, command: *command, log: s.Log}
			one.serve(ctx, asked)
		})
	}
	_ = client.Close()
}

// config says who is let in, and leaves what to run for them in command.
func (s *SSHServer) config(ctx context.Context, from netip.Addr, command **Command) *ssh.ServerConfig {
	config := &ssh.ServerConfig{ServerVersion: "SSH-2.0-hakone", MaxAuthTries: 6}
	config.PublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if user, _, _ := strings.Cut(meta.User(), "%"); user != sshUser {
			return nil, &ssh.BannerError{Err: errors.New("there is no such user"), Message: "Please login as the user \"" + sshUser + "\".\r\n"}
		}
		if !s.Keys(key.Marshal()) {
			return nil, errors.New("no instance has a key pair with this key")
		}
		return new(ssh.Permissions), nil
	}
	config.VerifiedPublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey, p *ssh.Permissions, _ string) (*ssh.Permissions, error) {
		_, name, _ := strings.Cut(meta.User(), "%")
		opened, err := s.Open(ctx, Login{Key: key.Marshal(), Instance: name, From: from})
		if err != nil {
			return nil, &ssh.BannerError{Err: err, Message: "hakone: " + err.Error() + "\r\n"}
		}
		*command = opened
		return p, nil
	}
	config.AddHostKey(s.HostKey)
	return config
}
