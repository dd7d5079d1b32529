package integration

import (
	"fmt"
	"strings"
)

// FunctionARN returns the function that an integration's URI names: a function
// ARN, or the path that API Gateway calls Lambda by. Stage variables in it are
// replaced; one that the stage does not have is an error.
func FunctionARN(uri string, variables map[string]string) (string, error) {
	uri, err := ReplaceStageVariables(uri, variables)
	if err != nil {
		return "", err
	}
	const prefix, suffix = "lambda:path/2015-03-31/functions/", "/invocations"
	if i := strings.Index(uri, prefix); i >= 0 && strings.Contains(uri[:i], ":apigateway:") {
		arn, ok := strings.CutSuffix(uri[i+len(prefix):], suffix)
		if !ok {
			return "", fmt.Errorf("integration URI %q does not end in %s", uri, suffix)
		}
		uri = arn
	}
	if parts := strings.Split(uri, ":"); len(parts) < 7 || len(parts) > 8 || parts[0] != "arn" || parts[2] != "lambda" || parts[5] != "function" {
		return "", fmt.Errorf("integration URI %q names no Lambda function", uri)
	}
	return uri, nil
}

// ReplaceStageVariables replaces ${stageVariables.NAME} in s.
func ReplaceStageVariables(s string, variables map[string]string) (string, error) {
	const start = "${stageVariables."
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, start)
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, rest, ok := strings.Cut(after, "}")
		if !ok {
			return "", fmt.Errorf("%s has no closing brace", start)
		}
		value, ok := variables[name]
		if !ok {
			return "", fmt.Errorf("the stage has no variable %s", name)
		}
		b.WriteString(value)
		s = rest
	}
}
