// Command suite measures hakone beside its peers, in turns on loopback, and writes
// what it saw as ratios: see bench/README.md, or run make bench.
//
// The server that is measured has one core, whoever loads it the other. A peer that
// is not installed is reported as absent.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	s := &session{log: os.Stderr}
	only := flag.String("rows", "", "numbers of the rows to measure, such as 1,2,11; all without it")
	out := flag.String("out", "bench/RESULTS.md", "file for the table")
	flag.StringVar(&s.peers, "peers", ".venv/bench", "folder that bench/peers installed the peers in")
	flag.IntVar(&s.rounds, "rounds", 5, "how often each is measured")
	flag.DurationVar(&s.each, "each", 2*time.Second, "how long one measurement of throughput takes")
	flag.DurationVar(&s.limit, "limit", 10*time.Minute, "when no further row is begun")
	flag.Parse()
	if err := s.run(*only, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

// A row is one line of the table.
type row struct {
	number        int
	what, against string
	least         string
	measure       func(*session) ([]string, error) // ratios and figures, as they are printed
}

var rows = []row{
	{1, "signed requests/s, IAM (20 statements) and HTTP proxy", "nginx, plain proxy", "0.65 ×", proxied("nginx")},
	{2, "the same", "a tuned `httputil.ReverseProxy`", "1.5 ×", proxied("reverse")},
	{3, "HTTP/2 over TLS 1.3, hello through IAM", "nginx, HTTP/2 hello", "0.35 ×", http2},
	{4, "signature and policy of an empty request", "signing again by the AWS SDK, and a walk over the policy's globs", "≤ 0.3 ×, 0 allocations", authorize},
	{5, "Python function, warm, with IAM; 1 and 8 connections", "serverless-offline; AWS's emulator", "2.5 ×; 4 ×", functions("python")},
	{6, "Node function, warm, with IAM; 1 and 8 connections", "serverless-offline", "3.5 ×; 8 ×", functions("node")},
	{7, "Go `bootstrap`, 1 connection", "AWS's emulator", "1.3 ×", bootstrap},
	{8, "cold start of a Python and of a Node function", "plain start of the runtime with AWS's client", "≤ 0.15 ×", coldStart},
	{9, "process start to the article's first 200", "serverless-offline; ministack until it is healthy", "≤ 0.1 ×", firstAnswer},
	{10, "memory: idle; after 100,000; after 1 million requests", "serverless-offline, idle", "≤ 45 MB; ≤ 10 % more", memory},
	{11, "latency added at half load", "nginx, plain proxy", "p50 + 80 µs, p99 < 2 ms", latency},
	{12, "throughput: 10 → 1,000 routes; 10 → 10,000 principals", "itself", "≥ 0.9 ×", scale},
	{13, "a deployment of 200 resources", "moto_server, the same creates", "5 ×", deployment},
}

func (s *session) run(only, out string) (err error) {
	start := time.Now()
	if err := s.begin(); err != nil {
		return err
	}
	defer s.end()
	var table strings.Builder
	s.head(&table)
	for _, r := range rows {
		if only != "" && !slices.Contains(strings.Split(only, ","), strconv.Itoa(r.number)) {
			continue
		}
		began := time.Now()
		var lines []string
		if began.Sub(start) > s.limit {
			lines = []string{fmt.Sprintf("not measured: %v were over", s.limit)}
		} else if lines, err = r.measure(s); err != nil {
			lines = append(lines, "failed: "+err.Error())
		}
		fmt.Fprintf(&table, "| %d | %s | %s | %s | %s |\n", r.number, r.what, r.against, r.least, strings.Join(lines, "<br>"))
		fmt.Fprintf(s.log, "row %d, %v: %s\n", r.number, time.Since(began).Round(time.Second), strings.Join(lines, "; "))
		s.stopAll()
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil { //nolint:gosec // a folder of the source tree
		return err
	}
	return os.WriteFile(out, []byte(table.String()), 0o644) //nolint:gosec // a document
}

// head writes what comes before the table's rows.
func (s *session) head(w io.Writer) {
	fmt.Fprintf(w, `# hakone beside its peers

Made by `+"`make bench`"+` on %s; what each row does is in [README.md](README.md). All run on loopback, in turns, %d times; medians, with the
least and the most in brackets. Read the ratios: figures by themselves are this machine's, which others may have shared.

%s

| | what | beside | sought | seen |
|---|---|---|---|---|
`, time.Now().UTC().Format(time.DateOnly), s.rounds, s.machine())
}
