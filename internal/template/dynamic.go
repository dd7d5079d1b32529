package template

import (
	"fmt"
	"regexp"
	"strings"
)

// dynamicReference matches {{resolve:service:reference}}.
var dynamicReference = regexp.MustCompile(`\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]*)\}\}`)

// HasDynamic reports whether a string below n has a dynamic reference.
func (n *Node) HasDynamic() bool {
	if n == nil {
		return false
	}
	for _, item := range n.Items {
		if item.HasDynamic() {
			return true
		}
	}
	for _, p := range n.Pairs {
		if p.Value.HasDynamic() {
			return true
		}
	}
	return n.Kind == Scalar && strings.Contains(n.Value, "{{resolve:") && dynamicReference.MatchString(n.Value)
}

// ResolveDynamic returns n with its dynamic references replaced by the values
// that Env gives. The result holds secrets: hand it to the resource's handler,
// do not store, show or log it. n itself is not changed, and no error holds a
// value.
func (b *Bound) ResolveDynamic(n *Node) (*Node, error) {
	if !n.HasDynamic() {
		return n, nil
	}
	d := dynamic{b: b}
	return d.resolve(n)
}

type dynamic struct {
	b     *Bound
	spent int
}

func (d *dynamic) resolve(n *Node) (*Node, error) {
	if n == nil {
		return nil, nil
	}
	c := *n
	if n.Kind == Scalar {
		var failed error
		c.Value = dynamicReference.ReplaceAllStringFunc(n.Value, func(whole string) string {
			m := dynamicReference.FindStringSubmatch(whole)
			v, err := d.value(m[1], m[2], n)
			if err != nil && failed == nil {
				failed = err
			}
			if d.spent += len(v); d.spent > maxResult {
				failed = errorf(n.Position, "Template error: dynamic references produce more than %d bytes", maxResult)
				return ""
			}
			return v
		})
		c.Quoted = true
		return &c, failed
	}
	c.Items, c.Pairs = nil, nil
	for _, item := range n.Items {
		v, err := d.resolve(item)
		if err != nil {
			return nil, err
		}
		c.Items = append(c.Items, v)
	}
	for _, p := range n.Pairs {
		v, err := d.resolve(p.Value)
		if err != nil {
			return nil, err
		}
		c.Pairs = append(c.Pairs, Pair{Key: p.Key, KeyPosition: p.KeyPosition, Value: v})
	}
	return &c, nil
}

func (d *dynamic) value(service, reference string, n *Node) (string, error) {
	if service == "secretsmanager" {
		return d.secret(reference, n)
	}
	p, ok := d.b.ssm(reference)
	switch {
	case !ok:
		return "", errorf(n.Position, "Parameters: [%s:%s] cannot be found.", service, reference)
	case service == "ssm" && p.Type == "SecureString":
		return "", errorf(n.Position, "Template error: the SSM parameter %s is a SecureString", reference).
			withHint("write {{resolve:ssm-secure:%s}}", reference)
	default:
		return p.Value, nil
	}
}

// secret reads "id:SecretString:json-key:stage:version", of which all but the
// id may be missing. The id may be an ARN, which has colons of its own.
func (d *dynamic) secret(reference string, n *Node) (string, error) {
	parts := strings.Split(reference, ":")
	ids := 1
	if parts[0] == "arn" {
		ids = min(7, len(parts))
	}
	id := strings.Join(parts[:ids], ":")
	rest := append(parts[ids:], "", "", "", "")
	if rest[0] != "" && rest[0] != "SecretString" {
		return "", errorf(n.Position, "Template error: a dynamic reference to a secret is {{resolve:secretsmanager:id:SecretString:json-key:version-stage:version-id}}")
	}
	key, stage, version := rest[1], rest[2], rest[3]
	if d.b.Env.Secret == nil {
		return "", missingSecret(id, n)
	}
	text, ok := d.b.Env.Secret(id, stage, version)
	if !ok {
		return "", missingSecret(id, n)
	}
	if key == "" {
		return text, nil
	}
	object, err := FromJSON([]byte(text))
	if err == nil && object.Get(key).IsScalar() {
		return object.Get(key).Value, nil
	}
	return "", errorf(n.Position, "Could not find a value associated with JSONKey in SecretString").withHint("the key %s of the secret %s", key, id)
}

func missingSecret(id string, n *Node) *Error {
	return errorf(n.Position, "%s", "Secrets Manager can't find the specified secret.").withHint("%s", fmt.Sprintf("the secret is %s", id))
}
