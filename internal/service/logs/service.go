package logs

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/store"
)

// Config says what a service works with. Store, Account and Region are
// required.
type Config struct {
	Store     *store.Store
	Account   string
	Region    string
	Partition string       // "" means "aws"
	MaxGroup  int          // bytes of events kept per group; 0 means 4 MiB
	Dir       string       // where events outlive the process; "" keeps them in memory
	Log       *slog.Logger // nil discards
}

// A Service is CloudWatch Logs in one account and region. It is safe for
// concurrent use.
type Service struct {
	cfg     Config
	records store.Collection[LogGroup]
	streams store.Collection[streamRecord]

	mu     sync.RWMutex
	groups map[string]*group // what was written to, recorded or not

	flushing sync.Mutex // held while files are written
}

// A LogGroup is a group that somebody created. Functions write to groups
// without one too.
type LogGroup struct {
	LogGroupName    string
	Arn             string            // ends with :*
	CreationTime    int64             // milliseconds since 1970
	RetentionInDays int               `json:",omitempty"`
	KmsKeyId        string            `json:",omitempty"`
	LogGroupClass   string            `json:",omitempty"`
	Tags            map[string]string `json:",omitempty"`
}

// New returns a service with the events that an earlier run kept.
// [Service.Run] keeps later ones.
func New(c Config) (*Service, error) {
	if c.Partition == "" {
		c.Partition = "aws"
	}
	if c.MaxGroup == 0 {
		c.MaxGroup = 4 << 20
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: c, records: store.In[LogGroup](c.Store, "logs.groups"), streams: store.In[streamRecord](c.Store, "logs.streams"), groups: map[string]*group{}}
	return s, s.load()
}

// Append adds events to a stream, making the group and the stream when they
// do not exist. The oldest events of a group that is full are dropped.
func (s *Service) Append(groupName, stream string, events ...execenv.LogEvent) {
	s.group(groupName).append(stream, events)
}

// group returns the events of a group, which it makes if need be.
func (s *Service) group(name string) *group {
	s.mu.RLock()
	g := s.groups[name]
	s.mu.RUnlock()
	if g != nil {
		return g
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g = s.groups[name]; g == nil {
		g = &group{limit: s.cfg.MaxGroup, since: time.Now(), moved: make(chan struct{})}
		s.groups[name] = g
	}
	return g
}

var nameRE = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// CreateLogGroup records a group.
func (s *Service) CreateLogGroup(ctx context.Context, g LogGroup) (*LogGroup, error) {
	if !nameRE.MatchString(g.LogGroupName) {
		return nil, awserr.New("InvalidParameterException", http.StatusBadRequest,
			"1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", g.LogGroupName)
	}
	g.Arn, g.CreationTime = s.arn(g.LogGroupName), time.Now().UnixMilli()
	err := s.records.Create(ctx, g.LogGroupName, g)
	if errors.Is(err, store.ErrExists) {
		return nil, awserr.New("ResourceAlreadyExistsException", http.StatusBadRequest, "The specified log group already exists")
	}
	if err != nil {
		return nil, err
	}
	return &g, nil
}

// UpdateLogGroup changes a recorded group.
func (s *Service) UpdateLogGroup(ctx context.Context, name string, change func(*LogGroup)) error {
	err := s.records.Update(ctx, name, func(g *LogGroup) error {
		change(g)
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return missing()
	}
	return err
}

// DeleteLogGroup removes a group with its events.
func (s *Service) DeleteLogGroup(ctx context.Context, name string) error {
	s.mu.Lock()
	_, written := s.groups[name]
	delete(s.groups, name)
	s.mu.Unlock()
	if err := s.remove(name); err != nil {
		return err
	}
	for key := range s.streams.Revisions() {
		if strings.HasPrefix(key, streamKey(name, "")) {
			if err := s.streams.Delete(ctx, key); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
	}
	err := s.records.Delete(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		if written {
			return nil
		}
		return missing()
	}
	return err
}

// LogGroups returns all groups by name: those recorded, and those that
// functions wrote to.
func (s *Service) LogGroups() []LogGroup {
	all := maps.Collect(s.records.All())
	s.mu.RLock()
	for name, g := range s.groups {
		if _, ok := all[name]; !ok {
			all[name] = LogGroup{LogGroupName: name, Arn: s.arn(name), CreationTime: g.since.UnixMilli()}
		}
	}
	s.mu.RUnlock()
	list := make([]LogGroup, 0, len(all))
	for _, name := range sortedKeys(all) {
		list = append(list, all[name])
	}
	return list
}

func (s *Service) arn(name string) string {
	return "arn:" + s.cfg.Partition + ":logs:" + s.cfg.Region + ":" + s.cfg.Account + ":log-group:" + name + ":*"
}

func missing() error {
	return awserr.New("ResourceNotFoundException", http.StatusBadRequest, "The specified log group does not exist.")
}
