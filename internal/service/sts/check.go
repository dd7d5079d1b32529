package sts

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
)

// maxPacked is the room for packed policies and tags. AWS does not say how large
// its own is; this one keeps tokens under the limit for headers.
const maxPacked = 2048

// packedSize returns how much of the room the policies and tags of a session
// take, in percent; nil without any.
func packedSize(wish *session) (*int, error) {
	if wish.Policy == "" && len(wish.PolicyARNs) == 0 && len(wish.Tags) == 0 {
		return nil, nil
	}
	text, err := json.Marshal([]any{wish.Policy, wish.PolicyARNs, wish.Tags, wish.Transitive})
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	percent := (packed.Len()*100 + maxPacked - 1) / maxPacked
	if percent > 100 || len(text) > 3*maxPacked {
		return nil, awserr.New("PackedPolicyTooLarge", 400, "Packed policy consumes %d%% of allotted space, please use smaller policy.", max(percent, 101))
	}
	return &percent, nil
}

func arns(list []PolicyDescriptor) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Arn)
	}
	return out
}

func checkTags(tags []Tag, transitive []string) error {
	seen := map[string]bool{}
	for _, t := range tags {
		key := strings.ToLower(t.Key)
		switch {
		case t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256:
			return awserr.Validation("1 validation error detected: Value '%s' at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128", t.Key)
		case strings.HasPrefix(key, "aws:"):
			return awserr.New("InvalidParameterValue", 400, "Tag keys beginning with aws: are reserved.")
		case seen[key]:
			return awserr.New("InvalidParameterValue", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[key] = true
	}
	if len(tags) > 50 {
		return awserr.Validation("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	for _, key := range transitive {
		if !seen[strings.ToLower(key)] {
			return awserr.New("InvalidParameterValue", 400, "The specified transitive tag key must be included in the requested tags.")
		}
	}
	return nil
}

func length(field, value string, least, most int) error {
	switch {
	case len(value) < least:
		return awserr.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length greater than or equal to %d", value, field, least)
	case len(value) > most:
		return awserr.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", value, field, most)
	default:
		return nil
	}
}

func pattern(field, value, expression string) error {
	return awserr.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, field, expression)
}

func rangeError(field string, seconds int, least, most time.Duration) error {
	bound, limit := "less", most
	if time.Duration(seconds)*time.Second < least {
		bound, limit = "greater", least
	}
	return awserr.Validation("1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: Member must have value %s than or equal to %d", seconds, field, bound, int(limit/time.Second))
}

func denied(format string, args ...any) error {
	return awserr.New("AccessDenied", 403, format, args...)
}

// notAuthorized is STS's refusal, which names no reason.
func notAuthorized(c *access.Caller, action, role string) error {
	who := c.ARN
	if who == "" {
		who = c.Service
	}
	return denied("%s", fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", who, action, role))
}
