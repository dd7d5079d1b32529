package trace

import (
	"sync"
)

// A Log holds the traces of recent requests, refused ones apart from answered
// ones, so that a thousand good requests do not push out the bad one that
// somebody asks about. Its zero value keeps 1,000 of each and 8 MiB in all. It
// is safe for concurrent use.
type Log struct {
	Count int   // of each kind; 0 means 1,000
	Bytes int64 // in all, estimated; 0 means 8 MiB

	mu       sync.Mutex
	seq      uint64
	answered ring
	refused  ring
}

// ring is a queue that drops its oldest entries.
type ring struct {
	entries []entry // oldest first, from head on
	head    int
	bytes   int64
}

type entry struct {
	r    *Request
	seq  uint64
	size int64
}

// Record masks what must not be kept and adds r, which is the log's from then on:
// its memory is used again when it is dropped.
func (l *Log) Record(r *Request) {
	mask(r)
	size := estimate(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	q := &l.answered
	if r.Denied() {
		q = &l.refused
	}
	q.push(entry{r, l.seq, size})
	count, bytes := l.Count, l.Bytes
	if count == 0 {
		count = 1000
	}
	if bytes == 0 {
		bytes = 8 << 20
	}
	for q.len() > count || q.bytes > bytes/2 && q.len() > 1 {
		recycle(q.drop())
	}
}

// Find returns a copy of the trace with the given request ID, or nil.
func (l *Log) Find(id string) *Request {
	return l.latest(func(r *Request) bool { return r.ID == id })
}

// Last returns a copy of the latest trace, or nil.
func (l *Log) Last() *Request {
	return l.latest(func(*Request) bool { return true })
}

// LastDenied returns a copy of the latest trace of a request that was refused or failed,
// or nil.
func (l *Log) LastDenied() *Request {
	return l.latest((*Request).Denied)
}

// Recent returns copies of at most n traces, latest first.
func (l *Log) Recent(n int) []*Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, b := l.answered.live(), l.refused.live()
	var out []*Request
	for len(out) < n && len(a)+len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[len(a)-1].seq > b[len(b)-1].seq {
			out, a = append(out, a[len(a)-1].r.clone()), a[:len(a)-1]
		} else {
			out, b = append(out, b[len(b)-1].r.clone()), b[:len(b)-1]
		}
	}
	return out
}

// latest returns a copy of the latest trace for which ok holds, or nil.
func (l *Log) latest(ok func(*Request) bool) *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found entry
	for _, q := range []*ring{&l.answered, &l.refused} {
		live := q.live()
		for i := len(live) - 1; i >= 0 && live[i].seq > found.seq; i-- {
			if ok(live[i].r) {
				found = live[i]
				break
			}
		}
	}
	return found.r.clone()
}

func (q *ring) len() int      { return len(q.entries) - q.head }
func (q *ring) live() []entry { return q.entries[q.head:] }

func (q *ring) push(e entry) {
	if q.head > 64 && q.head > len(q.entries)/2 {
		n := copy(q.entries, q.entries[q.head:])
		clear(q.entries[n:])
		q.entries, q.head = q.entries[:n], 0
	}
	q.entries = append(q.entries, e)
	q.bytes += e.size
}

func (q *ring) drop() *Request {
	r := q.entries[q.head].r
	q.bytes -= q.entries[q.head].size
	q.entries[q.head] = entry{}
	q.head++
	return r
}

// estimate returns about how many bytes r holds. An explanation is built of
// the caller's policies, so its statements count.
func estimate(r *Request) int64 {
	n := int64(1024 + len(r.ID) + len(r.Path) + len(r.Host) + len(r.UserAgent))
	for _, s := range r.Steps {
		n += int64(64 + len(s.Detail))
	}
	if s := r.Signature; s != nil {
		n += int64(256 + len(s.CanonicalRequest) + len(s.StringToSign) + len(s.Message))
		for _, h := range s.SignedHeaders {
			n += int64(16 + len(h))
		}
	}
	if a := r.Authorization; a != nil {
		n += int64(128 + len(a.Resource))
		if a.Explanation != nil {
			n += 8 << 10
		}
	}
	if i := r.Integration; i != nil {
		n += int64(128 + len(i.Error) + len(i.Target))
	}
	return n
}
