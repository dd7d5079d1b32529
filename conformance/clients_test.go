//go:build conformance

package conformance

import (
	"regexp"
	"strings"
	"testing"
)

func TestRealClients(t *testing.T) {
	s := start(t)
	administrator, role, function := s.environment(), s.environment("--role", "Ec2IamRole"), s.environment("--role", "LambdaExecutionRole")
	region, api := s.status.Region, s.api()

	t.Run("curl, unsigned: AWS's 403 and no other header", func(t *testing.T) {
		got := s.run(administrator, "curl", "-s", "-k", "-i", api)
		want := regexp.MustCompile(`^HTTP/2 403 \r\n((content-type: application/json|content-length: 23|date: [^\r]+|apigw-requestid: \S+)\r\n){4}\r\n\{"message":"Forbidden"\}$`)
		if !want.MatchString(got) {
			t.Errorf("curl -i printed\n%s", got)
		}
	})
	t.Run("curl trusts the local authority", func(t *testing.T) {
		if got := s.run(administrator, "curl", "-s", "--cacert", s.status.CAFile, api); got != `{"message":"Forbidden"}` {
			t.Errorf("curl printed %q", got)
		}
	})
	for _, tt := range []struct {
		name        string
		environment []string
		want        string
	}{
		{"the administrator", administrator, "Hello, World"},
		{"the instance's role", role, "Hello, World"},
		{"a role without execute-api:Invoke", function, `{"message":"Forbidden"}`},
	} {
		user := variable(tt.environment, "AWS_ACCESS_KEY_ID") + ":" + variable(tt.environment, "AWS_SECRET_ACCESS_KEY")
		curl := []string{"-s", "-k", "--aws-sigv4", "aws:amz:" + region + ":execute-api", "--user", user}
		if token := variable(tt.environment, "AWS_SESSION_TOKEN"); token != "" {
			curl = append(curl, "-H", "X-Amz-Security-Token: "+token)
		}
		for client, args := range map[string][]string{
			"curl":    append(curl, api),
			"hakone":  {"curl", "--service", "execute-api", "--region", region, api},
			"awscurl": {"-k", "--service", "execute-api", "--region", region, api},
		} {
			t.Run(client+" as "+tt.name, func(t *testing.T) {
				if got := strings.TrimSuffix(s.run(tt.environment, client, args...), "\n"); got != tt.want {
					t.Errorf("%s printed %q, want %q", client, got, tt.want)
				}
			})
		}
	}
	t.Run("on the instance, PyPI's awscurl finds the role by itself", func(t *testing.T) {
		awscurl := client(t, "awscurl", s.binary)
		got := s.run(administrator, "hakone", "ssh", "--no-namespaces", "--data-dir", s.dataDir, "Ec2Instance", "--",
			awscurl, "--service", "execute-api", "--region", region, api)
		if strings.TrimSuffix(got, "\n") != "Hello, World" {
			t.Errorf("awscurl printed %q", got)
		}
	})
	t.Run("aws and boto3 know who they are", func(t *testing.T) {
		if got := s.run(administrator, "aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); !strings.Contains(got, ":user/") {
			t.Errorf("aws sts get-caller-identity printed %q", got)
		}
		const script = `import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])`
		if got := s.run(role, "python3", "-c", script); !strings.Contains(got, ":assumed-role/Test-EC2Role/") {
			t.Errorf("boto3 printed %q", got)
		}
		got := s.run(administrator, "hakone", "ssh", "--no-namespaces", "--data-dir", s.dataDir, "Ec2Instance", "--",
			client(t, "python3", s.binary), "-c", script)
		if !regexp.MustCompile(`:assumed-role/Test-EC2Role/i-[0-9a-f]{17}\n$`).MatchString(got) {
			t.Errorf("boto3 on the instance printed %q", got)
		}
	})
}
