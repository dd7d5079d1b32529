// Package awscurl is a curl that signs its requests with AWS Signature Version 4,
// a drop-in for the awscurl of PyPI.
//
// [Main] is the whole program. The way of one request: the command line becomes
// options ([parse]), the URL a target, the data a payload; region, service and
// credentials are found; then [exchange.run] signs and sends, once for each try
// and redirect, and the answer is written.
//
// All flags stand in one table, from which come the parser, the help, the shell
// completion and the manual page. What differs on purpose from the original is
// in the text of --help compat.
//
// Secret keys, session tokens and whole signatures never reach an output, except
// that a presigned URL is what it is.
package awscurl
