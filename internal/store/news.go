package store

import (
	"slices"
	"sort"
)

// keepNews is how many changes can be told one by one.
const keepNews = 4096

// news is what changed in a mirror, under the mirror's lock.
type news struct {
	last    map[string]uint64 // the newest revision of each collection
	recent  []fact            // by revision
	before  uint64            // what changed up to this revision is no longer in recent
	subs    map[chan struct{}][]string
	touched map[string]bool // collections, since the last announcement
}

type fact struct {
	rev uint64
	location
}

func newNews() news {
	return news{last: map[string]uint64{}, subs: map[chan struct{}][]string{}, touched: map[string]bool{}}
}

func (n *news) add(rev uint64, l location) {
	n.last[l.collection], n.touched[l.collection] = rev, true
	if len(n.recent) == 2*keepNews {
		n.before = n.recent[keepNews-1].rev
		n.recent = append([]fact(nil), n.recent[keepNews:]...)
	}
	n.recent = append(n.recent, fact{rev, l})
}

// announce tells those who asked for a collection that was touched.
func (n *news) announce() {
	for ch, wanted := range n.subs {
		if len(wanted) > 0 && !slices.ContainsFunc(wanted, func(c string) bool { return n.touched[c] }) {
			continue
		}
		select {
		case ch <- struct{}{}:
		default: // a value is waiting already
		}
	}
	clear(n.touched)
}

// Changes returns a channel that gets a value after records of the collections
// changed, or any record if none is named; several changes may be one value. The
// function ends the subscription.
func (s *Store) Changes(collections ...string) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	m := s.mirror
	m.mu.Lock()
	defer m.mu.Unlock()
	m.news.subs[ch] = collections
	return ch, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.news.subs, ch)
	}
}

// RevisionOf returns the revision at which one of the collections changed last. It
// grows with every change of them, and with nothing else.
func (s *Store) RevisionOf(collections ...string) (revision uint64) {
	m := s.mirror
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, c := range collections {
		revision = max(revision, m.news.last[c])
	}
	return revision
}

// A Changed names a record that was changed or deleted.
type Changed struct{ Collection, Key string }

// ChangedSince returns which records of the collections changed after a revision;
// the same one maybe several times. It is false when that is too long ago.
func (s *Store) ChangedSince(revision uint64, collections ...string) ([]Changed, bool) {
	m := s.mirror
	m.mu.RLock()
	defer m.mu.RUnlock()
	n := &m.news
	if revision < n.before {
		return nil, false
	}
	var out []Changed
	first := sort.Search(len(n.recent), func(i int) bool { return n.recent[i].rev > revision })
	for _, f := range n.recent[first:] {
		if slices.Contains(collections, f.collection) {
			out = append(out, Changed{f.collection, f.key})
		}
	}
	return out, true
}
