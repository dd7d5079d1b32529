package blob

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"github.com/hakonegate/hakone/internal/engine"
)

const poolBucket = "hakone-contents"

// A Pool keeps blobs that come and go, apart from those of a [Store]: what nothing
// refers to any more is removed by [Pool.Sweep]. It is safe for concurrent use.
type Pool struct {
	store   *Store
	stream  jetstream.Stream
	reading *semaphore.Weighted // bytes

	writing  [64]sync.Mutex // by hash: a blob is put or removed by one at a time
	sweeping sync.Mutex     // before mu

	mu      sync.Mutex
	held    map[string]int  // by those who are about to refer to it
	touched map[string]bool // held at any time since the sweep under way began; nil without one
}

// OpenPool opens the pool of an engine.
func OpenPool(ctx context.Context, e *engine.Engine) (*Pool, error) {
	s, err := open(ctx, e, poolBucket, "contents of objects of hakone")
	if err != nil {
		return nil, err
	}
	stream, err := e.JetStream().Stream(ctx, "OBJ_"+poolBucket)
	if err != nil {
		return nil, fmt.Errorf("open blobs: %w", err)
	}
	return &Pool{store: s, stream: stream, reading: semaphore.NewWeighted(maxReading), held: map[string]int{}}, nil
}

// maxReading is how many bytes are read at once, or one larger blob. The embedded
// server drops a part of its files from memory when one reader has walked through it,
// but keeps for seconds what several walk through at the same time.
const maxReading = 4 << 20

// Fill reads the content, checked against its hash, into a buffer, which it fills;
// [ErrNotFound] if there is none.
func (p *Pool) Fill(ctx context.Context, hash string, buffer []byte) error {
	if p.store.shared { // Get knows how to wait for the others
		content, err := p.store.Get(ctx, hash)
		if err == nil && copy(buffer, content) != len(content) {
			err = fmt.Errorf("read blob %s: it has %d bytes, not %d", hash, len(content), len(buffer))
		}
		return err
	}
	size := min(int64(len(buffer)), maxReading)
	if err := p.reading.Acquire(ctx, size); err != nil {
		return fmt.Errorf("read blob %s: %w", hash, err)
	}
	defer p.reading.Release(size)
	from, err := p.store.objects.Get(ctx, hash)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("read blob %s: %w", hash, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read blob %s: %w", hash, err)
	}
	_, err = io.ReadFull(from, buffer)
	if err := errors.Join(err, from.Close()); err != nil {
		return fmt.Errorf("read blob %s: %w", hash, err)
	}
	if Hash(buffer) != hash {
		return fmt.Errorf("read blob %s: its content is damaged", hash)
	}
	return nil
}

// Hold returns a hold, under which blobs can be put.
func (p *Pool) Hold() *Hold { return &Hold{pool: p} }

// A Hold keeps blobs from being swept until what refers to them is recorded. It
// must be released then, and is for one goroutine.
type Hold struct {
	pool   *Pool
	hashes []string
}

// Put stores content, which is not swept before the hold is released.
func (h *Hold) Put(ctx context.Context, content []byte) (hash string, err error) {
	hash = Hash(content)
	h.Keep(hash)
	lock := h.pool.lock(hash)
	lock.Lock()
	defer lock.Unlock()
	return h.pool.store.Put(ctx, content)
}

// Keep holds a blob that has a reference after this returns.
func (h *Hold) Keep(hash string) {
	p := h.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[hash]++
	if p.touched != nil {
		p.touched[hash] = true
	}
	h.hashes = append(h.hashes, hash)
}

// Release ends the hold.
func (h *Hold) Release() {
	h.pool.mu.Lock()
	defer h.pool.mu.Unlock()
	for _, hash := range h.hashes {
		if h.pool.held[hash]--; h.pool.held[hash] == 0 {
			delete(h.pool.held, hash)
		}
	}
	h.hashes = nil
}

func (p *Pool) lock(hash string) *sync.Mutex {
	n := 0
	for _, c := range []byte(hash[max(len(hash)-2, 0):]) {
		n = n*16 + int(c)
	}
	return &p.writing[n%len(p.writing)]
}

// Sweep removes the blobs that referenced does not return and nobody holds, and
// returns how many. It calls referenced once, after which a blob can get a
// reference only under a hold, or from somebody who has one.
//
// Where other processes store too their holds are not known, so that nothing is
// removed.
func (p *Pool) Sweep(ctx context.Context, referenced func() map[string]bool) (removed int, err error) {
	if p.store.shared {
		return 0, nil
	}
	p.sweeping.Lock()
	defer p.sweeping.Unlock()
	p.mu.Lock()
	p.touched = map[string]bool{}
	for hash := range p.held {
		p.touched[hash] = true
	}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.touched = nil
		p.mu.Unlock()
	}()
	keep := referenced()
	all, err := p.store.objects.List(ctx)
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("list blobs: %w", err)
	}
	for _, info := range all {
		if keep[info.Name] {
			continue
		}
		done, err := p.remove(ctx, info.Name)
		if err != nil {
			return removed, err
		}
		if done {
			removed++
		}
	}
	return removed, nil
}

// remove removes a blob that nobody has held since the sweep began, and the mark
// that JetStream's object store leaves of it.
func (p *Pool) remove(ctx context.Context, hash string) (bool, error) {
	lock := p.lock(hash)
	lock.Lock()
	defer lock.Unlock()
	p.mu.Lock()
	touched := p.touched[hash]
	p.mu.Unlock()
	if touched {
		return false, nil
	}
	if err := p.store.Delete(ctx, hash); err != nil {
		return false, err
	}
	mark := "$O." + poolBucket + ".M." + base64.URLEncoding.EncodeToString([]byte(hash))
	if err := p.stream.Purge(ctx, jetstream.WithPurgeSubject(mark)); err != nil {
		return false, fmt.Errorf("delete blob %s: %w", hash, err)
	}
	return true, nil
}
