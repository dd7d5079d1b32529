package lambda

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"

	"github.com/google/uuid"
)

type streamRequest struct {
	FunctionName   string
	Qualifier      string `rest:"query=Qualifier"`
	InvocationType string `rest:"header=X-Amz-Invocation-Type"`
	LogType        string `rest:"header=X-Amz-Log-Type"`
	ClientContext  string `rest:"header=X-Amz-Client-Context"`
	Payload        []byte `rest:"payload"`
}

type streamAnswer struct {
	StatusCode      int           `rest:"status"`
	ContentType     string        `rest:"header=Content-Type"`
	RequestID       string        `rest:"header=X-Amzn-Requestid"`
	ExecutedVersion string        `rest:"header=X-Amz-Executed-Version"`
	ResultType      string        `rest:"header=X-Amzn-Remapped-Content-Type"`
	Payload         io.ReadCloser `rest:"payload"`
}

// maxFrame is the payload of one event of the stream.
const maxFrame = 1 << 20

// invokeStream is InvokeWithResponseStream. It returns when the function has
// begun to answer; the events are sent as its chunks come.
func (s *Service) invokeStream(ctx context.Context, in *streamRequest) (*streamAnswer, error) {
	if in.InvocationType == "Event" {
		var v violations
		v.add(in.InvocationType, "invocationType", "satisfy enum value set: [RequestResponse, DryRun]")
		return nil, v.err()
	}
	plain := invokeRequest{in.FunctionName, in.Qualifier, in.InvocationType, in.LogType, in.ClientContext, in.Payload}
	call, err := plain.call(ctx)
	if err != nil {
		return nil, err
	}
	if in.InvocationType == "DryRun" {
		return &streamAnswer{StatusCode: http.StatusNoContent}, s.MayInvoke(call)
	}
	a, err := s.admit(call, MaxPayload)
	if err != nil {
		return nil, err
	}
	call.RequestID = uuid.NewString()
	events := newEventStream(ctx, s, call, a)
	resultType, err := events.begun()
	if err != nil {
		return nil, err
	}
	return &streamAnswer{
		ContentType: "application/vnd.amazon.eventstream", RequestID: call.RequestID, ExecutedVersion: a.fn.Version,
		ResultType: orElse(resultType, "application/json"), Payload: events,
	}, nil
}

// An eventStream is the events of a call that is under way, to be read and
// closed.
type eventStream struct {
	*io.PipeReader

	to     *io.PipeWriter
	cancel context.CancelFunc
	start  chan begun
	told   bool // start has its value
	done   chan struct{}
}

// begun is the type of a result, or why there will be none.
type begun struct {
	contentType string
	err         error
}

func newEventStream(ctx context.Context, s *Service, call *InvokeInput, a admitted) *eventStream {
	e := &eventStream{start: make(chan begun, 1), done: make(chan struct{})}
	ctx, e.cancel = context.WithCancel(ctx)
	e.PipeReader, e.to = io.Pipe()
	call.Stream = func(contentType string, chunk []byte) {
		e.begin(contentType, nil)
		_ = e.write("PayloadChunk", "application/octet-stream", chunk) // the function goes on without a reader
	}
	go func() {
		defer close(e.done)
		out, err := s.run(ctx, call, a)
		if err != nil {
			e.begin("", err)
			_ = e.to.CloseWithError(err)
			return
		}
		e.begin(out.ContentType, nil)
		_ = e.to.CloseWithError(e.complete(out))
	}()
	return e
}

func (e *eventStream) begin(contentType string, err error) {
	if !e.told {
		e.told = true
		e.start <- begun{contentType, err}
	}
}

// begun waits until the function has begun to answer.
func (e *eventStream) begun() (contentType string, err error) {
	b := <-e.start
	if b.err != nil {
		_ = e.Close()
	}
	return b.contentType, b.err
}

// Close ends the reading; the call goes on, as on Lambda.
func (e *eventStream) Close() error {
	err := e.PipeReader.Close()
	e.cancel()
	<-e.done
	return err
}

// write sends an event, in parts that are not too large.
func (e *eventStream) write(event, contentType string, payload []byte) error {
	for {
		part := payload[:min(len(payload), maxFrame)]
		payload = payload[len(part):]
		if _, err := e.to.Write(appendFrame(nil, event, contentType, part)); err != nil || len(payload) == 0 {
			return err
		}
	}
}

// complete sends the result of a function that did not stream it, and the end.
func (e *eventStream) complete(out *InvokeOutput) error {
	var end struct {
		ErrorCode    string `json:",omitempty"`
		ErrorDetails string `json:",omitempty"`
		LogResult    string `json:",omitempty"`
	}
	end.LogResult = base64.StdEncoding.EncodeToString(out.LogResult)
	if out.FunctionError != "" {
		var posted struct {
			ErrorType string `json:"errorType"`
		}
		_ = json.Unmarshal(out.Payload, &posted) // a function may post what is no JSON
		end.ErrorCode, end.ErrorDetails = orElse(posted.ErrorType, orElse(out.ErrorType, out.FunctionError)), string(out.Payload)
	} else if len(out.Payload) > 0 {
		if err := e.write("PayloadChunk", "application/octet-stream", out.Payload); err != nil {
			return err
		}
	}
	text, err := json.Marshal(end)
	if err != nil {
		return err
	}
	return e.write("InvokeComplete", "application/json", text)
}

// appendFrame appends an event in the framing of event streams: lengths,
// headers, payload and checksums.
func appendFrame(b []byte, event, contentType string, payload []byte) []byte {
	var headers []byte
	for _, h := range [][2]string{{":event-type", event}, {":content-type", contentType}, {":message-type", "event"}} {
		headers = append(append(headers, byte(len(h[0]))), h[0]...)         //nolint:gosec // constants
		headers = append(headers, 7)                                        // a string
		headers = binary.BigEndian.AppendUint16(headers, uint16(len(h[1]))) //nolint:gosec // constants
		headers = append(headers, h[1]...)
	}
	const around = 16 // two lengths and two checksums
	start := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(around+len(headers)+len(payload))) //nolint:gosec // at most maxFrame
	b = binary.BigEndian.AppendUint32(b, uint32(len(headers)))                     //nolint:gosec // constants
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
	b = append(append(b, headers...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}
