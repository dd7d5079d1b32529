package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSAMConfig(t *testing.T) {
	const config = `
version = 0.1
[default.global.parameters]
region = "eu-west-1"
[default.deploy.parameters]
stack_name = "hello"
parameter_overrides = 'A=1 B="two words" ParameterKey=C,ParameterValue="x=y"'
[network.deploy.parameters]
template_file = "network.yaml"
stack_name = "net"
region = "us-west-2"
parameter_overrides = ["VpcCidr=10.1.0.0/16", "Empty="]
[prod.deploy.parameters]
stack_name = "hello-prod"
`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "samconfig.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := readSAMConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, environment, template string
		want                        deployParameters
	}{
		{
			"the default environment is template.yaml's", "default", "template.yaml",
			deployParameters{"hello", "eu-west-1", map[string]string{"A": "1", "B": "two words", "C": "x=y"}},
		},
		{
			"an environment that names the template is the template's", "default", "network.yaml",
			deployParameters{"net", "us-west-2", map[string]string{"VpcCidr": "10.1.0.0/16", "Empty": ""}},
		},
		{
			"another template takes only what is global", "default", "other.yaml",
			deployParameters{"", "eu-west-1", map[string]string{}},
		},
		{
			"the environment can be chosen", "prod", "template.yaml",
			deployParameters{"hello-prod", "", map[string]string{}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.deployment(tt.environment, tt.template)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("deployment(%q, %q) (-want +got):\n%s", tt.environment, tt.template, diff)
			}
		})
	}
}

func TestSAMConfigRefusals(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"broken TOML names the place", "[default\n", "samconfig.toml:1:9: "},
		{"an override without a value", "[default.deploy.parameters]\nparameter_overrides = \"A\"\n", `parameter_overrides: "A" is not NAME=VALUE`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "samconfig.toml"), []byte(tt.config), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := readSAMConfig(dir)
			if err == nil {
				_, err = c.deployment("default", "template.yaml")
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestOverridesOfFlags(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
		want  map[string]string
	}{
		{"one", []string{"A=1"}, map[string]string{"A": "1"}},
		{"repeated", []string{"A=1", "B=2"}, map[string]string{"A": "1", "B": "2"}},
		{"together, as SAM CLI takes them", []string{`A=1 B="x y"`}, map[string]string{"A": "1", "B": "x y"}},
		{"together, in the long form", []string{`ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=2`}, map[string]string{"A": "1", "B": "2"}},
		{"a value with blanks", []string{"A=hello world"}, map[string]string{"A": "hello world"}},
		{"a value with quotes", []string{`A={"a": 1}`}, map[string]string{"A": `{"a": 1}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseOverrides(flagWords(tt.flags))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("overrides (-want +got):\n%s", diff)
			}
		})
	}
}
