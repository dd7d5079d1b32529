// Package httpapi has what HTTP APIs do otherwise than REST and WebSocket APIs:
// route selection, CORS, and the resource names that policies see.
package httpapi
