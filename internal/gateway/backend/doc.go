// Package backend keeps the connections to the HTTP backends that integrations
// call.
//
// A request is written and its answer read by the goroutine that asks, without
// hands in between: net/http's transport keeps two goroutines per connection
// and passes every request to one and every answer from the other, which costs
// more than all the rest of the gateway's work (bench/RESULTS.md). Parsing
// answers is net/http's.
package backend
