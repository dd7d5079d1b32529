package runtimeapi

import (
	"bufio"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// connected returns the two ends of a connection of the system's.
func connected(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if theirs, err = net.Dial("unix", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours, theirs
}

// A client plays the runtime's part: it answers each event with what says gives.
func client(t *testing.T, conn net.Conn, says func(id string) (answer []byte, ok bool)) {
	t.Helper()
	in := bufio.NewReader(conn)
	_, _ = conn.Write(frame(frameNext, "", ""))
	for {
		_, head, _, err := readFrame(in)
		if err != nil {
			return
		}
		id, _, _ := strings.Cut(head, "\x00")
		answer, ok := says(id)
		_, _ = conn.Write(answer)
		if !ok {
			conn.Close()
			return
		}
	}
}

func TestAnswersOfPatientCalls(t *testing.T) {
	asks := frame(frameNext, "", "")
	response := func(id, body string) []byte { return frame(frameResponse, id+"\x00text/plain\x00", body) }
	tests := map[string]struct {
		patience time.Duration
		says     func(conn net.Conn, id string) ([]byte, bool)
		want     string
		lost     bool
	}{
		"in one write": {time.Minute, func(_ net.Conn, id string) ([]byte, bool) { return append(response(id, "hello"), asks...), true }, "hello", false},
		"in parts": {time.Minute, func(conn net.Conn, id string) ([]byte, bool) {
			b := append(response(id, "hello"), asks...)
			for _, part := range [][]byte{b[:5], b[5:30], b[30 : len(b)-3]} {
				_, _ = conn.Write(part)
				time.Sleep(time.Millisecond)
			}
			return b[len(b)-3:], true
		}, "hello", false},
		"a large one": {time.Minute, func(_ net.Conn, id string) ([]byte, bool) {
			return append(response(id, strings.Repeat("x", 3*inBuffer)), asks...), true
		}, strings.Repeat("x", 3*inBuffer), false},
		"later than patience": {time.Microsecond, func(_ net.Conn, id string) ([]byte, bool) {
			time.Sleep(10 * time.Millisecond)
			return append(response(id, "hello"), asks...), true
		}, "hello", false},
		"without patience":      {0, func(_ net.Conn, id string) ([]byte, bool) { return append(response(id, "hello"), asks...), true }, "hello", false},
		"and then it ends":      {time.Minute, func(_ net.Conn, id string) ([]byte, bool) { return response(id, "hello"), false }, "hello", true},
		"none, and it ends":     {time.Minute, func(net.Conn, string) ([]byte, bool) { return nil, false }, "", true},
		"none but broken bytes": {time.Minute, func(net.Conn, string) ([]byte, bool) { return frame(99, "", ""), true }, "", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ours, theirs := connected(t)
			s := NewSession()
			done := make(chan error, 1)
			go func() { done <- s.ServeFrames(ours) }()
			go client(t, theirs, func(id string) ([]byte, bool) { return tt.says(theirs, id) })
			<-s.Inited()
			for range 3 {
				answer := s.Deliver(&Event{RequestID: "id", Patience: tt.patience, Payload: []byte("{}")})
				if tt.want != "" {
					if a := <-answer; string(a.Body) != tt.want {
						t.Fatalf("answer = %.20q", a.Body)
					}
				}
				if tt.lost {
					<-s.Lost()
					break
				}
				<-s.Idle()
			}
			s.Close()
			ours.Close()
			<-done
		})
	}
}

func TestAPatientCallIsAnsweredInPlace(t *testing.T) {
	ours, theirs := connected(t)
	if newInPlace(ours) == nil {
		t.Skip("not done on this system")
	}
	s := NewSession()
	go func() { _ = s.ServeFrames(ours) }()
	go client(t, theirs, func(id string) ([]byte, bool) {
		return append(frame(frameResponse, id+"\x00text/plain\x00", "hello"), frame(frameNext, "", "")...), true
	})
	<-s.Inited()
	// The goroutine may still be about to give up its turn.
	for tries := 0; ; tries++ {
		answer := s.Deliver(&Event{RequestID: "id", Patience: time.Minute})
		if len(answer) == 1 && len(s.Idle()) == 1 {
			break
		}
		if tries == 100 {
			t.Fatal("no answer was there when Deliver returned")
		}
		<-answer
		<-s.Idle()
	}
	s.Close()
}

func TestASessionThatIsClosedEndsAnIdleConversation(t *testing.T) {
	ours, theirs := connected(t)
	s := NewSession()
	done := make(chan error, 1)
	go func() { done <- s.ServeFrames(ours) }()
	_, _ = theirs.Write(frame(frameNext, "", ""))
	<-s.Inited()
	s.Close()
	ours.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-s.Lost()
}
