package gateway

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
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

// A Throttle is how many requests a second are let through, and how many at
// once.
type Throttle struct {
	Rate  float64
	Burst int
}

// AccountThrottle is AWS's limit of an account. It also fills in what a stage
// leaves open.
var AccountThrottle = Throttle{Rate: 10_000, Burst: 5_000}

// ParseThrottle reads RATE:BURST, such as 10000:5000, or off, which is nil.
func ParseThrottle(text string) (*Throttle, error) {
	if text == "off" {
		return nil, nil //nolint:nilnil // no throttle is what was asked for
	}
	rate, burst, _ := strings.Cut(text, ":")
	r, err := strconv.ParseFloat(rate, 64)
	b, err2 := strconv.Atoi(burst)
	if err != nil || err2 != nil || !(r >= 0 && r <= 1e9) || b < 0 {
		return nil, fmt.Errorf("%q is neither RATE:BURST, such as 10000:5000, nor off", text)
	}
	return &Throttle{r, b}, nil
}

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
	b := &bucket{rate: AccountThrottle.Rate, burst: float64(AccountThrottle.Burst)}
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

// throttle takes a token of the account, then one of the route.
func (x *exchange) throttle() error {
	if b := x.g.account; b != nil && !b.take(x.start) {
		return refuseWith(http.StatusTooManyRequests, "the account's rate or burst limit is used up")
	}
	if b := x.target.bucket; b != nil && !b.take(x.start) {
		return refuseWith(http.StatusTooManyRequests, "the route's rate or burst limit is used up")
	}
	return nil
}
