package execenv

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Config says where and how environments run. Dir and Code are required; the
// rest may be zero.
type Config struct {
	Dir         string        // unpacked code and the environments' own folders
	Code        CodeSource    // code archives
	Log         *slog.Logger  // nil discards
	Credentials Credentials   // nil: functions run without credentials
	Logs        Logs          // nil discards
	Limit       int           // most environments at once, 0 means 1000 (AWS's account limit)
	InitTimeout time.Duration // 0 means 10 s
	IdleTimeout time.Duration // 0 means 5 min
	NoSpares    bool          // start no interpreter ahead of need
}

// Errors of [Pool.Invoke] beside those of the function, which are in [Result].
var (
	// ErrLimit means that as many environments as are allowed are busy.
	ErrLimit = errors.New("execution environment limit reached")
	// ErrFunctionLimit means the same for the function's own limit.
	ErrFunctionLimit = errors.New("function's execution environment limit reached")
	// ErrStopped means that the pool is stopping.
	ErrStopped = errors.New("execution environments are stopping")
)

// A Pool keeps execution environments. It is safe for concurrent use.
type Pool struct {
	cfg Config
}

// New returns a pool that has started nothing yet.
func New(cfg Config) *Pool { return &Pool{cfg: cfg} }

// Run keeps the pool until ctx is done, then ends every process it started.
func (p *Pool) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Check reports whether this machine can run functions of the runtime. The
// error says what to install.
func (p *Pool) Check(runtime string) error { return nil }

// Invoke calls the function with event and waits for its answer. An error
// means that the call did not reach the function; what a function did wrong is
// in the result.
func (p *Pool) Invoke(ctx context.Context, fn *Function, event []byte, call Invocation) (Result, error) {
	return Result{}, ErrStopped
}

// Retire ends the function's environments of other revisions than revision as
// soon as they are free; "" ends all of them.
func (p *Pool) Retire(functionARN, revision string) {}
