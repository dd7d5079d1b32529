package execenv_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/execenv"
)

// fakeInterpreter answers what each language's program says of itself; with
// other arguments it is a runtime client whose result is its command line.
const fakeInterpreter = `import json, os, sys, urllib.request
if sys.argv[1] == "-XshowSettings:properties":
    print("    java.home = HOME\n    java.version = 17.0.15")
elif sys.argv[1] == "-e":
    print(json.dumps({"path": "HOME/bin/ruby", "version": "3.4.2"}))
elif sys.argv[1] == "--list-runtimes":
    print("Microsoft.AspNetCore.App 9.0.1 [/x]\nMicrosoft.NETCore.App 8.0.1 [/x]")
else:
    api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
    while True:
        event = urllib.request.urlopen(api + "next")
        urllib.request.urlopen(api + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", json.dumps(sys.argv[1:]).encode())
`

// fakeInterpreters puts java, ruby and dotnet on the path.
func fakeInterpreters(t *testing.T) {
	t.Helper()
	python, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Skip("no python3 to stand in for the languages")
	}
	if _, err := os.Stat("/usr/bin/python3"); err == nil {
		python = []byte("/usr/bin/python3") // a room shows no other interpreter than the function's
	}
	home := t.TempDir()
	if home, err = filepath.EvalSymlinks(home); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(home, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	text := "#!" + strings.TrimSpace(string(python)) + "\n" + strings.ReplaceAll(fakeInterpreter, "HOME", home)
	for _, name := range []string{"java", "ruby", "dotnet"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
}

func TestPackagesRuntimeClientIsStarted(t *testing.T) {
	fakeInterpreters(t)
	r := start(t, nil)
	tests := []struct{ runtime, handler, client, want string }{
		{
			"java17", "example.H::handle", "lib/aws-lambda-java-runtime-interface-client-2.9.0.jar",
			`["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", "TASK:TASK/lib/*:OPT/java/lib/*", "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", "example.H::handle"]`,
		},
		{"ruby3.4", "f.h", "vendor/bundle/ruby/3.4.0/bin/aws_lambda_ric", `["TASK/vendor/bundle/ruby/3.4.0/bin/aws_lambda_ric", "f.h"]`},
		{"dotnet8", "Assembly", "Amazon.Lambda.RuntimeSupport.dll", `["exec", "TASK/Assembly.dll", "Assembly"]`},
		{
			"dotnet8", "Assembly::N.C::M", "Amazon.Lambda.RuntimeSupport.dll",
			`["exec", "--depsfile", "TASK/Assembly.deps.json", "--runtimeconfig", "TASK/Assembly.runtimeconfig.json", "TASK/Amazon.Lambda.RuntimeSupport.dll", "Assembly::N.C::M"]`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.runtime+" "+tt.handler, func(t *testing.T) {
			r.code[t.Name()], r.code["without"] = archive(t, map[string]string{tt.client: ""}), archive(t, map[string]string{"x": ""})
			fn := &execenv.Function{
				Name: "fn", ARN: "arn:aws:lambda:us-east-1:111111111111:function:fn", Version: "$LATEST", Revision: t.Name(), Region: "us-east-1",
				Runtime: tt.runtime, Handler: tt.handler, Code: t.Name(), Timeout: 10 * time.Second,
			}
			res := r.invoke(t, fn, `{}`)
			tasks, err := filepath.Glob(filepath.Join(r.dir, "code", "*"))
			if err != nil {
				t.Fatal(err)
			}
			got := string(res.Payload)
			for _, task := range tasks {
				got = strings.ReplaceAll(got, task, "TASK")
			}
			got = strings.NewReplacer(filepath.Join(r.dir, "none"), "OPT", "/opt", "OPT", "/var/task", "TASK").Replace(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("command line (-want +got):\n%s\n%q", diff, r.logs.all())
			}
			bare := *fn
			bare.Code, bare.Revision = "without", t.Name()+"without"
			res = r.invoke(t, &bare, `{}`)
			if !strings.Contains(string(res.Payload), "the package of a "+tt.runtime+" function must bring its runtime client: ") {
				t.Errorf("without a client: %s", res.Payload)
			}
		})
	}
}

func TestMissingLanguageNamesWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	r := start(t, nil)
	for runtime, want := range map[string]string{
		"java21":      "install Java 21 (Debian, Ubuntu: apt install openjdk-21-jre-headless",
		"java8.al2":   "install Java 8 ",
		"ruby3.3":     "install Ruby 3.3 ",
		"dotnet8":     "install .NET 8 ",
		"nodejs22.x":  "install Node.js 22 ",
		"python3.13":  "install Python 3.13 ",
		"dotnetcore1": "only python3.x",
	} {
		err := r.Check(runtime)
		if no := new(execenv.UnavailableError); !errors.As(err, &no) || !strings.Contains(no.Reason, want) {
			t.Errorf("%s: %v, want %q in it", runtime, err, want)
		}
	}
}
