package server

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

const metricsPath = "/_hakone/metrics"

// MetricsTokenFile returns the file with the token that opens the metrics, and
// nothing else, to a scraper that cannot sign requests, as Prometheus cannot. Only
// the data directory's owner reads it.
func MetricsTokenFile(dataDir string) string { return filepath.Join(dataDir, "metrics-token") }

// metricsToken returns the hash of the token, which it makes where there is none.
func metricsToken(dataDir string) (hash [sha256.Size]byte, err error) {
	text, err := os.ReadFile(MetricsTokenFile(dataDir))
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		err = writeFile(MetricsTokenFile(dataDir), text)
	}
	token := strings.TrimSpace(string(text))
	if err == nil && token == "" {
		err = errors.New("the file metrics-token is empty: remove it, and start again")
	}
	return sha256.Sum256([]byte(token)), err
}

// withMetricsToken answers requests for metrics that bear the token.
func (s *Server) withMetricsToken(operator http.Handler) http.Handler {
	metrics := s.metrics()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || r.URL.Path != metricsPath || r.Method != http.MethodGet {
			operator.ServeHTTP(w, r)
			return
		}
		want, err := metricsToken(s.config.DataDir)
		if err != nil {
			s.log.WarnContext(r.Context(), "the token of the metrics cannot be read", "error", err)
		}
		given := sha256.Sum256([]byte(strings.TrimSpace(token)))
		if err != nil || subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
			writeProblem(w, http.StatusForbidden, &ProblemError{Code: "AccessDenied", Message: "this is not the token of the file metrics-token in the data directory"})
			return
		}
		metrics.ServeHTTP(w, r)
	})
}
