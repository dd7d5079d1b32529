package runtimeapi

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func frame(kind byte, head, body string) []byte {
	b := make([]byte, frameHeader)
	b[0] = kind
	binary.BigEndian.PutUint32(b[4:], uint32(len(head)))
	binary.BigEndian.PutUint32(b[8:], uint32(len(body)))
	return append(append(b, head...), body...)
}

func TestFramesCarryACall(t *testing.T) {
	ours, theirs := net.Pipe()
	s := NewSession()
	done := make(chan error, 1)
	go func() { done <- s.ServeFrames(ours) }()
	if _, err := theirs.Write(frame(frameNext, "", "")); err != nil {
		t.Fatal(err)
	}
	<-s.Inited()
	answer := make(chan (<-chan Answer), 1)
	go func() {
		answer <- s.Deliver(&Event{RequestID: "id", Deadline: time.UnixMilli(5), FunctionARN: "arn", TraceID: "trace", Payload: []byte("{}")})
	}()
	kind, head, body, err := readFrame(bufio.NewReader(theirs))
	if err != nil || kind != frameEvent || head != "id\x005\x00arn\x00trace\x00\x00\x00" || string(body) != "{}" {
		t.Fatalf("event = %d %q %q %v", kind, head, body, err)
	}
	if _, err := theirs.Write(frame(frameResponse, "id\x00text/plain\x00", "hello")); err != nil {
		t.Fatal(err)
	}
	if a := <-(<-answer); string(a.Body) != "hello" || a.ContentType != "text/plain" || a.Failed {
		t.Errorf("answer = %+v", a)
	}
	theirs.Close()
	if err := <-done; err != nil {
		t.Errorf("ServeFrames = %v", err)
	}
	<-s.Lost()
}

func TestChunksArriveBeforeTheAnswer(t *testing.T) {
	ours, theirs := net.Pipe()
	s := NewSession()
	done := make(chan error, 1)
	go func() { done <- s.ServeFrames(ours) }()
	if _, err := theirs.Write(frame(frameNext, "", "")); err != nil {
		t.Fatal(err)
	}
	<-s.Inited()
	chunks, in := make(chan Chunk), bufio.NewReader(theirs)
	answer := make(chan (<-chan Answer), 1)
	go func() { answer <- s.Deliver(&Event{RequestID: "id", Stream: chunks}) }()
	if _, _, _, err := readFrame(in); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a", "b"} {
		if _, err := theirs.Write(frame(frameChunk, "id\x00text/plain", text)); err != nil {
			t.Fatal(err)
		}
		if c := <-chunks; string(c.Data) != text || c.ContentType != "text/plain" {
			t.Errorf("chunk = %+v, want %s", c, text)
		}
	}
	if _, err := theirs.Write(frame(frameResponse, "id\x00text/plain\x00streaming\x00Function.Bad\x00{}", "")); err != nil {
		t.Fatal(err)
	}
	want := Answer{Streamed: true, Failed: true, ErrorType: "Function.Bad", ContentType: "text/plain", Body: []byte("{}")}
	if diff := cmp.Diff(want, <-<-answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	theirs.Close()
	<-done
}

func TestSessionThatIsClosedFreesAStream(t *testing.T) {
	ours, theirs := net.Pipe()
	s := NewSession()
	done := make(chan error, 1)
	go func() { done <- s.ServeFrames(ours) }()
	if _, err := theirs.Write(frame(frameNext, "", "")); err != nil {
		t.Fatal(err)
	}
	<-s.Inited()
	go s.Deliver(&Event{RequestID: "id", Stream: make(chan Chunk)}) // nobody receives
	if _, _, _, err := readFrame(bufio.NewReader(theirs)); err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Write(frame(frameChunk, "id\x00text/plain", "a")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	theirs.Close()
	<-done
}

func TestBrokenFramesEndTheConnection(t *testing.T) {
	tests := map[string][]byte{
		"unknown kind":     frame(99, "", ""),
		"chunk of no call": frame(frameChunk, "id\x00", "x"),
		"too few members":  frame(frameResponse, "id", ""),
		"too long a head":  frame(frameNext, strings.Repeat("x", maxHead+1), ""),
		"answer to no one": frame(frameResponse, "id\x00\x00", ""),
	}
	for name, input := range tests {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer theirs.Close()
			done := make(chan error, 1)
			go func() {
				done <- NewSession().ServeFrames(ours)
				ours.Close()
			}()
			_, _ = theirs.Write(input)
			if err := <-done; err == nil {
				t.Error("ServeFrames = nil, want an error")
			}
		})
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(frame(frameNext, "", ""))
	f.Add(frame(frameResponse, "id\x00application/json\x00", "{}"))
	f.Add(frame(frameError, "id\x00Type", "{}")[:13])
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) >= frameHeader && binary.BigEndian.Uint32(input[8:]) > 1<<20 {
			t.Skip("only slow")
		}
		in := bufio.NewReader(bytes.NewReader(input))
		kind, head, body, err := readFrame(in)
		if err != nil {
			return
		}
		if got := frame(kind, head, string(body)); len(got) > len(input) || !bytes.Equal(got[4:], input[4:len(got)]) {
			t.Errorf("readFrame(%q) = %d %q %q", input, kind, head, body)
		}
	})
}
