package logs

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
)

func invalid(format string, args ...any) error {
	return awserr.New("InvalidParameterException", http.StatusBadRequest, format, args...)
}

// cut returns the page that a token leads to, and the token of the next one: a
// token is where a page begins.
func cut[T any](all []T, limit, most int, token string) (page []T, next string, err error) {
	from := 0
	if token != "" {
		if from, err = strconv.Atoi(token); err != nil || from < 0 {
			return nil, "", invalid("The specified nextToken is invalid.")
		}
	}
	if limit < 0 {
		return nil, "", invalid("The limit must not be negative.")
	}
	if limit == 0 || limit > most {
		limit = most
	}
	all = all[min(from, len(all)):]
	if len(all) > limit {
		return all[:limit], strconv.Itoa(from + limit), nil
	}
	return all, "", nil
}

// exists refuses a group that nobody made or wrote to.
func (s *Service) exists(name string) error {
	if !s.Has(name) {
		return missing()
	}
	return nil
}

// Has reports whether there is a group of that name, made or only written to.
func (s *Service) Has(name string) bool {
	s.mu.RLock()
	_, written := s.groups[name]
	s.mu.RUnlock()
	_, recorded := s.records.Get(name)
	return recorded || written
}

type streamsRequest struct {
	groupName
	LogStreamNamePrefix string
	OrderBy             string
	Descending          bool
	Limit               int
	NextToken           string
}

type describedStream struct {
	LogStreamName       string `json:"logStreamName"`
	Arn                 string `json:"arn"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp,omitempty"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp,omitempty"`
	LastIngestionTime   int64  `json:"lastIngestionTime,omitempty"`
	StoredBytes         int64  `json:"storedBytes"`
}

type describedStreams struct {
	LogStreams []describedStream `json:"logStreams"`
	NextToken  string            `json:"nextToken,omitempty"`
}

