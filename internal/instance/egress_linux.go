package instance

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bounds of what a session has open beyond it.
const (
	maxStreams   = 2048
	maxDatagrams = 512
	firstPort    = 20000 // of streams
	dialTime     = 20 * time.Second
	lingering    = 40 * time.Second
	datagramIdle = time.Minute
	maxDatagram  = 65507
)

// The addresses that carry what leaves the instance.
var (
	peerAddress     = netip.MustParseAddr("192.0.0.8")       // whom the instance's own TCP takes for the other side (RFC 7600)
	resolverAddress = netip.MustParseAddr("169.254.169.253") // of Amazon's DNS
)

// An egress carries packets of an instance to what it may reach. TCP needs no
// stack of ours: a packet to somewhere comes out of the interface, gets other
// addresses and goes back in, to a listener inside that this process has. So the
// kernel's TCP ends the stream, and what is read from it goes where the packet was
// for. Datagrams are sent as they are.
type egress struct {
	device   *os.File
	listener net.Listener   // inside
	own      netip.AddrPort // of the listener
	allows   func(network string, to netip.AddrPort) bool
	resolver string // of this machine

	mu        sync.Mutex
	streams   map[flow]*stream
	ports     map[uint16]*stream
	next      uint16
	datagrams map[flow]net.Conn
	running   sync.WaitGroup
}

type flow struct{ from, to netip.AddrPort }

// A stream is one connection from inside.
type stream struct {
	flow
	port     uint16   // of peerAddress
	outside  net.Conn // nil while it is opened
	accepted bool     // inside
	ended    bool     // what is left are the last segments of both sides
}

// startEgress carries until stop is called. Nothing more is let out when ctx is
// done.
func startEgress(ctx context.Context, device *os.File, listener net.Listener, allows func(string, netip.AddrPort) bool) (stop func(), err error) {
	own, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	e := &egress{
		device: device, listener: listener, own: own, allows: allows, resolver: resolver("/etc/resolv.conf"),
		streams: map[flow]*stream{}, ports: map[uint16]*stream{}, datagrams: map[flow]net.Conn{},
	}
	ctx, cancel := context.WithCancel(ctx)
	e.running.Go(func() { e.read(ctx) })
	e.running.Go(func() { e.accept(ctx) })
	return func() {
		cancel()
		_ = errors.Join(device.Close(), listener.Close())
		e.mu.Lock()
		for _, c := range e.datagrams {
			_ = c.Close()
		}
		e.mu.Unlock()
		e.running.Wait()
	}, nil
}

// resolver is the first name server of this machine.
func resolver(file string) string {
	f, err := os.Open(file) //nolint:gosec // a fixed path
	if err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "nameserver" {
				return net.JoinHostPort(fields[1], "53")
			}
		}
	}
	return "127.0.0.1:53"
}

// read takes what leaves the instance.
func (e *egress) read(ctx context.Context) {
	b := make([]byte, 1<<16)
	for {
		n, err := e.device.Read(b)
		if err != nil {
			return
		}
		p, ok := parse(b[:n])
		if !ok {
			continue
		}
		switch p.protocol() {
		case protocolTCP:
			e.segment(ctx, p)
		case protocolUDP:
			e.datagram(ctx, p)
		default:
			e.write(p.unreachable(unreachableProhibited))
		}
	}
}

func (e *egress) write(p packet) { _, _ = e.device.Write(p) } // one that is lost is sent again

// segment gives a segment its other addresses.
func (e *egress) segment(ctx context.Context, p packet) {
	from, to := p.source(), p.target()
	e.mu.Lock()
	defer e.mu.Unlock()
	if from == e.own && to.Addr() == peerAddress {
		if s := e.ports[to.Port()]; s != nil {
			p.readdress(s.to, s.from)
			e.write(p)
		}
		return
	}
	s := e.streams[flow{from, to}]
	opening := p.flags()&(flagSYN|flagACK) == flagSYN
	switch {
	case opening && (s == nil || s.ended):
		e.open(ctx, p)
	case s != nil && s.outside != nil:
		p.readdress(netip.AddrPortFrom(peerAddress, s.port), e.own)
		e.write(p)
	}
}

