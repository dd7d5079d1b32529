package policy

import (
	"fmt"
	"slices"
	"strings"
)

// validate checks a document as AWS does when it is saved, and reports the
// first failure in AWS's order: each check goes over the whole document before
// the next begins.
func (s *source) validate() *MalformedError {
	for _, check := range []func() *MalformedError{
		s.checkVersion,
		s.checkLegacy,
		s.checkSids,
		s.each(s.checkActionExists),
		s.each(s.checkResources),
		s.each(s.checkActions),
		s.each(s.checkResourceExists),
		s.each(s.checkPrincipalPlace),
		s.each(s.checkPrincipals),
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// each makes a check of one statement a check of all.
func (s *source) each(check func(st *node, at string) *MalformedError) func() *MalformedError {
	return func() *MalformedError {
		for i, st := range s.statements {
			if err := check(st, fmt.Sprintf("Statement[%d]", i)); err != nil {
				return err
			}
		}
		return nil
	}
}

// byCaller reports whether policies of the kind speak of one caller, and so
// name resources but no principals.
func (k Kind) byCaller() bool { return k == Identity || k == Boundary || k == Session || k == SCP }

func (s *source) checkVersion() *MalformedError {
	switch s.kind {
	case Identity, Boundary, SCP, RCP:
		v := s.root.get("Version")
		if v == nil {
			return s.refuse(msgVersion, s.root.offset, "Version", "there is no Version")
		}
		if v.text != version2012 {
			return s.refuse(msgVersion, v.offset, "Version", "")
		}
	default: // old versions are accepted elsewhere
	}
	return nil
}

// checkLegacy is AWS's second parser, which is stricter about a few things.
func (s *source) checkLegacy() *MalformedError {
	for i, st := range s.statements {
		at := fmt.Sprintf("Statement[%d]", i)
		if e := st.get("Effect"); e.text != "Allow" && e.text != "Deny" {
			return s.refuse(msgLegacy, e.offset, at+".Effect", "write Allow or Deny")
		}
		if c := st.get("Condition"); c != nil {
			for _, m := range c.members {
				if o, ok := parseOperator(m.key); !ok || !o.base.compare.date() {
					continue
				}
				for _, key := range m.value.members {
					for _, v := range key.value.list() {
						if t := parseInstant(v.text); !t.ok || t.seconds < 0 && digits(v.text) {
							return s.refuse(msgLegacy, v.offset, at+".Condition."+m.key, "not a date: "+v.text)
						}
					}
				}
			}
		}
		for _, element := range []string{"Resource", "NotResource"} {
			for _, r := range st.get(element).list() {
				if strings.Contains(r.text, "::") && strings.Count(r.text, ":") < 5 {
					return s.refuse(msgLegacy, r.offset, at+"."+element, "an ARN has six parts, divided by colons")
				}
			}
		}
	}
	return nil
}

func (s *source) checkSids() *MalformedError {
	seen := map[string]bool{}
	for i, st := range s.statements {
		sid := st.get("Sid")
		if sid == nil || sid.text == "" {
			continue
		}
		at := fmt.Sprintf("Statement[%d].Sid", i)
		if s.kind != Resource && s.kind != SCP && s.kind != RCP && strings.IndexFunc(sid.text, notAlphanumeric) >= 0 {
			return s.refuse(msgSidCharacter, sid.offset, at, "")
		}
		if seen[sid.text] {
			return s.refuse(msgSidUnique, sid.offset, at, "it appears before")
		}
		seen[sid.text] = true
	}
	return nil
}

func notAlphanumeric(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
}

func (s *source) checkActionExists(st *node, at string) *MalformedError {
	if len(st.get("Action").list())+len(st.get("NotAction").list()) == 0 {
		return s.refuse(msgNoAction, st.offset, at, "")
	}
	return nil
}

func (s *source) checkResourceExists(st *node, at string) *MalformedError {
	r, n := st.get("Resource"), st.get("NotResource")
	if s.kind == Trust {
		for _, element := range []string{"Resource", "NotResource"} {
			if v := st.get(element); v != nil {
				return s.refuse(fmt.Sprintf(msgProhibited, element), v.offset, at+"."+element, "a trust policy speaks of the role it belongs to")
			}
		}
		return nil
	}
	if len(r.list())+len(n.list()) == 0 {
		return s.refuse(msgNoResource, st.offset, at, "")
	}
	return nil
}

var partitions = []string{
	"*", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc",
}

func (s *source) checkResources(st *node, at string) *MalformedError {
	for _, element := range []string{"Resource", "NotResource"} {
		for _, r := range st.get(element).list() {
			if message, detail := s.resourceProblem(r.text); message != "" {
				return s.refuse(message, r.offset, at+"."+element, detail)
			}
		}
	}
	return nil
}

func (s *source) resourceProblem(text string) (message, detail string) {
	if text == "*" || s.kind == Resource && strings.HasPrefix(text, "execute-api:/") {
		return "", ""
	}
	parts, n := cutARN(text)
	switch {
	case n < 2 || parts[partPrefix] != "arn":
		return fmt.Sprintf(msgNotARN, text), `an ARN begins with "arn:"`
	case !slices.Contains(partitions, parts[partPartition]):
		// AWS shows the ARN with what is missing as stars.
		for i := n; i < partCount; i++ {
			parts[i] = "*"
		}
		return fmt.Sprintf(msgPartition, parts[partPartition], strings.Join(parts[:], ":")), spelling(parts[partPartition], partitions...)
	case n < 3 || parts[partService] == "":
		return msgVendor, "the third part of an ARN is a service"
	case n < 4 || parts[partRegion] == "" || parts[partRegion] == "*":
		return "", ""
	case parts[partService] == "iam":
		return fmt.Sprintf(msgIAMRegion, text), "IAM is the same in all regions"
	case parts[partService] == "s3" && parts[partAccount] == "":
		return fmt.Sprintf(msgS3Region, text), "bucket names are the same in all regions"
	}
	return "", ""
}

func (s *source) checkActions(st *node, at string) *MalformedError {
	for _, element := range []string{"Action", "NotAction"} {
		for _, a := range st.get(element).list() {
			if a.text == "*" && s.kind != Trust {
				continue
			}
			prefix, name, colon := strings.Cut(a.text, ":")
			message := ""
			switch {
			case s.kind == Trust && a.text == "*":
				message = msgTrustAction
			case !colon:
				message = msgNoPrefix
			case strings.Contains(name, ":"):
				message = msgTwoColons
			case !vendor(prefix):
				message = fmt.Sprintf(msgBadPrefix, prefix)
			case s.kind == Trust && !trustAction(a.text):
				message = msgTrustAction
			}
			if message != "" {
				return s.refuse(message, a.offset, at+"."+element, a.text)
			}
		}
	}
	return nil
}

// vendor reports whether s can be a service prefix. AWS does not check that the
// service exists.
func vendor(s string) bool {
	if s == "*" {
		return true
	}
	for _, c := range s {
		if notAlphanumeric(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return s != ""
}

// trustAction reports whether a trust policy may name the action.
func trustAction(action string) bool {
	service, name, _ := strings.Cut(strings.ToLower(action), ":")
	return service == "sts" && name != ""
}

// checkPrincipalPlace checks that a principal is there, or is not.
func (s *source) checkPrincipalPlace(st *node, at string) *MalformedError {
	p, not := st.get("Principal"), st.get("NotPrincipal")
	switch {
	case s.kind.byCaller():
		for _, v := range []*node{p, not} {
			if v != nil {
				return s.refuse(msgPrincipal, v.offset, at, "the policy applies to whom it is attached to")
			}
		}
	case not != nil && (s.kind != Resource || st.get("Effect").text == "Allow"):
		return s.refuse(fmt.Sprintf(msgProhibited, "NotPrincipal"), not.offset, at+".NotPrincipal", "")
	case p == nil && not == nil:
		return s.refuse(fmt.Sprintf(msgMissing, "Principal"), st.offset, at, "")
	case s.kind == Trust && p.kind == nodeString:
		return s.refuse(msgTrustStar, p.offset, at+".Principal", `write {"AWS": "*"} for everyone`)
	case s.kind == RCP && p.kind != nodeString:
		return s.refuse(msgSyntax, p.offset, at+".Principal", `a resource control policy has the Principal "*"`)
	}
	return nil
}

// checkPrincipals checks the form of the principals that are named. Whether
// they exist is for [Document.Resolve].
func (s *source) checkPrincipals(st *node, at string) *MalformedError {
	for _, element := range []string{"Principal", "NotPrincipal"} {
		v := st.get(element)
		if v == nil {
			continue
		}
		for _, m := range v.members {
			for _, item := range m.value.list() {
				p := compilePrincipal(m.key, item.text)
				if p.kind == entryNever && m.key != "CanonicalUser" {
					return s.refuse(fmt.Sprintf(msgBadPrincipal, m.key, item.text), item.offset, at+"."+element, "")
				}
			}
		}
	}
	return nil
}
