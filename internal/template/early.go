package template

import "strings"

// An Early computes what is known before resources exist and before the
// template is bound: functions over parameters and mappings. Transforms use it
// where they must know a string. Everything else stays as it is written.
type Early struct {
	// Pseudo says that pseudo parameters with a value in Env are known, too.
	Pseudo bool
	// Names says that Ref to an SSM parameter gives the parameter's name, as
	// the SAM translator has it; otherwise such a Ref stays.
	Names bool

	b *Bound
}

// NewEarly returns an Early for root, whose parameters have the given values
// or else their defaults. Faults of root are left to [Load].
func NewEarly(root *Node, params map[string]string, env Env) *Early {
	l := loader{t: &Template{
		Root: root, parameters: map[string]*Parameter{}, conditions: map[string]*Node{}, resources: map[string]*Resource{}, mappings: map[string]*mapping{},
	}}
	l.load(root)
	b := &Bound{Template: l.t, Env: env, values: map[string]*Node{}, conditions: map[string]tri{}}
	for _, p := range l.t.Parameters {
		if v, ok := params[p.Name]; ok {
			b.values[p.Name] = p.ref(v)
		} else if p.Default != nil {
			b.values[p.Name] = p.ref(*p.Default)
		}
	}
	return &Early{b: b}
}

func (e *Early) resolver() *resolver {
	r := e.b.resolver(NothingCreated)
	r.partial, r.pseudo = true, e.Pseudo
	r.early = func(name string) bool {
		p := e.b.Template.parameters[name]
		return p != nil && !p.NoEcho && (e.Names || !p.IsSSM())
	}
	return r
}

// Resolve returns a copy of n in which every function that can be computed is.
// A function with a fault stays, for [Bound.Check] to find.
func (e *Early) Resolve(n *Node) *Node { return e.resolve(n, e.resolver()) }

func (e *Early) resolve(n *Node, r *resolver) *Node {
	if n == nil {
		return nil
	}
	c := *n
	if n.IsFunction() {
		v, err := r.resolve(n)
		if err == nil && v != nil && !hasUnknown(v) {
			return v
		}
		if r.spent > maxResult {
			return n
		}
	}
	c.Items = nil
	for _, item := range n.Items {
		c.Items = append(c.Items, e.resolve(item, r))
	}
	c.Pairs = nil
	for _, p := range n.Pairs {
		c.Pairs = append(c.Pairs, Pair{Key: p.Key, KeyPosition: p.KeyPosition, Value: e.resolve(p.Value, r)})
	}
	return &c
}

// Text returns the string that n is or computes to.
func (e *Early) Text(n *Node) (string, bool) {
	if v := e.Resolve(n); v.IsScalar() {
		return scalarText(v), true
	}
	return "", false
}

// list returns the strings that n stands for: the collection of a loop.
func (e *Early) list(n *Node) ([]string, bool) {
	v := e.Resolve(n)
	if !v.IsList() {
		return nil, false
	}
	var list []string
	for _, item := range v.Items {
		switch {
		case item.IsScalar():
			list = append(list, scalarText(item))
		case item.IsList(): // a list parameter among literals
			inner, ok := e.list(item)
			if !ok {
				return nil, false
			}
			list = append(list, inner...)
		default:
			return nil, false
		}
	}
	return list, true
}

// onlyAlphanumeric drops every other character: what &{Name} gives.
func onlyAlphanumeric(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x80 && alphanumeric(string(c)) {
			return c
		}
		return -1
	}, s)
}
