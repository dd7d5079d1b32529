package main

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// authorize runs the benchmarks of bench/sdk.
func authorize(s *session) ([]string, error) {
	c := exec.Command("go", "test", "-run", "none", "-bench", ".", "-benchmem", "-count", fmt.Sprint(s.rounds), ".") //nolint:gosec,noctx // ours; it ends by itself
	c.Dir = "bench/sdk"
	text, err := c.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("bench/sdk: %w: %s", err, text)
	}
	ours, allocations, err := benchmark(text, "BenchmarkOurs")
	if err != nil {
		return nil, err
	}
	theirs, _, err := benchmark(text, "BenchmarkSDK")
	if err != nil {
		return nil, err
	}
	return []string{compare("", ours, theirs, "%.0f ns") + fmt.Sprintf(", %.0f allocations", allocations.median())}, nil
}

// firstAnswer compares how long a fresh start takes until the article's API answers.
func firstAnswer(s *session) (out []string, err error) {
	var ours, serverless, ministack figures
	for i := range s.rounds {
		name := fmt.Sprintf("first%d", i)
		took, err := s.ourFirst(name)
		if err != nil {
			return nil, err
		}
		ours = append(ours, took)
		began := time.Now()
		switch url, process, err := s.serverless("python"); {
		case errors.Is(err, errAbsent):
		case err != nil:
			return nil, err
		default:
			if err := await(url); err != nil {
				return nil, err
			}
			serverless = append(serverless, time.Since(began).Seconds())
			stop(process)
		}
		took, err = s.ministackHealthy()
		switch {
		case errors.Is(err, errAbsent):
		case err != nil:
			return nil, err
		default:
			ministack = append(ministack, took)
		}
	}
	for name, theirs := range map[string]figures{"serverless-offline": serverless, "ministack": ministack} {
		if len(theirs) == 0 {
			out = append(out, name+" is absent")
			continue
		}
		out = append(out, compare(name+": ", ours, theirs, "%.2f s"))
	}
	return out, nil
}

// ourFirst starts the article on a fresh data directory and returns the seconds
// until a signed call is answered with 200.
func (s *session) ourFirst(name string) (float64, error) {
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	data := filepath.Join(s.folder, "data-"+name)
	process, err := s.start(measured, "", nil, s.hakone, "up", "examples/article", "--data-dir", data,
		"--listen", "127.0.0.1:0", "--listen-http", "127.0.0.1:"+port, "--control", "127.0.0.1:0", "--watch=false")
	if err != nil {
		return 0, err
	}
	defer stop(process)
	g := &gateway{data: data}
	url := "http://127.0.0.1:" + port + "/"
	for time.Since(began) < time.Minute {
		time.Sleep(2 * time.Millisecond)
		if g.credentials.SecretAccessKey == "" && g.readAdministrator() != nil {
			continue
		}
		header, err := signFor(g.credentials, url, "ap-northeast-1")
		if err != nil {
			return 0, err
		}
		r, err := http.NewRequest(http.MethodGet, url, http.NoBody) //nolint:noctx // the client has a timeout
		if err != nil {
			return 0, err
		}
		r.Header = header
		res, err := controlClient.Do(r)
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return time.Since(began).Seconds(), nil
		}
	}
	return 0, errors.New("the article's API does not answer")
}

// ministackHealthy starts ministack and returns the seconds until it is healthy, with
// nothing deployed to it.
func (s *session) ministackHealthy() (float64, error) {
	program := s.peer("py/bin/ministack")
	if !exists(program) {
		return 0, errAbsent
	}
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	process, err := s.start(measured, s.folder, []string{"GATEWAY_PORT=" + port, "PORT=" + port}, program)
	if err != nil {
		return 0, err
	}
	defer stop(process)
	if err := await("http://127.0.0.1:" + port + "/_ministack/health"); err != nil {
		return 0, err
	}
	return time.Since(began).Seconds(), nil
}

