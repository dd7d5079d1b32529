package lambda

import (
	"errors"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/template"
)

// check finds before a deployment what cannot be made of a function's properties:
// runtimes that there are not, on Lambda or on this machine, and what is refused
// of its code.
func (h functions) check(n *template.Node) error {
	return template.Join(h.checkRuntime(n), n.Get("Code").Refused(codeProperties{}))
}

func (h functions) checkRuntime(n *template.Node) error {
	if n.Get("Runtime").HasUnknown() || n.Get("Handler").HasUnknown() || n.Get("PackageType").HasUnknown() {
		return nil
	}
	v := &version{}
	v.Runtime, v.Handler, v.PackageType = n.Get("Runtime").Str(), n.Get("Handler").Str(), n.Get("PackageType").Str()
	err := checkRuntime(v)
	if err == nil && h.s.cfg.Pool != nil {
		v.FunctionName = n.Get("FunctionName").Str()
		err = h.s.available(v)
	}
	refused, ok := errors.AsType[*awserr.Error](err)
	if !ok {
		return err
	}
	at := n.Position
	if runtime := n.Get("Runtime"); runtime != nil {
		at = runtime.Position
	}
	return &template.Error{Message: refused.Message, Notes: []template.Note{{Position: at}}}
}
