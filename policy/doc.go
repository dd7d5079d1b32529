// Package policy evaluates AWS IAM policies.
//
// A [Document] is parsed once, by [Parse], and evaluated many times.
// [Evaluate] applies AWS's order: an explicit deny wins, then organization
// policies, the resource's policy, boundaries and the caller's own policies
// must leave an allow standing; otherwise the request is denied implicitly.
// Its [Decision] names the statement that decided, and [Explain] says at length
// why, what came nearest and what would have allowed the request.
//
// The package does no I/O and knows nothing of HTTP: callers gather the
// policies and the condition keys.
package policy
