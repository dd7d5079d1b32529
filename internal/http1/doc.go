// Package http1 serves HTTP/1.1 to an [http.Handler].
//
// It is for the data plane, where net/http's own HTTP/1 server costs more than
// looking up, verifying and judging a request together: it makes a new request,
// a context and a goroutine that watches the client for each one. Here all of a
// connection's memory is used again for its next request, so a handler must keep
// neither the request nor its header nor the response writer after it returned;
// strings it may keep. docs/decisions/front.md has the measurements.
//
// What may be read in two ways is refused, more strictly than net/http does:
// bare line feeds, folded header lines, space around names, two lengths or hosts,
// a length beside a transfer encoding, transfer encodings other than chunked.
// HTTP/2 stays with net/http.
package http1
