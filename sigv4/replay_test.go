package sigv4

import (
	"context"
	"encoding/binary"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func replayID(n int) (id [32]byte) {
	binary.LittleEndian.PutUint64(id[:], uint64(n))
	return id
}

func TestReplayCacheForgetsWhatIsOver(t *testing.T) {
	c, end := new(ReplayCache), testTime.Add(5*time.Minute)
	steps := []struct {
		fact string
		id   int
		now  time.Time
		want replay
		size int
	}{
		{"first time", 1, testTime, replayNew, 1},
		{"second time", 1, testTime, replaySeen, 1},
		{"another", 2, testTime, replayNew, 2},
		{"at the last moment", 1, end, replaySeen, 2},
		{"long after all is over", 1, end.Add(2 * time.Minute), replayNew, 1},
	}
	for _, s := range steps {
		if got := c.add(replayID(s.id), end, s.now); got != s.want || c.Len() != s.size {
			t.Errorf("%s: %v with %d entries, want %v with %d", s.fact, got, c.Len(), s.want, s.size)
		}
	}
}

func TestReplayCacheIsBounded(t *testing.T) {
	c := &ReplayCache{Max: 100}
	for i := range 100 {
		if got := c.add(replayID(i), testTime.Add(time.Duration(i)*time.Second), testTime); got != replayNew {
			t.Fatalf("entry %d: %v", i, got)
		}
	}
	if got := c.add(replayID(100), testTime.Add(time.Hour), testTime); got != replayFull {
		t.Errorf("entry above the bound: %v", got)
	}
	if got := c.add(replayID(7), testTime.Add(7*time.Second), testTime); got != replaySeen {
		t.Errorf("known entry in a full cache: %v", got)
	}
	if got := c.add(replayID(100), testTime.Add(time.Hour), testTime.Add(time.Minute)); got != replayNew {
		t.Errorf("when some are over: %v", got)
	}

	v := testVerifier()
	v.Replay = &ReplayCache{Max: 1}
	if _, err := verify(v, newForgery(false).forge(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(v, newForgery(true).forge(t)); reasonOf(err) != Busy {
		t.Errorf("full cache: %v", err)
	}
}

func TestOnlyOneOfManyReplaysIsAccepted(t *testing.T) {
	v := testVerifier()
	v.Replay = new(ReplayCache)
	r := newForgery(false).forge(t)
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			mine := *r
			if _, err := v.Verify(context.Background(), &mine); err == nil {
				accepted.Add(1)
			}
		})
	}
	wg.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d of 8 accepted", n)
	}
}

func BenchmarkVerifyWithReplayCache(b *testing.B) {
	v := testVerifier()
	requests := make([]*Request, 1000)
	for i := range requests {
		requests[i] = sign(b, testSigner(), &Request{Method: "GET", Host: "h", Path: "/" + strconv.Itoa(i)}, longTerm, testTime)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(requests) == 0 {
			v.Replay = new(ReplayCache)
		}
		if _, err := v.Verify(context.Background(), requests[i%len(requests)]); err != nil {
			b.Fatal(err)
		}
	}
}
