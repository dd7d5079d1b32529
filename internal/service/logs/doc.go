// Package logs is CloudWatch Logs: log groups with streams of events.
//
// Events are kept in memory, bounded per group; groups that a template or a
// caller created are records. A [Service] is what package execenv writes to
// and what "hakone logs" reads.
package logs
