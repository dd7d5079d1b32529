package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// handlers are the functions that are measured, by language.
var handlers = map[string]struct{ file, code, handler, runtime string }{
	"python": {"index.py", "def handler(event, context):\n    return {'statusCode': 200, 'body': 'Hello, World'}\n", "index.handler", "python3.11"},
	"node":   {"index.js", "exports.handler = async () => ({statusCode: 200, body: 'Hello, World'});\n", "index.handler", "nodejs20.x"},
}

// functionTemplate has APIs' routes with functions of one folder, n of them.
func functionTemplate(folder, handler, runtime string, n int) string {
	var b strings.Builder
	b.WriteString("Transform: AWS::Serverless-2016-10-31\nResources:\n  Api: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {EnableIamAuthorizer: true, DefaultAuthorizer: AWS_IAM}}}\n")
	for i := range n {
		path := "/hello"
		if i > 0 {
			path = fmt.Sprintf("/hello%d", i)
		}
		fmt.Fprintf(&b, "  F%d: {Type: AWS::Serverless::Function, Properties: {CodeUri: %q, Handler: %s, Runtime: %s, Timeout: 30, Events: {E: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: %s}}}}}\n", i, folder, handler, runtime, path)
	}
	return b.String()
}

// serverless starts serverless-offline with a function and returns its URL.
func (s *session) serverless(language string) (url string, process *exec.Cmd, err error) {
	program := s.peer("node_modules/.bin/serverless")
	if !exists(program) {
		return "", nil, errAbsent
	}
	h := handlers[language]
	port, err := freePort()
	if err != nil {
		return "", nil, err
	}
	other, err := freePort()
	if err != nil {
		return "", nil, err
	}
	folder := "sls-" + language + port
	if _, err := s.file(filepath.Join(folder, h.file), h.code); err != nil {
		return "", nil, err
	}
	path, err := s.file(filepath.Join(folder, "serverless.yml"), fmt.Sprintf(`service: bench
frameworkVersion: '*'
provider: {name: aws, runtime: %s, region: us-east-1}
plugins: [%s]
functions:
  hello: {handler: %s, events: [{httpApi: {method: GET, path: /hello}}]}
`, h.runtime, s.peer("node_modules/serverless-offline"), h.handler))
	if err != nil {
		return "", nil, err
	}
	process, err = s.start(measured, filepath.Dir(path), []string{"SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x"},
		program, "offline", "--httpPort", port, "--lambdaPort", other, "--host", "127.0.0.1", "--noTimeout")
	return "http://127.0.0.1:" + port + "/hello", process, err
}

var errAbsent = errors.New("absent")

// functions compares warm calls of a function.
func functions(language string) func(*session) ([]string, error) {
	return func(s *session) (out []string, err error) {
		h := handlers[language]
		path, err := s.file(language+"/"+h.file, h.code)
		if err != nil {
			return nil, err
		}
		g, err := s.up(language, functionTemplate(filepath.Dir(path), h.handler, h.runtime, 1))
		if err != nil {
			return nil, err
		}
		peer, _, err := s.serverless(language)
		if errors.Is(err, errAbsent) {
			return []string{"serverless-offline is absent"}, nil
		}
		if err != nil {
			return nil, err
		}
		if err := await(peer); err != nil {
			return nil, err
		}
		url := g.facts.HTTP + "/hello"
		for _, connections := range []int{1, 8} {
			var ours, theirs figures
			for range s.rounds {
				header, err := g.sign(url)
				if err != nil {
					return nil, err
				}
				a, err1 := s.wrk(url, connections, lines(header))
				b, err2 := s.wrk(peer, connections, nil)
				if err := errors.Join(err1, err2); err != nil {
					return out, err
				}
				ours, theirs = append(ours, a), append(theirs, b)
			}
			out = append(out, compare(fmt.Sprintf("%d: ", connections), ours, theirs, "%.0f/s"))
		}
		return append(out, "AWS's emulator: "+s.emulator()), nil
	}
}

// emulator says whether AWS's runtime interface emulator is here.
func (s *session) emulator() string {
	if path, err := exec.LookPath("aws-lambda-rie"); err == nil {
		return "at " + path + ", not driven by this suite"
	}
	return "absent (no aws-lambda-rie on the PATH)"
}

