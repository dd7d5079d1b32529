package lambda

import "time"

// A Clock tells the time by which asynchronous calls are tried again and grow
// old.
type Clock interface {
	Now() time.Time
	// After returns a channel that gets a value when d has passed.
	After(d time.Duration) <-chan time.Time
}

type wallClock struct{}

func (wallClock) Now() time.Time                         { return time.Now() }
func (wallClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// ScaledClock returns a clock by which waiting takes scale times as long: with
// 0.001 the minute before a second try is 60 ms. The scale is more than 0.
func ScaledClock(scale float64) Clock { return scaledClock{time.Now(), scale} }

type scaledClock struct {
	since time.Time
	scale float64
}

func (c scaledClock) Now() time.Time {
	return c.since.Add(time.Duration(float64(time.Since(c.since)) / c.scale))
}

func (c scaledClock) After(d time.Duration) <-chan time.Time {
	return time.After(time.Duration(float64(d) * c.scale))
}
