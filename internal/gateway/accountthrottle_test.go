package gateway

import (
	"testing"
	"time"
)

func TestTheAccountsThrottleIsSharedByAllRoutes(t *testing.T) {
	now := testTime
	b := newBench(t, answer(`"ok"`), httpAPI("$default", "GET /a", "GET /b"))
	b.config.Now = func() time.Time { return now }
	b.account = &bucket{rate: 1, burst: 2}
	for i, want := range []int{200, 200, 429} {
		path := []string{"/a", "/b"}[i%2]
		if w := b.do(request(t, "GET", path, "", nil)); w.Code != want || want == 429 && w.Body.String() != `{"message":"Too Many Requests"}` {
			t.Errorf("request %d: got %d %s, want %d", i, w.Code, w.Body, want)
		}
	}
	now = now.Add(time.Second)
	if w := b.do(request(t, "GET", "/b", "", nil)); w.Code != 200 {
		t.Errorf("a second later: %d", w.Code)
	}
}

func TestParseThrottle(t *testing.T) {
	for text, want := range map[string]Throttle{"10000:5000": AccountThrottle, "0.5:1": {0.5, 1}, "0:0": {}} {
		if got, err := ParseThrottle(text); err != nil || *got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if got, err := ParseThrottle("off"); got != nil || err != nil {
		t.Errorf("off: %v, %v", got, err)
	}
	for _, text := range []string{"", "10", "a:b", "1:", "-1:1", "1:-1", "NaN:1", "Inf:1", "1:1:1"} {
		if got, err := ParseThrottle(text); err == nil {
			t.Errorf("%q was taken: %v", text, got)
		}
	}
}
