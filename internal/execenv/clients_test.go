package execenv_test

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/execenv"
)

// A clientCase is what AWS's own client did with one handler.
type clientCase struct {
	Runtime, Handler, Event, ClientContext string
	Env                                    map[string]string
	Result                                 *string
	ContentType                            string
	Streamed                               *string
	Error                                  map[string]any
	InitError                              map[string]any
	InitErrorType                          string
	Log                                    string
	ExitStatus                             *int

	group string // where our run logged to
}

func readJSONL[T any](tb testing.TB, file string) []T {
	tb.Helper()
	f, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var list []T
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			tb.Fatalf("%s: %v in %s", file, err, lines.Text())
		}
		list = append(list, v)
	}
	return list
}

// handlers makes the archive of the recorded handlers of a language.
func handlers(tb testing.TB, language string) []byte {
	tb.Helper()
	files := map[string]string{}
	root := os.DirFS("testdata/clients/handlers/" + language)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(root, name)
		files[path.Clean(name)] = string(text)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return archive(tb, files)
}

const (
	caseID    = "11111111-2222-4333-8444-555555555555"
	caseTrace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
)

// The recorded rows are what AWS's own clients did.
func TestPythonClientAnswersAsAWSs(t *testing.T) { testClient(t, "python", "python") }

// The Node rows were recorded on Node 20; the texts of newer ones differ.
func TestNodeClientAnswersAsAWSs(t *testing.T) { testClient(t, "node", "nodejs") }

func testClient(t *testing.T, language, prefix string) {
	t.Helper()
	r := start(t, nil)
	code := handlers(t, language)
	for _, c := range readJSONL[clientCase](t, "testdata/clients/clients.jsonl") {
		if !strings.HasPrefix(c.Runtime, prefix) {
			continue
		}
		name := c.Runtime + " " + c.Handler
		if len(c.Env) > 0 || c.ClientContext != "" || c.Event != "" {
			name += " " + c.Event + c.ClientContext + " " + strings.Join(envNames(c.Env), ",")
		}
		t.Run(name, func(t *testing.T) {
			if err := r.Check(c.Runtime); err != nil {
				t.Skip(err)
			}
			r.code["code"] = code
			fn := &execenv.Function{
				Name: "f", ARN: "arn:aws:lambda:us-east-1:111111111111:function:f", Version: "$LATEST", Revision: name, Region: "us-east-1",
				Runtime: c.Runtime, Handler: c.Handler, Code: "code", Timeout: 10 * time.Second, Variables: map[string]string{}, LogGroup: name,
			}
			for k, v := range c.Env {
				// The recorded runs of the Python client had no level.
				if k == "AWS_LAMBDA_LOG_FORMAT" && language == "node" {
					fn.LogFormat = v
					continue
				}
				fn.Variables[k] = v
			}
			if fn.LogFormat == "JSON" {
				fn.LogLevel = "TRACE"
			}
			event := c.Event
			if event == "" {
				event = "{}"
			}
			res, err := r.Invoke(t.Context(), fn, []byte(event), execenv.Invocation{RequestID: caseID, ClientContext: c.ClientContext, TraceID: caseTrace})
			if err != nil {
				t.Fatal(err)
			}
			c.group = name
			c.compare(t, res, r.logs.of(name))
		})
	}
}

func envNames(env map[string]string) []string {
	var names []string
	for k := range env {
		names = append(names, k)
	}
	return names
}

