package access

import (
	"net/http"
	"testing"
)

func TestSourceIP(t *testing.T) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8", "2001:db8::1", "::ffff:192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a peer that nobody trusts is the source, whatever it says", "203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		{"a trusted proxy reports the client", "10.1.2.3:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"what the client invented is left of what the proxy saw", "10.1.2.3:1", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		{"a chain of trusted proxies", "10.1.2.3:1", []string{"203.0.113.66, 198.51.100.1, 192.0.2.1", "10.4.4.4"}, "198.51.100.1"},
		{"trusted all the way is the first", "10.1.2.3:1", []string{"10.5.5.5, 10.4.4.4"}, "10.5.5.5"},
		{"a proxy that says nothing", "10.1.2.3:1", nil, "10.1.2.3"},
		{"a proxy that says nonsense leaves it unknown", "10.1.2.3:1", []string{"unknown"}, "invalid IP"},
		{"with a port", "10.1.2.3:1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"IPv6", "[2001:db8::1]:1", []string{"[2001:db8::2]:4711"}, "2001:db8::2"},
		{"a mapped address is IPv4", "[::ffff:10.1.2.3]:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
	}
	for _, tt := range tests {
		if got := proxies.SourceIP(tt.peer, http.Header{"X-Forwarded-For": tt.forwarded}).String(); got != tt.want {
			t.Errorf("%s: SourceIP(%s, %q) = %s, want %s", tt.name, tt.peer, tt.forwarded, got, tt.want)
		}
		if got := Proxies(nil).SourceIP(tt.peer, http.Header{"X-Forwarded-For": tt.forwarded}); !got.IsValid() || got.String() == "198.51.100.1" {
			t.Errorf("%s: without trusted proxies SourceIP = %s, want the peer", tt.name, got)
		}
	}
	if _, err := ParseProxies([]string{"proxy.example"}); err == nil {
		t.Error("a host name was taken for a proxy")
	}
}
