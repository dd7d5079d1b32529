// Package runtimeapi is the Lambda Runtime API of one execution environment.
//
// A [Session] is the state between the environment and its process: whether
// init is done, which call is being worked on, whether it was answered. It has
// two fronts: [Session.ServeHTTP] is AWS's Runtime API over HTTP, for AWS's
// clients and "bootstrap" programs; [Session.ServeFrames] is the same protocol
// as short binary frames over a socket, for our embedded clients.
//
// The package starts no process and knows no timeouts; package execenv does.
package runtimeapi
