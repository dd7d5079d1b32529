package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// A yard is what rows of proxies share: a backend and the proxies before it.
type yard struct {
	backend, nginx, reverse string // addresses
	gateway                 *gateway
	headers                 []string // of a signed request, made anew when they are old
	signed                  time.Time
}

const nginxBackend = `worker_processes 1; daemon off; pid %[1]s/backend.pid; error_log stderr error;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  server { listen 127.0.0.1:%[2]s; location / { default_type text/plain; return 200 "Hello, World"; } } }
`

const nginxProxy = `worker_processes 1; daemon off; pid %[1]s/proxy.pid; error_log stderr error;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  upstream backend { server %[3]s; keepalive 512; keepalive_requests 100000000; }
  server { listen 127.0.0.1:%[2]s; location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://backend; } } }
`

// nginx starts nginx with a configuration that takes the folder, the port and an
// address, and returns where it listens.
func (s *session) nginx(core, name, configuration, behind string) (string, error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf(configuration, s.folder, port)
	if behind != "" {
		text = fmt.Sprintf(configuration, s.folder, port, behind)
	}
	path, err := s.file(name+".conf", text)
	if err != nil {
		return "", err
	}
	_, err = s.start(core, "", nil, "nginx", "-c", path, "-e", "stderr")
	return "127.0.0.1:" + port, err
}

// newYard starts all of them.
func (s *session) newYard() (y *yard, err error) {
	y = &yard{}
	if y.backend, err = s.nginx(loading, "backend", nginxBackend, ""); err != nil {
		return nil, err
	}
	if y.nginx, err = s.nginx(measured, "proxy", nginxProxy, y.backend); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	y.reverse = "127.0.0.1:" + port
	if _, err := s.start(measured, "", nil, filepath.Join(s.folder, "reverse"), y.reverse, "http://"+y.backend); err != nil {
		return nil, err
	}
	if y.gateway, err = s.up("proxy", proxyTemplate("http://"+y.backend+"/hello", 1)); err != nil {
		return nil, err
	}
	for _, url := range []string{"http://" + y.nginx, "http://" + y.reverse} {
		if err := await(url + "/hello"); err != nil {
			return nil, err
		}
	}
	return y, y.sign(s)
}

func (y *yard) url() string { return y.gateway.facts.HTTP + "/hello" }

// sign makes the headers anew when they will soon be refused.
func (y *yard) sign(s *session) error {
	if time.Since(y.signed) < 2*time.Minute {
		return nil
	}
	user, err := y.gateway.user(s)
	if err != nil {
		return err
	}
	h, err := signAs(user, y.url())
	y.headers, y.signed = lines(h), time.Now()
	return err
}

// proxied compares throughput with 32 and with 256 connections.
func proxied(peer string) func(*session) ([]string, error) {
	return func(s *session) (out []string, err error) {
		y, err := s.newYard()
		if err != nil {
			return nil, err
		}
		address := map[string]string{"nginx": y.nginx, "reverse": y.reverse}[peer]
		for _, connections := range []int{32, 256} {
			var ours, theirs figures
			var spent time.Duration
			answered := 0.0
			for range s.rounds {
				if err := y.sign(s); err != nil {
					return out, err
				}
				before := cpuTime(y.gateway.facts.PID)
				a, err1 := s.wrk(y.url(), connections, y.headers)
				spent += cpuTime(y.gateway.facts.PID) - before
				answered += a * s.each.Seconds()
				b, err2 := s.wrk("http://"+address+"/hello", connections, y.headers)
				if err := errors.Join(err1, err2); err != nil {
					return out, err
				}
				ours, theirs = append(ours, a), append(theirs, b)
			}
			each := float64(spent.Microseconds()) / answered
			out = append(out, compare(fmt.Sprintf("%d connections: ", connections), ours, theirs, "%.0f/s")+fmt.Sprintf(", %.1f µs of processor time each", each))
		}
		return out, nil
	}
}

const nginxHTTP2 = `worker_processes 1; daemon off; pid %[1]s/h2.pid; error_log stderr error;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  server { listen 127.0.0.1:%[2]s ssl http2; ssl_protocols TLSv1.3; ssl_certificate %[3]s/leaf.pem; ssl_certificate_key %[3]s/leaf.key; http2_max_requests 100000000;
    location / { default_type text/plain; return 200 "Hello, World"; } } }
`

// http2 compares hello over HTTP/2: ours verifies, judges and asks the backend for
// it; nginx says it by itself.
func http2(s *session) (out []string, err error) {
	y, err := s.newYard()
	if err != nil {
		return nil, err
	}
	if err := writeCertificate(s.folder); err != nil {
		return nil, err
	}
	address, err := s.nginx(measured, "h2", nginxHTTP2, s.folder)
	if err != nil {
		return nil, err
	}
	url := y.gateway.facts.HTTPS + "/hello"
	user, err := y.gateway.user(s)
	if err != nil {
		return nil, err
	}
	time.Sleep(200 * time.Millisecond) // nginx starts
	var ours, theirs figures
	for range s.rounds {
		h, err := signAs(user, url)
		if err != nil {
			return nil, err
		}
		a, err1 := s.h2load(url, lines(h))
		b, err2 := s.h2load("https://"+address+"/hello", lines(h))
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		ours, theirs = append(ours, a), append(theirs, b)
	}
	return []string{compare("32 connections, 10 streams each: ", ours, theirs, "%.0f/s")}, nil
}

// latency compares latencies at one rate: half of what we can do.
func latency(s *session) ([]string, error) {
	y, err := s.newYard()
	if err != nil {
		return nil, err
	}
	most, err := s.wrk(y.url(), 32, y.headers)
	if err != nil {
		return nil, err
	}
	ourAddress := y.gateway.facts.HTTP[len("http://"):]
	request := "GET /hello HTTP/1.1\r\nHost: " + ourAddress + "\r\n" + strings.Join(y.headers, "\r\n") + "\r\n\r\n"
	var middle, tail, theirMiddle, theirTail figures
	for range s.rounds {
		ours, err1 := steady(ourAddress, request, most/2, 16, s.each)
		theirs, err2 := steady(y.nginx, request, most/2, 16, s.each)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		micro := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
		middle, tail = append(middle, micro(ours[len(ours)/2])), append(tail, micro(ours[len(ours)*99/100]))
		theirMiddle, theirTail = append(theirMiddle, micro(theirs[len(theirs)/2])), append(theirTail, micro(theirs[len(theirs)*99/100]))
	}
	return []string{
		fmt.Sprintf("at %.0f/s: p50 **%+.0f µs** (%s beside %s µs)", most/2, middle.median()-theirMiddle.median(), middle.print("%.0f"), theirMiddle.print("%.0f")),
		fmt.Sprintf("p99 %s beside %s µs", tail.print("%.0f"), theirTail.print("%.0f")),
	}, nil
}
