// Package authorizer decides whether a caller may use a route: by IAM
// signature and policies, by JWT, or by asking a Lambda function.
package authorizer
