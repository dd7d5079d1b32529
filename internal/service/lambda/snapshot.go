package lambda

import (
	"log/slog"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/policy"
)

// A snapshot is everything that a call asks of Lambda, compiled. It does not
// change; a new one replaces it.
type snapshot struct {
	revision  uint64
	functions map[string]*compiled
	urls      map[string]*FunctionURL // by ID
}

// A compiled function is ready to be called.
type compiled struct {
	changed  uint64 // when the record was
	arn      string
	versions map[string]*execenv.Function
	aliases  map[string]weighted
	policies map[string]*policy.Policy // by qualifier; "" is the function itself
	urls     []FunctionURL
	reserved *int
	ready    map[string]int               // environments to keep ready, by version
	async    map[string]EventInvokeConfig // by qualifier
	letters  map[string]string            // dead-letter queues by version
}

// weighted is an alias: a version, and maybe another that gets a share.
type weighted struct {
	version string
	other   string
	share   float64
}

// compiledOf are the collections that a snapshot is made of.
var compiledOf = []string{"lambda.functions", "lambda.layers"}

// refresh compiles what changed since the last snapshot.
func (s *Service) refresh() {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	old := s.compiled.Load()
	revision := s.cfg.Store.RevisionOf(compiledOf...)
	if old.functions != nil && old.revision == revision {
		return
	}
	next := &snapshot{revision, make(map[string]*compiled, len(old.functions)), map[string]*FunctionURL{}}
	for name, changed := range s.functions.Revisions() {
		if c := old.functions[name]; c != nil && c.changed == changed {
			next.functions[name] = c
			continue
		}
		f, ok := s.functions.Get(name)
		if !ok {
			continue // deleted meanwhile
		}
		c := s.compile(name, &f)
		c.changed = changed // or earlier: then it is compiled once more
		next.functions[name] = c
	}
	for _, c := range next.functions {
		for i := range c.urls {
			next.urls[c.urls[i].ID] = &c.urls[i]
		}
	}
	s.compiled.Store(next)
	s.retire(old, next)
}

// retire ends the environments of what is no longer served. Calls under way
// finish.
func (s *Service) retire(old, next *snapshot) {
	for name, c := range next.functions {
		before := old.functions[name]
		if before == c {
			continue
		}
		if before != nil {
			for v, fn := range before.versions {
				if before.ready[v] > 0 && c.ready[v] == 0 {
					s.cfg.Pool.Provision(fn, 0)
				}
			}
		}
		for v, fn := range c.versions {
			if c.ready[v] > 0 {
				s.cfg.Pool.Provision(fn, c.ready[v])
			}
			if before != nil && before.versions[v] != nil && before.versions[v].Revision != fn.Revision {
				s.cfg.Pool.Retire(fn.ARN, v, fn.Revision)
			}
		}
	}
	for name, c := range old.functions {
		if next.functions[name] == nil {
			s.cfg.Pool.Remove(c.arn)
		}
	}
}

func (s *Service) compile(name string, f *record) *compiled {
	c := &compiled{
		arn: s.arn(name, ""), reserved: f.Reserved,
		versions: map[string]*execenv.Function{latest: s.executable(&f.Latest, f.Reserved)},
		aliases:  make(map[string]weighted, len(f.Aliases)),
		policies: make(map[string]*policy.Policy, len(f.Policies)),
		ready:    f.provisions(), async: f.Async, letters: map[string]string{},
	}
	if d := f.Latest.DeadLetterConfig; d != nil {
		c.letters[latest] = d.TargetArn
	}
	for number, v := range f.Versions {
		if v.DeadLetterConfig != nil {
			c.letters[number] = v.DeadLetterConfig.TargetArn
		}
		c.versions[number] = s.executable(&v, f.Reserved)
	}
	for _, u := range f.URLs {
		c.urls = append(c.urls, u)
	}
	for alias, a := range f.Aliases {
		w := weighted{version: a.FunctionVersion}
		if a.RoutingConfig != nil {
			for other, share := range a.RoutingConfig.AdditionalVersionWeights {
				w.other, w.share = other, share
			}
		}
		c.aliases[alias] = w
	}
	for qualifier, p := range f.Policies {
		document, err := policy.Load(policy.Resource, []byte(p.text()))
		if err != nil {
			// Without a policy nobody but the account's own callers may.
			s.log.Error("compile a function's policy", slog.String("function", s.arn(name, qualifier)), slog.Any("error", err))
			continue
		}
		c.policies[qualifier] = policy.New("resource policy of "+name, s.arn(name, qualifier), document)
	}
	return c
}

// executable is a version as execenv needs it.
func (s *Service) executable(v *version, reserved *int) *execenv.Function {
	fn := &execenv.Function{
		Name: v.FunctionName, ARN: s.arn(v.FunctionName, ""), Version: v.Version, Revision: v.RevisionId, Region: s.cfg.Region,
		Runtime: v.Runtime, Handler: v.Handler, Code: v.Code, Layers: v.LayerCode,
		MemoryMB: v.MemorySize, Timeout: time.Duration(v.Timeout) * time.Second, TmpMB: v.EphemeralStorage.Size, Role: v.Role,
		LogGroup: v.LoggingConfig.LogGroup, LogFormat: v.LoggingConfig.LogFormat, LogLevel: v.LoggingConfig.ApplicationLogLevel, SystemLevel: v.LoggingConfig.SystemLogLevel,
	}
	if v.Environment != nil {
		fn.Variables = maps.Clone(v.Environment.Variables)
	}
	if reserved != nil {
		fn.Concurrent = *reserved
	}
	return fn
}

// find returns the version that a qualifier leads to.
func (c *compiled) find(qualifier string) *execenv.Function {
	if qualifier == "" {
		qualifier = latest
	}
	if fn := c.versions[qualifier]; fn != nil {
		return fn
	}
	w, ok := c.aliases[qualifier]
	if !ok {
		return nil
	}
	if w.other != "" && rand.Float64() < w.share { //nolint:gosec // a share of traffic is no secret
		return c.versions[w.other]
	}
	return c.versions[w.version]
}
