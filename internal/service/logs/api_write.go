package logs

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
)

// Bounds of PutLogEvents.
const (
	mostPut      = 10000
	mostBytes    = 1 << 20
	eventBytes   = 26 // that count beside each message
	largestEvent = 1 << 20
	longestSpan  = 24 * time.Hour
	latestAhead  = 2 * time.Hour
	oldestBehind = 14 * 24 * time.Hour
)

// A streamRecord is a stream that somebody created. Functions write to streams
// without one.
type streamRecord struct{ CreationTime int64 }

type streamRequest struct{ LogGroupName, LogStreamName string }

// streamKey is where the record of a stream is; neither name has a colon.
func streamKey(group, stream string) string { return group + ":" + stream }

func (s *Service) oneStreamARN(in *streamRequest) string {
	return s.streamARN(in.LogGroupName, in.LogStreamName)
}

func (s *Service) createLogStream(ctx context.Context, in *streamRequest) (*wire.Nothing, error) {
	if err := s.exists(in.LogGroupName); err != nil {
		return nil, err
	}
	if in.LogStreamName == "" || len(in.LogStreamName) > 512 || strings.ContainsAny(in.LogStreamName, ":*") {
		return nil, invalid("1 validation error detected: Value '%s' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*", in.LogStreamName)
	}
	err := s.streams.Create(ctx, streamKey(in.LogGroupName, in.LogStreamName), streamRecord{time.Now().UnixMilli()})
	if errors.Is(err, store.ErrExists) || err == nil && s.written(in.LogGroupName, in.LogStreamName) {
		return nil, awserr.New("ResourceAlreadyExistsException", http.StatusBadRequest, "The specified log stream already exists")
	}
	return &wire.Nothing{}, err
}

// written reports whether the stream has events.
func (s *Service) written(group, stream string) bool {
	for e := range s.Read(group, time.Time{}) {
		if e.Stream == stream {
			return true
		}
	}
	return false
}

func (s *Service) hasStream(group, stream string) error {
	if err := s.exists(group); err != nil {
		return err
	}
	if _, ok := s.streams.Get(streamKey(group, stream)); !ok && !s.written(group, stream) {
		return awserr.New("ResourceNotFoundException", http.StatusBadRequest, "The specified log stream does not exist.")
	}
	return nil
}

func (s *Service) deleteLogStream(ctx context.Context, in *streamRequest) (*wire.Nothing, error) {
	if err := s.hasStream(in.LogGroupName, in.LogStreamName); err != nil {
		return nil, err
	}
	s.group(in.LogGroupName).forget(in.LogStreamName)
	err := s.streams.Delete(ctx, streamKey(in.LogGroupName, in.LogStreamName))
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return &wire.Nothing{}, err
}

// forget drops the events of a stream.
func (g *group) forget(stream string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	kept := make([]Event, 0, len(g.events)-g.first)
	g.bytes = 0
	for _, e := range g.events[g.first:] {
		if e.Stream != stream {
			kept = append(kept, e)
			g.bytes += len(e.Message) + overhead
		}
	}
	g.events, g.first, g.stale = kept, 0, true
}

type putEventsRequest struct {
	LogGroupName, LogStreamName string
	SequenceToken               string // of no importance since 2023
	LogEvents                   []struct {
		Timestamp int64
		Message   string
	}
	Entity any
}

type putEventsAnswer struct {
	NextSequenceToken string    `json:"nextSequenceToken,omitempty"`
	Rejected          *rejected `json:"rejectedLogEventsInfo,omitempty"`
}

// rejected says which events were not taken: up to and from an index.
type rejected struct {
	TooNew *int `json:"tooNewLogEventStartIndex,omitempty"`
	TooOld *int `json:"tooOldLogEventEndIndex,omitempty"`
}

