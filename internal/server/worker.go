package server

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/worker"
)

// A WorkerConfig says how a machine runs functions for gateways elsewhere.
// DataDir and NATS are required.
type WorkerConfig struct {
	DataDir         string // unpacked code and environments; nothing else is kept
	NATS            string // URLs of NATS servers, separated by commas
	engine.External        // of those servers
	Functions       Functions
	Capacity        int           // most calls at once; 0 means 100
	Drain           time.Duration // how long calls may go on after ctx is done
	Log             *slog.Logger
	Ready           func() // called when calls are taken
}

// RunWorker runs functions for gateways until ctx is done and the calls under way
// have ended.
func RunWorker(ctx context.Context, c *WorkerConfig) (err error) {
	e, err := engine.Start(ctx, engine.Config{Dir: filepath.Join(c.DataDir, "engine"), URL: c.NATS, External: c.External, Log: c.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	code, err := blob.Open(ctx, e)
	if err != nil {
		return err
	}
	tell := worker.NewTell(e)
	pool := execenv.New(execenv.Config{
		Dir: filepath.Join(c.DataDir, "functions"), Code: code, Log: c.Log, Credentials: worker.Credentials{Engine: e}, Logs: tell,
		Isolation: c.Functions.Isolation, NoNetwork: c.Functions.NoNetwork, Limit: c.Capacity,
	})
	w := worker.New(worker.Config{Engine: e, Pool: pool, Capacity: c.Capacity, Drain: c.Drain, Log: c.Log})
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	telling, stopTelling := context.WithCancel(context.WithoutCancel(ctx)) // functions speak until the pool has ended
	defer stopTelling()
	var pools, tells errgroup.Group
	taking, cancel := context.WithCancel(ctx)
	defer cancel()
	pools.Go(func() error {
		defer cancel() // without a pool no call is taken
		return pool.Run(working)
	})
	tells.Go(func() error { return tell.Run(telling) })
	c.Ready()
	err = w.Run(taking)
	stop()
	err = errors.Join(err, pools.Wait())
	stopTelling()
	return errors.Join(err, tells.Wait())
}
