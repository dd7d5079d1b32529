package logs

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Events are kept in a file per group, a JSON object a line, the first of which
// names the group. A file that has grown to twice what is kept is written anew
// with what is kept.

// flushEvery is how long events are in memory only: what a crash may lose.
const flushEvery = 200 * time.Millisecond

type fileHead struct {
	Group string    `json:"group"`
	Since time.Time `json:"since"`
}

type fileEvent struct {
	Time     int64  `json:"t"` // nanoseconds since 1970
	Stream   string `json:"s"`
	Message  string `json:"m"`
	Sequence uint64 `json:"n"`
}

// Run writes events to the files, and forgets those that are older than their
// group's retention, until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	var pruned time.Time
	for {
		select {
		case now := <-tick.C:
			if now.Sub(pruned) > time.Minute {
				s.prune(now)
				pruned = now
			}
			if err := s.flush(); err != nil {
				s.cfg.Log.ErrorContext(ctx, "keep logs", slog.Any("error", err))
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// Close writes what is not yet in the files. Later events are in memory only.
func (s *Service) Close() error { return s.flush() }

// prune forgets events beyond their group's retention.
func (s *Service) prune(now time.Time) {
	for name, r := range s.records.All() {
		s.mu.RLock()
		g := s.groups[name]
		s.mu.RUnlock()
		if g != nil && r.RetentionInDays > 0 {
			g.prune(now.AddDate(0, 0, -r.RetentionInDays))
		}
	}
}

// prune drops the events before a time.
func (g *group) prune(before time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.first < len(g.events) && g.events[g.first].Time.Before(before) {
		g.drop()
		g.stale = true
	}
}

func (s *Service) flush() error {
	if s.cfg.Dir == "" {
		return nil
	}
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.mu.RLock()
	groups := maps.Clone(s.groups)
	s.mu.RUnlock()
	var errs []error
	for name, g := range groups {
		errs = append(errs, s.flushGroup(name, g))
	}
	return errors.Join(errs...)
}

func (s *Service) flushGroup(name string, g *group) error {
	g.mu.Lock()
	kept := g.events[g.first:]
	anew := g.stale || g.size == 0 || g.size > 2*int64(g.limit)
	if !anew && len(kept) > 0 && g.written > kept[0].Sequence {
		kept = kept[min(g.written-kept[0].Sequence, uint64(len(kept))):]
	}
	if len(kept) == 0 && !g.stale {
		g.mu.Unlock()
		return nil
	}
	events, next := slices.Clone(kept), g.next
	g.mu.Unlock()

	size := 256
	for i := range events {
		size += len(events[i].Message) + len(events[i].Stream) + 64
	}
	b := make([]byte, 0, size)
	if anew {
		head, err := json.Marshal(fileHead{name, g.since})
		if err != nil {
			return err
		}
		b = append(append(b, head...), '\n')
	}
	for i := range events {
		b = appendEvent(b, &events[i])
	}
	n := int64(len(b))
	path := s.file(name)
	if anew {
		if err := replace(path, b); err != nil {
			return err
		}
	} else {
		if err := extend(path, b); err != nil {
			return err
		}
		n += g.size
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size, g.written, g.stale = n, next, false
	return nil
}

// appendEvent appends an event's line, a fileEvent: functions that are called often
// write many.
func appendEvent(b []byte, e *Event) []byte {
	b = strconv.AppendInt(append(b, `{"t":`...), e.Time.UnixNano(), 10)
	b = appendText(append(b, `,"s":`...), e.Stream)
	b = appendText(append(b, `,"m":`...), e.Message)
	b = strconv.AppendUint(append(b, `,"n":`...), e.Sequence, 10)
	return append(b, "}\n"...)
}

// appendText appends a JSON string.
func appendText(b []byte, text string) []byte {
	start := len(b)
	b = append(b, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < ' ' || c >= utf8.RuneSelf:
			whole, err := json.Marshal(text)
			if err != nil { // a string is always one
				whole = []byte(`""`)
			}
			return append(b[:start], whole...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

func replace(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func extend(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // in the data directory
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// file is where a group is kept: names may be longer than those of files.
func (s *Service) file(group string) string {
	sum := sha256.Sum256([]byte(group))
	return filepath.Join(s.cfg.Dir, hex.EncodeToString(sum[:16])+".log")
}

// remove deletes a group's file.
func (s *Service) remove(group string) error {
	if s.cfg.Dir == "" {
		return nil
	}
	s.flushing.Lock()
	defer s.flushing.Unlock()
	if err := os.Remove(s.file(group)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// load reads what an earlier run kept.
func (s *Service) load() error {
	if s.cfg.Dir == "" {
		return nil
	}
	paths, err := filepath.Glob(filepath.Join(s.cfg.Dir, "*.log"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := s.loadFile(path); err != nil {
			return fmt.Errorf("read logs %s: %w", path, err)
		}
	}
	return nil
}

// loadFile reads a group. A line that a crash cut off ends it.
func (s *Service) loadFile(path string) error {
	f, err := os.Open(path) //nolint:gosec // in the data directory
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var head fileHead
	if line, err := r.ReadBytes('\n'); err != nil || json.Unmarshal(line, &head) != nil || head.Group == "" {
		s.cfg.Log.Warn("log file is damaged", slog.String("path", path))
		return nil
	}
	g := s.group(head.Group)
	g.since = head.Since
	g.stale = true // written anew, without a line that was cut off
	for {
		line, err := r.ReadBytes('\n')
		var e fileEvent
		if err != nil || json.Unmarshal(line, &e) != nil {
			break
		}
		if e.Sequence < g.next {
			continue
		}
		g.next = e.Sequence
		g.push(Event{Time: time.Unix(0, e.Time), Stream: e.Stream, Message: e.Message})
	}
	return nil
}
