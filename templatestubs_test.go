package hakone_test

import (
	"crypto/tls"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/template"
)

// insecure is for servers of this machine that this test started.
var insecure = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

func mapsKeys(m map[int]int) iter.Seq[int] { return maps.Keys(m) }

// parameterFor makes up a value for a parameter that has no default.
func parameterFor(name string, p *template.Node) (string, bool) {
	if p.Has("Default") {
		return "", false
	}
	if allowed := p.Get("AllowedValues"); allowed.IsList() && len(allowed.Items) > 0 {
		return allowed.Items[0].Str(), true
	}
	switch kind := p.Get("Type").Str(); {
	case kind == "Number":
		return "1", true
	case strings.Contains(kind, "VPC::Id"):
		return "vpc-0123456789abcdef0", true
	case strings.Contains(kind, "Subnet::Id"):
		return "subnet-0123456789abcdef0", true
	case strings.Contains(kind, "SecurityGroup::Id"):
		return "sg-0123456789abcdef0", true
	case strings.Contains(kind, "HostedZone"), strings.Contains(name, "Zone"):
		return "Z0123456789ABCDEFGHIJ", true
	case strings.Contains(kind, "KeyName"):
		return "key", true
	case strings.Contains(name, "Arn"), strings.Contains(name, "ARN"), strings.Contains(name, "Cert"):
		return "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012", true
	case strings.Contains(name, "Domain"):
		return "api.example.com", true
	case strings.Contains(strings.ToLower(name), "email"):
		return "me@example.com", true
	default:
		return "value", true
	}
}

// preludeOf is a template with what the other one expects to be there: a key pair,
// and the SSM parameters that are not AWS's.
func preludeOf(root *template.Node) string {
	out := "Resources:\n  Key: {Type: AWS::EC2::KeyPair, Properties: {KeyName: key}}\n"
	for i, p := range root.Get("Parameters").Keys() {
		parameter := root.Get("Parameters").Get(p)
		name := parameter.Get("Default").Str()
		if !strings.HasPrefix(parameter.Get("Type").Str(), "AWS::SSM::Parameter::Value<") || name == "" || strings.HasPrefix(name, "/aws/") || strings.HasPrefix(name, "/cdk") {
			continue
		}
		kind := "String"
		if strings.Contains(parameter.Get("Type").Str(), "List") {
			kind = "StringList"
		}
		out += fmt.Sprintf("  P%d: {Type: AWS::SSM::Parameter, Properties: {Name: %q, Type: %s, Value: value}}\n", i, name, kind)
	}
	return out
}

// stub makes what a template names and what is not beside it: code that answers,
// and definitions that define nothing.
func stub(t *testing.T, dir string, root *template.Node) {
	t.Helper()
	write := func(name, text string, mode os.FileMode) {
		if !filepath.IsLocal(name) {
			t.Logf("no stub for %q, which leads out of the template's folder", name)
			return
		}
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	globals := root.Path("Globals", "Function")
	for _, r := range root.Get("Resources").Pairs {
		properties := r.Value.Get("Properties")
		get := func(name string) string {
			if v := properties.Get(name).Str(); v != "" {
				return v
			}
			return globals.Get(name).Str()
		}
		switch r.Value.Get("Type").Str() {
		case "AWS::Serverless::Function":
			folder := get("CodeUri")
			if strings.Contains(folder, "://") || properties.Has("InlineCode") {
				continue
			}
			if filepath.Ext(folder) == ".jar" || filepath.Ext(folder) == ".zip" {
				write(folder, "PK\x05\x06"+strings.Repeat("\x00", 18), 0o600) // an empty archive
				continue
			}
			stubFunction(write, folder, get("Handler"), get("Runtime"))
		case "AWS::Serverless::Application":
			if file := properties.Get("Location").Str(); file != "" {
				write(file, nestedStub(string(root.JSON("")), properties.Get("Parameters").Keys()), 0o600)
			}
		case "AWS::Serverless::LayerVersion":
			if folder := properties.Get("ContentUri").Str(); folder != "" && !strings.Contains(folder, "://") {
				write(filepath.Join(folder, "empty"), "", 0o600)
			}
		case "AWS::Serverless::StateMachine":
			if file := properties.Get("DefinitionUri").Str(); file != "" {
				write(file, `{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}`, 0o600)
			}
		}
	}
	stubIncludes(write, root)
}

// nestedStub is a template with the outputs that text asks of a nested stack.
func nestedStub(text string, parameters []string) string {
	out := "Resources: {Handle: {Type: AWS::CloudFormation::WaitConditionHandle}}\nOutputs:\n  None: {Value: none}\n"
	for _, m := range regexp.MustCompile(`Outputs\.(\w+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(out, "  "+m[1]+":") {
			out += "  " + m[1] + ": {Value: 'https://stub.example.com'}\n"
		}
	}
	if len(parameters) > 0 {
		out += "Parameters:\n"
	}
	for _, p := range parameters {
		out += "  " + p + ": {Type: String}\n"
	}
	return out
}

func stubFunction(write func(name, text string, mode os.FileMode), folder, handler, runtime string) {
	module, function := handler, "handler"
	if i := strings.LastIndexByte(handler, '.'); i >= 0 {
		module, function = handler[:i], handler[i+1:]
	}
	write(filepath.Join(folder, "README"), "a stub", 0o600)
	switch {
	case strings.HasPrefix(runtime, "python"):
		write(filepath.Join(folder, module+".py"), "def "+function+"(event, context):\n    return {\"statusCode\": 200, \"body\": \"stub\"}\n", 0o600)
	case strings.HasPrefix(runtime, "nodejs"):
		write(filepath.Join(folder, module+".js"), "exports."+function+" = async () => ({ statusCode: 200, body: \"stub\" });\n", 0o600)
	default:
		write(filepath.Join(folder, "bootstrap"), "#!/bin/sh\nwhile true; do\n"+
			"  id=$(curl -sS -o /dev/null -D - \"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next\" | tr -d '\\r' | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')\n"+
			"  curl -sS -o /dev/null -d '{\"statusCode\": 200, \"body\": \"stub\"}' \"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response\"\ndone\n", 0o700)
	}
}

// stubIncludes makes the files that AWS::Include names.
func stubIncludes(write func(name, text string, mode os.FileMode), n *template.Node) {
	if n == nil {
		return
	}
	for _, item := range n.Items {
		stubIncludes(write, item)
	}
	for _, p := range n.Pairs {
		if p.Key == "Location" && p.Value.IsScalar() && !strings.Contains(p.Value.Value, "://") {
			write(p.Value.Value, `{"openapi": "3.0.1", "info": {"title": "stub", "version": "1"}, "paths": {}}`, 0o600)
		}
		stubIncludes(write, p.Value)
	}
}

func TestStubsStayInTheFolder(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "template")
	root, _, err := template.Parse("template.yaml", []byte(`
Resources:
  Function: {Type: AWS::Serverless::Function, Properties: {CodeUri: ../function, Handler: index.handler, Runtime: python3.12}}
  Module: {Type: AWS::Serverless::Function, Properties: {CodeUri: code, Handler: ../../module.handler, Runtime: python3.12}}
  Machine: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: `+above+`/machine.json}}
  Beside: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: beside.json}}
`))
	if err != nil {
		t.Fatal(err)
	}
	stub(t, dir, root)
	if _, err := os.Stat(filepath.Join(dir, "beside.json")); err != nil {
		t.Errorf("a definition beside the template: %v", err)
	}
	made, err := os.ReadDir(above)
	if err != nil || len(made) != 1 {
		t.Errorf("stubs outside the template's folder: %v, %v", made, err)
	}
}
