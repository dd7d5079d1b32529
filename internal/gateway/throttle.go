package gateway

import (
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// A bucket is a token bucket: each request takes a token, and rate tokens a
// second flow in, up to burst.
type bucket struct {
	rate, burst float64

	mu     sync.Mutex
	tokens float64
	filled time.Time
}

// take takes a token, if there is one.
func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.filled.IsZero() {
		b.filled, b.tokens = now, b.burst
	}
	if d := now.Sub(b.filled); d > 0 {
		b.tokens = math.Min(b.burst, b.tokens+d.Seconds()*b.rate)
		b.filled = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// AWS's limits of an account, which fill in what a stage leaves open.
const (
	accountRate  = 10_000
	accountBurst = 5_000
)

// compileThrottle returns the bucket of a route, or nil where the stage limits
// nothing. Routes without settings of their own share the stage's. A bucket
// whose settings did not change is kept, so that a deployment does not fill it.
func compileThrottle(old, kept map[string]*bucket, s *stage, routeKey string, served *apigatewayv2.Stage) *bucket {
	settings, key := served.DefaultRouteSettings, s.api.id+"/"+s.name
	if own, ok := served.RouteSettings[routeKey]; ok && (own.ThrottlingRateLimit != nil || own.ThrottlingBurstLimit != nil) {
		settings, key = own, key+"/"+routeKey
	}
	if settings.ThrottlingRateLimit == nil && settings.ThrottlingBurstLimit == nil {
		return nil
	}
	b := &bucket{rate: accountRate, burst: accountBurst}
	if settings.ThrottlingRateLimit != nil {
		b.rate = *settings.ThrottlingRateLimit
	}
	if settings.ThrottlingBurstLimit != nil {
		b.burst = float64(*settings.ThrottlingBurstLimit)
	}
	if b.rate == 0 {
		b.burst = 0 // an explicit 0 refuses every call
	}
	for _, m := range []map[string]*bucket{kept, old} {
		if known := m[key]; known != nil && known.rate == b.rate && known.burst == b.burst {
			b = known
			break
		}
	}
	kept[key] = b
	return b
}

// throttle takes a token of the route.
func (x *exchange) throttle() error {
	if b := x.target.bucket; b != nil && !b.take(x.start) {
		return refuseWith(http.StatusTooManyRequests, "the route's rate or burst limit is used up")
	}
	return nil
}
