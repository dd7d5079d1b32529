package policy

import (
	"fmt"
	"strings"
)

// A source is a document between parsing and compiling: its nodes, known to
// have the form of a policy.
type source struct {
	kind       Kind
	text       string
	root       *node
	locator    locator
	statements []*node
}

// AWS's messages, in the order in which it checks.
const (
	msgSyntax       = "Syntax errors in policy."
	msgVersion      = "Policy document must be version 2012-10-17 or greater."
	msgLegacy       = "The policy failed legacy parsing"
	msgSidUnique    = "Statement IDs (SID) in a single policy must be unique."
	msgSidCharacter = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
	msgNoAction     = "Policy statement must contain actions."
	msgNotARN       = "Resource %s must be in ARN format or \"*\"."
	msgPartition    = "Partition %q is not valid for resource \"%s\"."
	msgVendor       = "Resource vendor must be fully qualified and cannot contain regexes."
	msgIAMRegion    = "IAM resource %s cannot contain region information."
	msgS3Region     = "Resource %s can not contain region information."
	msgNoPrefix     = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	msgTwoColons    = "Actions/Condition can contain only one colon."
	msgBadPrefix    = "Vendor %s is not valid"
	msgNoResource   = "Policy statement must contain resources."
	msgPrincipal    = "Policy document should not specify a principal."
	msgProhibited   = "Has prohibited field %s"
	msgMissing      = "Missing required field %s"
	msgTrustAction  = "AssumeRole policy may only specify STS AssumeRole actions."
	msgBadPrincipal = "Invalid principal in policy: %q:%q"
	msgTrustStar    = `AssumeRolepolicy contained an invalid principal: "STAR":"*".`
)

// refuse returns a refusal that points at an offset of the text.
func (s *source) refuse(message string, offset int, element, detail string) *MalformedError {
	return &MalformedError{Message: message, Detail: detail, Element: element, Position: s.locator.position(offset)}
}

func (s *source) syntax(n *node, element, detail string) *MalformedError {
	return s.refuse(msgSyntax, n.offset, element, detail)
}

// readSource reads text and checks all that AWS calls syntax: types, element
// names, Effect, Version and operators.
func readSource(kind Kind, text string, strict bool) (*source, *MalformedError) {
	s := &source{kind: kind, text: text, locator: locator{text: text}}
	root, err := parseJSON(text, strict)
	if err != nil {
		offset := 0
		if se, ok := err.(*syntaxError); ok { //nolint:errorlint // parseJSON returns it unwrapped
			offset = se.offset
		}
		return nil, s.refuse(msgSyntax, offset, "", err.Error())
	}
	s.root = root
	if root.kind != nodeObject {
		return nil, s.syntax(root, "", "a policy is a JSON object")
	}
	for _, m := range root.members {
		switch m.key {
		case "Version":
			if m.value.kind != nodeString || m.value.text != version2012 && m.value.text != version2008 {
				return nil, s.syntax(m.value, "Version", "the versions are "+version2012+" and "+version2008)
			}
		case "Id":
			if m.value.kind != nodeString {
				return nil, s.syntax(m.value, "Id", "it must be a string")
			}
		case "Statement":
			switch m.value.kind {
			case nodeObject:
				s.statements = []*node{m.value}
			case nodeList:
				s.statements = m.value.items
			default:
				return nil, s.syntax(m.value, "Statement", "it must be an object or a list")
			}
		default:
			return nil, s.refuse(msgSyntax, m.offset, m.key, "a policy has no such element"+spelling(m.key, "Version", "Id", "Statement"))
		}
	}
	if len(s.statements) == 0 {
		return nil, s.syntax(root, "Statement", "a policy has at least one statement")
	}
	for i, st := range s.statements {
		if err := s.statementSyntax(st, fmt.Sprintf("Statement[%d]", i)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

var statementElements = []string{
	"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}

func (s *source) statementSyntax(st *node, at string) *MalformedError {
	if st.kind != nodeObject {
		return s.syntax(st, at, "a statement is an object")
	}
	for _, m := range st.members {
		element, v := at+"."+m.key, m.value
		var err *MalformedError
		switch m.key {
		case "Sid":
			if v.kind != nodeString {
				err = s.syntax(v, element, "it must be a string")
			}
		case "Effect":
			if v.kind != nodeString || !strings.EqualFold(v.text, "Allow") && !strings.EqualFold(v.text, "Deny") {
				err = s.syntax(v, element, "it must be Allow or Deny")
			}
		case "Action", "NotAction", "Resource", "NotResource":
			if !v.stringOrList() {
				err = s.syntax(v, element, "it must be a string or a list of strings")
			}
		case "Principal", "NotPrincipal":
			err = s.principalSyntax(v, element)
		case "Condition":
			err = s.conditionSyntax(v, element)
		default:
			err = s.refuse(msgSyntax, m.offset, element, "a statement has no such element"+spelling(m.key, statementElements...))
		}
		if err != nil {
			return err
		}
	}
	if st.get("Effect") == nil {
		return s.syntax(st, at, "there is no Effect")
	}
	for _, name := range []string{"Action", "Resource", "Principal"} {
		if st.get(name) != nil && st.get("Not"+name) != nil {
			return s.syntax(st, at, "a statement has "+name+" or Not"+name+", not both")
		}
	}
	return nil
}

func (n *node) stringOrList() bool {
	for _, item := range n.items {
		if item.kind != nodeString {
			return false
		}
	}
	return n.kind == nodeString || n.kind == nodeList
}

// list returns the values of a node that is one value or a list of them.
func (n *node) list() []*node {
	switch {
	case n == nil:
		return nil
	case n.kind == nodeList:
		return n.items
	default:
		return []*node{n}
	}
}

func (s *source) principalSyntax(v *node, element string) *MalformedError {
	if v.kind == nodeString && v.text == "*" {
		return nil
	}
	if v.kind != nodeObject || len(v.members) == 0 {
		return s.syntax(v, element, `it must be "*" or an object such as {"AWS": …}`)
	}
	for _, m := range v.members {
		switch m.key {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return s.refuse(msgSyntax, m.offset, element, "there is no such type of principal: "+m.key+spelling(m.key, "AWS", "Service", "Federated"))
		}
		if !m.value.stringOrList() || len(m.value.list()) == 0 {
			return s.syntax(m.value, element+"."+m.key, "it must be a string or a list of strings")
		}
	}
	return nil
}

func (s *source) conditionSyntax(v *node, element string) *MalformedError {
	if v.kind != nodeObject {
		return s.syntax(v, element, "it must be an object of operators")
	}
	for _, m := range v.members {
		at := element + "." + m.key
		if m.value.kind != nodeObject {
			return s.syntax(m.value, at, "an operator holds an object of condition keys")
		}
		if _, ok := parseOperator(m.key); !ok && len(m.value.members) > 0 {
			return s.refuse(msgSyntax, m.offset, at, "there is no such operator"+spelling(m.key, operatorNames()...))
		}
		for _, key := range m.value.members {
			if !key.value.scalar() && key.value.kind != nodeList {
				return s.syntax(key.value, at+"."+key.key, "a condition's value is text or a list of texts")
			}
			for _, item := range key.value.list() {
				if !item.scalar() {
					return s.syntax(item, at+"."+key.key, "a condition's value is text or a list of texts")
				}
			}
		}
	}
	return nil
}
