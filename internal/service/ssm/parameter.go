package ssm

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
)

// Types of parameters.
const (
	typeString = "String"
	typeList   = "StringList"
	typeSecure = "SecureString"
)

const (
	sealPurpose = "ssm secure string"
	defaultKey  = "alias/aws/ssm"
	maxHistory  = 100
)

// parameter is the record of one parameter, its versions oldest first.
type parameter struct {
	Name     string
	Tags     []Tag
	Versions []version
}

// A version is one value that a parameter has had.
type version struct {
	Version        int64
	Type           string
	Value          string // of a secure string: base64 of the sealed value
	Description    string
	AllowedPattern string
	DataType       string
	Tier           string
	KeyId          string
	Modified       wire.Epoch
	User           string
	Labels         []string
}

// A Tag is one of a parameter's tags.
type Tag struct{ Key, Value string }

// A Parameter is one value as answers show it.
type Parameter struct {
	Name             string
	Type             string
	Value            string
	Version          int64
	Selector         string `json:",omitempty"`
	LastModifiedDate wire.Epoch
	ARN              string
	DataType         string
}

func (p *parameter) last() *version { return &p.Versions[len(p.Versions)-1] }

// arn names a parameter, without a selector; the slash that begins a path is not
// repeated. Public parameters are nobody's.
func (s *Service) arn(name string) string {
	if strings.HasPrefix(name, "arn:") {
		if head, tail, _ := strings.Cut(name, ":parameter/"); strings.Contains(tail, ":") {
			tail, _, _ = strings.Cut(tail, ":")
			return head + ":parameter/" + tail
		}
		return name
	}
	name, _, _ = strings.Cut(name, ":")
	if strings.HasPrefix(name, "/aws/") {
		return fmt.Sprintf("arn:%s:ssm:%s::parameter%s", s.partition, s.region, name)
	}
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", s.partition, s.region, s.account, strings.TrimPrefix(name, "/"))
}

// find returns a version of a parameter. The name may be an ARN and may end in a
// selector, :VERSION or :LABEL.
func (s *Service) find(name string) (p parameter, v *version, selector string, err error) {
	name = s.plain(name)
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name, selector = name[:i], name[i+1:]
	}
	p, ok := s.parameters.Get(name)
	if !ok {
		if value, public := publicParameter(name, s.region); public && selector == "" {
			return parameter{Name: name}, &version{Version: 1, Type: typeString, Value: value, DataType: "text"}, "", nil
		}
		return p, nil, selector, notFound(name)
	}
	if selector == "" {
		return p, p.last(), "", nil
	}
	number, notNumber := strconv.ParseInt(selector, 10, 64)
	for i := range p.Versions {
		if v := &p.Versions[i]; notNumber == nil && v.Version == number || slices.Contains(v.Labels, selector) {
			return p, v, selector, nil
		}
	}
	return p, nil, selector, noVersion(name, selector)
}

// plain returns the name in an ARN of this account and region, else the name.
func (s *Service) plain(name string) string {
	rest, ok := strings.CutPrefix(name, s.arn(""))
	if !ok {
		return name
	}
	if _, found := s.parameters.Get("/" + rest); found || strings.Contains(rest, "/") {
		return "/" + rest
	}
	return rest
}

func notFound(name string) error {
	return awserr.New("ParameterNotFound", 400, "Parameter %s not found.", name)
}

// shown returns a version as answers show it; a secure string is only opened
// when the caller asks for it.
func (s *Service) shown(p *parameter, v *version, selector string, decrypt bool) (Parameter, error) {
	out := Parameter{
		Name: p.Name, Type: v.Type, Value: v.Value, Version: v.Version, LastModifiedDate: v.Modified, ARN: s.arn(p.Name), DataType: v.DataType,
	}
	if selector != "" {
		out.Selector = ":" + selector
	}
	if v.Type == typeSecure && decrypt {
		value, err := s.unseal(p.Name, v.Value)
		if err != nil {
			return out, err
		}
		out.Value = value
	}
	return out, nil
}

func (s *Service) sealed(name, value string) (string, error) {
	box, err := s.seal.Seal(sealPurpose, []byte(value), []byte(name))
	if err != nil {
		return "", fmt.Errorf("seal the parameter %s: %w", name, err)
	}
	return base64.StdEncoding.EncodeToString(box), nil
}

func (s *Service) unseal(name, sealed string) (string, error) {
	box, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", fmt.Errorf("open the parameter %s: %w", name, err)
	}
	value, err := s.seal.Open(sealPurpose, box, []byte(name))
	if err != nil {
		return "", fmt.Errorf("open the parameter %s: %w", name, err)
	}
	return string(value), nil
}

var nameChars = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// checkName refuses names that Systems Manager would.
func checkName(name string) error {
	lower := strings.ToLower(strings.TrimPrefix(name, "/"))
	switch {
	case name == "" || len(name) > 2048:
		return validation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must have length less than or equal to 2048", name)
	case !nameChars.MatchString(name), strings.Contains(name, "//"), strings.HasSuffix(name, "/"):
		return validation("Parameter name must be a fully qualified name: only a mix of letters, numbers and the following 3 symbols .-_ is allowed, and / between levels")
	case strings.Contains(name[1:], "/") && name[0] != '/':
		return validation("Parameter name must be a fully qualified name.")
	case strings.HasPrefix(lower, "ssm"):
		return validation(`Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`)
	case strings.HasPrefix(lower, "aws"):
		return awserr.New("AccessDeniedException", 400, "No access to reserved parameter name: %s.", name)
	case strings.Count(name, "/") > 15:
		return awserr.New("HierarchyLevelLimitExceededException", 400, "The hierarchy can have a maximum of 15 levels.")
	default:
		return nil
	}
}

func validation(format string, args ...any) error {
	return awserr.New("ValidationException", 400, format, args...)
}