// bootstrap measures a Go program on provided.al2023.
func bootstrap(s *session) ([]string, error) {
	folder := filepath.Join(s.folder, "go")
	path, err := s.file("go/template.yaml", "")
	if err != nil {
		return nil, err
	}
	client := s.peer("clients/go/bootstrap")
	if !exists(client) {
		return []string{"the function with aws-lambda-go is absent: bench/peers builds it"}, nil
	}
	binary, err := os.ReadFile(client) //nolint:gosec // the peers' folder is the user's
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "bootstrap"), binary, 0o755); err != nil { //nolint:gosec // a function's program
		return nil, err
	}
	_ = os.Remove(path)
	g, err := s.up("bootstrap", functionTemplate(folder, "bootstrap", "provided.al2023", 1))
	if err != nil {
		return nil, err
	}
	url := g.facts.HTTP + "/hello"
	var ours figures
	for range s.rounds {
		header, err := g.sign(url)
		if err != nil {
			return nil, err
		}
		n, err := s.wrk(url, 1, lines(header))
		if err != nil {
			return nil, err
		}
		ours = append(ours, n)
	}
	return []string{"ours " + ours.print("%.0f/s"), "AWS's emulator: " + s.emulator()}, nil
}

// coldStart compares the first call of a function, less a warm one, with the time
// that AWS's client takes to ask for its first event.
func coldStart(s *session) (out []string, err error) {
	const each = 12
	for _, language := range []string{"python", "node"} {
		h := handlers[language]
		path, err := s.file("cold-"+language+"/"+h.file, h.code)
		if err != nil {
			return out, err
		}
		g, err := s.up("cold-"+language, functionTemplate(filepath.Dir(path), h.handler, h.runtime, each))
		if err != nil {
			return out, err
		}
		var cold figures
		for i := range each {
			time.Sleep(300 * time.Millisecond) // another spare interpreter gets ready
			url := g.facts.HTTP + "/hello"
			if i > 0 {
				url += fmt.Sprint(i)
			}
			first, err := g.call(url)
			if err != nil {
				return out, err
			}
			warm := figures{}
			for range 20 {
				took, err := g.call(url)
				if err != nil {
					return out, err
				}
				warm = append(warm, took)
			}
			cold = append(cold, max(first-warm.median(), 0))
		}
		theirs, err := s.plainStarts(language, filepath.Dir(path), each)
		if errors.Is(err, errAbsent) {
			out = append(out, language+": "+cold.print("%.1f ms")+", AWS's client is absent")
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, compare(language+": ", cold, theirs, "%.1f ms"))
	}
	return out, nil
}

// call makes one signed call and returns how long it took in milliseconds.
func (g *gateway) call(url string) (float64, error) {
	header, err := g.sign(url)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody) //nolint:noctx // the client has a timeout
	if err != nil {
		return 0, err
	}
	r.Header = header
	began := time.Now()
	res, err := controlClient.Do(r)
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", url, res.Status)
	}
	return float64(took) / float64(time.Millisecond), nil
}

// plainStarts starts a runtime with AWS's client and returns the times until it
// asked for an event, in milliseconds.
func (s *session) plainStarts(language, folder string, n int) (out figures, err error) {
	var command []string
	var env []string
	switch clients := s.peer("clients"); language {
	case "python":
		command = []string{"python3", "-m", "awslambdaric", handlers[language].handler}
		env = []string{"PYTHONPATH=" + filepath.Join(clients, "python") + ":" + folder}
		if !exists(filepath.Join(clients, "python/awslambdaric")) {
			return nil, errAbsent
		}
	default:
		main := filepath.Join(clients, "node/node_modules/aws-lambda-ric/bin/index.mjs")
		if !exists(main) {
			return nil, errAbsent
		}
		command = []string{"node", main, handlers[language].handler}
	}
	asked := make(chan time.Time, 1)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- time.Now():
		default:
		}
		<-r.Context().Done() // there is no event
	})}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	server.Addr = "127.0.0.1:" + port
	go func() { _ = server.ListenAndServe() }()
	defer server.Close()
	time.Sleep(100 * time.Millisecond)
	env = append(env, "AWS_LAMBDA_RUNTIME_API="+server.Addr, "LAMBDA_TASK_ROOT="+folder, "_HANDLER="+handlers[language].handler,
		"AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_REGION="+region)
	for range n {
		began := time.Now()
		c, err := s.start(measured, folder, env, command...)
		if err != nil {
			return nil, err
		}
		select {
		case at := <-asked:
			out = append(out, float64(at.Sub(began))/float64(time.Millisecond))
		case <-time.After(30 * time.Second):
			return nil, fmt.Errorf("%s asks for no event", strings.Join(command, " "))
		}
		stop(c)
	}
	return out, nil
}
