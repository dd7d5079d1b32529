package endpoint

import (
	"net/http"
	"testing"
)

func TestIsLocal(t *testing.T) {
	for _, tt := range []struct {
		remote, header string
		want           bool
	}{
		{"127.0.0.1:1", "", true},
		{"[::1]:1", "", true},
		{"[::ffff:127.0.0.1]:1", "", true},
		{"192.0.2.1:1", "", false},
		{"", "", false},
		{"127.0.0.1:1", "X-Forwarded-For", false}, // a proxy of this machine
		{"127.0.0.1:1", "Forwarded", false},
	} {
		r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{}}
		if tt.header != "" {
			r.Header.Set(tt.header, "127.0.0.1")
		}
		if got := isLocal(r); got != tt.want {
			t.Errorf("%s %s: %v", tt.remote, tt.header, got)
		}
	}
}
