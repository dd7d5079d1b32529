package logs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func flushed(t *testing.T, s *Service) {
	t.Helper()
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
}

func TestEventsSurviveARestart(t *testing.T) {
	records, dir := open(t).cfg.Store, t.TempDir()
	s := reopen(t, records, dir)
	s.Append("g", "one", event(1, "a\n"))
	flushed(t, s)
	s.Append("g", "two", event(2, "<b>"))
	flushed(t, s)
	path := s.file("g")
	cut, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cut.WriteString(`{"t":3000000000,"s":"two","m":"cut o`); err != nil {
		t.Fatal(err)
	}
	if err := cut.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, records, dir)
	if diff := cmp.Diff([]string{"a\n", "<b>"}, messages(s, 0)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	s.Append("g", "two", event(3, "c"))
	flushed(t, s)
	s = reopen(t, records, dir)
	if diff := cmp.Diff([]string{"a\n", "<b>", "c"}, messages(s, 0)); diff != "" {
		t.Errorf("events after the second restart (-want +got):\n%s", diff)
	}
	var sequences []uint64
	for e := range s.Read("g", time.Time{}) {
		sequences = append(sequences, e.Sequence)
	}
	if diff := cmp.Diff([]uint64{0, 1, 2}, sequences); diff != "" {
		t.Errorf("sequences (-want +got):\n%s", diff)
	}
}

func TestFilesAreBounded(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, open(t).cfg.Store, dir)
	for i := range 1000 {
		s.Append("g", "one", event(i, "0123456789"))
		flushed(t, s)
	}
	info, err := os.Stat(s.file("g"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 4000 {
		t.Errorf("the file has %d bytes for 1000 that are kept", info.Size())
	}
}

func TestDeletedGroupsLeaveNoFile(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, open(t).cfg.Store, dir)
	s.Append("g", "one", event(1, "a"))
	flushed(t, s)
	if err := s.DeleteLogGroup(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	flushed(t, s)
	if left, _ := filepath.Glob(dir + "/*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestRetentionForgetsOldEvents(t *testing.T) {
	records, dir := open(t).cfg.Store, t.TempDir()
	s := reopen(t, records, dir)
	if _, err := s.CreateLogGroup(t.Context(), LogGroup{LogGroupName: "g", RetentionInDays: 1}); err != nil {
		t.Fatal(err)
	}
	s.Append("g", "one", event(0, "old"), event(3*86400, "new"))
	flushed(t, s)
	s.prune(time.Unix(3*86400+1, 0))
	flushed(t, s)
	for _, s := range []*Service{s, reopen(t, records, dir)} {
		if diff := cmp.Diff([]string{"new"}, messages(s, 0)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	}
}

func TestLinesOfFilesAreJSON(t *testing.T) {
	for _, text := range []string{"", "plain", "tab\tand line\n", `"quoted\ `, "é€😀", "\x00\x1f\x7f", "<b>&", "cut \xff off", "\u2028"} {
		var got fileEvent
		line := appendEvent(nil, &Event{Time: time.Unix(1, 2), Stream: text, Message: text + "!", Sequence: 7})
		if err := json.Unmarshal(line, &got); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		text = strings.ToValidUTF8(text, "\ufffd")
		if diff := cmp.Diff(fileEvent{1_000_000_002, text, text + "!", 7}, got); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	}
}
