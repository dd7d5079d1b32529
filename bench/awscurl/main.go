// Command awscurl measures one signed call: ours beside curl --aws-sigv4 and,
// where it is installed, PyPI's awscurl, over HTTP and TLS, without and with
// bundles of authorities to read, in turns.
//
//	go build -trimpath -ldflags '-s -w' -o /tmp/awscurl ./cmd/awscurl
//	go run ./bench/awscurl -ours /tmp/awscurl -original "$(command -v awscurl)"
package main

import (
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

func main() {
	ours := flag.String("ours", "awscurl", "our binary")
	original := flag.String("original", "", "PyPI's awscurl; empty leaves it out")
	n := flag.Int("n", 50, "calls of each")
	size := flag.Int64("stream", 1<<30, "bytes to move each way for the memory figures; 0 leaves them out")
	flag.Parse()
	if err := run(os.Stdout, *ours, *original, *n, *size); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func run(w io.Writer, ours, original string, n int, size int64) error {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path != "/big" {
			_, _ = io.WriteString(w, "ok")
			return
		}
		block := make([]byte, 64<<10)
		for sent := int64(0); sent < size; sent += int64(len(block)) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	defer plain.Close()
	defer secure.Close()
	folder, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	own, system, err := bundles(folder, secure)
	if err != nil {
		return err
	}
	for _, c := range []contest{
		{"http", plain.URL, ""},
		{"http, own bundle named", plain.URL, own},
		{"TLS, unverified", secure.URL, ""},
		{"TLS, own bundle", secure.URL, own},
		{"TLS, system's bundle", secure.URL, system},
	} {
		if err := c.run(w, ours, original, n); err != nil {
			return err
		}
	}
	_, rss, err := call("", []string{ours, "-k", secure.URL + "/hello"})
	if err != nil || size == 0 {
		return err
	}
	fmt.Fprintf(w, "resident, one call over TLS: %.1f MB\n", float64(rss)/1024)
	big, err := os.CreateTemp("", "big-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(big.Name()) }()
	if err := big.Truncate(size); err != nil {
		return err
	}
	for _, args := range [][]string{{ours, "-T", big.Name(), plain.URL + "/up"}, {ours, "-o", os.DevNull, plain.URL + "/big"}} {
		took, rss, err := call("", args)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%d MB by %s: %v, resident %.1f MB\n", size>>20, args[1], took.Round(time.Millisecond), float64(rss)/1024)
	}
	return nil
}

// A contest is one kind of call, made by all clients in turns.
type contest struct {
	name, url string
	bundle    string // of authorities; empty: none are asked
}

func (c contest) run(w io.Writer, ours, original string, n int) error {
	clients := [][]string{
		{ours, c.url + "/hello"},
		{"curl", "-s", "--aws-sigv4", "aws:amz:us-east-1:execute-api", "-u", "AKIDEXAMPLE:secretkey", c.url + "/hello"},
	}
	if original != "" {
		clients = append(clients, []string{original, c.url + "/hello"})
	}
	times := make([][]time.Duration, len(clients))
	for range n {
		for i, client := range clients {
			if c.bundle == "" {
				client = slices.Insert(slices.Clone(client), 1, "-k")
			}
			took, _, err := call(c.bundle, client)
			if err != nil {
				return err
			}
			times[i] = append(times[i], took)
		}
	}
	for i, client := range clients {
		slices.Sort(times[i])
		fmt.Fprintf(w, "%-23s %-40s median %8v  ours/this %.2f\n", c.name, client[0], times[i][n/2].Round(10*time.Microsecond),
			float64(times[0][n/2])/float64(times[i][n/2]))
	}
	return nil
}

// bundles writes the server's certificate to a file, and to another one beside
// those that the system trusts.
func bundles(folder string, server *httptest.Server) (own, system string, err error) {
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	trusted, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil && !os.IsNotExist(err) {
		return "", "", err
	}
	own, system = filepath.Join(folder, "own.pem"), filepath.Join(folder, "system.pem")
	if err := os.WriteFile(own, certificate, 0o600); err != nil {
		return "", "", err
	}
	return own, system, os.WriteFile(system, append(trusted, certificate...), 0o600) //nolint:gosec // in a folder of ours
}

// call runs a client and returns how long it took and its largest resident set in
// KB.
func call(bundle string, args []string) (time.Duration, int64, error) {
	command := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // the clients that the command line names; they end by themselves
	command.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secretkey")
	if bundle != "" {
		command.Env = append(command.Env, "AWS_CA_BUNDLE="+bundle, "REQUESTS_CA_BUNDLE="+bundle, "CURL_CA_BUNDLE="+bundle)
	}
	command.Stderr = os.Stderr
	begun := time.Now()
	if _, err := command.Output(); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", args[0], err)
	}
	usage, _ := command.ProcessState.SysUsage().(*syscall.Rusage)
	return time.Since(begun), usage.Maxrss, nil
}
