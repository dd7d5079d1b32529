package awscurl

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestRootsOfAnImageFromScratch runs itself once more where the system has no
// authorities at all: those built in serve, AWS's among them.
func TestRootsOfAnImageFromScratch(t *testing.T) {
	if os.Getenv("SSL_CERT_DIR") != "/nowhere" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRootsOfAnImageFromScratch$", "-test.v")
		again.Env = append(os.Environ(), "SSL_CERT_DIR=/nowhere", "SSL_CERT_FILE=/nowhere/file")
		if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	pool := systemOrMozilla()
	if pool == nil {
		t.Fatal("no authorities at all")
	}
	found := false
	for _, subject := range pool.Subjects() { //nolint:staticcheck // not a system pool
		found = found || strings.Contains(string(subject), "Amazon Root CA 1")
	}
	if !found {
		t.Error("Amazon Root CA 1 is missing")
	}
}