// open connects with what a SYN is for, before the stream exists inside. The
// caller holds e.mu.
func (e *egress) open(ctx context.Context, p packet) {
	s := &stream{flow: flow{p.source(), p.target()}}
	if !e.may("tcp", s.to) {
		e.write(p.unreachable(unreachableProhibited))
		return
	}
	if len(e.ports) >= maxStreams {
		return // it is sent again
	}
	for {
		s.port = firstPort + e.next%(maxStreams*4)
		e.next++
		if e.ports[s.port] == nil {
			break
		}
	}
	e.streams[s.flow], e.ports[s.port] = s, s
	syn := slices.Clone(p)
	e.running.Go(func() { e.connect(ctx, s, syn) })
}

// connect opens the outer half, and lets the SYN in when there is one.
func (e *egress) connect(ctx context.Context, s *stream, syn packet) {
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", e.outside(s.to))
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil:
		s.outside = conn
		syn.readdress(netip.AddrPortFrom(peerAddress, s.port), e.own)
		e.write(syn)
		time.AfterFunc(lingering, func() { // a client that gave up meanwhile never comes
			e.mu.Lock()
			defer e.mu.Unlock()
			if !s.accepted {
				e.end(s)
			}
		})
		return
	case errors.Is(err, syscall.ECONNREFUSED):
		e.write(syn.reset())
	default:
		e.write(syn.unreachable(unreachableHost))
	}
	e.forget(s)
}

// accept takes the inner halves and joins them with the outer ones.
func (e *egress) accept(ctx context.Context) {
	for {
		inside, err := e.listener.Accept()
		if err != nil {
			return
		}
		from, err := netip.ParseAddrPort(inside.RemoteAddr().String())
		e.mu.Lock()
		s := e.ports[from.Port()]
		if err != nil || from.Addr() != peerAddress || s == nil || s.outside == nil || s.accepted {
			e.mu.Unlock()
			_ = inside.Close() // somebody inside who connects with the listener itself
			continue
		}
		s.accepted = true
		e.mu.Unlock()
		e.running.Go(func() {
			join(ctx, inside, s.outside)
			e.mu.Lock()
			defer e.mu.Unlock()
			e.end(s)
		})
	}
}

// end closes a stream, and forgets it when its last segments have passed. The
// caller holds e.mu.
func (e *egress) end(s *stream) {
	if s.ended {
		return
	}
	s.ended = true
	_ = s.outside.Close()
	time.AfterFunc(lingering, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.forget(s)
	})
}

// may reports whether something may be reached: never this machine's own loopback
// and link, whatever the rules are.
func (e *egress) may(network string, to netip.AddrPort) bool {
	a := to.Addr()
	if a == resolverAddress {
		return to.Port() == 53
	}
	return a.IsGlobalUnicast() && !a.IsLinkLocalUnicast() && a.As4()[0] != 0 && a.As4()[0] < 240 && e.allows(network, to)
}

// outside is where an address is seen from here.
func (e *egress) outside(to netip.AddrPort) string {
	if to.Addr() == resolverAddress {
		return e.resolver
	}
	return to.String()
}

// forget takes a stream out of the tables. The caller holds e.mu.
func (e *egress) forget(s *stream) {
	if e.streams[s.flow] == s {
		delete(e.streams, s.flow)
	}
	if e.ports[s.port] == s {
		delete(e.ports, s.port)
	}
}

// datagram sends what a packet holds.
func (e *egress) datagram(ctx context.Context, p packet) {
	f := flow{p.source(), p.target()}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn := e.datagrams[f]
	if conn == nil {
		if !e.may("udp", f.to) {
			e.write(p.unreachable(unreachableProhibited))
			return
		}
		if len(e.datagrams) >= maxDatagrams {
			return
		}
		var err error
		if conn, err = (&net.Dialer{}).DialContext(ctx, "udp", e.outside(f.to)); err != nil {
			e.write(p.unreachable(unreachableHost))
			return
		}
		e.datagrams[f] = conn
		e.running.Go(func() { e.answers(f, conn) })
	}
	_ = conn.SetReadDeadline(time.Now().Add(datagramIdle))
	_, _ = conn.Write(p.payload()[8:]) // datagrams may be lost
}

// answers carries what comes back, until nothing does.
func (e *egress) answers(f flow, conn net.Conn) {
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.datagrams, f)
		_ = conn.Close()
	}()
	b := make([]byte, maxDatagram)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		e.write(datagram(f.to, f.from, b[:n]))
	}
}
