package server

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAScraperReadsMetricsWithTheTokenAndNothingElse(t *testing.T) {
	s, err := New(t.Context(), Config{DataDir: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	<-s.Ready()
	file := MetricsTokenFile(s.config.DataDir)
	token, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v %v", info, err)
	}
	for _, tt := range []struct {
		name, method, path, authorization string
		want                              int
	}{
		{"the token", "GET", metricsPath, "Bearer " + string(token), 200},
		{"no token", "GET", metricsPath, "", 403},
		{"another token", "GET", metricsPath, "Bearer x" + string(token), 403},
		{"an empty token", "GET", metricsPath, "Bearer ", 403},
		{"the token for something else", "GET", "/_hakone/status", "Bearer " + string(token), 403},
		{"the token for a change", "POST", metricsPath, "Bearer " + string(token), 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, s.control.url()+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != tt.want || strings.Contains(string(body), "aws_apigateway_count_total") != (tt.want == http.StatusOK) {
				t.Errorf("got %d %s, want %d", res.StatusCode, body, tt.want)
			}
		})
	}
}

func TestAnEmptyMetricsTokenOpensNothing(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(MetricsTokenFile(folder), []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := metricsToken(folder); err == nil {
		t.Error("no error")
	}
}
