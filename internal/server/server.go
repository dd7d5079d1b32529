// Package server is the wiring: it makes every service, connects them through
// the interfaces that they declare, and opens the listeners.
//
// [New] opens the data directory and the listeners; [Server.Run] serves until
// its context is done, then stops in reverse: listeners, executions, store.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/gateway"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/service/ec2"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/service/logs"
	"github.com/hakonegate/hakone/internal/service/s3"
	"github.com/hakonegate/hakone/internal/service/ssm"
	"github.com/hakonegate/hakone/internal/service/sts"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/internal/worker"
	"github.com/hakonegate/hakone/sigv4"
)

// A Config says what to serve and where. DataDir is required.
type Config struct {
	DataDir    string
	Listen     string            // data plane, HTTPS; "" means 127.0.0.1:8443
	ListenHTTP string            // plain data plane; "" means none
	Control    string            // control plane; "" means 127.0.0.1:4566
	Account    string            // of a fresh data directory; "" means 123456789012
	Region     string            // "" means the data directory's, else RegionHint, else us-east-1
	Proxies    access.Proxies    // whose X-Forwarded-For is believed; nil: nobody's
	Services   ServiceEndpoints  // of AWS services that are not hakone's own
	Elsewhere  FunctionEndpoints // of functions that run elsewhere
	DataPlane  DataPlane         // of the listeners of APIs
	Functions  Functions         // how functions run
	Fleet      Fleet             // how the engine is shared
	SSH        string            // address of the SSH server into instances; "" means none
	UserData   bool              // run the user data of new instances
	Egress     bool              // instances reach what this machine does, as far as their security groups let them
	NoReplay   bool              // refuse signed requests to APIs that were accepted before
	RegionHint string            // what the environment says, for a fresh data directory
	AsyncScale float64           // of the waits between tries of asynchronous calls; 0 means 1
	Drain      time.Duration     // how long accepted requests may go on after Run's context is done; 0 means 10 s
	Log        *slog.Logger      // nil discards
}

// A Server is one running hakone.
type Server struct {
	config  Config
	log     *slog.Logger
	started time.Time
	ready   chan struct{}

	stopping atomic.Bool     // load balancers are told
	tell     *worker.Tell    // what functions write; nil when nobody shares the engine
	workers  *worker.Workers // nil: functions run here

	engine *engine.Engine
	store  *store.Store

	iam            *iam.Service
	sts            *sts.Service
	ssm            *ssm.Service
	ec2            *ec2.Service
	logs           *logs.Service
	s3             *s3.Service
	lambda         *lambda.Service
	apis           *apigatewayv2.Service
	cloudformation *cloudformation.Service
	pool           *execenv.Pool
	gateway        *gateway.Gateway
	accessLogs     *accessLogs
	truststores    truststores
	variables      map[string]string   // of functions
	public         *publicCertificates // nil when off
	traces         *trace.Log

	data    *front
	plain   *front // nil when off
	control *front
	ssh     *sshDoor // nil when off

	serviceNames []string // by which instances reach the control plane
}

