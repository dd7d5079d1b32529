package execenv

import (
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
)

// Paths that functions know, as Lambda has them.
const (
	taskRoot   = "/var/task"
	optRoot    = "/opt"
	runtimeDir = "/var/runtime"
	langDir    = "/var/lang"
)

// A layout says where an environment's process sees its folders, which in a
// room is where Lambda has them, and where we do.
type layout struct {
	task, opt, runtime, lang string
	code, layers             string // what we see of task and opt
}

// place puts the folders that the process sees in the place of Lambda's in a
// value such as a search path.
func (l layout) place(value string) string {
	parts := strings.Split(value, ":")
	for i, p := range parts {
		for _, m := range [...]struct{ name, real string }{
			{taskRoot, l.task}, {optRoot, l.opt}, {runtimeDir, l.runtime}, {langDir, l.lang},
		} {
			if p == m.name || strings.HasPrefix(p, m.name+"/") {
				parts[i] = m.real + p[len(m.name):]
				break
			}
		}
	}
	return strings.Join(parts, ":")
}

// startVariables are those that an interpreter must have when it starts,
// because it, or the loader, reads them only then. They are the same for all
// functions of a runtime, apart from what a function sets itself.
func startVariables(f family) map[string]string {
	v := map[string]string{
		"LANG":            "en_US.UTF-8",
		"TZ":              ":UTC",
		"PATH":            "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
	}
	if f == provided {
		v["PATH"] = "/usr/local/bin:/usr/bin/:/bin:/opt/bin"
		v["LD_LIBRARY_PATH"] = "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
	}
	return v
}

// variables are all environment variables of an environment, as Lambda sets
// them: nothing of this process's own, and the user's over the unreserved
// ones; more are those of every function, below the user's.
func variables(fn *Function, l layout, more map[string]string, stream, api string, keys Keys) map[string]string {
	f, major, minor := runtimeFamily(fn.Runtime)
	v := startVariables(f)
	set := func(pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			v[pairs[i]] = pairs[i+1]
		}
	}
	set(
		"AWS_LAMBDA_LOG_GROUP_NAME", fn.logGroup(),
		"AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000",
		"_AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1",
		"_AWS_XRAY_DAEMON_PORT", "2000",
		"PWD", taskRoot, "SHLVL", "0",
	)
	if fn.LogFormat == "JSON" {
		set("AWS_LAMBDA_LOG_FORMAT", "JSON", "AWS_LAMBDA_LOG_LEVEL", orElse(fn.LogLevel, "INFO"))
	}
	switch f {
	case python:
		set("PYTHONPATH", runtimeDir)
		if minor >= 12 {
			set("LC_CTYPE", "C.UTF-8")
		}
	case node:
		n := fmt.Sprintf("/opt/nodejs/node%d/node_modules", major)
		set("NODE_PATH", n+":/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task")
	case ruby:
		n := fmt.Sprintf("%d.%d.0", major, minor)
		set(
			"GEM_HOME", runtimeDir,
			"GEM_PATH", "/var/task/vendor/bundle/ruby/"+n+":/opt/ruby/gems/"+n+":/var/runtime:/var/runtime/ruby/"+n,
			"RUBYLIB", "/var/task:/var/runtime/lib:/opt/ruby/lib",
		)
	case dotnet:
		set("DOTNET_ROOT", langDir+"/bin", "LAMBDA_RUNTIME_NAME", fn.Runtime)
	case java, provided, unknownFamily:
	}
	maps.Copy(v, more)
	maps.Copy(v, fn.Variables)
	set(
		"AWS_REGION", fn.Region, "AWS_DEFAULT_REGION", fn.Region,
		"AWS_LAMBDA_FUNCTION_NAME", fn.Name,
		"AWS_LAMBDA_FUNCTION_VERSION", fn.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", strconv.Itoa(fn.memoryMB()),
		"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME", fn.logGroup(),
		"AWS_LAMBDA_LOG_STREAM_NAME", stream,
		"AWS_LAMBDA_RUNTIME_API", api,
		"LAMBDA_TASK_ROOT", taskRoot, "LAMBDA_RUNTIME_DIR", runtimeDir,
		"_HANDLER", fn.Handler,
	)
	if f != provided {
		set("AWS_EXECUTION_ENV", "AWS_Lambda_"+fn.Runtime)
	}
	if keys.AccessKeyID != "" {
		set("AWS_ACCESS_KEY_ID", keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY", keys.SecretAccessKey, "AWS_SESSION_TOKEN", keys.SessionToken)
		if f == java && major <= 11 {
			set("AWS_ACCESS_KEY", keys.AccessKeyID, "AWS_SECRET_KEY", keys.SecretAccessKey)
		}
	}
	for _, name := range []string{
		"PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "NODE_PATH", "GEM_HOME", "GEM_PATH", "RUBYLIB", "PWD", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_EXEC_WRAPPER",
	} {
		if value, ok := v[name]; ok {
			v[name] = l.place(value)
		}
	}
	return v
}

// variables are those of the environment's next process.
func (e *environment) variables(l layout, api string, keys Keys) map[string]string {
	v := variables(e.fn, l, e.pool.cfg.Variables, e.stream, api, keys)
	v["AWS_LAMBDA_INITIALIZATION_TYPE"] = e.startedBy()
	return v
}

// needsOwnStart reports whether the function sets variables that an
// interpreter reads when it starts, so that one that was started before does
// not do.
func needsOwnStart(fn *Function) bool {
	for name := range fn.Variables {
		for _, prefix := range []string{"PYTHON", "NODE_", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_", "AWS_LAMBDA_EXEC_WRAPPER"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return false
}

// list returns the variables as a process gets them.
func list(v map[string]string) []string {
	out := make([]string, 0, len(v))
	for name, value := range v {
		out = append(out, name+"="+value)
	}
	return out
}

func (fn *Function) logGroup() string { return orElse(fn.LogGroup, "/aws/lambda/"+fn.Name) }

func (fn *Function) memoryMB() int {
	if fn.MemoryMB == 0 {
		return 128
	}
	return fn.MemoryMB
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// langRoot is what stands for /var/lang: the folder above the interpreter's.
func (in *interpreter) langRoot() string { return filepath.Dir(filepath.Dir(in.path)) }