func (s *Service) putLogEvents(_ context.Context, in *putEventsRequest) (*putEventsAnswer, error) {
	if in.Entity != nil {
		return nil, invalid("hakone does not have what this member asks for: entity")
	}
	if err := s.hasStream(in.LogGroupName, in.LogStreamName); err != nil {
		return nil, err
	}
	size := 0
	for i, e := range in.LogEvents {
		size += len(e.Message) + eventBytes
		switch {
		case e.Message == "":
			return nil, invalid("1 validation error detected: Value '' at 'logEvents.%d.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", i+1)
		case len(e.Message) > largestEvent:
			return nil, invalid("Log event too large: %d bytes exceeds limit of %d", len(e.Message), largestEvent)
		case i > 0 && e.Timestamp < in.LogEvents[i-1].Timestamp:
			return nil, invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	switch n := len(in.LogEvents); {
	case n == 0 || n > mostPut:
		return nil, invalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and %d", mostPut)
	case size > mostBytes:
		return nil, invalid("Upload too large: %d bytes exceeds limit of %d", size, mostBytes)
	case time.Duration(in.LogEvents[n-1].Timestamp-in.LogEvents[0].Timestamp)*time.Millisecond > longestSpan:
		return nil, invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	now, out := time.Now(), &putEventsAnswer{NextSequenceToken: "0"}
	refuse := func() *rejected {
		if out.Rejected == nil {
			out.Rejected = &rejected{}
		}
		return out.Rejected
	}
	events := make([]execenv.LogEvent, 0, len(in.LogEvents))
	for i, e := range in.LogEvents {
		switch at := time.UnixMilli(e.Timestamp); {
		case at.Before(now.Add(-oldestBehind)):
			end := i + 1
			refuse().TooOld = &end
		case at.After(now.Add(latestAhead)):
			if r := refuse(); r.TooNew == nil {
				r.TooNew = &i
			}
		default:
			events = append(events, execenv.LogEvent{Time: at, Message: e.Message})
		}
	}
	s.Append(in.LogGroupName, in.LogStreamName, events...)
	return out, nil
}

// The two ways to speak of tags: by the group's name, and by its ARN.
type (
	groupTagsRequest struct {
		LogGroupName string
		Tags         any // a map to add, a list of keys to remove
	}
	resourceTagsRequest struct {
		ResourceArn string
		Tags        map[string]string
		TagKeys     []string
	}
	tagsAnswer struct {
		Tags map[string]string `json:"tags"`
	}
)

func (s *Service) taggedGroupARN(in *groupTagsRequest) string {
	return s.streamARN(in.LogGroupName, "")
}

func (s *Service) taggedResourceARN(in *resourceTagsRequest) string {
	return s.streamARN(s.groupOf(groupName{LogGroupIdentifier: in.ResourceArn}), "")
}

// changeTags changes the tags of a group, which is recorded for it.
func (s *Service) changeTags(ctx context.Context, name string, change func(map[string]string)) (*wire.Nothing, error) {
	if err := s.exists(name); err != nil {
		return nil, err
	}
	if _, recorded := s.records.Get(name); !recorded {
		if _, err := s.CreateLogGroup(ctx, LogGroup{LogGroupName: name}); err != nil {
			return nil, err
		}
	}
	return &wire.Nothing{}, s.UpdateLogGroup(ctx, name, func(g *LogGroup) {
		if g.Tags == nil {
			g.Tags = map[string]string{}
		}
		change(g.Tags)
	})
}

func (s *Service) tagsOf(name string) (*tagsAnswer, error) {
	if err := s.exists(name); err != nil {
		return nil, err
	}
	g, _ := s.records.Get(name)
	if g.Tags == nil {
		g.Tags = map[string]string{}
	}
	return &tagsAnswer{g.Tags}, nil
}

// tagsIn are the tags, or the keys of tags, that a request names.
func tagsIn(tags any) (added map[string]string, removed []string) {
	switch tags := tags.(type) {
	case map[string]any:
		added = map[string]string{}
		for key, value := range tags {
			if text, ok := value.(string); ok {
				added[key] = text
			}
		}
	case []any:
		for _, key := range tags {
			if text, ok := key.(string); ok {
				removed = append(removed, text)
			}
		}
	}
	return added, removed
}

func (s *Service) tagLogGroup(ctx context.Context, in *groupTagsRequest) (*wire.Nothing, error) {
	added, _ := tagsIn(in.Tags)
	return s.changeTags(ctx, in.LogGroupName, func(all map[string]string) { maps.Copy(all, added) })
}

func (s *Service) untagLogGroup(ctx context.Context, in *groupTagsRequest) (*wire.Nothing, error) {
	_, removed := tagsIn(in.Tags)
	return s.changeTags(ctx, in.LogGroupName, func(all map[string]string) {
		maps.DeleteFunc(all, func(key, _ string) bool { return slices.Contains(removed, key) })
	})
}

func (s *Service) listTagsLogGroup(_ context.Context, in *groupTagsRequest) (*tagsAnswer, error) {
	return s.tagsOf(in.LogGroupName)
}

func (s *Service) tagResource(ctx context.Context, in *resourceTagsRequest) (*wire.Nothing, error) {
	return s.changeTags(ctx, s.groupOf(groupName{LogGroupIdentifier: in.ResourceArn}), func(all map[string]string) { maps.Copy(all, in.Tags) })
}

func (s *Service) untagResource(ctx context.Context, in *resourceTagsRequest) (*wire.Nothing, error) {
	return s.changeTags(ctx, s.groupOf(groupName{LogGroupIdentifier: in.ResourceArn}), func(all map[string]string) {
		maps.DeleteFunc(all, func(key, _ string) bool { return slices.Contains(in.TagKeys, key) })
	})
}

func (s *Service) listTagsForResource(_ context.Context, in *resourceTagsRequest) (*tagsAnswer, error) {
	return s.tagsOf(s.groupOf(groupName{LogGroupIdentifier: in.ResourceArn}))
}
