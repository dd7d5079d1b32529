package access

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses of proxies whose X-Forwarded-For is believed. The
// zero value believes nobody.
type Proxies []netip.Prefix

// ParseProxies reads addresses and CIDR blocks.
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, text := range list {
		if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		block, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a CIDR block such as 10.0.0.0/8", text)
		}
		out = append(out, block.Masked())
	}
	return out, nil
}

func (p Proxies) trusts(addr netip.Addr) bool {
	for _, block := range p {
		if block.Contains(addr) {
			return true
		}
	}
	return false
}

// SourceIP returns the address that a request comes from: the peer's, unless the
// peer is a trusted proxy. Then it is the last address of X-Forwarded-For that is
// no trusted proxy's own, since everything left of it is the client's to invent.
// Where a trusted proxy reports what is no address, nobody knows, and the result
// is not valid.
func (p Proxies) SourceIP(remoteAddr string, h http.Header) netip.Addr {
	peer, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	if !p.trusts(addr) {
		return addr
	}
	chain := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	for i := len(chain) - 1; i >= 0 && p.trusts(addr); i-- {
		hop := strings.TrimSpace(chain[i])
		if hop == "" {
			continue
		}
		if addr = forwarded(hop); !addr.IsValid() {
			return addr
		}
	}
	return addr
}

// forwarded reads an entry of X-Forwarded-For; some proxies add a port.
func forwarded(hop string) netip.Addr {
	if addr, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return addr.Unmap().WithZone("")
	}
	if both, err := netip.ParseAddrPort(hop); err == nil {
		return both.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
