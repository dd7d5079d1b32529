// Package template reads and resolves AWS CloudFormation templates.
//
// [Parse] turns YAML or JSON text into a tree of [Node], each of which knows
// where it was written. The transforms (the SAM transform is another package)
// work on that tree. [Load] checks a tree's structure and gives a [Template];
// [Template.Bind] gives it parameter values and evaluates its conditions;
// [Bound.Check] checks every reference; [Bound.Resolve] computes the intrinsic
// functions of one value. A refusal is an [*Error]: CloudFormation's own text
// first, then the places in the source.
//
// The package does no I/O: what lies outside the template (SSM parameters,
// exports, secrets, included files) is asked of an [Env].
package template
