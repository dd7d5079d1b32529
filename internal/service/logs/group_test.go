package logs

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

func open(t *testing.T) *Service {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	records, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	return reopen(t, records, "")
}

func reopen(t *testing.T, records *store.Store, dir string) *Service {
	t.Helper()
	s, err := New(Config{Store: records, Account: "111111111111", Region: "us-east-1", MaxGroup: 1000, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func event(second int, message string) execenv.LogEvent {
	return execenv.LogEvent{Time: time.Unix(int64(second), 0), Message: message}
}

func messages(s *Service, since int) []string {
	var list []string
	for e := range s.Read("g", time.Unix(int64(since), 0)) {
		list = append(list, e.Message)
	}
	return list
}

func TestReadGivesEventsOfAllStreamsInOrder(t *testing.T) {
	s := open(t)
	s.Append("g", "one", event(1, "a"))
	s.Append("g", "two", event(2, "b"), event(3, "c"))
	s.Append("other", "one", event(4, "d"))
	if diff := cmp.Diff([]string{"a", "b", "c"}, messages(s, 0)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b", "c"}, messages(s, 2)); diff != "" {
		t.Errorf("events since 2 (-want +got):\n%s", diff)
	}
	want := []Stream{{"one", time.Time{}, time.Unix(1, 0), time.Unix(1, 0)}, {"two", time.Time{}, time.Unix(2, 0), time.Unix(3, 0)}}
	if diff := cmp.Diff(want, s.Streams("g")); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
}

func TestFullGroupDropsTheOldest(t *testing.T) {
	s := open(t)
	for range 100 {
		s.Append("g", "one", event(1, strings.Repeat("x", 104)))
	}
	s.Append("g", "one", event(1, "last"))
	got := messages(s, 0)
	if len(got) != 5 || got[4] != "last" {
		t.Errorf("%d events are kept, the last one %q; want 5 and \"last\"", len(got), got[len(got)-1])
	}
	if g := s.groups["g"]; cap(g.events) > 64 {
		t.Errorf("room for %d events is kept", cap(g.events))
	}
}

func TestFollowSeesNewEvents(t *testing.T) {
	s := open(t)
	s.Append("g", "one", event(1, "before"))
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan string)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range s.Follow(ctx, "g", time.Time{}) {
			seen <- e.Message
		}
	}()
	got := []string{<-seen}
	s.Append("g", "one", event(2, "after"))
	got = append(got, <-seen)
	cancel()
	<-done
	if want := []string{"before", "after"}; !slices.Equal(got, want) {
		t.Errorf("followed %q, want %q", got, want)
	}
}

func TestLogGroupResource(t *testing.T) {
	s := open(t)
	h := s.Types()[0].Handler
	r := &stack.Request{Properties: template.Map(template.P("RetentionInDays", template.Number(7))), ProposedName: "st-g-1"}
	got, err := h.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := stack.Result{PhysicalID: "st-g-1", Attributes: map[string]string{"Arn": "arn:aws:logs:us-east-1:111111111111:log-group:st-g-1:*"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if _, err := h.Create(t.Context(), r); err == nil || !strings.Contains(err.Error(), "The specified log group already exists") {
		t.Errorf("second Create = %v", err)
	}
	r.PhysicalID = "st-g-1"
	for range 2 {
		if err := h.Delete(t.Context(), r); err != nil {
			t.Errorf("Delete = %v", err)
		}
	}
}

func TestPropertiesOfGroupsThatNothingActsOnAreRefused(t *testing.T) {
	typ := open(t).Types()[0]
	for _, given := range []string{
		"DataProtectionPolicy: {Name: p}", "FieldIndexPolicies: [{Fields: [a]}]", "ResourcePolicyDocument: {Version: '2012-10-17'}",
		"DeletionProtectionEnabled: true", "BearerTokenAuthenticationEnabled: true",
	} {
		n, _, err := template.Parse("t.yaml", []byte(given))
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(given, ":")
		if err := n.Refused(typ.Properties); err == nil || !strings.HasPrefix(err.Error(), "hakone does not support "+name+": ") {
			t.Errorf("%s: %v", given, err)
		}
	}
	n, _, err := template.Parse("t.yaml", []byte("DeletionProtectionEnabled: false\nFieldIndexPolicies: []"))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Refused(typ.Properties); err != nil {
		t.Errorf("what says nothing: %v", err)
	}
}
