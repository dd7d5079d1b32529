package awscurl

import (
	"strings"
	"testing"
)

func TestNetrcEntries(t *testing.T) {
	const file = `# of tests
machine other.example.com login bob password b0b
macdef init
machine api.example.com login macro password macro

machine api.example.com
	login ada account x
	password "s3cret"
machine API2.example.com login eve
default login anonymous password guest
machine late.example.com login late password late
`
	for host, want := range map[string]string{
		"other.example.com": "bob:b0b",
		"api.example.com":   "ada:s3cret",
		"api2.example.com":  "eve:",
		"late.example.com":  "anonymous:guest",
	} {
		if got := netrcEntry(file, host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
	if got := netrcEntry("machine a login b password c", "d"); got != "" {
		t.Errorf("an unknown host: %q", got)
	}
}

func TestNetrc(t *testing.T) {
	files := map[string]string{".netrc": "machine 127.0.0.1 login ada password s3cret\n"}
	t.Run("is not read for signed requests", func(t *testing.T) {
		r := record(t)
		invoke(t, surrounding{env: testKeys, files: files}, r.url+"/p")
		if got := r.last(t).get("Authorization"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 ") {
			t.Errorf("Authorization %q", got)
		}
	})
	t.Run("gives the password where -n asks and nothing is signed", func(t *testing.T) {
		r := record(t)
		status, stdout, stderr := invoke(t, surrounding{files: files}, "-v", "--trace", "-", "-n", "--no-sign-request", r.url+"/p")
		if got := r.last(t).get("Authorization"); status != 0 || got != "Basic YWRhOnMzY3JldA==" {
			t.Errorf("exit status %d, Authorization %q: %s", status, got, stderr)
		}
		for _, secret := range []string{"s3cret", "YWRhOnMzY3JldA"} {
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("%s is printed:\n%s%s", secret, stdout, stderr)
			}
		}
	})
	t.Run("is refused beside a signature", func(t *testing.T) {
		if status, _, stderr := invoke(t, surrounding{env: testKeys, files: files}, "-n", "http://127.0.0.1:1/"); status != exitUsage || !strings.Contains(stderr, "--no-sign-request") {
			t.Errorf("exit status %d: %s", status, stderr)
		}
	})
	t.Run("that is missing is a read error", func(t *testing.T) {
		if status, _, stderr := invoke(t, surrounding{}, "-n", "--no-sign-request", "http://127.0.0.1:1/"); status != exitRead {
			t.Errorf("exit status %d: %s", status, stderr)
		}
	})
}
