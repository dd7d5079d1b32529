// Command awscurl measures one signed call: ours beside curl --aws-sigv4 and,
// where it is installed, PyPI's awscurl, over HTTP and TLS, in turns.
//
//	go build -trimpath -ldflags '-s -w' -o /tmp/awscurl ./cmd/awscurl
//	go run ./bench/awscurl -ours /tmp/awscurl -original "$(command -v awscurl)"
package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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
	for _, server := range []*httptest.Server{plain, secure} {
		clients := [][]string{
			{ours, "-k", server.URL + "/hello"},
			{"curl", "-s", "-k", "--aws-sigv4", "aws:amz:us-east-1:execute-api", "-u", "AKIDEXAMPLE:secretkey", server.URL + "/hello"},
		}
		if original != "" {
			clients = append(clients, []string{original, "-k", server.URL + "/hello"})
		}
		times := make([][]time.Duration, len(clients))
		for range n {
			for i, client := range clients {
				took, _, err := call(client)
				if err != nil {
					return err
				}
				times[i] = append(times[i], took)
			}
		}
		for i, client := range clients {
			slices.Sort(times[i])
			fmt.Fprintf(w, "%-5s %-40s median %8v  ours/this %.2f\n", server.URL[:5], client[0], times[i][n/2].Round(10*time.Microsecond),
				float64(times[0][n/2])/float64(times[i][n/2]))
		}
	}
	_, rss, err := call([]string{ours, "-k", secure.URL + "/hello"})
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
		took, rss, err := call(args)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%d MB by %s: %v, resident %.1f MB\n", size>>20, args[1], took.Round(time.Millisecond), float64(rss)/1024)
	}
	return nil
}

// call runs a client and returns how long it took and its largest resident set in
// KB.
func call(args []string) (time.Duration, int64, error) {
	command := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // the clients that the command line names; they end by themselves
	command.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secretkey")
	command.Stderr = os.Stderr
	begun := time.Now()
	if _, err := command.Output(); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", args[0], err)
	}
	usage, _ := command.ProcessState.SysUsage().(*syscall.Rusage)
	return time.Since(begun), usage.Maxrss, nil
}
