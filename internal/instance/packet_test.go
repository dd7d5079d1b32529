package instance

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// sums reports whether the checksums of a packet are right.
func sums(p packet) bool {
	payload, pseudo := p.payload(), uint32(0)
	if p.protocol() != protocolICMP {
		pseudo = uint32(p.protocol()) + uint32(len(payload))
		for i := 12; i < 20; i += 2 {
			pseudo += uint32(binary.BigEndian.Uint16(p[i:]))
		}
	}
	return checksum(p[:20], 0) == 0 && checksum(payload, pseudo) == 0
}

func TestPacketsThatAreMade(t *testing.T) {
	inside, beyond := netip.MustParseAddrPort("10.0.0.10:1234"), netip.MustParseAddrPort("203.0.113.9:53")
	for _, text := range []string{"", "odd", "even"} {
		d := datagram(beyond, inside, []byte(text))
		p, ok := parse(d)
		if !ok || !sums(p) || p.source() != beyond || p.target() != inside || string(p.payload()[8:]) != text {
			t.Errorf("datagram %q: %v %x", text, ok, d)
		}
		u := p.unreachable(unreachableProhibited)
		if _, ok := parse(u); !ok || !sums(u) || u.source().Addr() != inside.Addr() || u.payload()[0] != 3 || u.payload()[1] != 13 {
			t.Errorf("unreachable: %x", u)
		}
	}
	syn := newPacket(protocolTCP, inside.Addr(), beyond.Addr(), 20)
	binary.BigEndian.PutUint16(syn.payload(), inside.Port())
	binary.BigEndian.PutUint16(syn.payload()[2:], beyond.Port())
	binary.BigEndian.PutUint32(syn.payload()[4:], 41)
	r := syn.reset()
	if !sums(r) || r.source() != beyond || r.target() != inside || binary.BigEndian.Uint32(r.payload()[8:]) != 42 || r.flags() != flagRST|flagACK {
		t.Errorf("reset: %x", r)
	}
	syn.readdress(beyond, inside)
	if !sums(syn) || syn.source() != beyond || syn.target() != inside {
		t.Errorf("other addresses: %x", syn)
	}
}

func FuzzPackets(f *testing.F) {
	f.Add([]byte(datagram(netip.MustParseAddrPort("203.0.113.9:53"), netip.MustParseAddrPort("10.0.0.10:1234"), []byte("x"))))
	f.Add([]byte(newPacket(protocolTCP, netip.MustParseAddr("10.0.0.10"), netip.MustParseAddr("203.0.113.9"), 20)))
	f.Add(append([]byte{0x4f, 0, 0, 68}, make([]byte, 64)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := parse(b)
		if !ok {
			return
		}
		for _, made := range []packet{p.unreachable(1), p.reset()} {
			if _, ok := parse(made); !ok || !sums(made) {
				t.Errorf("%x makes %x", b, made)
			}
		}
		if p.protocol() == protocolTCP {
			_ = p.flags()
			p.readdress(p.target(), p.source())
		}
	})
}