func (c *clientCase) compare(t *testing.T, res execenv.Result, events []string) {
	t.Helper()
	switch {
	case c.Result != nil:
		got := strings.NewReplacer(caseID, "REQUEST_ID", strconv.Quote(c.group), `"/aws/lambda/f"`).Replace(string(res.Payload))
		got = logStream.ReplaceAllString(got, `"logStreamName":"s"`)
		if want := *c.Result; got != want || res.FunctionError != "" {
			t.Errorf("result = %s %s, want %s", got, res.FunctionError, want)
		}
		if c.ContentType != "" && res.ContentType != c.ContentType {
			t.Errorf("content type = %q, want %q", res.ContentType, c.ContentType)
		}
	case c.Streamed != nil:
		if got, want := string(res.Payload), *c.Streamed; got != want {
			t.Errorf("streamed = %q, want %q", got, want)
		}
	case c.Error != nil:
		compareError(t, c.Error, res)
	case c.InitError != nil:
		compareError(t, c.InitError, res)
	case c.ExitStatus != nil:
		want := `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + caseID + ` Error: Runtime exited with error: exit status ` + strconv.Itoa(*c.ExitStatus) + `"}`
		if *c.ExitStatus == 0 {
			want = `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + caseID + ` Error: Runtime exited without providing a reason"}`
		}
		if got := string(res.Payload); got != want {
			t.Errorf("payload = %s, want %s", got, want)
		}
	}
	if c.ExitStatus == nil || c.InitError != nil {
		c.compareLog(t, events)
	}
}

func compareError(t *testing.T, want map[string]any, res execenv.Result) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(res.Payload, &got); err != nil {
		t.Fatalf("payload %s: %v", res.Payload, err)
	}
	if res.FunctionError != "Unhandled" {
		t.Errorf("function error = %q, want Unhandled", res.FunctionError)
	}
	if want["requestId"] == "REQUEST_ID" {
		want["requestId"] = caseID
	}
	for _, m := range []map[string]any{got, want} {
		for _, member := range []string{"stackTrace", "trace"} {
			if list, ok := m[member].([]any); ok {
				m[member] = own(list)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// own leaves out what is outside the function's own files: it differs between
// versions of the language.
func own(trace []any) []any {
	kept := []any{}
	for _, frame := range trace {
		text, ok := frame.(string)
		foreign := (strings.HasPrefix(text, "  File ") || strings.HasPrefix(text, "    at ")) && !strings.Contains(text, "/var/task/")
		if ok && !foreign {
			kept = append(kept, frame)
		}
	}
	return kept
}

var (
	// Frames of Node itself, within a stack in JSON.
	nodeFrame = regexp.MustCompile(`,"    at [^"]*node:[^"]*"`)
	logStream = regexp.MustCompile(`"logStreamName":"[^"]*"`)
	timeMS    = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)
	timeSec   = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
)

// compareLog compares what the client wrote, between the platform's lines. Our
// client sends an error as one event with line feeds, as AWS's does over its
// descriptor; the recorded runs wrote to standard output, where it has CRs.
func (c *clientCase) compareLog(t *testing.T, events []string) {
	t.Helper()
	var lines []string
	seen := map[string]bool{}
	for _, e := range events {
		if platformLine(e) || c.InitError != nil && seen[mask(e)] {
			continue // a failed init runs twice
		}
		if strings.Contains(e, "RuntimeWarning") || strings.Contains(e, "channel.send(") {
			continue // Python's own, after the answer
		}
		seen[mask(e)] = true
		lines = append(lines, e)
	}
	got, want := mask(strings.Join(lines, "")), mask(c.Log)
	if begin, ok := strings.CutSuffix(want, "…"); ok {
		if !strings.HasPrefix(got, begin) {
			t.Errorf("log = %q, want it to begin with %q", got, want)
		}
		return
	}
	if c.InitError != nil && c.InitErrorType == "Exception" {
		got, _, _ = strings.Cut(got, "Traceback")
		want, _, _ = strings.Cut(want, "Traceback")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func platformLine(e string) bool {
	for _, prefix := range []string{"INIT_START ", "INIT_REPORT ", "START RequestId", "END RequestId", "REPORT RequestId", `{"time":"`} {
		if strings.HasPrefix(e, prefix) {
			return true
		}
	}
	return false
}

func mask(log string) string {
	log = strings.ReplaceAll(log, caseID, "REQUEST_ID")
	log = nodeFrame.ReplaceAllString(log, "")
	log = timeMS.ReplaceAllString(log, "TIME_MS")
	log = timeSec.ReplaceAllString(log, "TIME")
	return strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00a0", " ").Replace(log), "\n")
}
