package template

import (
	"slices"
	"strconv"
)

// A Kind says what a [Node] is.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Scalar
	Sequence
	Mapping
	Unknown // a value that is known only after a resource is created; see [ErrUnknown]
)

// String returns the kind's name as error texts say it.
func (k Kind) String() string {
	switch k {
	case Scalar:
		return "scalar"
	case Sequence:
		return "list"
	case Mapping:
		return "map"
	case Unknown:
		return "unknown"
	default:
		return "null"
	}
}

// A Node is one value of a template.
//
// A scalar keeps its text as written, so that 0123, 2012-10-17 and yes stay
// what the author sees; Quoted says that it can only be a string. Conversion
// is late, in [Node.Decode] and [Node.MarshalJSON]. Short tags are already in
// their long form: !Sub x is {"Fn::Sub": x}. The zero Node is null.
//
// Nodes are plain data: reading one from several goroutines is safe, changing
// one is not. A nil *Node acts as an absent value in the reading methods.
type Node struct {
	Kind   Kind
	Value  string  // of a scalar
	Quoted bool    // a scalar that was written in quotes or as a block: never a number or boolean
	Items  []*Node // of a sequence
	Pairs  []Pair  // of a mapping, in source order; keys are unique
	Position
}

// A Pair is one entry of a mapping.
type Pair struct {
	Key         string
	KeyPosition Position
	Value       *Node
}

// Text returns a string.
func Text(s string) *Node { return &Node{Kind: Scalar, Value: s, Quoted: true} }

// Number returns an integer.
func Number(i int) *Node { return &Node{Kind: Scalar, Value: strconv.Itoa(i)} }

// Bool returns a boolean.
func Bool(b bool) *Node { return &Node{Kind: Scalar, Value: strconv.FormatBool(b)} }

// List returns a sequence of the given items.
func List(items ...*Node) *Node { return &Node{Kind: Sequence, Items: items} }

// Texts returns a sequence of strings.
func Texts(items ...string) *Node {
	n := List()
	for _, s := range items {
		n.Items = append(n.Items, Text(s))
	}
	return n
}

// Map returns a mapping of the given pairs, in their order.
func Map(pairs ...Pair) *Node { return &Node{Kind: Mapping, Pairs: pairs} }

// P returns a pair for [Map].
func P(key string, value *Node) Pair { return Pair{Key: key, Value: value} }

// Ref returns {"Ref": name}.
func Ref(name string) *Node { return Map(P("Ref", Text(name))) }

// GetAtt returns {"Fn::GetAtt": [resource, attribute]}.
func GetAtt(resource, attribute string) *Node {
	return Map(P("Fn::GetAtt", Texts(resource, attribute)))
}

// Sub returns {"Fn::Sub": text}.
func Sub(text string) *Node { return Map(P("Fn::Sub", Text(text))) }

// At sets the position of n, and of every node and key below it that has
// none, to p, and returns n. Transforms use it to say what a made node came
// from.
func (n *Node) At(p Position) *Node {
	if n == nil {
		return nil
	}
	if n.Position.IsZero() {
		n.Position = p
	}
	for _, item := range n.Items {
		item.At(p)
	}
	for i := range n.Pairs {
		if n.Pairs[i].KeyPosition.IsZero() {
			n.Pairs[i].KeyPosition = p
		}
		n.Pairs[i].Value.At(p)
	}
	return n
}

// Get returns the value of key in a mapping; nil when there is none or n is
// no mapping.
func (n *Node) Get(key string) *Node {
	if p := n.Pair(key); p != nil {
		return p.Value
	}
	return nil
}

// Path follows keys downwards from n; nil when one is missing.
func (n *Node) Path(keys ...string) *Node {
	for _, key := range keys {
		n = n.Get(key)
	}
	return n
}

// Pair returns the entry of key in a mapping, or nil. The pointer is valid
// until the mapping changes.
func (n *Node) Pair(key string) *Pair {
	if n == nil || n.Kind != Mapping {
		return nil
	}
	for i := range n.Pairs {
		if n.Pairs[i].Key == key {
			return &n.Pairs[i]
		}
	}
	return nil
}

// Has reports whether a mapping has key.
func (n *Node) Has(key string) bool { return n.Pair(key) != nil }

