package execenv

import (
	"path/filepath"
	"strings"
)

// Java, Ruby and .NET run the runtime client that the package or a layer
// brings: AWS's own, which speaks the Runtime API over HTTP.

// brings says which client a family's packages must bring.
func (f family) brings() string {
	switch f {
	case java:
		return "the jar com.amazonaws:aws-lambda-java-runtime-interface-client in lib/ (or its classes)"
	case ruby:
		return "the gem aws_lambda_ric in vendor/bundle"
	default:
		return "the package Amazon.Lambda.RuntimeSupport"
	}
}

// ownClient returns the arguments that start the package's client behind the
// interpreter's name, or false if it brings none.
func (l layout) ownClient(fn *Function, f family) (args []string, ok bool) {
	switch f {
	case java:
		const class = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
		if l.first("lib/aws-lambda-java-runtime-interface-client-*.jar", "java/lib/aws-lambda-java-runtime-interface-client-*.jar",
			strings.ReplaceAll(class, ".", "/")+".class") == "" {
			return nil, false
		}
		path := strings.Join([]string{l.task, l.task + "/lib/*", l.opt + "/java/lib/*"}, ":")
		return []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", path, class, fn.Handler}, true
	case ruby:
		client := l.first("vendor/bundle/ruby/*/bin/aws_lambda_ric", "ruby/gems/*/bin/aws_lambda_ric")
		return []string{client, fn.Handler}, client != ""
	default: // .NET
		client := l.first("Amazon.Lambda.RuntimeSupport.dll")
		name, _, library := strings.Cut(fn.Handler, "::")
		assembly := filepath.Join(l.task, filepath.Base(name))
		if !library { // an executable starts the client itself
			return []string{"exec", assembly + ".dll", fn.Handler}, client != ""
		}
		return []string{"exec", "--depsfile", assembly + ".deps.json", "--runtimeconfig", assembly + ".runtimeconfig.json", client, fn.Handler}, client != ""
	}
}

// first returns the first file below the package, else the layers, that
// matches one of the patterns.
func (l layout) first(patterns ...string) string {
	for _, dir := range []struct{ ours, shown string }{{l.code, l.task}, {l.layers, l.opt}} {
		for _, pattern := range patterns {
			// The folders are ours, so none of their names is a bad pattern.
			if found, err := filepath.Glob(filepath.Join(dir.ours, filepath.FromSlash(pattern))); err == nil && len(found) > 0 {
				return dir.shown + strings.TrimPrefix(found[0], dir.ours)
			}
		}
	}
	return ""
}
