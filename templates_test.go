package hakone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/sigv4"
)

const templateResults = "testdata/templates.md"

// TestTemplatesOfAFolder deploys every template of the folder that HAKONE_TEMPLATES
// names, with stubs for the code that the templates name and that is not beside
// them, and calls every route of what it made. A template either deploys and
// answers, or stops with one list of what is not served. The outcome is the one of
// docs/compatibility.md, which -update writes:
//
//	HAKONE_TEMPLATES=DIR HAKONE_ENDPOINTS=dynamodb=URL,sqs=URL,sns=URL go test -run TestTemplatesOfAFolder . -update
func TestTemplatesOfAFolder(t *testing.T) {
	dir := os.Getenv("HAKONE_TEMPLATES")
	if dir == "" {
		t.Skip("HAKONE_TEMPLATES names no folder")
	}
	binary := filepath.Join(t.TempDir(), "hakone")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/hakone").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	deployed, renewed, all := 0, 0, 0
	for _, file := range files {
		if !slices.Contains([]string{".yaml", ".yml", ".json", ".template"}, filepath.Ext(file)) {
			continue
		}
		all++
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		outcome, ok := tryTemplate(t, binary, filepath.Base(file), text)
		if ok {
			deployed++
		}
		if m := retired.FindStringSubmatch(outcome); m != nil {
			again, ok := tryTemplate(t, binary, filepath.Base(file), bytes.ReplaceAll(text, []byte(m[1]), []byte("nodejs22.x")))
			if ok {
				renewed++
			}
			outcome = "stops: " + m[1] + " is no longer supported; with nodejs22.x it " + again
		}
		t.Logf("%s: %s", filepath.Base(file), outcome)
		fmt.Fprintf(&rows, "| %s | %s |\n", filepath.Base(file), outcome)
	}
	if all == 0 {
		t.Fatalf("HAKONE_TEMPLATES: %s holds no template", dir)
	}
	text := fmt.Sprintf("%d of %d deploy, %d more with a runtime that Lambda still has.\n\n| template | outcome |\n|---|---|\n%s", deployed, all, renewed, rows.String())
	if *update {
		if err := os.WriteFile(templateResults, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(templateResults)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("outcome (-%s +this run):\n%s", templateResults, diff)
	}
}

// tryTemplate deploys a copy of a template with stubs beside it.
func tryTemplate(t *testing.T, binary, name string, text []byte) (outcome string, deployed bool) {
	t.Helper()
	work := t.TempDir()
	copied := filepath.Join(work, name)
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	root, _, err := template.Parse(copied, text)
	if err != nil {
		return "cannot be read: " + err.Error(), false
	}
	stub(t, work, root)
	prelude := filepath.Join(work, "prelude.yaml")
	if err := os.WriteFile(prelude, []byte(preludeOf(root)), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(work, "data")
	begin := []string{"up", "--data-dir", data, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--watch=false", prelude}
	deploy := []string{"deploy", "--data-dir", data, "--yes", "--stack-name", "sample", copied}
	for _, p := range root.Get("Parameters").Keys() {
		if value, ok := parameterFor(p, root.Get("Parameters").Get(p)); ok {
			deploy = append(deploy, "--parameter-overrides", p+"="+value)
		}
	}
	for endpoint := range strings.SplitSeq(os.Getenv("HAKONE_ENDPOINTS"), ",") {
		if endpoint != "" {
			begin = append(begin, "--service-endpoint", endpoint)
		}
	}
	up := exec.Command(binary, begin...)
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = up.Process.Signal(syscall.SIGINT); _ = up.Wait() }()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, ready := statusOf(binary, data, "prelude"); ready {
			break
		}
		if time.Now().After(deadline) {
			return "is not ready after two minutes", false
		}
	}
	if out, err := exec.Command(binary, deploy...).CombinedOutput(); err != nil {
		return refusalOf(string(out)), false
	}
	status, _ := statusOf(binary, data, "sample")
	return answersOf(t, status), true
}

var (
	unserved = regexp.MustCompile(`These resource types are not served here: \[(.*)\]`)
	retired  = regexp.MustCompile(`The runtime parameter of (\S+) is no longer supported`)
	failed   = regexp.MustCompile(`(?s)hakone: stack sample is in \S+: .*?\n(.*)`)
)

// refusalOf words why a deployment stopped.
func refusalOf(said string) string {
	if m := unserved.FindStringSubmatch(said); m != nil {
		return "stops: not served are " + m[1]
	}
	if m := failed.FindStringSubmatch(said); m != nil {
		said = m[1]
	}
	for line := range strings.Lines(strings.TrimSpace(said)) {
		if !strings.HasSuffix(strings.TrimSpace(line), "cancelled") && !strings.Contains(line, "warning:") {
			return "stops: " + strings.ReplaceAll(strings.TrimSpace(line), "|", "\\|")
		}
	}
	return "stops"
}

type folderStatus struct {
	control, https, region, caFile string
	apis                           []string
	credentials                    sigv4.Credentials
}

// statusOf returns what runs, once a stack is complete.
func statusOf(binary, data, stack string) (folderStatus, bool) {
	ask := func(into any, words ...string) bool {
		out, err := exec.Command(binary, append(words, "--data-dir", data, "--output", "json")...).Output()
		return err == nil && json.Unmarshal(out, into) == nil
	}
	var status struct {
		Control, HTTPS, Region string
		APIs                   []struct{ ID string }
		Stacks                 []struct{ Name, Status string }
	}
	if !ask(&status, "status") || !slices.ContainsFunc(status.Stacks, func(s struct{ Name, Status string }) bool {
		return s.Name == stack && s.Status == "CREATE_COMPLETE"
	}) {
		return folderStatus{}, false
	}
	variables := map[string]string{}
	if !ask(&variables, "env") {
		return folderStatus{}, false
	}
	out := folderStatus{control: status.Control, https: status.HTTPS, region: status.Region, caFile: variables["AWS_CA_BUNDLE"]}
	for _, a := range status.APIs {
		out.apis = append(out.apis, a.ID)
	}
	out.credentials = sigv4.Credentials{AccessKeyID: variables["AWS_ACCESS_KEY_ID"], SecretAccessKey: variables["AWS_SECRET_ACCESS_KEY"], SessionToken: variables["AWS_SESSION_TOKEN"]}
	return out, true
}

// call sends a signed request and returns status and body.
func (s *folderStatus) call(service, method, address string) (int, []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return 0, nil
	}
	signer := sigv4.Signer{Service: service, Region: s.region}
	if signer.SignHTTP(r, s.credentials, time.Now()) != nil {
		return 0, nil
	}
	answer, err := insecure.Do(r)
	if err != nil {
		return 0, nil
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, body
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// answersOf calls every route of every stage.
func answersOf(t *testing.T, s folderStatus) string {
	t.Helper()
	statuses := map[int]int{}
	for _, id := range s.apis {
		var stages struct{ Items []struct{ StageName string } }
		var routes struct{ Items []struct{ RouteKey string } }
		for path, into := range map[string]any{"stages": &stages, "routes": &routes} {
			if status, body := s.call("apigateway", http.MethodGet, s.control+"/v2/apis/"+id+"/"+path); status != http.StatusOK || json.Unmarshal(body, into) != nil {
				t.Errorf("%s of %s: %d %s", path, id, status, body)
			}
		}
		for _, stage := range stages.Items {
			for _, route := range routes.Items {
				method, path, ok := strings.Cut(route.RouteKey, " ")
				if !ok {
					method, path = http.MethodGet, "/"
				}
				if method == "ANY" {
					method = http.MethodGet
				}
				path = variable.ReplaceAllString(path, "x")
				status, _ := s.call("execute-api", method, s.https+"/_aws/execute-api/"+id+"/"+stage.StageName+path)
				statuses[status]++
			}
		}
	}
	var parts []string
	for _, status := range slices.Sorted(mapsKeys(statuses)) {
		parts = append(parts, fmt.Sprintf("%d × %d", statuses[status], status))
	}
	if parts == nil {
		return "deploys; it has no routes to call"
	}
	return "deploys; its routes answer: " + strings.Join(parts, ", ")
}
