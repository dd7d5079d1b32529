package iam

import (
	"context"
	"fmt"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/policy"
)

// warn tells what IAM accepts in a policy but which can never match, such as a
// misspelt action: to whoever deploys, else to the log. what names the policy.
func (s *Service) warn(ctx context.Context, kind policy.Kind, text Document, what string) {
	d, err := policy.Parse(kind, []byte(text))
	if err != nil {
		return
	}
	for _, w := range d.Warnings() {
		line := what + ": " + w.Element + ": " + w.Message
		if w.Likely != "" {
			line += fmt.Sprintf("; did you mean %q?", w.Likely)
		}
		if !stack.Warn(ctx, line) {
			s.log.WarnContext(ctx, "policy is accepted but may not mean what it says", "warning", line)
		}
	}
}
