package runtimeapi

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
)

// Frames are the Runtime API without HTTP, for our embedded clients. A frame
// is
//
//	kind    1 byte, and 3 of padding
//	head    length, 4 bytes
//	body    length, 4 bytes
//	head, body
//
// with numbers in network order. The first frame goes to the client and tells
// it what to run; then the client asks for events and answers them. Members of
// a head are separated by NUL bytes.
const (
	frameStart     = 1 // to the client; body is the start message
	frameEvent     = 2 // to the client; head is the event's members, body the payload
	frameNext      = 3 // asks for the next event, and ends the last call
	frameResponse  = 4 // head: request id, content type, "streaming" or "", and of a stream that failed error type and error; body: what is left
	frameError     = 5 // head: request id, error type
	frameInitError = 6 // head: error type
	frameChunk     = 7 // head: request id, content type; body: the next part of a streamed response
)

const (
	frameHeader = 12
	maxHead     = 64 << 10
)

// SendStart writes the frame that tells a client what to run.
func SendStart(conn net.Conn, message []byte) error {
	_, err := conn.Write(appendFrame(nil, frameStart, []string{""}, message))
	return err
}

// ServeFrames speaks with a client until the connection ends, or, while the
// client waits for an event, until the session does.
func (s *Session) ServeFrames(conn net.Conn) error {
	defer s.lose()
	t := newTalk(s, conn)
	s.mu.Lock()
	s.talk = t
	s.mu.Unlock()
	return t.serve()
}

// frame takes one frame of the client.
func (t *talk) frame(kind byte, head string, body []byte) error {
	s := t.session
	var no *refusal
	if kind == frameNext {
		if no = s.next(t.ask); no == nil {
			return nil
		}
	}
	members := strings.Split(head, "\x00")
	switch {
	case kind == frameNext:
	case kind == frameChunk && len(members) == 2 || kind == frameResponse && len(members) >= 3 && members[2] != "":
		t.open, no = s.streamFrame(t.open, kind, members, body)
	case kind == frameResponse && len(members) == 3:
		a := Answer{Body: body, ContentType: members[1]}
		if body == nil {
			a = TooLarge()
		}
		no = s.finish(members[0], "InvocationResponse", a)
	case kind == frameError && len(members) == 2:
		no = s.finish(members[0], "InvocationErrorResponse", frameFailure(members[1], body))
	case kind == frameInitError && len(members) == 1:
		no = s.failInit(frameFailure(members[0], body))
	default:
		return fmt.Errorf("read frame: kind %d with %d members is unknown", kind, len(members))
	}
	if no != nil && s.isOpen() {
		return fmt.Errorf("frame of kind %d: %s", kind, no.errorMessage)
	}
	return nil
}

// streamFrame takes a part of a streamed answer, or its end. Open is the stream
// that has begun, if one has.
func (s *Session) streamFrame(open *stream, kind byte, members []string, body []byte) (*stream, *refusal) {
	if open == nil || open.event.RequestID != members[0] {
		var no *refusal
		if open, no = s.begin(members[0]); no != nil {
			return nil, no
		}
	}
	if len(body) > 0 {
		open.write(members[1], body)
	}
	if kind == frameChunk {
		return open, nil
	}
	var name, text string
	if len(members) == 5 {
		name, text = members[3], members[4]
	}
	return nil, open.end(members[1], len(members) == 5, name, []byte(text))
}

func frameFailure(name string, body []byte) Answer {
	if body == nil {
		return TooLarge()
	}
	return failure(name, "application/json", body)
}

func (s *Session) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != closed
}

// CloseHTTP closes the runtime's part of the HTTP API, because the runtime
// speaks frames. It must be called before the session is served.
func (s *Session) CloseHTTP() { s.frames = true }

// appendFrame appends a frame with the head's members.
func appendFrame(b []byte, kind byte, head []string, body []byte) []byte {
	b = append(b, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	start := len(b)
	for i, member := range head {
		if i > 0 {
			b = append(b, 0)
		}
		b = append(b, member...)
	}
	binary.BigEndian.PutUint32(b[start-8:], uint32(len(b)-start)) //nolint:gosec // heads are short
	binary.BigEndian.PutUint32(b[start-4:], uint32(len(body)))    //nolint:gosec // payloads are below 2 GiB
	return append(b, body...)
}

// readFrame reads a frame. A body over MaxResponse is skipped and nil; others
// are not.
func readFrame(in *bufio.Reader) (kind byte, head string, body []byte, err error) {
	h, err := in.Peek(frameHeader)
	if err != nil {
		return 0, "", nil, err
	}
	kind = h[0]
	headLen, bodyLen := binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:])
	if headLen > maxHead || bodyLen > drainLimit*8 {
		return 0, "", nil, fmt.Errorf("read frame: %d and %d bytes are too many", headLen, bodyLen)
	}
	_, _ = in.Discard(frameHeader) // they were peeked
	text := make([]byte, headLen)
	if _, err := io.ReadFull(in, text); err != nil {
		return 0, "", nil, err
	}
	if bodyLen > MaxResponse {
		_, err := io.CopyN(io.Discard, in, int64(bodyLen))
		return kind, string(text), nil, err
	}
	body = make([]byte, bodyLen)
	if _, err := io.ReadFull(in, body); err != nil {
		return 0, "", nil, err
	}
	return kind, string(text), body, nil
}
