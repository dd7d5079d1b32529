package server

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/runtimeapi"
)

// errNoStreams means that an endpoint has no InvokeWithResponseStream.
var errNoStreams = errors.New("the endpoint does not stream")

// streamingURL is where InvokeWithResponseStream is beside Invoke.
func streamingURL(u *url.URL) *url.URL {
	to := *u
	path := strings.Replace("/"+strings.TrimPrefix(u.Path, "/"), "/2015-03-31/", "/2021-11-15/", 1)
	to.Path, to.RawPath = strings.TrimSuffix(strings.TrimSuffix(path, "/"), "/invocations")+"/response-streaming-invocations", ""
	return &to
}

// stream calls a function for a caller that takes chunks.
func (l *remoteLambda) stream(ctx context.Context, u *url.URL, event []byte, call execenv.Invocation) (execenv.Result, error) {
	response, err := l.post(ctx, streamingURL(u), event, call)
	if err != nil {
		return execenv.Result{}, err
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		return execenv.Result{}, execenv.ErrLimit
	case response.StatusCode == http.StatusNotFound && response.Header.Get("X-Amzn-Errortype") == "":
		return execenv.Result{}, errNoStreams
	case response.StatusCode != http.StatusOK:
		text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
		return execenv.Result{}, errors.Join(err, refusal(response, text))
	}
	res := execenv.Result{RequestID: response.Header.Get("X-Amzn-Requestid"), ContentType: response.Header.Get("X-Amzn-Remapped-Content-Type")}
	// What a function returns rather than streams comes as JSON.
	whole, size := res.ContentType == "" || res.ContentType == "application/json", 0
	for {
		kind, payload, err := readFrame(response.Body)
		if err != nil {
			return execenv.Result{}, fmt.Errorf("read the stream: %w", err)
		}
		switch kind {
		case "PayloadChunk":
			if size += len(payload); whole && size > runtimeapi.MaxResponse || size > runtimeapi.MaxStream {
				return execenv.Result{}, fmt.Errorf("the answer is larger than %d bytes", size-1)
			}
			if whole {
				res.Payload = append(res.Payload, payload...)
				continue
			}
			res.Streamed = true
			call.Stream(res.ContentType, payload)
		case "InvokeComplete":
			var end struct{ ErrorCode, ErrorDetails, LogResult string }
			if err := json.Unmarshal(payload, &end); err != nil {
				return execenv.Result{}, err
			}
			if end.ErrorCode != "" {
				res.FunctionError, res.ErrorType, res.Payload = "Unhandled", end.ErrorCode, []byte(end.ErrorDetails)
			}
			if log, err := base64.StdEncoding.DecodeString(end.LogResult); err == nil {
				res.LogTail = log
			}
			return res, nil
		}
	}
}

// maxFrame is more than any event that Lambda sends.
const maxFrame = 24 << 20

// readFrame reads an event of an event stream: lengths, headers, payload and
// checksums.
func readFrame(from io.Reader) (kind string, payload []byte, err error) {
	var prelude [12]byte
	if _, err := io.ReadFull(from, prelude[:]); err != nil {
		return "", nil, err
	}
	total, headers := binary.BigEndian.Uint32(prelude[:]), binary.BigEndian.Uint32(prelude[4:])
	if crc32.ChecksumIEEE(prelude[:8]) != binary.BigEndian.Uint32(prelude[8:]) || total > maxFrame || total < 16 || headers > total-16 {
		return "", nil, errors.New("it is no event stream")
	}
	rest := make([]byte, total-12)
	if _, err := io.ReadFull(from, rest); err != nil {
		return "", nil, err
	}
	sum := crc32.Update(crc32.ChecksumIEEE(prelude[:]), crc32.IEEETable, rest[:len(rest)-4])
	if sum != binary.BigEndian.Uint32(rest[len(rest)-4:]) {
		return "", nil, errors.New("an event does not match its checksum")
	}
	for h := rest[:headers]; len(h) > 0; {
		name, value, ok := readHeader(&h)
		if !ok {
			return "", nil, errors.New("an event has a header that is not a text")
		}
		if name == ":event-type" || name == ":exception-type" {
			kind = value
		}
	}
	return kind, rest[headers : len(rest)-4], nil
}

// readHeader takes the first header off h. All of Lambda's are texts.
func readHeader(h *[]byte) (name, value string, ok bool) {
	b := *h
	n := int(b[0])
	if len(b) < n+4 || b[n+1] != 7 {
		return "", "", false
	}
	size := int(binary.BigEndian.Uint16(b[n+2:]))
	if len(b) < n+4+size {
		return "", "", false
	}
	*h = b[n+4+size:]
	return string(b[1 : n+1]), string(b[n+4 : n+4+size]), true
}
