// Package sigv4 signs, presigns and verifies requests with AWS Signature
// Version 4, and with its asymmetric form, SigV4A.
//
// A service that wants signed requests wraps its handler in [Handler] and gives
// it a [Verifier]: the access keys it knows ([KeySource]) and the region and
// service that clients sign for ([Scope]). What a request proved is a
// [Signature], why one was refused is an [Error]: a [Reason] to decide by, the
// words that AWS would use, and on a mismatch the canonical request and the
// string to sign of this side, so that they can be laid beside the client's. No
// error holds a secret, a session token or a signature that would have been
// right.
//
// A client signs with a [Signer]: [Signer.SignHTTP] for the Authorization
// header, [Signer.PresignHTTP] for a URL that carries its signature.
//
// # What a signature covers
//
// Method, host, path, query, the signed headers and the body. Which headers
// are signed is the client's choice, except that a Verifier insists on Host,
// the date and every X-Amz-* header. Everything else in a request is untrusted
// input even when the signature is good.
//
// The order of query parameters is not covered, nor whether a blank in them is
// written "+" or "%20"; parameters of the same name are sorted by value. For
// every service but S3 the canonical path is a normalised one: /a//b, /a/./b
// and /a/b share a signature. So that a path has one reading, a Verifier refuses
// those that are not normal, unless NormalizePath is set; whoever sets it must
// use Signature.Path from then on. Escapes in a path are text: /a%2Fb and /a/b
// differ, and %2e%2e climbs nowhere. Do not decode a path before routing by it.
//
// A signature is good for anyone who has seen it until its window closes: five
// minutes, or what a presigned URL says. That is how AWS does it. A
// [ReplayCache] refuses the second use.
//
// # The order of checks
//
// A request is judged cheapest first: form, time, scope and signed headers
// before the access key is looked up, the key before anything is hashed, and
// the signature before the body is read if the request claims the body's hash
// in X-Amz-Content-Sha256. Without that header the body must be read first;
// Verifier.MaxBody and MaxBodies bound what that can cost. Payloads signed in
// chunks (STREAMING-...) are refused, unless Verifier.StreamPayload leaves bodies
// to their reader: [Signature.Payload] and [Signature.Chunks] check them then.
//
// # Without net/http
//
// Everything works on a [Request] of plain values. [NewRequest] takes one from
// net/http, on either side and for HTTP/1.1 and HTTP/2.
package sigv4
