package logs

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
)

func TestPattern(t *testing.T) {
	tests := []struct {
		name, pattern, message string
		want                   bool
	}{
		{"no pattern takes all", "", "x", true},
		{"every term", "a b", "b a", true},
		{"a term is missing", "a c", "b a", false},
		{"a phrase", `"a b"`, "x a b", true},
		{"a phrase in another order", `"a b"`, "b a", false},
		{"one of several", "?a ?c", "c", true},
		{"none of several", "?a ?c", "b", false},
		{"what must not be there", "a -b", "a b", false},
		{"what is not there", "a -b", "a c", true},
		{"letters count", "A", "a", false},
	}
	for _, tt := range tests {
		p, err := parsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := p.matches(tt.message); got != tt.want {
			t.Errorf("%s: %q in %q = %v", tt.name, tt.pattern, tt.message, got)
		}
	}
	for _, text := range []string{`{ $.a = 1 }`, `[a, b]`, `%x%`, `"a`} {
		if _, err := parsePattern(text); err == nil {
			t.Errorf("pattern %s is taken", text)
		}
	}
}

func TestFilterLogEventsReadsPageByPage(t *testing.T) {
	s := open(t)
	s.Append("g", "one", event(1, "a"), event(2, "b"))
	s.Append("g", "two", event(3, "a again"))
	start, end := int64(1000), int64(4000)
	in := &filterRequest{groupName: groupName{LogGroupIdentifier: "arn:aws:logs:us-east-1:111111111111:log-group:g"}, span: span{&start, &end}, FilterPattern: "a", Limit: 1}
	var got []string
	for range 3 {
		out, err := s.filterLogEvents(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			got = append(got, e.LogStreamName+": "+e.Message)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"one: a", "two: a again"}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestGetLogEventsFollowsItsTokens(t *testing.T) {
	s := open(t)
	s.Append("g", "one", event(1, "a"), event(2, "b"), event(3, "c"))
	s.Append("g", "two", event(4, "other"))
	in := &eventsRequest{groupName: groupName{LogGroupName: "g"}, LogStreamName: "one", StartFromHead: true, Limit: 2}
	read := func() []string {
		t.Helper()
		out, err := s.getLogEvents(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, e := range out.Events {
			got = append(got, e.Message)
		}
		in.NextToken = out.NextForwardToken
		return got
	}
	for _, want := range [][]string{{"a", "b"}, {"c"}, {}} {
		if diff := cmp.Diff(want, read()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	}
	s.Append("g", "one", event(5, "d"))
	if diff := cmp.Diff([]string{"d"}, read()); diff != "" {
		t.Errorf("new events (-want +got):\n%s", diff)
	}
	in.NextToken, in.StartFromHead = "", false
	if diff := cmp.Diff([]string{"c", "d"}, read()); diff != "" {
		t.Errorf("the latest events (-want +got):\n%s", diff)
	}
}

func TestGroupsOfNobodyAreRefused(t *testing.T) {
	s := open(t)
	s.Append("g", "one", event(1, "a"))
	for name, group := range map[string]groupName{
		"an unknown group":      {LogGroupName: "none"},
		"another account's ARN": {LogGroupIdentifier: "arn:aws:logs:us-east-1:222222222222:log-group:g"},
		"two names":             {LogGroupName: "g", LogGroupIdentifier: "g"},
		"no name":               {},
	} {
		var no *awserr.Error
		if _, err := s.filterLogEvents(t.Context(), &filterRequest{groupName: group}); !errors.As(err, &no) || no.Code != "ResourceNotFoundException" {
			t.Errorf("%s: %v, want ResourceNotFoundException", name, err)
		}
	}
}
