package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
)

// again starts the running test in a process of its own, with a data directory, and
// returns what it prints.
func again(t *testing.T, dir string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(append(os.Environ(), "STORE_TEST_DIR="+dir), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// TestWhatIsDeletedStaysDeletedHoweverOftenTheProcessDies kills a process that
// makes and deletes records, again and again, with a clean stop now and then. No
// record that was deleted and acknowledged may be there again.
func TestWhatIsDeletedStaysDeletedHoweverOftenTheProcessDies(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_DIR"); dir != "" {
		makeAndDelete(t, dir)
	}
	dir, last := t.TempDir(), 0
	for round := range 12 {
		cmd, lines := again(t, dir, "STORE_TEST_LAST="+strconv.Itoa(last), fmt.Sprintf("STORE_TEST_STOP=%v", round%4 == 2))
		if !lines.Scan() {
			t.Fatalf("round %d: nothing printed", round)
		}
		if back := lines.Text(); back != "back:" {
			t.Errorf("round %d: %s", round, back)
		}
		if round%4 != 2 {
			time.AfterFunc(time.Duration(30+round*11)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		}
		for lines.Scan() {
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				last = n
			}
		}
		_ = cmd.Wait()
	}
	if last == 0 {
		t.Error("nothing was deleted at all")
	}
}

// makeAndDelete prints the records that are back, then the number of each that it
// deleted.
func makeAndDelete(t *testing.T, dir string) {
	t.Helper()
	last, err := strconv.Atoi(os.Getenv("STORE_TEST_LAST"))
	if err != nil {
		t.Fatal(err)
	}
	store.CompactAt(10)
	s, shut := open(t, engine.Config{Dir: dir})
	c := store.In[string](s, "test.made")
	line := "back:"
	for key := range c.All() {
		if n, err := strconv.Atoi(strings.TrimLeft(key, "0")); err == nil && n <= last {
			line += " " + key
		}
	}
	fmt.Println(line)
	for n := last + 1; ; n++ {
		if os.Getenv("STORE_TEST_STOP") == "true" && n > last+10 {
			shut()
			os.Exit(0)
		}
		key := fmt.Sprintf("%06d", n)
		if err := c.Create(t.Context(), key, "made"); err != nil && n != last+1 {
			t.Fatal(err)
		}
		other := store.In[int](s, "test.count")
		err := s.Atomically(t.Context(), func(tx *store.Tx) error {
			if err := other.In(tx).Put("n", n); err != nil {
				return err
			}
			return c.In(tx).Delete(key)
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(n)
	}
}
