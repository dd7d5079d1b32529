package cli

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/server"
)

// A screen is as much of a terminal as the live table needs.
type screen struct {
	t             *testing.T
	width, height int
	lines         []string
	partial       string
}

var coloured = regexp.MustCompile(`\x1b\[\d*m`)

func (s *screen) Write(text []byte) (int, error) {
	rest := s.partial + string(text)
	for s.partial = ""; rest != ""; {
		var up int
		if n, _ := fmt.Sscanf(rest, "\x1b[%dA\x1b[J", &up); n == 1 {
			if up > s.height-1 {
				s.t.Errorf("the cursor goes up %d lines on a screen of %d", up, s.height)
			}
			s.lines = s.lines[:len(s.lines)-up]
			_, rest, _ = strings.Cut(rest, "\x1b[J")
			continue
		}
		line, after, ended := strings.Cut(rest, "\n")
		if rest = after; !ended {
			s.partial = line
			break
		}
		line = coloured.ReplaceAllString(line, "")
		for utf8.RuneCountInString(line) > s.width { // as a terminal wraps it
			runes := []rune(line)
			s.lines, line = append(s.lines, string(runes[:s.width])), string(runes[s.width:])
		}
		s.lines = append(s.lines, line)
	}
	return len(text), nil
}

func resource(id, kind, status, reason string) server.Progress {
	return server.Progress{Resource: &server.ResourceEvent{LogicalID: id, Type: kind, Status: status, Reason: reason}}
}

func TestLiveTable(t *testing.T) {
	const long = "HelloWorldFunctionHelloApiEventPermission"
	for _, tt := range []struct {
		name          string
		width, height int
		live, want    []string
	}{
		{"80 columns: a long name leaves no room for the type", 80, 24, []string{
			"Stack s: create",
			"  … CREATE_IN_PROGRESS           Api",
			"  … CREATE_IN_PROGRESS           HelloWorldFunctionHelloApiEventPermission",
		}, []string{
			"Stack s: create",
			"  ✓ CREATE_COMPLETE          2s  Api",
			"a word from the server",
			"  ✗ CREATE_FAILED            2s  HelloWorldFunctionHelloApiEventPermission",
			"    the reason",
			"Stack s: ROLLBACK_COMPLETE",
		}},
		{"150 columns", 150, 24, []string{
			"Stack s: create",
			"  … CREATE_IN_PROGRESS           Api                                        AWS::ApiGatewayV2::Api",
			"  … CREATE_IN_PROGRESS           HelloWorldFunctionHelloApiEventPermission  AWS::Lambda::Permission",
		}, []string{
			"Stack s: create",
			"  ✓ CREATE_COMPLETE          2s  Api                                        AWS::ApiGatewayV2::Api",
			"a word from the server",
			"  ✗ CREATE_FAILED            2s  HelloWorldFunctionHelloApiEventPermission  AWS::Lambda::Permission",
			"    the reason",
			"Stack s: ROLLBACK_COMPLETE",
		}},
		{"more than the screen is high", 80, 3, []string{
			"Stack s: create",
			"  … CREATE_IN_PROGRESS           Api",
			"  … and 1 more",
		}, []string{
			"Stack s: create",
			"  ✓ CREATE_COMPLETE          2s  Api",
			"a word from the server",
			"  ✗ CREATE_FAILED            2s  HelloWorldFunctionHelloApiEventPermission",
			"    the reason",
			"Stack s: ROLLBACK_COMPLETE",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &screen{t: t, width: tt.width, height: tt.height}
			clock := time.Unix(0, 0)
			v := &progressView{
				w: s, live: true, size: func() (int, int) { return tt.width, tt.height },
				now: func() time.Time { clock = clock.Add(time.Second); return clock },
			}
			v.see(server.Progress{Begin: &server.BeginStack{
				Name: "s", Operation: "CREATE", Resources: []server.PlannedChange{{LogicalID: "Api"}, {LogicalID: long}},
			}})
			v.see(resource("Api", "AWS::ApiGatewayV2::Api", "CREATE_IN_PROGRESS", ""))
			v.see(resource(long, "AWS::Lambda::Permission", "CREATE_IN_PROGRESS", ""))
			if diff := cmp.Diff(tt.live, s.lines); diff != "" {
				t.Errorf("while it works (-want +got):\n%s", diff)
			}
			v.see(resource("Api", "AWS::ApiGatewayV2::Api", "CREATE_COMPLETE", ""))
			fmt.Fprintln(v, "a word from the server")
			v.see(resource(long, "AWS::Lambda::Permission", "CREATE_FAILED", "the reason"))
			v.see(server.Progress{Stack: &server.StackResult{Changed: true, StackStatus: server.StackStatus{Status: "ROLLBACK_COMPLETE", Name: "s"}}})
			if diff := cmp.Diff(tt.want, s.lines); diff != "" {
				t.Errorf("at the end (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLiveTableTellsHowLongRowsAreUnderWay(t *testing.T) {
	s := &screen{t: t, width: 80, height: 24}
	now := time.Unix(0, 0)
	v := &progressView{w: s, live: true, size: func() (int, int) { return 80, 24 }, now: func() time.Time { return now }}
	v.see(server.Progress{Begin: &server.BeginStack{Name: "s", Operation: "CREATE", Resources: []server.PlannedChange{{LogicalID: "Api"}}}})
	v.see(resource("Api", "AWS::ApiGatewayV2::Api", "CREATE_IN_PROGRESS", ""))
	now = now.Add(75 * time.Second)
	v.redraw()
	if want := "  … CREATE_IN_PROGRESS    1m15s  Api"; len(s.lines) < 2 || !strings.HasPrefix(s.lines[1], want) {
		t.Errorf("got %q, want a line that begins with %q", s.lines, want)
	}
	v.see(server.Progress{Stack: &server.StackResult{Changed: true, StackStatus: server.StackStatus{Status: "CREATE_COMPLETE", Name: "s"}}})
	v.redraw()
	if last := s.lines[len(s.lines)-1]; last != "Stack s: CREATE_COMPLETE" {
		t.Errorf("after the end the last line is %q", last)
	}
}
