package lambda

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

// A reference is what a function name in a request leads to.
type reference struct {
	name      string
	qualifier string // "" if none was given
}

const (
	namePattern          = `(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`
	createNamePattern    = `(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`
	qualifierPattern     = `\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+`
	maxName              = 64
	maxNameInARN         = 256
	maxQualifier         = 128
	maxNameInARNOfCreate = 140
)

var (
	nameRE       = regexp.MustCompile(`^` + namePattern + `$`)
	createNameRE = regexp.MustCompile(`^` + createNamePattern + `$`)
	qualifierRE  = regexp.MustCompile(`^(` + qualifierPattern + `)$`)
)

// resolve reads a function name in any of its forms: name, partial ARN or ARN,
// each with or without a qualifier. Qualifier is the separate parameter.
func (s *Service) resolve(name, qualifier string) (reference, error) {
	// The names that the data path uses are ours: the prefix decides them
	// without a regular expression.
	if rest, ok := strings.CutPrefix(name, s.arnPrefix); ok && qualifier == "" {
		n, q, qualified := strings.Cut(rest, ":")
		if plainName(n) && (!qualified || plainName(q) || q == latest) {
			return reference{n, q}, nil
		}
	}
	var v violations
	m := nameRE.FindStringSubmatch(name)
	if m == nil {
		v.add(name, "functionName", "satisfy regular expression pattern: "+namePattern)
	}
	if len(name) > maxNameInARN {
		v.add(name, "functionName", "have length less than or equal to 256")
	}
	if qualifier != "" && !qualifierRE.MatchString(qualifier) {
		v.add(qualifier, "qualifier", "satisfy regular expression pattern: "+qualifierPattern)
	}
	if len(qualifier) > maxQualifier {
		v.add(qualifier, "qualifier", "have length less than or equal to 128")
	}
	if err := v.err(); err != nil {
		return reference{}, err
	}
	return s.located(m, qualifier)
}

// located checks the parts of a name that matched nameRE.
func (s *Service) located(m []string, qualifier string) (reference, error) {
	region, account, r := strings.TrimSuffix(m[3], ":"), strings.TrimSuffix(m[9], ":"), reference{m[11], m[13]}
	switch {
	case region != "" && region != s.cfg.Region:
		return r, notFound("Functions from '%s' are not reachable in this region ('%s')", region, s.cfg.Region)
	case account != "" && account != s.cfg.Account:
		return r, awserr.New("AccessDeniedException", http.StatusForbidden, "")
	case r.qualifier != "" && qualifier != "" && r.qualifier != qualifier:
		return r, invalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if qualifier != "" {
		r.qualifier = qualifier
	}
	return r, nil
}

// newName reads the name of a function that is to be made.
func (s *Service) newName(name string, v *violations) string {
	if len(name) > maxNameInARNOfCreate {
		v.add(name, "functionName", "have length less than or equal to 140")
	}
	m := createNameRE.FindStringSubmatch(name)
	if m == nil {
		v.add(name, "functionName", "satisfy regular expression pattern: "+createNamePattern)
		return ""
	}
	return m[11]
}

func plainName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// arn returns the ARN of a function, with the qualifier if there is one.
func (s *Service) arn(name, qualifier string) string {
	if qualifier != "" {
		return s.arnPrefix + name + ":" + qualifier
	}
	return s.arnPrefix + name
}
