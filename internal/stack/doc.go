// Package stack turns a bound template into resources.
//
// [Plan] compares a template with what a stack already has and says what would
// be created, updated, replaced or deleted. [Apply] carries a plan out: it
// walks the dependency graph, independent resources in parallel, calls each
// type's [Handler], reports events, and rolls back when something fails.
//
// The package knows no service: types come as a table of [Type], and progress
// goes to a [Journal], so that a killed deployment can be finished later.
package stack
