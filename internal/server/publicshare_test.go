package server

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

// A fakeFleet is what nodes share in this process. One of them leads.
type fakeFleet struct {
	mu     sync.Mutex
	leader *fakeNode
	texts  map[string]string
}

type fakeNode struct{ fleet *fakeFleet }

func (n *fakeNode) lead(ctx context.Context) (context.Context, bool) {
	n.fleet.mu.Lock()
	defer n.fleet.mu.Unlock()
	if n.fleet.leader == nil {
		n.fleet.leader = n
	}
	return ctx, n.fleet.leader == n
}

func (n *fakeNode) get(kind, name string) []byte {
	n.fleet.mu.Lock()
	defer n.fleet.mu.Unlock()
	if text, ok := n.fleet.texts[kind+" "+name]; ok {
		return []byte(text)
	}
	return nil
}

func (n *fakeNode) put(_ context.Context, kind, name string, text []byte) error {
	n.fleet.mu.Lock()
	defer n.fleet.mu.Unlock()
	if n.fleet.texts[kind+" "+name] = string(text); text == nil {
		delete(n.fleet.texts, kind+" "+name)
	}
	return nil
}

// The authority looks for the proof at a node that did not order.
func TestNodesOfAFleetShareACertificate(t *testing.T) {
	ca, fleet := newFakeCA(t), &fakeFleet{texts: map[string]string{}}
	first, second := newACMEBench(t, ca, t.TempDir(), nil, "api.example.com"), newACMEBench(t, ca, t.TempDir(), nil, "api.example.com")
	for _, b := range []*acmeBench{first, second} {
		b.public.share = &fakeNode{fleet}
		b.public.account.share = b.public.share
	}
	stop := first.run(t)
	until(t, "a certificate", func() bool { return first.public.certificate("api.example.com") != nil })
	second.run(t)
	until(t, "the other's certificate", func() bool { return second.public.certificate("api.example.com") != nil })
	_, one := first.issuer(t, "api.example.com")
	if got, other := second.issuer(t, "api.example.com"); got != "public" || !other.Equal(one) {
		t.Errorf("the second serves another: %s", got)
	}
	// What the one renews, the other serves.
	stop()
	ca.set(func() { ca.validity = 2 * ca.validity })
	if err := first.public.renew(t.Context(), "api.example.com"); err != nil {
		t.Fatal(err)
	}
	second.changes <- struct{}{}
	until(t, "the renewed certificate", func() bool {
		c := second.public.certificate("api.example.com")
		return c.Leaf.NotAfter.After(one.NotAfter.Add(time.Hour))
	})
	if got := ca.ordered(); len(got) != 2 {
		t.Errorf("ordered %q", got)
	}
	fleet.mu.Lock()
	defer fleet.mu.Unlock()
	if kept := slices.Sorted(maps.Keys(fleet.texts)); len(kept) != 2 { // the account and the certificate: no proof stays
		t.Errorf("shared %q", kept)
	}
}
