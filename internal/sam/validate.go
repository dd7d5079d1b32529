package sam

import "github.com/hakonegate/hakone/internal/template"

// A shape is what a property's value may be.
type shape uint16

const (
	text shape = 1 << iota
	mapping
	list
	boolean
	number
	texts             // a list of strings
	textsOrMaps       // a list of strings or maps
	mapsByName        // a map of maps
	anything    shape = 1<<15 - 1
)

// A property is one that a SAM resource or event may have.
type property struct {
	name     string
	shape    shape
	required bool
	literal  bool // an intrinsic function is checked like any other value
}

// validate checks that properties has only the named entries, and each of its
// shape. Intrinsic functions are left to CloudFormation.
func validate(id, typ string, properties *template.Node, rules []property) error {
	known := make(map[string]bool, len(rules))
	for _, r := range rules {
		known[r.name] = true
	}
	if properties != nil {
		for _, p := range properties.Pairs {
			if !known[p.Key] {
				return &fault{
					sortKey: id, place: p.KeyPosition,
					message: "Resource with id [" + id + "] is invalid. property " + p.Key + " not defined for resource of type " + typ,
				}
			}
		}
	}
	for _, r := range rules {
		value := present(properties.Get(r.name))
		switch {
		case !r.literal && isIntrinsic(value):
		case value == nil && r.required:
			return invalidResource(id, properties, "Missing required property '%s'.", r.name)
		case value != nil && !r.shape.admits(value):
			return invalidResource(id, value, "Type of property '%s' is invalid.", r.name)
		}
	}
	return nil
}

func (s shape) admits(n *template.Node) bool {
	switch {
	case s == anything:
		return true
	case n.IsMap():
		return s&mapping != 0 || s&mapsByName != 0 && allMaps(n)
	case n.IsList():
		return s&list != 0 || s&texts != 0 && allItems(n, false) || s&textsOrMaps != 0 && allItems(n, true)
	case n.IsBool():
		return s&boolean != 0
	case n.IsNumber():
		return s&number != 0
	default:
		return s&text != 0
	}
}

func allMaps(n *template.Node) bool {
	for _, p := range n.Pairs {
		if !p.Value.IsMap() {
			return false
		}
	}
	return true
}

func allItems(n *template.Node, maps bool) bool {
	for _, item := range n.Items {
		if !item.IsText() && (!maps || !item.IsMap()) {
			return false
		}
	}
	return true
}
