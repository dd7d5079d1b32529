package endpoint

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/sigv4"
)

func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name string
		pace pace
		want time.Duration
	}{
		{"who begins has the patience of one stall", pace{}, patience},
		{"who stalled before has less", pace{waited: grace - time.Second}, time.Second},
		{"and then none", pace{waited: grace}, 0},
		{"a byte now and then does not help", pace{waited: 2 * grace, bytes: 60}, -grace},
		{"what came earns time", pace{waited: grace, bytes: 10 * slowest}, 10 * time.Second},
		{"a large body may take long", pace{waited: 24 * time.Hour, bytes: 5 << 30}, patience},
	} {
		if got := tt.pace.next().Round(100 * time.Millisecond); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A timed writer notes its deadlines.
type timed struct {
	*httptest.ResponseRecorder
	read, write []bool // true: a deadline was set; false: it was taken away
}

func (w *timed) SetReadDeadline(t time.Time) error { w.read = append(w.read, !t.IsZero()); return nil }

func (w *timed) SetWriteDeadline(t time.Time) error {
	w.write = append(w.write, !t.IsZero())
	return nil
}

type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

// Whatever waits for a client has a deadline, and what does not has none.
func TestStreamsHaveDeadlines(t *testing.T) {
	for live, waits := range map[bool]int{false: 3, true: 5} {
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		stream := &closing{Reader: io.MultiReader(strings.NewReader("one"), strings.NewReader("two"))}
		if err := (&sink{w: w, control: http.NewResponseController(w), live: live}).send(stream); err != nil {
			t.Fatal(err)
		}
		if want := slices.Repeat([]bool{true, false}, waits); !slices.Equal(w.write, want) || w.Body.String() != "onetwo" || !w.Flushed || stream.closed != 1 {
			t.Errorf("live %v: deadlines %v of %q, flushed %v, closed %d", live, w.write, w.Body, w.Flushed, stream.closed)
		}
	}
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	if _, err := io.ReadAll(&patient{body: strings.NewReader("body"), control: http.NewResponseController(w)}); err != nil {
		t.Fatal(err)
	}
	if want := []bool{true, false, true, false}; !slices.Equal(w.read, want) {
		t.Errorf("a body's deadlines: %v", w.read)
	}
	w.read = nil
	slow := &patient{body: iotest.TimeoutReader(zeros{}), control: http.NewResponseController(w)}
	_, err := io.Copy(io.Discard, slow)
	if refusal, ok := errors.AsType[*awserr.Error](err); !ok || refusal.Code != "RequestTimeout" || !slices.Equal(w.read, []bool{true, false, true, false, true}) {
		t.Errorf("a body that stalls: %v, deadlines %v; the last one ends what is left of it", err, w.read)
	}
}

// Of bodies in memory a few may be large, none of them unsigned.
func TestHeldBodies(t *testing.T) {
	e := &endpoint{largeXML: make(chan struct{}, 1)}
	read := func(c *call, size int64, held bool) string {
		_, err := io.Copy(io.Discard, &heldBody{Reader: io.LimitReader(zeros{}, size), c: c, held: held})
		if refusal, ok := errors.AsType[*awserr.Error](err); ok {
			return refusal.Code
		}
		return ""
	}
	unsigned, first, second := &call{endpoint: e}, &call{endpoint: e, signature: &sigv4.Signature{}}, &call{endpoint: e, signature: &sigv4.Signature{}}
	for _, tt := range []struct {
		name string
		c    *call
		size int64
		held bool
		want string
	}{
		{"a little of what nobody signed", unsigned, maxUnsigned, true, ""},
		{"and no more", unsigned, maxUnsigned + 1, true, "EntityTooLarge"},
		{"a stream is as long as it likes", unsigned, maxUnsigned * 10, false, ""},
		{"a large one that is signed", first, maxUnsigned * 10, true, ""},
		{"another one beside it", second, maxUnsigned + 1, true, "SlowDown"},
		{"a small one", second, maxUnsigned, true, ""},
	} {
		if got := read(tt.c, tt.size, tt.held); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	first.release()
	first.release()
	if got := read(second, maxUnsigned+1, true); got != "" {
		t.Errorf("after the first has gone: %q", got)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