// byKey returns the entries of a mapping for many look-ups.
func (n *Node) byKey() map[string]*Node {
	if n == nil || n.Kind != Mapping {
		return nil
	}
	m := make(map[string]*Node, len(n.Pairs))
	for _, p := range n.Pairs {
		m[p.Key] = p.Value
	}
	return m
}

// Keys returns the keys of a mapping in source order.
func (n *Node) Keys() []string {
	if n == nil {
		return nil
	}
	keys := make([]string, len(n.Pairs))
	for i, p := range n.Pairs {
		keys[i] = p.Key
	}
	return keys
}

// Set gives key a value: in its place when n has the key, else at the end. A
// null n becomes a mapping. A new key without position takes the value's.
func (n *Node) Set(key string, value *Node) {
	if p := n.Pair(key); p != nil {
		p.Value = value
		return
	}
	n.Kind = Mapping
	pair := Pair{Key: key, Value: value}
	if value != nil {
		pair.KeyPosition = value.Position
	}
	n.Pairs = append(n.Pairs, pair)
}

// Delete removes key from a mapping and reports whether it was there.
func (n *Node) Delete(key string) bool {
	if n == nil {
		return false
	}
	before := len(n.Pairs)
	n.Pairs = slices.DeleteFunc(n.Pairs, func(p Pair) bool { return p.Key == key })
	return len(n.Pairs) < before
}

// Append adds items to a sequence. A null n becomes a sequence.
func (n *Node) Append(items ...*Node) {
	n.Kind = Sequence
	n.Items = append(n.Items, items...)
}

// Clone returns a deep copy of n.
func (n *Node) Clone() *Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Items = slices.Clone(n.Items)
	for i := range c.Items {
		c.Items[i] = c.Items[i].Clone()
	}
	c.Pairs = slices.Clone(n.Pairs)
	for i := range c.Pairs {
		c.Pairs[i].Value = c.Pairs[i].Value.Clone()
	}
	return &c
}

// IsNull reports whether n is absent or null.
func (n *Node) IsNull() bool { return n == nil || n.Kind == Null }

// IsMap reports whether n is a mapping.
func (n *Node) IsMap() bool { return n != nil && n.Kind == Mapping }

// IsList reports whether n is a sequence.
func (n *Node) IsList() bool { return n != nil && n.Kind == Sequence }

// IsScalar reports whether n is a scalar.
func (n *Node) IsScalar() bool { return n != nil && n.Kind == Scalar }

// IsBool reports whether n is a boolean: an unquoted true or false.
func (n *Node) IsBool() bool {
	return n.IsScalar() && !n.Quoted && (lowerBool(n.Value) != "")
}

// Bool returns the boolean that n is when a boolean is wanted: also in quotes,
// and as yes, no, on or off.
func (n *Node) Bool() (value, ok bool) { return parseBool(n.Str()) }

// IsNumber reports whether n is an unquoted number.
func (n *Node) IsNumber() bool { return n.IsScalar() && !n.Quoted && isJSONNumber(n.Value) }

// IsText reports whether n is a scalar that is neither a number nor a boolean.
func (n *Node) IsText() bool { return n.IsScalar() && !n.IsBool() && !n.IsNumber() }

// Str returns the text of a scalar, and "" for anything else.
func (n *Node) Str() string {
	if n.IsScalar() {
		return n.Value
	}
	return ""
}

// Function returns the name and the argument of an intrinsic function: n is a
// mapping of one entry whose key is "Ref" or starts with "Fn::". Otherwise it
// returns "" and nil. {"Condition": x} is a function only in some places: see
// the package's conditions.
func (n *Node) Function() (name string, argument *Node) {
	if n == nil || n.Kind != Mapping || len(n.Pairs) != 1 {
		return "", nil
	}
	if key := n.Pairs[0].Key; key == "Ref" || len(key) > 4 && key[:4] == "Fn::" {
		return key, n.Pairs[0].Value
	}
	return "", nil
}

// IsFunction reports whether n is an intrinsic function.
func (n *Node) IsFunction() bool {
	name, _ := n.Function()
	return name != ""
}

// IsNoValue reports whether n is {"Ref": "AWS::NoValue"}.
func (n *Node) IsNoValue() bool {
	name, arg := n.Function()
	return name == "Ref" && arg.Str() == noValue
}

const noValue = "AWS::NoValue"