func (s *Service) describeLogStreams(_ context.Context, in *streamsRequest) (*describedStreams, error) {
	group := s.groupOf(in.groupName)
	if err := s.exists(group); err != nil {
		return nil, err
	}
	if in.OrderBy == "LastEventTime" && in.LogStreamNamePrefix != "" {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	all := []describedStream{}
	for _, stream := range s.Streams(group) {
		if strings.HasPrefix(stream.Name, in.LogStreamNamePrefix) {
			d := describedStream{LogStreamName: stream.Name, Arn: s.streamARN(group, stream.Name), CreationTime: stream.Created.UnixMilli()}
			if stream.Created.IsZero() {
				d.CreationTime = stream.First.UnixMilli()
			}
			if !stream.First.IsZero() {
				d.FirstEventTimestamp, d.LastEventTimestamp, d.LastIngestionTime = stream.First.UnixMilli(), stream.Last.UnixMilli(), stream.Last.UnixMilli()
			}
			all = append(all, d)
		}
	}
	if in.OrderBy == "LastEventTime" {
		slices.SortStableFunc(all, func(a, b describedStream) int { return cmp.Compare(a.LastEventTimestamp, b.LastEventTimestamp) })
	}
	if in.Descending {
		slices.Reverse(all)
	}
	streams, token, err := cut(all, in.Limit, 50, in.NextToken)
	return &describedStreams{streams, token}, err
}

// A span is the time that a request asks for, in milliseconds since 1970.
type span struct{ StartTime, EndTime *int64 }

func (t span) has(at time.Time) bool {
	ms := at.UnixMilli()
	return (t.StartTime == nil || ms >= *t.StartTime) && (t.EndTime == nil || ms < *t.EndTime)
}

type eventsRequest struct {
	groupName
	LogStreamName string
	span
	NextToken     string
	Limit         int
	StartFromHead bool
}

type readEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

type readEvents struct {
	Events            []readEvent `json:"events"`
	NextForwardToken  string      `json:"nextForwardToken"`
	NextBackwardToken string      `json:"nextBackwardToken"`
}

const mostEvents = 10000

// getLogEvents reads one stream. Tokens are "f/" or "b/" and the sequence of the
// event from which to read on, or up to which to read back.
func (s *Service) getLogEvents(_ context.Context, in *eventsRequest) (*readEvents, error) {
	group := s.groupOf(in.groupName)
	if err := s.exists(group); err != nil {
		return nil, err
	}
	var all []Event
	known := false
	for e := range s.Read(group, time.Time{}) {
		if e.Stream == in.LogStreamName {
			known = true
			if in.has(e.Time) {
				all = append(all, e)
			}
		}
	}
	if !known {
		return nil, awserr.New("ResourceNotFoundException", http.StatusBadRequest, "The specified log stream does not exist.")
	}
	limit := in.Limit
	if limit <= 0 || limit > mostEvents {
		limit = mostEvents
	}
	direction, text, _ := strings.Cut(in.NextToken, "/")
	var at uint64
	if in.NextToken != "" {
		var err error
		if at, err = strconv.ParseUint(text, 10, 64); err != nil || direction != "f" && direction != "b" {
			return nil, invalid("The specified nextToken is invalid.")
		}
	}
	low, high := 0, len(all)
	position, _ := slices.BinarySearchFunc(all, at, func(e Event, at uint64) int { return cmp.Compare(e.Sequence, at) })
	switch {
	case direction == "f":
		low, high = position, min(position+limit, high)
	case direction == "b":
		low, high = max(0, position-limit), position
	case in.StartFromHead:
		high = min(limit, high)
	default:
		low = max(0, high-limit)
	}
	forward, backward := at, at
	out := &readEvents{Events: []readEvent{}}
	for i, e := range all[low:high] {
		if i == 0 {
			backward = e.Sequence
		}
		forward = e.Sequence + 1
		out.Events = append(out.Events, readEvent{e.Time.UnixMilli(), e.Message, e.Time.UnixMilli()})
	}
	out.NextForwardToken, out.NextBackwardToken = "f/"+strconv.FormatUint(forward, 10), "b/"+strconv.FormatUint(backward, 10)
	return out, nil
}

type filterRequest struct {
	groupName
	LogStreamNames      []string
	LogStreamNamePrefix string
	span
	FilterPattern string
	NextToken     string
	Limit         int
}

type foundEvent struct {
	LogStreamName string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	EventId       string `json:"eventId"`
}

type foundEvents struct {
	Events             []foundEvent `json:"events"`
	SearchedLogStreams []struct{}   `json:"searchedLogStreams"` // always empty, as AWS has it since 2020
	NextToken          string       `json:"nextToken,omitempty"`
}

// filterLogEvents reads all streams of a group. A token is the sequence from
// which to read on, since the oldest events may go meanwhile.
func (s *Service) filterLogEvents(_ context.Context, in *filterRequest) (*foundEvents, error) {
	group := s.groupOf(in.groupName)
	if err := s.exists(group); err != nil {
		return nil, err
	}
	p, err := parsePattern(in.FilterPattern)
	if err != nil {
		return nil, err
	}
	var from uint64
	if in.NextToken != "" {
		if from, err = strconv.ParseUint(in.NextToken, 10, 64); err != nil {
			return nil, invalid("The specified nextToken is invalid.")
		}
	}
	limit := in.Limit
	if limit <= 0 || limit > mostEvents {
		limit = mostEvents
	}
	out := &foundEvents{Events: []foundEvent{}, SearchedLogStreams: []struct{}{}}
	for e := range s.Read(group, time.Time{}) {
		if e.Sequence < from || !in.has(e.Time) || !in.wants(e.Stream) || !p.matches(e.Message) {
			continue
		}
		if len(out.Events) == limit {
			out.NextToken = strconv.FormatUint(e.Sequence, 10)
			break
		}
		id := strconv.FormatInt(e.Time.UnixMilli(), 10) + strconv.FormatUint(e.Sequence, 10)
		out.Events = append(out.Events, foundEvent{e.Stream, e.Time.UnixMilli(), e.Message, e.Time.UnixMilli(), id})
	}
	return out, nil
}

func (in *filterRequest) wants(stream string) bool {
	return strings.HasPrefix(stream, in.LogStreamNamePrefix) && (len(in.LogStreamNames) == 0 || slices.Contains(in.LogStreamNames, stream))
}
