package lambda

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
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
	ContentType     string `rest:"header=Content-Type"`
	RequestID       string `rest:"header=X-Amzn-Requestid"`
	ExecutedVersion string `rest:"header=X-Amz-Executed-Version"`
	ResultType      string `rest:"header=X-Amzn-Remapped-Content-Type"`
	Payload         []byte `rest:"payload"`
}

// maxFrame is the payload of one event of the stream.
const maxFrame = 1 << 20

// invokeStream is InvokeWithResponseStream. The events are sent when the
// function's answer is whole.
func (s *Service) invokeStream(ctx context.Context, in *streamRequest) (*streamAnswer, error) {
	if in.InvocationType == "DryRun" {
		in.Payload = nil
	}
	out, err := s.invoke(ctx, &invokeRequest{
		FunctionName: in.FunctionName, Qualifier: in.Qualifier, LogType: in.LogType, ClientContext: in.ClientContext, InvocationType: in.InvocationType, Payload: in.Payload,
	})
	if err != nil {
		return nil, err
	}
	var complete struct {
		ErrorCode    string `json:",omitempty"`
		ErrorDetails string `json:",omitempty"`
		LogResult    string `json:",omitempty"`
	}
	complete.LogResult = out.LogResult
	a := &streamAnswer{
		ContentType: "application/vnd.amazon.eventstream", RequestID: out.RequestID, ExecutedVersion: out.ExecutedVersion,
		ResultType: orElse(out.resultType, "application/json"),
	}
	if out.FunctionError != "" {
		var posted struct {
			ErrorType string `json:"errorType"`
		}
		_ = json.Unmarshal(out.Payload, &posted) // a function may post what is no JSON
		complete.ErrorCode, complete.ErrorDetails = orElse(posted.ErrorType, out.FunctionError), string(out.Payload)
	} else {
		for rest := out.Payload; len(rest) > 0; {
			chunk := rest[:min(len(rest), maxFrame)]
			rest = rest[len(chunk):]
			a.Payload = appendFrame(a.Payload, "PayloadChunk", "application/octet-stream", chunk)
		}
	}
	text, err := json.Marshal(complete)
	if err != nil {
		return nil, err
	}
	a.Payload = appendFrame(a.Payload, "InvokeComplete", "application/json", text)
	return a, nil
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
