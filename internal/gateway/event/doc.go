// Package event writes the events that Lambda functions behind an API see,
// payload formats 1.0 and 2.0, and reads what they answer.
//
// It works on plain values and knows nothing of HTTP servers. Events are built
// by appending JSON: the shape is fixed, and a request should cost one buffer.
package event
