package sam

import "github.com/hakonegate/hakone/internal/template"

// A shape is what a property's value may be.
type shape uint16

const (
	text shape = 1 << iota
	mapping
	list
	boolean
	number              // an integer, or a boolean
	texts               // a list of strings
	mapsListed          // a list of maps
	textsOrMaps         // a list of strings or maps
	mapsByName          // a map of maps
	textsByName         // a map of strings
	numbersByName       // a map of integers or maps
	anything      shape = 1<<15 - 1
)

// A property is one that a SAM resource or event may have.
type property struct {
	name     string
	shape    shape
	required bool
	literal  bool // an intrinsic function is checked like any other value
	old      bool // a wrong type has the text of older properties
}

// invalid words the fault of a value that has the wrong type.
func (p property) invalid(id string, value *template.Node) error {
	switch {
	case p.shape == text && !p.old:
		return invalidResource(id, value, "Property '%s' should be a string.", p.name)
	case p.shape == mapping && !p.old:
		return invalidResource(id, value, "Property '%s' should be a map.", p.name)
	default:
		return invalidResource(id, value, "Type of property '%s' is invalid.", p.name)
	}
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
		case value == nil && r.required:
			return invalidResource(id, properties, "Missing required property '%s'.", r.name)
		case value == nil:
		case !r.literal && value.IsMap() && len(value.Pairs) == 1:
			// It may be an intrinsic function; whether it is one that
			// CloudFormation knows is not checked here.
		case !r.shape.admits(value):
			return r.invalid(id, value)
		}
	}
	return nil
}

func (s shape) admits(n *template.Node) bool {
	switch {
	case s == anything:
		return true
	case n.IsMap():
		return s&mapping != 0 || s&mapsByName != 0 && allPairs(n, (*template.Node).IsMap) || s&textsByName != 0 && allPairs(n, (*template.Node).IsText) ||
			s&numbersByName != 0 && allPairs(n, func(v *template.Node) bool { return v.IsMap() || number.admits(v) })
	case n.IsList():
		return s&list != 0 || s&texts != 0 && allItems(n, true, false) || s&textsOrMaps != 0 && allItems(n, true, true) || s&mapsListed != 0 && allItems(n, false, true)
	case n.IsBool():
		return s&(boolean|number) != 0
	case n.IsNumber():
		return s&number != 0 && pythonType(n) == "int"
	default:
		return s&text != 0
	}
}

func allPairs(n *template.Node, admits func(*template.Node) bool) bool {
	for _, p := range n.Pairs {
		if !admits(p.Value) {
			return false
		}
	}
	return true
}

func allItems(n *template.Node, texts, maps bool) bool {
	for _, item := range n.Items {
		if (!texts || !item.IsText()) && (!maps || !item.IsMap()) {
			return false
		}
	}
	return true
}
