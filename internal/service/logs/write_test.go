package logs

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStreamsAreWrittenAndForgotten(t *testing.T) {
	s := open(t)
	if _, err := s.createLogGroup(t.Context(), &groupRequest{LogGroupName: "g", Tags: map[string]string{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	put := func(stream string, at time.Time, messages ...string) (*putEventsAnswer, error) {
		in := &putEventsRequest{LogGroupName: "g", LogStreamName: stream}
		for _, m := range messages {
			in.LogEvents = append(in.LogEvents, struct {
				Timestamp int64
				Message   string
			}{at.UnixMilli(), m})
		}
		return s.putLogEvents(t.Context(), in)
	}
	now := time.Now()
	if _, err := put("one", now, "a"); err == nil || !strings.Contains(err.Error(), "The specified log stream does not exist.") {
		t.Errorf("a stream that nobody created: %v", err)
	}
	for _, name := range []string{"one", "empty"} {
		if _, err := s.createLogStream(t.Context(), &streamRequest{"g", name}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.createLogStream(t.Context(), &streamRequest{"g", "one"}); err == nil {
		t.Error("a stream is created twice")
	}
	if out, err := put("one", now, "a", "b"); err != nil || out.Rejected != nil {
		t.Errorf("put = %+v, %v", out, err)
	}
	if out, err := put("one", now.Add(-30*24*time.Hour), "old"); err != nil || out.Rejected == nil || *out.Rejected.TooOld != 1 {
		t.Errorf("an old event: %+v, %v", out, err)
	}
	if out, err := put("one", now.Add(3*time.Hour), "new"); err != nil || out.Rejected == nil || *out.Rejected.TooNew != 0 {
		t.Errorf("an event of tomorrow: %+v, %v", out, err)
	}
	if _, err := put("one", now, strings.Repeat("x", mostBytes)); err == nil || !strings.Contains(err.Error(), "Upload too large") {
		t.Errorf("too much: %v", err)
	}
	names := func() string {
		var list []string
		for _, x := range s.Streams("g") {
			list = append(list, x.Name)
		}
		return strings.Join(list, " ")
	}
	if got := names(); got != "empty one" {
		t.Errorf("streams %q", got)
	}
	if _, err := s.deleteLogStream(t.Context(), &streamRequest{"g", "one"}); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "empty" || len(messages(s, 0)) != 0 {
		t.Errorf("streams %q", got)
	}
	const arn = "arn:aws:logs:us-east-1:111111111111:log-group:g"
	if _, err := s.tagResource(t.Context(), &resourceTagsRequest{ResourceArn: arn, Tags: map[string]string{"b": "2"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.untagLogGroup(t.Context(), &groupTagsRequest{"g", []any{"a"}}); err != nil {
		t.Fatal(err)
	}
	out, err := s.listTagsForResource(t.Context(), &resourceTagsRequest{ResourceArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"b": "2"}, out.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if err := s.DeleteLogGroup(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "" {
		t.Errorf("streams of a group that was deleted: %q", got)
	}
}
