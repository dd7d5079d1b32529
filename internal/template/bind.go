package template

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Bound is a template with parameter values. It is read only and safe for
// concurrent use if its Env's functions are.
type Bound struct {
	Template   *Template
	Env        Env
	Parameters []ParameterValue // in source order
	Warnings   []Warning

	values     map[string]*Node // what Ref gives; of kind Unknown when assumed
	conditions map[string]tri
}

// A ParameterValue is what one parameter is bound to.
type ParameterValue struct {
	*Parameter
	Given     string // as passed, or the default
	Resolved  string // for an SSM parameter its value, else ""
	IsDefault bool
}

// Bind gives values to the template's parameters, evaluates its conditions and
// checks its rules. A refusal is an [*Error].
func (t *Template) Bind(params map[string]string, env Env) (*Bound, error) {
	b := &Bound{Template: t, Env: env, values: map[string]*Node{}, conditions: map[string]tri{}}
	if err := b.bindParameters(params); err != nil {
		return nil, err
	}
	if err := b.evaluateConditions(); err != nil {
		return nil, err
	}
	if err := b.checkRules(); err != nil {
		return nil, err
	}
	return b, nil
}

// Condition reports whether the named condition is true. Under Env.Assume a
// condition that hangs on a missing value counts as true.
func (b *Bound) Condition(name string) bool { return b.conditions[name] != no }

// Parameter returns the value bound to name.
func (b *Bound) Parameter(name string) (ParameterValue, bool) {
	for _, v := range b.Parameters {
		if v.Name == name {
			return v, true
		}
	}
	return ParameterValue{}, false
}

func (b *Bound) bindParameters(params map[string]string) error {
	if err := b.checkNames(params); err != nil {
		return err
	}
	var f faults
	var missing []string
	var missingAt []Note
	for _, p := range b.Template.Parameters {
		v := ParameterValue{Parameter: p}
		given, ok := params[p.Name]
		switch {
		case ok:
			v.Given = given
		case p.Default != nil:
			v.Given, v.IsDefault = *p.Default, true
		default: // only under Assume: checkNames refused the rest
			b.values[p.Name] = &Node{Kind: Unknown, Position: p.Position}
			b.Parameters = append(b.Parameters, v)
			continue
		}
		if e := b.constrain(p, v.Given); e != nil {
			f.add(e)
			continue
		}
		text := v.Given
		if p.IsSSM() {
			if b.Env.Assume {
				b.values[p.Name] = &Node{Kind: Unknown, Position: p.Position}
				b.Parameters = append(b.Parameters, v)
				continue
			}
			found, ok := b.ssm(v.Given)
			if !ok {
				missing = append(missing, v.Given)
				missingAt = append(missingAt, Note{Position: p.Position})
				continue
			}
			if found.Type == "SecureString" {
				f.add(errorf(p.Position, "Parameters [%s] referenced by template have types not supported by CloudFormation.", v.Given).
					withHint("a SecureString cannot be a parameter's value; use {{resolve:ssm-secure:%s}}", v.Given))
				continue
			}
			v.Resolved, text = found.Value, found.Value
		}
		f.add(b.exists(p, text))
		b.values[p.Name] = p.ref(text)
		b.Parameters = append(b.Parameters, v)
	}
	if missing != nil {
		f.add(&Error{
			Message: fmt.Sprintf("Unable to fetch parameters [%s] from parameter store for this account.", strings.Join(missing, ",")),
			Notes:   missingAt,
		})
	}
	return f.err()
}

func (b *Bound) ssm(name string) (SSMParameter, bool) {
	if b.Env.SSM == nil {
		return SSMParameter{}, false
	}
	return b.Env.SSM(name)
}

// checkNames refuses values without parameters and parameters without values.
func (b *Bound) checkNames(params map[string]string) error {
	var f faults
	var unknown []string
	for name := range params {
		if b.Template.parameters[name] == nil {
			unknown = append(unknown, name)
		}
	}
	if unknown != nil {
		slices.Sort(unknown)
		e := &Error{Message: fmt.Sprintf("Parameters: [%s] do not exist in the template", strings.Join(unknown, ", "))}
		var names []string
		for _, p := range b.Template.Parameters {
			names = append(names, p.Name)
		}
		e.Hint = didYouMean(unknown[0], names)
		f.add(e)
	}
	var missing []string
	var at []Note
	for _, p := range b.Template.Parameters {
		if _, ok := params[p.Name]; ok || p.Default != nil || b.Env.Assume {
			continue
		}
		if p.IsSSM() {
			f.add(errorf(p.Position, "Parameter %s should either have input value or default value", p.Name))
			continue
		}
		missing = append(missing, p.Name)
		at = append(at, Note{Position: p.Position})
	}
	if missing != nil {
		f.add(&Error{Message: fmt.Sprintf("Parameters: [%s] must have values", strings.Join(missing, ", ")), Notes: at})
	}
	return f.err()
}

// ref returns what Ref gives for a value.
func (p *Parameter) ref(text string) *Node {
	if !p.IsList() {
		return Text(text).At(p.Position)
	}
	list := List()
	if text != "" {
		for _, item := range splitList(text) {
			list.Items = append(list.Items, Text(item))
		}
	}
	return list.At(p.Position)
}