// memory loads the proxy with a million requests.
func memory(s *session) (out []string, err error) {
	y, err := s.newYard()
	if err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second)
	idle := resident(y.gateway.facts.PID)
	each := s.each
	defer func() { s.each = each }()
	s.each = 2 * time.Second
	answered, atFirst := 0.0, 0.0
	for began := time.Now(); answered < 1e6 && time.Since(began) < 2*time.Minute; {
		if err := y.sign(s); err != nil {
			return nil, err
		}
		n, err := s.wrk(y.url(), 64, y.headers)
		if err != nil {
			return nil, err
		}
		answered += n * s.each.Seconds()
		if atFirst == 0 && answered >= 1e5 {
			atFirst = resident(y.gateway.facts.PID)
		}
	}
	last := resident(y.gateway.facts.PID)
	out = append(out, fmt.Sprintf("idle %.1f MB, after 100,000 requests %.1f MB, after %.0f thousand **%.1f MB (%+.0f %%)**", idle, atFirst, answered/1000, last, 100*(last/atFirst-1)))
	s.stopAll()
	url, process, err := s.serverless("python")
	if errors.Is(err, errAbsent) {
		return append(out, "serverless-offline is absent"), nil
	}
	if err != nil {
		return out, err
	}
	if err := await(url); err != nil {
		return out, err
	}
	return append(out, fmt.Sprintf("serverless-offline after one request %.0f MB", tree(process.Process.Pid))), nil
}

// scale compares throughput with little and with much configured.
func scale(s *session) (out []string, err error) {
	backend, err := s.nginx(loading, "backend", nginxBackend, "")
	if err != nil {
		return nil, err
	}
	few, err := s.up("few", proxyTemplate("http://"+backend+"/hello", 10))
	if err != nil {
		return nil, err
	}
	many, err := s.up("many", proxyTemplate("http://"+backend+"/hello", 10))
	if err != nil {
		return nil, err
	}
	for part := range 3 { // an API has room for more routes than a template for resources
		if err := many.addRoutes(330, part); err != nil {
			return nil, err
		}
	}
	ratio, err := s.race(many, few)
	if err != nil {
		return nil, err
	}
	out = append(out, "routes: "+ratio)
	crowd, err := s.up("crowd", proxyTemplate("http://"+backend+"/hello", 10))
	if err != nil {
		return out, err
	}
	if err := crowd.addUsers(10_000); err != nil {
		return out, err
	}
	ratio, err = s.race(crowd, few)
	return append(out, "principals: "+ratio), err
}

func (s *session) race(a, b *gateway) (string, error) {
	var ours, theirs figures
	for range s.rounds {
		for g, f := range map[*gateway]*figures{a: &ours, b: &theirs} {
			user, err := g.user(s)
			if err != nil {
				return "", err
			}
			url := g.facts.HTTP + "/hello"
			header, err := signAs(user, url)
			if err != nil {
				return "", err
			}
			n, err := s.wrk(url, 32, lines(header))
			if err != nil {
				return "", err
			}
			*f = append(*f, n)
		}
	}
	return compare("", ours, theirs, "%.0f/s"), nil
}

// deployment compares a stack of 200 resources with the same creates, one by one.
func deployment(s *session) (out []string, err error) {
	g, err := s.up("empty", "Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Name: p, Type: String, Value: v}}}")
	if err != nil {
		return nil, err
	}
	var ours, theirs figures
	moto := s.peer("py/bin/moto_server")
	for i := range s.rounds {
		path, err := s.file(fmt.Sprintf("two-hundred-%d/template.yaml", i), manyRoutes(fmt.Sprintf("api%d", i), 99))
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if output, err := exec.Command(s.hakone, "deploy", path, "--yes", "--data-dir", g.data).CombinedOutput(); err != nil { //nolint:gosec,noctx // ours; it ends by itself
			return nil, fmt.Errorf("deploy: %w: %s", err, output)
		}
		ours = append(ours, time.Since(began).Seconds())
		if !exists(moto) {
			continue
		}
		took, err := s.motoCreates(moto, 99)
		if err != nil {
			return nil, err
		}
		theirs = append(theirs, took)
	}
	if len(theirs) == 0 {
		return []string{"ours " + ours.print("%.2f s"), "moto_server is absent"}, nil
	}
	return []string{compare("as fast: ", theirs, ours, "%.2f s") + " (theirs beside ours)"}, nil
}

// together does something n times, several at once, and returns the first error.
func together(n int, do func(int) error) error {
	var all sync.WaitGroup
	failed := make(chan error, 16)
	for k := range cap(failed) {
		all.Go(func() {
			for i := k; i < n; i += cap(failed) {
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}