// New opens the data directory and the listeners. Nothing is served before
// [Server.Run]. The caller must call Run, which closes everything.
func New(ctx context.Context, c Config) (_ *Server, err error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Drain == 0 {
		c.Drain = 10 * time.Second
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	s := &Server{config: c, log: c.Log, started: time.Now(), ready: make(chan struct{}), traces: &trace.Log{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.engine, err = s.startEngine(ctx); err != nil {
		return nil, err
	}
	if s.store, err = store.Open(ctx, s.engine); err != nil {
		return nil, fmt.Errorf("open records: %w", err)
	}
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	if err := s.wire(ctx); err != nil {
		return nil, err
	}
	return s, s.open(ctx)
}

// settings are what a data directory is for. They never change.
type settings struct {
	Account string
	Region  string
}

const (
	defaultAccount = "123456789012"
	defaultRegion  = "us-east-1"
)

// settle decides account and region: a data directory keeps those that it was
// made with.
func (s *Server) settle(ctx context.Context) error {
	records := store.In[settings](s.store, "server.settings")
	kept, ok := records.Get("settings")
	if !ok {
		kept = settings{
			Account: firstOf(s.config.Account, defaultAccount),
			Region:  firstOf(s.config.Region, s.config.RegionHint, defaultRegion),
		}
		if err := kept.check(); err != nil {
			return err
		}
		err := records.Create(ctx, "settings", kept)
		if errors.Is(err, store.ErrExists) { // another node was faster
			kept, _ = records.Get("settings")
		} else if err != nil {
			return fmt.Errorf("keep account and region: %w", err)
		}
	}
	for _, want := range []struct{ what, asked, kept string }{
		{"account", s.config.Account, kept.Account}, {"region", s.config.Region, kept.Region},
	} {
		if want.asked != "" && want.asked != want.kept {
			return fmt.Errorf("data directory %s is for %s %s, not %s: use another --data-dir", s.config.DataDir, want.what, want.kept, want.asked)
		}
	}
	s.config.Account, s.config.Region = kept.Account, kept.Region
	return nil
}

func (c settings) check() error {
	if !regexp.MustCompile(`^\d{12}$`).MatchString(c.Account) {
		return fmt.Errorf("account ID %q is not 12 digits", c.Account)
	}
	if !regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d{1,2}$`).MatchString(c.Region) {
		return fmt.Errorf("region %q is none: it looks like eu-west-1", c.Region)
	}
	return nil
}

// wire makes the services and connects them.
func (s *Server) wire(ctx context.Context) error {
	account, region := s.config.Account, s.config.Region
	ring, err := seal.Open(ctx, s.store)
	if err != nil {
		return fmt.Errorf("open seals: %w", err)
	}
	if err := s.shareAuthority(ctx, ring); err != nil {
		return err
	}
	blobs, err := blob.Open(ctx, s.engine)
	if err != nil {
		return fmt.Errorf("open code packages: %w", err)
	}
	if s.iam, err = iam.New(iam.Config{Store: s.store, Seal: ring, Account: account, Log: s.log}); err != nil {
		return err
	}
	if s.sts, err = sts.New(sts.Config{Identities: s.iam, Seal: ring, Account: account, WebIdentities: newWebIdentities(s.iam)}); err != nil {
		return err
	}
	if err := s.keepAdministrator(ctx); err != nil {
		return err
	}
	s.ssm = ssm.New(ssm.Config{Store: s.store, Seal: ring, Account: account, Region: region})
	s.ec2 = ec2.New(ec2.Config{Store: s.store, Profiles: s.iam, Parameters: s.ssm, Account: account, Region: region})
	if s.logs, err = logs.New(logs.Config{Store: s.store, Account: account, Region: region, Dir: filepath.Join(s.config.DataDir, "logs"), Log: s.log}); err != nil {
		return err
	}
	if err := s.openS3(ctx); err != nil {
		return err
	}
	s.variables = s.config.Services.variables()
	credentials := functionCredentials{s.sts, "arn:aws:lambda:" + region + ":" + account + ":function:"}
	s.pool = execenv.New(execenv.Config{
		Dir:         filepath.Join(s.config.DataDir, "functions"),
		Code:        blobs,
		Log:         s.log,
		Credentials: credentials,
		Logs:        s.functionLogs(),
		Variables:   s.variables,
		Elsewhere:   s.elsewhere(credentials),
		Absent:      s.config.Fleet.Workers,
		NoSpares:    s.config.Fleet.Workers,
		Isolation:   s.config.Functions.Isolation,
		NoNetwork:   s.config.Functions.NoNetwork,
	})
	if err := s.requireIsolation(); err != nil {
		return err
	}
	ends := newDestinations(s)
	s.lambda = lambda.New(lambda.Config{
		Store: s.store, Code: blobs, Objects: s.s3, Pool: s.pool, Account: account, Region: region, Log: s.log,
		Clock: lambda.ScaledClock(firstOf(s.config.AsyncScale, 1)), Destinations: ends,
	})
	ends.lambda = s.lambda
	if s.truststores, err = openTruststores(s.config.DataPlane.Truststores, s.log); err != nil {
		return err
	}
	s.apis = apigatewayv2.New(apigatewayv2.Config{
		Store: s.store, Account: account, Region: region, HasEndpoint: s.config.Services.has, Objects: s.s3,
		HasTruststore:    s.truststores.has,
		HasVPCLink:       func(name string) bool { _, ok := s.config.DataPlane.VPCLinks.Address(name); return ok },
		ResetAuthorizers: func(apiID, stage string) { s.gateway.ResetAuthorizers(apiID, stage) },
	})
	var replay *sigv4.ReplayCache
	if s.config.NoReplay {
		replay = &sigv4.ReplayCache{}
	}
	s.accessLogs = newAccessLogs(s.logs, s.config.DataPlane.AccessLog, s.log)
	lambdas := invoker{s.lambda, s.sts, region}
	s.gateway = gateway.New(gateway.Config{
		APIs: s.apis, Keys: s.sts, Invoker: lambdas, Services: gateway.Services{Endpoints: s.config.Services, Roles: lambdas}, AccessLogs: s.accessLogs,
		LogEveryStage: s.config.DataPlane.AccessLog != nil, VPCLinks: s.config.DataPlane.VPCLinks, AllowHTTPIssuers: s.config.DataPlane.HTTPIssuers, ForwardedProto: s.config.DataPlane.ForwardedProto,
		Throttle: s.config.DataPlane.Throttle, Proxies: s.config.Proxies, Replay: replay, Trace: s.traces, Log: s.log, Account: account, Region: region,
	})
	return s.wireCloudFormation(blobs)
}

// keepAdministrator writes the administrator's key where the command line of
// the same user finds it.
func (s *Server) keepAdministrator(ctx context.Context) error {
	credentials, err := s.iam.Bootstrap(ctx)
	if err != nil {
		return err
	}
	_, made := metricsToken(s.config.DataDir)
	return errors.Join(made, writeAdministrator(s.config.DataDir, credentials))
}

// open opens the listeners.
func (s *Server) open(ctx context.Context) error {
	authority, err := openAuthority(s.config.DataDir, s.config.Region)
	if err != nil {
		return err
	}
	secure, err := s.dataPlaneTLS(authority)
	if err != nil {
		return err
	}
	if err := s.sharePublicCertificates(ctx); err != nil {
		return err
	}
	apis := s.withHealth(s.dataHandler())
	if s.data, err = listenData(ctx, "the data plane (--listen)", firstOf(s.config.Listen, "127.0.0.1:8443"), apis, secure, s.log); err != nil {
		return err
	}
	if s.config.ListenHTTP != "" {
		if s.plain, err = listenData(ctx, "the plain data plane (--listen-http)", s.config.ListenHTTP, apis, nil, s.log); err != nil {
			return err
		}
	}
	s.control, err = listenControl(ctx, "the control plane (--control)", firstOf(s.config.Control, "127.0.0.1:4566"), s.controlHandler(), nil, s.log)
	if err != nil {
		return err
	}
	s.limitConnections(secure)
	s.control.listener = listenEitherWay(s.control.listener, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: secure.NextProtos, GetCertificate: authority.leafFor})
	s.leadToS3()
	s.ssh, err = s.openSSH(ctx)
	return err
}

func (s *Server) fronts() []*front {
	fronts := []*front{}
	for _, f := range []*front{s.data, s.plain, s.control} {
		if f != nil {
			fronts = append(fronts, f)
		}
	}
	return fronts
}

// Ready is closed when requests are answered.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Run serves until ctx is done, lets accepted requests end, ends every function's
// process and closes the store. It must be called once.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := s.afterLameDuck(ctx)
	defer cancel()
	// The components go on while requests drain.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	components, working := errgroup.WithContext(working)
	for _, run := range []func(context.Context) error{s.iam.Run, s.lambda.Run, s.gateway.Run, s.pool.Run, s.accessLogs.Run, s.s3.Run, s.runUserData, s.logs.Run, s.shareLogs, s.runWorkers} {
		components.Go(func() error { return run(working) })
	}
	listeners, listening := errgroup.WithContext(ctx)
	for _, f := range s.fronts() {
		listeners.Go(f.serve)
	}
	if s.public != nil {
		components.Go(func() error { return s.public.Run(working) })
	}
	listeners.Go(func() error { return s.ssh.serve(listening) })
	deploying, halt := context.WithCancel(listening) // deployments under way are taken back while everything that they need is there
	defer halt()
	listeners.Go(func() error { return s.cloudformation.Run(deploying) })
	location := &Location{PID: os.Getpid(), Control: s.control.url(), Region: s.config.Region}
	err := errors.Join(s.recover(ctx), writeLocation(s.config.DataDir, location))
	if err == nil {
		close(s.ready)
		select {
		case <-listening.Done():
		case <-working.Done():
		}
	}
	halt()
	return errors.Join(err, s.shutdown(listeners, components, stop)) //nolint:contextcheck // ctx is done: draining has a time of its own
}

// shutdown stops listeners, components and the store, in that order.
func (s *Server) shutdown(listeners, components *errgroup.Group, stop context.CancelFunc) error {
	draining, cancel := context.WithTimeout(context.Background(), s.config.Drain)
	defer cancel()
	var errs []error
	errs = append(errs, removeFile(locationFile(s.config.DataDir)))
	drains := errgroup.Group{}
	for _, f := range s.fronts() {
		drains.Go(func() error { return f.shutdown(draining) })
	}
	errs = append(errs, drains.Wait(), listeners.Wait())
	stop()
	errs = append(errs, components.Wait(), s.close())
	return errors.Join(errs...)
}

// close closes what New opened, as far as it got.
func (s *Server) close() error {
	var errs []error
	for _, f := range s.fronts() {
		_ = f.listener.Close() // already closed when it was served
	}
	s.ssh.close()
	if s.logs != nil {
		errs = append(errs, s.logs.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	return errors.Join(errs...)
}

func firstOf[T comparable](values ...T) (zero T) {
	for _, value := range values {
		if value != zero {
			return value
		}
	}
	return zero
}
