// Package functionurl serves the function URLs of Lambda: by their host names,
// ID.lambda-url.REGION.on.aws, and by the path form /_aws/lambda-url/ID/PATH.
package functionurl
