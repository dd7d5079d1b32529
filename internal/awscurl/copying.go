package awscurl

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// decode undoes the encodings that Accept-Encoding offers; others stay.
func decode(body io.Reader, encoding string) (io.Reader, error) {
	var first [1]byte
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "gzip", "x-gzip":
		n, err := io.ReadFull(body, first[:])
		if n == 0 { // an empty body is not compressed
			return strings.NewReader(""), ignoreEOF(err)
		}
		return gzip.NewReader(io.MultiReader(bytes.NewReader(first[:]), body))
	case "deflate":
		n, err := io.ReadFull(body, first[:])
		if n == 0 {
			return strings.NewReader(""), ignoreEOF(err)
		}
		buffered := bufio.NewReader(io.MultiReader(bytes.NewReader(first[:]), body))
		if first[0]&0x0f == 8 { // zlib, as RFC 9110 has it; some servers send the bare stream
			return zlib.NewReader(buffered)
		}
		return flate.NewReader(buffered), nil
	default:
		return body, nil
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

var errBinary = errors.New("binary")

// A counter writes, counts, and tells errors of writing from those of reading.
type counter struct {
	to           io.Writer
	n            *int64
	err          error
	refuseBinary bool // on a terminal
}

func (c *counter) Write(b []byte) (int, error) {
	if c.refuseBinary && bytes.IndexByte(b, 0) >= 0 {
		return 0, errBinary
	}
	n, err := c.to.Write(b)
	*c.n += int64(n)
	c.err = err
	return n, err
}

// A limited buffer keeps the start of what is written.
type limited struct {
	to   *bytes.Buffer
	most int
}

func (l *limited) Write(b []byte) (int, error) {
	l.to.Write(b[:min(len(b), max(l.most-l.to.Len(), 0))])
	return len(b), nil
}

// A progress shows how much has come, on a terminal only.
type progress struct {
	io.Reader
	to         io.Writer
	done, size int64
	shown      int64
}

func newProgress(body io.Reader, size int64, s *streams) io.Reader {
	file, ok := s.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return body
	}
	return &progress{Reader: body, to: file, size: size}
}

func (p *progress) Read(b []byte) (int, error) {
	const step = 1 << 20
	n, err := p.Reader.Read(b)
	p.done += int64(n)
	switch {
	case err != nil && p.shown > 0:
		fmt.Fprint(p.to, "\r\x1b[K")
	case p.done-p.shown >= step && p.size > 0:
		p.shown = p.done
		fmt.Fprintf(p.to, "\r%d of %d MB (%d%%)", p.done>>20, p.size>>20, 100*p.done/p.size)
	case p.done-p.shown >= step:
		p.shown = p.done
		fmt.Fprintf(p.to, "\r%d MB", p.done>>20)
	}
	return n, err
}
