//go:build conformance

package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool returns a deployment tool that .ci/run installs, and a command that runs it
// in a folder of testdata.
func (s *server) tool(environment []string, path, folder string) func(args ...string) string {
	s.t.Helper()
	tool, err := filepath.Abs(filepath.Join("..", ".venv", path))
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := os.Stat(tool); err != nil {
		s.t.Fatalf("%s is not installed: .ci/run installs it", tool)
	}
	dir := s.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", folder))); err != nil {
		s.t.Fatal(err)
	}
	return func(args ...string) string {
		s.t.Helper()
		command := exec.Command(tool, args...)
		command.Dir, command.Env = dir, environment
		out, err := command.CombinedOutput()
		if err != nil {
			s.t.Fatalf("%s %s: %v\n%s", filepath.Base(tool), strings.Join(args, " "), err, out)
		}
		return string(out)
	}
}

// output returns an output of a stack, as the AWS CLI tells it.
func (s *server) output(environment []string, stack, key string) string {
	s.t.Helper()
	return strings.TrimSpace(s.run(environment, "aws", "cloudformation", "describe-stacks", "--stack-name", stack,
		"--query", "Stacks[0].Outputs[?OutputKey=='"+key+"'].OutputValue", "--output", "text"))
}

// fetch calls an API with curl.
func (s *server) fetch(environment []string, api, path string) string {
	s.t.Helper()
	return s.run(environment, "curl", "-s", "--cacert", s.status.CAFile, s.status.HTTPS+"/_aws/execute-api/"+api+"/$default"+path)
}

// TestSAMDeploys deploys a template with code, a layer and a nested application,
// which SAM CLI uploads to the bucket that it makes for that.
func TestSAMDeploys(t *testing.T) {
	s := start(t)
	administrator := append(s.environment(), "SAM_CLI_TELEMETRY=0")
	sam := s.tool(administrator, "sam/bin/sam", "sam")
	deploy := []string{"deploy", "--resolve-s3", "--stack-name", "sam-app", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-progressbar", "--no-fail-on-empty-changeset"}
	if out := sam(deploy...); !strings.Contains(out, "Successfully created/updated stack - sam-app") {
		t.Errorf("sam deploy printed\n%s", out)
	}
	bucket := s.output(administrator, "sam-app", "Bucket")
	want := "hello from a layer " + bucket + " " + s.status.Control
	if got := s.fetch(administrator, s.output(administrator, "sam-app", "Api"), "/hello"); got != want {
		t.Errorf("the API answers %q, want %q", got, want)
	}
	if out := sam(deploy...); !strings.Contains(out, "No changes to deploy") {
		t.Errorf("sam deploy again printed\n%s", out)
	}
	s.walk(administrator, nil, []step{
		{call: "s3api put-object --bucket " + bucket + " --key kept"},
		{call: "cloudformation delete-stack --stack-name sam-app"},
		{call: "cloudformation describe-stack-events --stack-name sam-app", want: "The bucket you tried to delete is not empty"},
		{call: "s3 rm s3://" + bucket + "/kept"},
		{call: "cloudformation delete-stack --stack-name sam-app"},
		{call: "cloudformation wait stack-delete-complete --stack-name sam-app"},
		{call: "s3api head-bucket --bucket " + bucket, want: "404", refused: true},
	})

	// SAM CLI deletes what it uploaded, too, and takes an address for one of S3 only
	// if it begins with https://s3.
	names, err := filepath.Abs("testdata/localhost")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.status.Control, "http://"), ":")
	sam = s.tool(append(administrator, "PYTHONPATH="+names, "AWS_ENDPOINT_URL_S3=https://s3.localhost:"+port), "sam/bin/sam", "sam")
	sam(deploy...)
	sam("delete", "--stack-name", "sam-app", "--no-prompts")
	s.walk(administrator, nil, []step{{call: "cloudformation describe-stacks --stack-name sam-app", want: "does not exist", refused: true}})
}

// TestCDKDeploys makes CDK's bootstrap stack and deploys an app by the roles and
// the bucket of it.
func TestCDKDeploys(t *testing.T) {
	s := start(t)
	administrator := s.environment()
	modules, err := filepath.Abs("../.venv/js/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	cdk := s.tool(append(administrator, "NODE_PATH="+modules, "CDK_DISABLE_VERSION_CHECK=1", "CDK_DISABLE_CLI_TELEMETRY=1"), "js/node_modules/.bin/cdk", "cdk")
	cdk("bootstrap", "aws://123456789012/"+s.status.Region)
	app := []string{"--app", "node app.js", "--no-notices"}
	cdk(append([]string{"deploy", "--require-approval", "never"}, app...)...)
	got := s.fetch(administrator, s.output(administrator, "CdkApp", "ApiId"), "/hello")
	if !strings.HasPrefix(got, "hello from cdk cdkapp-things") {
		t.Errorf("the API answers %q", got)
	}
	if out := cdk(append([]string{"deploy", "--require-approval", "never"}, app...)...); !strings.Contains(out, "(no changes)") {
		t.Errorf("cdk deploy again printed\n%s", out)
	}
	cdk(append([]string{"destroy", "--force"}, app...)...)
	s.walk(administrator, nil, []step{
		{call: "cloudformation describe-stacks --stack-name CdkApp", want: "does not exist", refused: true},
		{call: "ssm get-parameter --name /cdk-bootstrap/hnb659fds/version", want: `"Type": "String"`},
		{call: "ecr describe-repositories", want: "hakone does not serve", refused: true},
	})
}
