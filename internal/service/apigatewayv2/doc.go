// Package apigatewayv2 keeps HTTP APIs: their routes, integrations,
// authorizers, stages and deployments, and the operations that change them.
//
// Everything that belongs to one API is one record, so whoever reads it sees
// the API before a change or after it, never half of one. [Service.Served]
// gives the data path what each stage serves. Operations bear AWS's names;
// the CloudFormation types of [Service.Types] call the same functions.
//
// A stage with autoDeploy serves the API's present configuration. Another
// stage serves the copy that its deployment took.
package apigatewayv2
