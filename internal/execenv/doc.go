// Package execenv keeps the execution environments of functions.
//
// A [Pool] runs each [Function] in processes of its own: [Pool.Invoke] hands
// one event to an environment that is free, the most recently used first, or
// starts another, up to a limit. An environment works on one call at a time;
// one that crashes, times out or is out of date is ended. [Pool.Run] reaps
// the idle ones and, in the end, every process.
//
// The processes speak the Lambda Runtime API (package runtimeapi) and are
// started by package sandbox. Small clients for Python and Node are embedded.
// Records, permissions and versions are the business of service/lambda.
package execenv
