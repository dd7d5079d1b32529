package server

import (
	"net/netip"
	"testing"
)

func TestReachable(t *testing.T) {
	tests := []struct{ name, listener, at, want string }{
		{"an address of its own stays", "10.0.0.11:4566", "127.0.0.1", "10.0.0.11:4566"},
		{"loopback stays", "127.0.0.1:4566", "10.0.0.11", "127.0.0.1:4566"},
		{"every address", "[::]:4566", "10.0.0.11", "10.0.0.11:4566"},
		{"every address of IPv4", "0.0.0.0:4566", "127.0.0.1", "127.0.0.1:4566"},
		{"seen over IPv6", "[::]:4566", "fd00::11", "[fd00::11]:4566"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := reachable(tt.listener, netip.MustParseAddr(tt.at)); got != tt.want {
				t.Errorf("reachable(%q, %s) = %q, want %q", tt.listener, tt.at, got, tt.want)
			}
		})
	}
}
