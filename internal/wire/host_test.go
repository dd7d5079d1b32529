package wire

import "testing"

func TestHostname(t *testing.T) {
	for host, want := range map[string]string{
		"": "", "a.example": "a.example", "a.example:443": "a.example", "127.0.0.1": "127.0.0.1", "127.0.0.1:80": "127.0.0.1",
		"[::1]": "::1", "[::1]:80": "::1", "::1": "::1", "[::1": "::1", ":80": "",
	} {
		if got := Hostname(host); got != want {
			t.Errorf("Hostname(%q) = %q, want %q", host, got, want)
		}
	}
}
