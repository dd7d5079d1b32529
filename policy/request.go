package policy

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
)

// A Request is one question: may this principal do this action to this
// resource?
type Request struct {
	Principal Principal
	Action    string // "execute-api:Invoke"
	Resource  string // an ARN, or "*" for actions without a resource

	// ResourceAccount owns the resource. When empty it is the account in
	// Resource, or the caller's own when Resource is "*".
	ResourceAccount string

	Context Context // the condition keys; nil means none
}

// A Principal is who makes a [Request]. Its zero value is anonymous.
type Principal struct {
	Kind      PrincipalKind
	ARN       string // user, assumed-role session, federated user or root ARN
	AccountID string
	RoleARN   string // of an assumed role, with the role's path
	UserID    string // AIDA…, or AROA…:session-name
	Service   string // of a service principal: "lambda.amazonaws.com"
	Provider  string // of a web identity: ARN or host name of the OIDC provider
}

// A PrincipalKind says what sort of caller a [Principal] is.
type PrincipalKind uint8

// The kinds of principal.
const (
	Anonymous        PrincipalKind = iota // unsigned
	Root                                  // an account's root user
	User                                  // an IAM user
	AssumedRole                           // a role session
	FederatedUser                         // a session of GetFederationToken
	WebIdentity                           // a web identity that asks for a role
	ServicePrincipal                      // an AWS service calling for itself
)

var principalKinds = [...]string{
	Anonymous: "Anonymous", Root: "Account", User: "User", AssumedRole: "AssumedRole",
	FederatedUser: "FederatedUser", WebIdentity: "WebIdentity", ServicePrincipal: "Service",
}

// String returns the kind as aws:PrincipalType spells it: the root user is
// "Account".
func (k PrincipalKind) String() string {
	if int(k) < len(principalKinds) {
		return principalKinds[k]
	}
	return "Unknown"
}

// A Context holds the condition keys of a request. Value is asked with the key
// in lower case, and reports false for a key that the request does not have.
type Context interface {
	Value(key string) (Value, bool)
}

// A Value is what a condition key holds: one text, or a set of them. The
// difference matters: a set matches only conditions that begin with
// ForAllValues or ForAnyValue.
type Value struct {
	text string
	set  []string
	many bool
}

// One returns a single-valued Value.
func One(s string) Value { return Value{text: s} }

// Many returns a multivalued Value, which may be empty. It keeps s.
func Many(s ...string) Value { return Value{set: s, many: true} }

// Single returns the text of a single-valued Value, and whether it is one.
func (v Value) Single() (string, bool) { return v.text, !v.many }

// All returns the texts of v, one or many.
func (v Value) All() []string {
	if v.many {
		return v.set
	}
	return []string{v.text}
}

// MarshalJSON writes a single value as a string and a set as a list.
func (v Value) MarshalJSON() ([]byte, error) {
	if !v.many {
		return json.Marshal(v.text)
	}
	if v.set == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(v.set)
}

// UnmarshalJSON reads what [Value.MarshalJSON] writes. Numbers and booleans
// become their text, as in a policy.
func (v *Value) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		var items []Value
		if err := json.Unmarshal(data, &items); err != nil {
			return err
		}
		*v = Value{many: true}
		for _, item := range items {
			v.set = append(v.set, item.text)
		}
		return nil
	}
	if len(data) > 0 && data[0] != '"' {
		*v = One(string(data))
		return nil
	}
	*v = Value{}
	return json.Unmarshal(data, &v.text)
}

// A Map is a [Context]. Its keys are in lower case; [NewMap] sees to that.
type Map map[string]Value

// NewMap returns a copy of values with lower-case keys.
func NewMap(values map[string]Value) Map {
	m := make(Map, len(values))
	for k, v := range values {
		m[strings.ToLower(k)] = v
	}
	return m
}

// Value implements [Context].
func (m Map) Value(key string) (Value, bool) {
	v, ok := m[key]
	return v, ok
}

// All yields the keys in order. A Context that has it gets all its keys shown
// in an [Explanation], not only those that a policy asked for.
func (m Map) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
