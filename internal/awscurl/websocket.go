package awscurl

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6455 says so
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/hakonegate/hakone/sigv4"
)

// webSocket opens a connection with a signed GET, sends each line of standard
// input as a message and prints each message that comes (RFC 6455).
func (x *exchange) webSocket(ctx context.Context) error {
	x.o.httpVersion = "1.1"
	key := base64.StdEncoding.EncodeToString([]byte(rand.Text()[:16]))
	x.header = x.header.without("Connection").without("Accept-Encoding")
	for _, field := range []sigv4.Header{
		{Name: "Connection", Value: "Upgrade"},
		{Name: "Upgrade", Value: "websocket"},
		{Name: "Sec-WebSocket-Version", Value: "13"},
		{Name: "Sec-WebSocket-Key", Value: key},
	} {
		x.header = x.header.set(field.Name, field.Value)
	}
	response, err := x.attempt(ctx, x.draft(), x.signs()) //nolint:bodyclose // closed as the stream that it is, or by out.write
	if err != nil {
		return err
	}
	stream, ok := response.Body.(io.ReadWriteCloser)
	if response.StatusCode != http.StatusSwitchingProtocols || !ok {
		out, err := newOutput(x)
		if err != nil {
			return err
		}
		err = out.write(response, x)
		err = errors.Join(err, out.finish(x, err))
		return errors.Join(failf(exitHTTP, "no WebSocket: the server answered %s", response.Status), err)
	}
	defer func() { _ = stream.Close() }()
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455 says so
	if response.Header.Get("Sec-Websocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) {
		return failf(exitFailure, "no WebSocket: the server's Sec-WebSocket-Accept is wrong")
	}
	w := &webSocket{stream: stream}
	go w.sendLines(x.s.stdin)
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	defer stop()
	if err := w.receive(bufio.NewReader(stream), x.s.stdout); err != nil && ctx.Err() == nil {
		return failf(exitFailure, "WebSocket: %w", err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return failf(exitTimeout, "timed out")
	}
	return nil
}

// A webSocket is the client's end of a connection.
type webSocket struct {
	mu     sync.Mutex // of writing: lines and pongs
	stream io.ReadWriteCloser
}

const (
	frameContinuation = 0x0
	frameText         = 0x1
	frameBinary       = 0x2
	frameClose        = 0x8
	framePing         = 0x9
	framePong         = 0xa

	frameFinal = 0x80
	frameLimit = 32 << 20 // bytes of one message
)

// sendLines sends lines until there are no more, and then says goodbye.
func (w *webSocket) sendLines(stdin io.Reader) {
	lines := bufio.NewScanner(stdin)
	lines.Buffer(nil, frameLimit)
	for lines.Scan() {
		if w.send(frameText, lines.Bytes()) != nil {
			return
		}
	}
	_ = w.send(frameClose, []byte{0x03, 0xe8}) // 1000, done
}

// send writes one frame, masked as clients must.
func (w *webSocket) send(kind byte, payload []byte) error {
	frame := []byte{frameFinal | kind}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, 0x80|byte(n))
	case n <= 0xffff:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	var mask [4]byte
	_, _ = rand.Read(mask[:]) // never fails
	frame = append(frame, mask[:]...)
	for i, c := range payload {
		frame = append(frame, c^mask[i&3])
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.stream.Write(frame)
	return err
}

// receive prints messages, each text with a line end, until the server closes.
func (w *webSocket) receive(from *bufio.Reader, out io.Writer) error {
	var message []byte
	isText := false
	for {
		kind, final, payload, err := readFrame(from, frameLimit-len(message))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch kind {
		case framePing:
			if err := w.send(framePong, payload); err != nil {
				return err
			}
		case framePong:
		case frameClose:
			_ = w.send(frameClose, payload)
			return closeReason(payload)
		case frameText, frameBinary, frameContinuation:
			if kind != frameContinuation {
				isText, message = kind == frameText, nil
			}
			if message = append(message, payload...); !final {
				continue
			}
			if isText {
				message = append(message, '\n')
			}
			if _, err := out.Write(message); err != nil {
				return failf(exitWrite, "%w", err)
			}
			message = nil
		default:
			return errors.New("a frame of an unknown kind")
		}
	}
}

// closeReason makes an error of a close that is not the usual end.
func closeReason(payload []byte) error {
	if len(payload) < 2 {
		return nil
	}
	switch code := binary.BigEndian.Uint16(payload); code {
	case 1000, 1001, 1005:
		return nil
	default:
		return failf(exitFailure, "closed by the server with %d %s", code, strings.ToValidUTF8(string(payload[2:]), "?"))
	}
}

// readFrame reads one frame of a server, which masks nothing.
func readFrame(from *bufio.Reader, most int) (kind byte, final bool, payload []byte, err error) {
	var head [8]byte
	if _, err = io.ReadFull(from, head[:2]); err != nil {
		return 0, false, nil, err
	}
	kind, final = head[0]&0x0f, head[0]&frameFinal != 0
	size := uint64(head[1] & 0x7f)
	switch size {
	case 126:
		_, err = io.ReadFull(from, head[:2])
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(from, head[:])
		size = binary.BigEndian.Uint64(head[:])
	}
	switch {
	case err != nil:
		return 0, false, nil, err
	case head[1]&0x80 != 0 && size < 126:
		return 0, false, nil, errors.New("the server masks its frames")
	case most < 0 || size > uint64(most):
		return 0, false, nil, errors.New("a message above 32 MB")
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(from, payload)
	return kind, final, payload, err
}
