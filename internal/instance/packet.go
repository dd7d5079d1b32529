package instance

import (
	"encoding/binary"
	"net/netip"
)

// Protocols of IPv4.
const (
	protocolICMP = 1
	protocolTCP  = 6
	protocolUDP  = 17
)

// Flags of TCP.
const (
	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// A packet is an IPv4 packet of TCP, UDP or ICMP with its header checked: it is
// as long as it says, and no fragment.
type packet []byte

// parse checks b, which may be anything.
func parse(b []byte) (packet, bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return nil, false
	}
	header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if header < 20 || total > len(b) || total < header+8 || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
		return nil, false
	}
	p := packet(b[:total])
	if p.protocol() == protocolTCP && len(p.payload()) < 20 {
		return nil, false
	}
	return p, true
}

func (p packet) protocol() byte  { return p[9] }
func (p packet) payload() []byte { return p[int(p[0]&15)*4:] }
func (p packet) flags() byte     { return p.payload()[13] } // of TCP

// source and target are those of TCP and UDP; ICMP has no ports, and what stands
// there means nothing.
func (p packet) source() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(p[12:16])), binary.BigEndian.Uint16(p.payload()))
}

func (p packet) target() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(p[16:20])), binary.BigEndian.Uint16(p.payload()[2:]))
}

// readdress gives a TCP packet another source and target.
func (p packet) readdress(source, target netip.AddrPort) {
	from, to := source.Addr().As4(), target.Addr().As4()
	copy(p[12:], from[:])
	copy(p[16:], to[:])
	segment := p.payload()
	binary.BigEndian.PutUint16(segment, source.Port())
	binary.BigEndian.PutUint16(segment[2:], target.Port())
	p.sum()
}

// sum writes the checksums.
func (p packet) sum() {
	header := p[:int(p[0]&15)*4]
	binary.BigEndian.PutUint16(header[10:], 0)
	binary.BigEndian.PutUint16(header[10:], checksum(header, 0))
	payload := p.payload()
	at, pseudo := 2, uint32(0) // of ICMP
	switch p.protocol() {
	case protocolTCP:
		at = 16
	case protocolUDP:
		at = 6
	}
	if p.protocol() != protocolICMP {
		pseudo = uint32(p.protocol()) + uint32(len(payload)) //nolint:gosec // at most 65535
		for i := 12; i < 20; i += 2 {
			pseudo += uint32(binary.BigEndian.Uint16(p[i:]))
		}
	}
	binary.BigEndian.PutUint16(payload[at:], 0)
	sum := checksum(payload, pseudo)
	if sum == 0 && p.protocol() == protocolUDP {
		sum = 0xffff // 0 means none
	}
	binary.BigEndian.PutUint16(payload[at:], sum)
}

// checksum is the Internet's (RFC 1071).
func checksum(b []byte, sum uint32) uint16 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) > 0 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// newPacket returns a packet whose payload is still to be filled.
func newPacket(protocol byte, from, to netip.Addr, payload int) packet {
	p := make(packet, 20+payload)
	p[0], p[8], p[9] = 4<<4|5, 64, protocol
	binary.BigEndian.PutUint16(p[2:], uint16(len(p))) //nolint:gosec // callers have at most 65535
	source, target := from.As4(), to.As4()
	copy(p[12:], source[:])
	copy(p[16:], target[:])
	return p
}

// datagram returns a UDP packet.
func datagram(from, to netip.AddrPort, text []byte) packet {
	p := newPacket(protocolUDP, from.Addr(), to.Addr(), 8+len(text))
	u := p.payload()
	binary.BigEndian.PutUint16(u, from.Port())
	binary.BigEndian.PutUint16(u[2:], to.Port())
	binary.BigEndian.PutUint16(u[4:], uint16(len(u))) //nolint:gosec // at most 65535
	copy(u[8:], text)
	p.sum()
	return p
}

// reset returns the refusal of a SYN.
func (p packet) reset() packet {
	r := newPacket(protocolTCP, p.target().Addr(), p.source().Addr(), 20)
	t := r.payload()
	binary.BigEndian.PutUint16(t, p.target().Port())
	binary.BigEndian.PutUint16(t[2:], p.source().Port())
	binary.BigEndian.PutUint32(t[8:], binary.BigEndian.Uint32(p.payload()[4:])+1)
	t[12], t[13] = 5<<4, flagRST|flagACK
	r.sum()
	return r
}

// Reasons why something is unreachable.
const (
	unreachableHost       = 1
	unreachableProhibited = 13
)

// unreachable returns the message that p does not reach its target.
func (p packet) unreachable(code byte) packet {
	quoted := p[:min(len(p), int(p[0]&15)*4+8)]
	r := newPacket(protocolICMP, p.target().Addr(), p.source().Addr(), 8+len(quoted))
	i := r.payload()
	i[0], i[1] = 3, code
	copy(i[8:], quoted)
	r.sum()
	return r
}
