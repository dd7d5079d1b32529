//go:build conformance

package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestArticleCommandsUnchanged runs the article's commands inside the instance:
// PyPI's awscurl and curl, by the name that the API has on AWS.
func TestArticleCommandsUnchanged(t *testing.T) {
	s := start(t)
	url := "https://" + s.status.APIs[0].ID + ".execute-api." + s.status.Region + ".amazonaws.com/"
	inside := func(args ...string) string {
		t.Helper()
		command := exec.Command(s.binary, append([]string{"ssh", "--data-dir", s.dataDir, "Ec2Instance", "--"}, args...)...)
		command.Env = append(os.Environ(), "PATH="+filepath.Dir(client(t, "awscurl", s.binary))+":"+os.Getenv("PATH"))
		out, err := command.CombinedOutput()
		if strings.Contains(string(out), "no namespaces") {
			t.Skipf("this machine gives no namespaces: %s", out)
		}
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if which := inside("sh", "-c", "command -v awscurl"); strings.Contains(which, "/run/hakone") {
		t.Fatalf("awscurl is our own: %s", which)
	}
	if got := strings.TrimSpace(inside("awscurl", "--service", "execute-api", "--region", s.status.Region, url)); got != "Hello, World" {
		t.Errorf("awscurl prints %q", got)
	}
	unsigned := inside("curl", "-v", url)
	for _, want := range []string{"SSL certificate verify ok", "< HTTP/2 403", `{"message":"Forbidden"}`} {
		if !strings.Contains(unsigned, want) {
			t.Errorf("curl -v without a signature does not print %q:\n%s", want, unsigned)
		}
	}
	script := `import urllib.request, urllib.error
try: urllib.request.urlopen("` + url + `")
except urllib.error.HTTPError as e: print(e.code)`
	if got := strings.TrimSpace(inside("python3", "-c", script)); got != "403" {
		t.Errorf("Python prints %q", got)
	}
}
