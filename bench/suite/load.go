package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var perSecond = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// wrk loads a URL by wrk, and returns answers a second. An answer that is not
// good is an error.
func (s *session) wrk(url string, connections int, headers []string) (float64, error) {
	args := []string{"-c", loading, "wrk", "-t1", "-c" + strconv.Itoa(connections), fmt.Sprintf("-d%ds", max(1, int(s.each.Seconds())))}
	for _, h := range headers {
		args = append(args, "-H", h)
	}
	out, err := exec.Command("taskset", append(args, url)...).CombinedOutput() //nolint:gosec,noctx // a peer by its name; it ends by itself
	if err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if strings.Contains(string(out), "Non-2xx") {
		return 0, fmt.Errorf("wrk got answers that are not good: %s", out)
	}
	m := perSecond.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("wrk says %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

var finished = regexp.MustCompile(`finished in [^,]+, ([0-9.]+) req/s`)

// h2load loads a URL over HTTP/2.
func (s *session) h2load(url string, headers []string) (float64, error) {
	args := []string{"-c", loading, "h2load", "-t1", "-c32", "-m10", fmt.Sprintf("-D%d", max(1, int(s.each.Seconds())))}
	for _, h := range headers {
		args = append(args, "-H", h)
	}
	out, err := exec.Command("taskset", append(args, url)...).CombinedOutput() //nolint:gosec,noctx // a peer by its name; it ends by itself
	if err != nil {
		return 0, fmt.Errorf("h2load: %w: %s", err, out)
	}
	m := finished.FindSubmatch(out)
	if m == nil || !strings.Contains(string(out), " 0 4xx, 0 5xx") {
		return 0, fmt.Errorf("h2load got answers that are not good: %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// steady sends requests at a rate over some connections, whether or not earlier
// ones have been answered, and returns the latencies from when each was due, in
// order.
func steady(address, request string, rate float64, connections int, during time.Duration) ([]time.Duration, error) {
	total := int(rate * during.Seconds())
	took := make([]time.Duration, total)
	failed := make([]error, connections)
	began := time.Now().Add(50 * time.Millisecond)
	var all sync.WaitGroup
	for k := range connections {
		all.Go(func() {
			c, err := net.Dial("tcp", address) //nolint:noctx // loopback
			if err != nil {
				failed[k] = err
				return
			}
			defer c.Close()
			reader := bufio.NewReader(c)
			for i := k; i < total; i += connections {
				due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
				time.Sleep(time.Until(due))
				if _, err := io.WriteString(c, request); err != nil {
					failed[k] = err
					return
				}
				res, err := http.ReadResponse(reader, nil)
				if err != nil {
					failed[k] = err
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK {
					failed[k] = errors.New(res.Status)
					return
				}
				took[i] = time.Since(due)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return took, errors.Join(failed...)
}
