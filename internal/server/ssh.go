package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/hakonegate/hakone/internal/imds"
	"github.com/hakonegate/hakone/internal/instance"
	"github.com/hakonegate/hakone/internal/service/ec2"
)

// sshPort is where security groups let SSH in, wherever the server listens.
const sshPort = 22

// A sshDoor is the SSH server into the instances; nil when there is none.
type sshDoor struct {
	listener net.Listener
	server   *instance.SSHServer
}

// openSSH opens the SSH server, if one is asked for. Its own key stays in the data
// directory.
func (s *Server) openSSH(ctx context.Context) (*sshDoor, error) {
	if s.config.SSH == "" {
		return nil, nil //nolint:nilnil // nil is none
	}
	key, err := instance.ReadHostKey(filepath.Join(s.config.DataDir, "ssh_host_ed25519_key"))
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.config.SSH)
	if err != nil {
		return nil, fmt.Errorf("open the SSH server (--ssh): %w", err)
	}
	return &sshDoor{lasting{listener, s.log}, &instance.SSHServer{
		Keys: func(key []byte) bool { return len(s.ec2.WithKey(key)) > 0 }, Open: s.sshInstance, HostKey: key, Log: s.log,
	}}, nil
}

func (d *sshDoor) serve(ctx context.Context) error {
	if d == nil {
		return nil
	}
	return d.server.Serve(ctx, d.listener)
}

func (d *sshDoor) address() string {
	if d == nil {
		return ""
	}
	return d.listener.Addr().String()
}

func (d *sshDoor) close() {
	if d != nil {
		_ = d.listener.Close() // already closed when it was served
	}
}

// sshInstance returns the command of the instance that somebody's key opens.
func (s *Server) sshInstance(ctx context.Context, l instance.Login) (*instance.Command, error) {
	found := s.ec2.WithKey(l.Key)
	if l.Instance != "" {
		named, err := s.ec2.Find(l.Instance)
		if err != nil {
			return nil, err
		}
		if found = only(found, named.InstanceID); len(found) == 0 {
			return nil, fmt.Errorf("the key does not open %s: its key pair is %q", named.InstanceID, named.KeyName)
		}
	}
	switch len(found) {
	case 0:
		return nil, errors.New("no instance has a key pair with this key")
	case 1:
	default:
		names := []string{}
		for _, i := range found {
			names = append(names, "ec2-user%"+firstOf(i.LogicalID, i.InstanceID))
		}
		return nil, fmt.Errorf("the key opens %d instances: say which by the user: %s", len(found), strings.Join(names, ", "))
	}
	if err := s.ec2.Admit(&found[0], l.From, sshPort); err != nil {
		return nil, err
	}
	return s.instanceCommand(ctx, &found[0])
}

func only(list []ec2.Instance, id string) []ec2.Instance {
	for _, i := range list {
		if i.InstanceID == id {
			return []ec2.Instance{i}
		}
	}
	return nil
}

// instanceCommand returns a shell as an instance, without its streams.
func (s *Server) instanceCommand(ctx context.Context, i *ec2.Instance) (*instance.Command, error) {
	source := s.metadataOf(i)
	facts, err := source.Instance(ctx)
	if err != nil {
		return nil, err
	}
	hostname, _, _ := strings.Cut(facts.PrivateDNSName, ".")
	environment := []string{}
	for _, name := range []string{"PATH", "HOME", "LANG"} {
		if value, ok := os.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	command := &instance.Command{
		Environment: environment,
		Metadata:    imds.New(imds.Config{Source: source, Log: s.log}),
		HopLimit:    facts.HopLimit,
		Gateway:     s.data.listener.Addr().String(),
		Control:     s.control.listener.Addr().String(),
		Names:       func(context.Context) (instance.Names, error) { return s.instanceNames(), nil },
		Hidden:      []string{s.config.DataDir},
		Hostname:    hostname,
		Region:      s.config.Region,
		CAFile:      caFile(s.config.DataDir),
		Prompt:      firstOf(i.LogicalID, i.InstanceID),
		PrivateIP:   i.PrivateIP,
	}
	if s.config.Egress {
		command.Egress = func(network string, to netip.AddrPort) bool {
			now, err := s.ec2.Find(i.InstanceID)
			return err == nil && s.ec2.Egress(&now).Allows(network, to)
		}
	}
	return command, nil
}

func (s *Server) metadataOf(i *ec2.Instance) *imds.Services {
	return &imds.Services{
		EC2: s.ec2, IAM: s.iam, STS: s.sts, InstanceID: i.InstanceID, Account: s.config.Account, Region: s.config.Region,
	}
}
