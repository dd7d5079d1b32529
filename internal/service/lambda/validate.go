package lambda

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/execenv"
)

// Runtimes that can be chosen, and those that once could.
var (
	runtimes = []string{
		"nodejs24.x", "nodejs22.x", "nodejs20.x", "nodejs18.x", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9",
		"java25", "java21", "java17", "java11", "java8.al2", "dotnet9", "dotnet8", "ruby3.4", "ruby3.3", "ruby3.2", "provided.al2023", "provided.al2",
	}
	retired = []string{
		"nodejs", "nodejs4.3", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x", "nodejs16.x", "python2.7", "python3.6", "python3.7",
		"python3.8", "ruby2.5", "ruby2.7", "java8", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet6", "dotnet7", "go1.x", "provided",
	}
)

// reserved are the variables that only Lambda sets.
var reserved = map[string]bool{
	"_HANDLER": true, "_X_AMZN_TRACE_ID": true, "AWS_DEFAULT_REGION": true, "AWS_REGION": true, "AWS_EXECUTION_ENV": true,
	"AWS_LAMBDA_FUNCTION_NAME": true, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": true, "AWS_LAMBDA_FUNCTION_VERSION": true,
	"AWS_LAMBDA_INITIALIZATION_TYPE": true, "AWS_LAMBDA_LOG_GROUP_NAME": true, "AWS_LAMBDA_LOG_STREAM_NAME": true,
	"AWS_ACCESS_KEY": true, "AWS_ACCESS_KEY_ID": true, "AWS_SECRET_KEY": true, "AWS_SECRET_ACCESS_KEY": true, "AWS_SESSION_TOKEN": true,
	"AWS_LAMBDA_RUNTIME_API": true, "LAMBDA_TASK_ROOT": true, "LAMBDA_RUNTIME_DIR": true,
	"AWS_LAMBDA_MAX_CONCURRENCY": true, "AWS_LAMBDA_METADATA_API": true, "AWS_LAMBDA_METADATA_TOKEN": true,
}

const (
	rolePattern = `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`
	handlerMax  = 128
)

var (
	roleRE     = regexp.MustCompile(`^` + rolePattern + `$`)
	variableRE = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9_])+$`)
	handlerRE  = regexp.MustCompile(`^[^\s]+$`)
)

// check checks a whole configuration: against the model first, all violations
// at once, then one by one.
func (s *Service) check(v *version, also violations) error {
	bad := also
	if !roleRE.MatchString(v.Role) {
		bad.add(v.Role, "role", "satisfy regular expression pattern: "+rolePattern)
	}
	atLeast(&bad, v.MemorySize, "memorySize", 128)
	atMost(&bad, v.MemorySize, "memorySize", 10240)
	atLeast(&bad, v.Timeout, "timeout", 1)
	atMost(&bad, v.Timeout, "timeout", 900)
	atLeast(&bad, v.EphemeralStorage.Size, "ephemeralStorage.size", 512)
	atMost(&bad, v.EphemeralStorage.Size, "ephemeralStorage.size", 10240)
	if len(v.Handler) > handlerMax {
		bad.add(v.Handler, "handler", "have length less than or equal to 128")
	}
	if v.Handler != "" && !handlerRE.MatchString(v.Handler) {
		bad.add(v.Handler, "handler", `satisfy regular expression pattern: [^\s]+`)
	}
	if len(v.Description) > 256 {
		bad.add(v.Description, "description", "have length less than or equal to 256")
	}
	checkArchitectures(&bad, v.Architectures)
	if v.Environment != nil {
		for _, name := range sortedKeys(v.Environment.Variables) {
			if !variableRE.MatchString(name) && !reserved[name] {
				bad.add(name, "environment.variables", "satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+")
			}
		}
	}
	if err := bad.err(); err != nil {
		return err
	}
	return firstOf(
		func() error { return checkRuntime(v) },
		func() error { return checkEnvironment(v.Environment) },
		func() error { return s.checkRole(v.Role) },
		func() error { return s.available(v) },
	)
}

func firstOf(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func atLeast(v *violations, n int, member string, least int) {
	if n < least {
		v.add(strconv.Itoa(n), member, "have value greater than or equal to "+strconv.Itoa(least))
	}
}

func atMost(v *violations, n int, member string, most int) {
	if n > most {
		v.add(strconv.Itoa(n), member, "have value less than or equal to "+strconv.Itoa(most))
	}
}

func checkArchitectures(v *violations, list []string) {
	shown := "[" + strings.Join(list, ", ") + "]"
	if len(list) > 1 {
		v.add(shown, "architectures", "have length less than or equal to 1")
		return
	}
	for _, a := range list {
		if a != "x86_64" && a != "arm64" {
			v.add(shown, "architectures", "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]")
		}
	}
}

func checkRuntime(v *version) error {
	switch {
	case v.PackageType == "Image":
		return nil
	case slices.Contains(runtimes, v.Runtime):
	case slices.Contains(retired, v.Runtime):
		return invalidParameter("The runtime parameter of %s is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.", v.Runtime)
	case v.Runtime == "":
		return invalidParameter("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	default:
		return invalidParameter("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] or be a valid ARN", v.Runtime, strings.Join(runtimes, ", "))
	}
	if v.Handler == "" {
		return invalidParameter("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	return nil
}

// available checks that functions of the runtime can be run, here or where this
// one is.
func (s *Service) available(v *version) error {
	if err := s.cfg.Pool.CheckFunction(&execenv.Function{Name: v.FunctionName, Runtime: v.Runtime}); err != nil {
		return invalidParameter("%s", err.Error())
	}
	return nil
}

func checkEnvironment(e *Environment) error {
	if e == nil {
		return nil
	}
	var taken []string
	for _, name := range sortedKeys(e.Variables) {
		if reserved[name] {
			taken = append(taken, name)
		}
	}
	const cannot = "Lambda was unable to configure your environment variables because the environment variables you have provided "
	if len(taken) > 0 {
		return invalidParameter(cannot+"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(taken, ", "))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e.Variables); err != nil {
		return err
	}
	if text := strings.TrimSuffix(b.String(), "\n"); len(e.Variables) > 0 && len(text) > 4096 {
		return invalidParameter(cannot+"exceeded the 4KB limit. String measured: %s", text)
	}
	return nil
}

func (s *Service) checkRole(role string) error {
	if s.cfg.Roles != nil && !s.cfg.Roles.MayAssume("lambda.amazonaws.com", role) {
		return invalidParameter("The role defined for the function cannot be assumed by Lambda.")
	}
	return nil
}
