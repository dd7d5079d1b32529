package lambda

import (
	_ "embed"
	"io/fs"
	"strings"
)

// The modules that inline code may import to answer CloudFormation for a custom
// resource, with the interface that AWS documents ("cfn-response module").
var (
	//go:embed cfnresponse/cfnresponse.py
	cfnResponsePython []byte
	//go:embed cfnresponse/cfn-response.js
	cfnResponseNode []byte
)

// addResponseModule adds the module that source mentions, if it does.
func addResponseModule(source, runtime string, add func(string, fs.FileMode, []byte) error) error {
	switch {
	case strings.HasPrefix(runtime, "python") && strings.Contains(source, "cfnresponse"):
		return add("cfnresponse.py", 0o644, cfnResponsePython)
	case strings.HasPrefix(runtime, "nodejs") && strings.Contains(source, "cfn-response"):
		return add("node_modules/cfn-response/index.js", 0o644, cfnResponseNode)
	default:
		return nil
	}
}
