// Package conformance drives a running server with real clients: curl, PyPI's
// awscurl, the AWS CLI, boto3. Its tests need those clients, so they are built
// only with the tag conformance; .ci/run installs what they need.
package conformance
