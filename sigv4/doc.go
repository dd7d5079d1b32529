// Package sigv4 signs, presigns and verifies requests with AWS Signature
// Version 4.
package sigv4
