package http1

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestNoHandshakeIsTold(t *testing.T) {
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1", "other"}, Certificates: certificates.TLS.Certificates}
	for _, tt := range []struct {
		name   string
		sent   string // in place of a handshake
		client *tls.Config
		answer string
		told   string
	}{
		{name: "HTTP", sent: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer: "HTTP/1.0 400 Bad Request", told: "it speaks HTTP, and TLS is expected"},
		{name: "junk", sent: "\x00\x01\x02\x03\x04\x05\x06", told: "it speaks no TLS"},
		{name: "an old version", client: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true}, told: "client offered only unsupported versions"},
		{name: "a client that trusts others", client: &tls.Config{ServerName: "a", MinVersion: tls.VersionTLS12}},
		{name: "a client that goes away", sent: "\x16"},
		{name: "a handshake with another protocol", client: &tls.Config{NextProtos: []string{"other"}, MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}},
		{name: "nothing", told: "its TLS handshake came too slowly"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []string
				server := &Server{
					Handler: http.HandlerFunc(echo), TLS: config, HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeader: 4096,
					Log: slog.New(slog.DiscardHandler), Unread: func(_ net.Addr, reason string) { told = append(told, reason) },
				}
				client, theirs := net.Pipe()
				server.start(theirs)
				var answer string
				switch {
				case tt.client != nil:
					c := tls.Client(client, tt.client)
					if c.HandshakeContext(context.Background()) == nil {
						text, _ := io.ReadAll(c)
						answer = string(text)
					}
					_ = client.Close()
				case tt.sent == "\x16":
					_, _ = io.WriteString(client, tt.sent)
					_ = client.Close()
				default:
					go func() { _, _ = io.WriteString(client, tt.sent) }()
					text, _ := io.ReadAll(client)
					answer = string(text)
					_ = client.Close()
				}
				server.served.Wait()
				if !strings.HasPrefix(answer, tt.answer) || tt.answer == "" && tt.client != nil && answer != "" {
					t.Errorf("answered %q", answer)
				}
				if got := strings.Join(told, "; "); !strings.Contains(got, tt.told) || tt.told == "" && got != "" {
					t.Errorf("told %q, want %q", got, tt.told)
				}
			})
		})
	}
}
