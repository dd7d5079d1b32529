package awscurl

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
)

// A payload is the body of a request, which is read at least twice: once to hash
// it, once for each time it is sent. Files are read as they are sent; only what
// cannot be read twice is copied, into memory if it is small.
type payload struct {
	pieces      []piece
	size        int64
	contentType string // what kind of body this is, if -H does not say
	spools      []*os.File
	once        bool // read from standard input as it is sent; size is not known
}

// A piece is bytes of the command line or a file to read.
type piece struct {
	text []byte
	file string // its path; empty: text
}

// spoolAt is how much of standard input is kept in memory.
const spoolAt = 1 << 20

func (p *payload) addText(text string) { p.add(piece{text: []byte(text)}, int64(len(text))) }

func (p *payload) add(what piece, size int64) {
	p.pieces = append(p.pieces, what)
	p.size += size
}

// addFile adds a file, or standard input for "-".
func (p *payload) addFile(name string, s *streams) error {
	if name == "-" {
		return p.spool(s.stdin, "standard input")
	}
	file, err := os.Open(name) //nolint:gosec // the file is the one the user named
	if err != nil {
		return failf(exitRead, "read data: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return failf(exitRead, "read data: %w", err)
	case info.IsDir():
		return failf(exitRead, "read data: %s is a folder", name)
	case info.Mode().IsRegular():
		p.add(piece{file: name}, info.Size())
		return nil
	default:
		return p.spool(file, name)
	}
}

// spool copies what can be read once.
func (p *payload) spool(from io.Reader, name string) error {
	var head bytes.Buffer
	if _, err := io.CopyN(&head, from, spoolAt); errors.Is(err, io.EOF) {
		p.add(piece{text: head.Bytes()}, int64(head.Len()))
		return nil
	} else if err != nil {
		return failf(exitRead, "read %s: %w", name, err)
	}
	spool, err := os.CreateTemp("", "awscurl-*")
	if err != nil {
		return failf(exitRead, "keep %s: %w", name, err)
	}
	p.spools = append(p.spools, spool)
	size, err := io.Copy(spool, io.MultiReader(&head, from))
	if err != nil {
		return failf(exitRead, "keep %s: %w", name, err)
	}
	p.add(piece{file: spool.Name()}, size)
	return nil
}

// close removes the copies.
func (p *payload) close() {
	for _, spool := range p.spools {
		_ = spool.Close()
		_ = os.Remove(spool.Name())
	}
}

// open returns the body from its start.
func (p *payload) open() io.ReadCloser { return &reading{pieces: p.pieces} }

// hash returns the hex SHA-256 of the body.
func (p *payload) hash() (string, error) {
	sum := sha256.New()
	body := p.open()
	defer func() { _ = body.Close() }()
	n, err := io.Copy(sum, body)
	if err != nil {
		return "", failf(exitRead, "read data: %w", err)
	}
	p.size = n
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// bytes returns the whole body, for those that need it as text.
func (p *payload) bytes() ([]byte, error) {
	body := p.open()
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, failf(exitRead, "read data: %w", err)
	}
	return content, nil
}

// A reading is a payload on its way.
type reading struct {
	pieces []piece
	text   bytes.Reader
	file   *os.File
	begun  bool
}

func (r *reading) Read(b []byte) (int, error) {
	for {
		if !r.begun {
			if len(r.pieces) == 0 {
				return 0, io.EOF
			}
			if err := r.begin(); err != nil {
				return 0, err
			}
		}
		var n int
		var err error
		if r.file != nil {
			n, err = r.file.Read(b)
		} else {
			n, err = r.text.Read(b)
		}
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := r.Close(); err != nil {
			return 0, err
		}
		r.pieces, r.begun = r.pieces[1:], false
	}
}

func (r *reading) begin() (err error) {
	first := r.pieces[0]
	r.begun = true
	if first.file == "" {
		r.text.Reset(first.text)
		return nil
	}
	r.file, err = os.Open(first.file)
	return err
}

// Close may be called at any point.
func (r *reading) Close() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	return file.Close()
}
