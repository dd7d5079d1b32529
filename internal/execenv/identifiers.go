package execenv

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"time"
)

// newTraceID returns an X-Ray header of a trace that is not sampled.
func newTraceID() string {
	id := randomHex(20)
	return "Root=1-" + strconv.FormatInt(time.Now().Unix(), 16) + "-" + id[:24] + ";Parent=" + id[24:] + ";Sampled=0"
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// newStream names the log stream of an environment.
func newStream(fn *Function, now time.Time) string {
	name := ""
	if fn.LogGroup != "" && fn.LogGroup != "/aws/lambda/"+fn.Name {
		name = fn.Name
	}
	return now.UTC().Format("2006/01/02/") + name + "[" + fn.Version + "]" + randomHex(16)
}
