// Package sam turns an AWS SAM template into plain CloudFormation.
//
// [Transform] does what the AWS::Serverless-2016-10-31 transform of AWS
// CloudFormation does: it expands each AWS::Serverless resource into the
// resources that it stands for, with the logical ids, the defaults and the
// error texts of AWS. Intrinsic functions pass through untouched; only where
// the transform itself must know a value (an alias, a domain name) are
// references to parameters resolved.
//
// Each resource type has its file (function.go, httpapi.go, layer.go, …), each
// kind of event source too (event_http.go, event_s3.go, …). The package reads
// no files: local code is handed to [Options.Artifact].
package sam