func splitList(text string) []string {
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// exists asks whether the thing that a parameter of an AWS type names exists.
func (b *Bound) exists(p *Parameter, text string) *Error {
	if b.Env.Exists == nil || !slices.Contains(awsTypes, p.element()) {
		return nil
	}
	ids := []string{text}
	if p.IsList() {
		ids = splitList(text)
	}
	for _, id := range ids {
		if !b.Env.Exists(p.element(), id) {
			return errorf(p.Position, "Parameter validation failed: parameter value %s for parameter name %s does not exist", id, p.Name)
		}
	}
	return nil
}

// constrain checks value against the declared constraints, in AWS's words.
func (b *Bound) constrain(p *Parameter, value string) *Error {
	refuse := func(format string, args ...any) *Error {
		if p.ConstraintDescription != "" {
			return errorf(p.Position, "Parameter %s failed to satisfy constraint: %s", p.Name, p.ConstraintDescription)
		}
		return errorf(p.Position, format, args...)
	}
	if len(value) > 4096 {
		return errorf(p.Position, "Parameter '%s' must contain at most 4096 bytes", p.Name)
	}
	items := []string{value}
	if p.IsList() && !p.IsSSM() {
		items = splitList(value)
		if value == "" {
			items = nil
		}
	}
	for _, item := range items {
		number, err := strconv.ParseFloat(item, 64)
		if p.element() == "Number" {
			if err != nil {
				return errorf(p.Position, "Parameter '%s' must be a number.", p.Name)
			}
			if p.minValue != nil && number < *p.minValue {
				return refuse("Parameter '%s' must be a number not less than %s", p.Name, short(*p.minValue))
			}
			if p.maxValue != nil && number > *p.maxValue {
				return refuse("Parameter '%s' must be a number not greater than %s", p.Name, short(*p.maxValue))
			}
		}
		if p.AllowedValues != nil && !slices.Contains(p.AllowedValues, item) {
			e := refuse("Parameter '%s' must be one of AllowedValues", p.Name)
			if e.Hint = didYouMean(item, p.AllowedValues); e.Hint == "" && !p.NoEcho {
				e.Hint = "allowed: " + strings.Join(p.AllowedValues, ", ")
			}
			return e
		}
		if length := float64(utf8.RuneCountInString(item)); p.element() != "Number" {
			if p.minLength != nil && length < *p.minLength {
				return refuse("Parameter '%s' must contain at least %s characters", p.Name, short(*p.minLength))
			}
			if p.maxLength != nil && length > *p.maxLength {
				return refuse("Parameter '%s' must contain at most %s characters", p.Name, short(*p.maxLength))
			}
		}
		if p.AllowedPattern != "" {
			matches, err := matchJava(p.AllowedPattern, item)
			if err != nil {
				b.warn(p.Node.Get("AllowedPattern").position(), "the AllowedPattern of %s is not checked here: %v", p.Name, err)
			} else if !matches {
				return refuse("Parameter '%s' must match pattern %s", p.Name, p.AllowedPattern)
			}
		}
	}
	return nil
}

func (b *Bound) warn(p Position, format string, args ...any) {
	b.Warnings = append(b.Warnings, Warning{Position: p, Text: fmt.Sprintf(format, args...)})
}

func short(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// matchJava reports whether a Java regular expression matches the whole of s.
// Go's expressions have no look-ahead; those at the start of a pattern, where
// people put them ("at least one digit"), are matched one by one.
func matchJava(pattern, s string) (bool, error) {
	p := strings.TrimPrefix(javaClasses.Replace(pattern), "^")
	for strings.HasPrefix(p, "(?=") || strings.HasPrefix(p, "(?!") {
		end := closing(p)
		if end < 0 {
			break
		}
		ahead, err := regexp.Compile("^(?:" + p[3:end] + ")")
		if err != nil {
			return false, err
		}
		if ahead.MatchString(s) == (p[2] == '!') {
			return false, nil
		}
		p = p[end+1:]
	}
	re, err := regexp.Compile("^(?:" + p + ")$")
	if err != nil {
		return false, err
	}
	return re.MatchString(s), nil
}

var javaClasses = strings.NewReplacer(
	`\\`, `\\`, `\p{Alnum}`, `[0-9A-Za-z]`, `\p{Alpha}`, `[A-Za-z]`, `\p{Digit}`, `[0-9]`, `\p{Lower}`, `[a-z]`, `\p{Upper}`, `[A-Z]`,
	`\p{Punct}`, `[[:punct:]]`, `\p{Space}`, `\s`, `\p{ASCII}`, `[\x00-\x7f]`, `\p{Graph}`, `[[:graph:]]`, `\p{Print}`, `[[:print:]]`,
	`\p{XDigit}`, `[0-9A-Fa-f]`, `\p{javaLowerCase}`, `\p{Ll}`, `\p{javaUpperCase}`, `\p{Lu}`,
)

// closing returns the index of the parenthesis that closes the one at the
// start of p, or -1.
func closing(p string) int {
	depth, class := 0, false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
