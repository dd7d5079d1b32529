// Package gateway is the data path: it answers the requests that come to HTTP
// APIs.
//
// [Gateway.ServeHTTP] is the list of steps that each request goes through.
// Requests see one immutable table of APIs from start to end; [Gateway.Run]
// watches the records and swaps in a new table after a change. What happened
// to each request, refused or not, goes to a [trace.Log].
package gateway
