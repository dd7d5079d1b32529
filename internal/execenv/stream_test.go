package execenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/execenv"
)

const streamingHandler = `exports.handler = awslambda.streamifyResponse(async (event, responseStream) => {
  const stream = awslambda.HttpResponseStream.from(responseStream, { statusCode: 201, headers: { "x-a": "b" } });
  stream.write("one");
  if (event.fail) throw new TypeError("it failed");
  if (event.exit) process.exit(3);
  stream.end("two");
});
exports.plain = async () => "plain";
`

func TestNodeStreamsToWhoTakesIt(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "nodejs20.x", "")
	fn.Timeout = 20 * time.Second
	r.code[fn.Code] = archive(t, map[string]string{"index.js": streamingHandler})
	for _, runtime := range []string{"nodejs20.x", "nodejs24.x"} {
		for _, tt := range []struct {
			name, handler, event string
			chunks               string
			want                 execenv.Result
		}{
			{"a result", "index.handler", `{}`, `{"statusCode":201,"headers":{"x-a":"b"}}|` + strings.Repeat("\x00", 8) + "|one|two", execenv.Result{Streamed: true}},
			{
				"an error in mid-stream", "index.handler", `{"fail":1}`, `{"statusCode":201,"headers":{"x-a":"b"}}|` + strings.Repeat("\x00", 8) + "|one",
				execenv.Result{Streamed: true, FunctionError: "Unhandled", ErrorType: "Runtime.Unknown"},
			},
			{
				"a crash in mid-stream", "index.handler", `{"exit":1}`, `{"statusCode":201,"headers":{"x-a":"b"}}|` + strings.Repeat("\x00", 8) + "|one",
				execenv.Result{FunctionError: "Unhandled", ErrorType: "Runtime.ExitError"},
			},
			{"a handler that does not stream", "index.plain", `{}`, "", execenv.Result{Payload: []byte(`"plain"`), ContentType: "application/json"}},
		} {
			t.Run(runtime+" "+tt.name, func(t *testing.T) {
				fn := *fn
				fn.Runtime, fn.Handler, fn.Revision = runtime, tt.handler, t.Name()
				var chunks []string
				res, err := r.Invoke(t.Context(), &fn, []byte(tt.event), execenv.Invocation{Stream: func(_ string, chunk []byte) {
					chunks = append(chunks, string(chunk))
				}})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.chunks, strings.Join(chunks, "|")); diff != "" {
					t.Errorf("chunks (-want +got):\n%s", diff)
				}
				got := execenv.Result{Payload: res.Payload, Streamed: res.Streamed, FunctionError: res.FunctionError, ErrorType: res.ErrorType, ContentType: res.ContentType}
				if got.FunctionError != "" || got.Streamed {
					got.Payload, got.ContentType = nil, ""
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("result (-want +got):\n%s", diff)
				}
			})
		}
	}
}
