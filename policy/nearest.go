package policy

import (
	"fmt"
	"strings"
)

// nearest finds the Allow that came nearest, in the layers that should have
// allowed.
func (x *explainer) nearest() {
	if x.verdict.decision.Effect == ExplicitlyDenied {
		return
	}
	best := -1
	for at, st := range x.statements() {
		if st.Effect != "Allow" || st.Applies || !x.wanted(at.Layer) {
			continue
		}
		if score := st.score(); score > best {
			best = score
			x.out.Nearest = &Nearest{Pointer: at, Name: x.name(at), Text: st.difference()}
		}
	}
}

// wanted reports whether an allow in the layer would have helped.
func (x *explainer) wanted(layer int) bool {
	if x.out.Layers[layer].Outcome == LayerUnused || x.out.Layers[layer].Outcome == LayerAllows && x.refs[layer].naming == mayName {
		return false
	}
	reason := x.verdict.decision.Reason
	switch ref := x.refs[layer]; {
	case ref.endpoint:
		return reason == NoEndpointAllow
	case ref.kind == Identity || ref.kind == Resource || ref.kind == Trust:
		return reason == NoIdentityAllow || reason == NoResourceAllow || reason == NoTrustAllow || reason == NothingAllows
	case ref.kind == Boundary:
		return reason == NoBoundaryAllow
	case ref.kind == Session:
		return reason == NoSessionAllow
	default:
		return ref.kind == SCP && reason == NoSCPAllow
	}
}

// score says how much of the statement matches; the action counts most.
func (s *ExplainedStatement) score() int {
	score := 0
	if s.Checks.Action.Matches {
		score += 4000
	} else {
		score += min(commonPrefixFold(s.Checks.Action.Pattern, s.Checks.Action.Got), 40) * 10
	}
	switch r := s.Checks.Resource; {
	case r == nil || r.Matches:
		score += 2000
	case r.Part != "" || r.Note != "":
		score += min(commonPrefixFold(r.Pattern, r.Got), 180) * 10
	}
	if p := s.Checks.Principal; p == nil || p.Matches {
		score += 1000
	}
	for _, c := range s.Checks.Conditions {
		if !c.Result {
			score -= 100
		}
	}
	return score
}

// difference says in words what keeps the statement from applying.
func (s *ExplainedStatement) difference() string {
	var parts []string
	if a := s.Checks.Action; !a.Matches {
		if a.Element == "NotAction" {
			parts = append(parts, "its NotAction lists "+a.Pattern)
		} else {
			parts = append(parts, "it is about the action "+a.Pattern)
		}
	}
	if r := s.Checks.Resource; r != nil && !r.Matches {
		parts = append(parts, r.words())
	}
	if p := s.Checks.Principal; p != nil && !p.Matches {
		switch {
		case p.Element == "NotPrincipal":
			parts = append(parts, "its NotPrincipal lists the caller")
		case p.Pattern == "":
			parts = append(parts, "it names no principal")
		default:
			parts = append(parts, "it is for the principal "+p.Pattern)
		}
	}
	for _, c := range s.Checks.Conditions {
		if !c.Result {
			parts = append(parts, c.words())
		}
	}
	switch n := len(parts); n {
	case 0:
		return ""
	case 1:
		return parts[0]
	default:
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
}

func (c *PatternCheck) words() string {
	switch {
	case c.Element == "NotResource" && c.Note != "":
		return "its NotResource lists " + c.Pattern
	case c.Note != "" && c.Want == "" && c.Have == "":
		return "its resource is " + c.Pattern + ", but " + c.Note
	case c.Part == "":
		return "its resource is " + c.Pattern
	case c.Want == "":
		return fmt.Sprintf("its resource has no %s, where the request has %q", c.Part, c.Have)
	case c.Have == "":
		return fmt.Sprintf("its resource has the %s %q, where the request has none", c.Part, c.Want)
	default:
		return fmt.Sprintf("its resource has the %s %q, where the request has %q", c.Part, c.Want, c.Have)
	}
}

func (c *ConditionCheck) words() string {
	wanted := quoteAll(c.Wanted)
	switch base := strings.TrimPrefix(strings.TrimPrefix(c.Operator, "ForAllValues:"), "ForAnyValue:"); {
	case len(c.Wanted) == 0:
		wanted = "nothing"
	case strings.Contains(base, "Not") && len(c.Wanted) > 1:
		wanted = "none of " + strings.ReplaceAll(wanted, " or ", ", ")
	case strings.Contains(base, "Not"):
		wanted = "anything but " + wanted
	case strings.HasPrefix(base, "Null") && c.Wanted[0] == "true":
		return fmt.Sprintf("its condition Null wants the key %s to be absent", c.Key)
	case strings.HasPrefix(base, "Null"):
		return fmt.Sprintf("its condition Null wants the key %s to be present", c.Key)
	}
	s := fmt.Sprintf("its condition %s on %s wants %s", c.Operator, c.Key, wanted)
	switch {
	case c.Absent:
		return s + ", and the request has no such key"
	case c.Got != nil && len(c.Got.All()) == 0:
		return s + ", and the request has no values"
	case c.Got != nil:
		return s + ", and the request has " + quoteAll(c.Got.All())
	}
	return s
}

func quoteAll(list []string) string {
	quoted := make([]string, 0, len(list))
	for i, s := range list {
		if i == 5 && len(list) > 6 {
			quoted = append(quoted, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%q", s))
	}
	return strings.Join(quoted, " or ")
}
