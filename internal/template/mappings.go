package template

// A mapping is one member of the Mappings section.
type mapping struct {
	node   *Node
	values map[[2]string]*Node
}

func (l *loader) mappings(n *Node) {
	for _, p := range l.section(n, "Mappings", "Mapping") {
		m := &mapping{node: p.Value, values: map[[2]string]*Node{}}
		l.t.mappings[p.Key] = m
		if !p.Value.IsMap() {
			l.fault(p.KeyPosition, "Template format error: Every Mappings member %s must be a map", p.Key)
			continue
		}
		if p.Value.Has("Fn::Transform") { // an AWS::Include that has not run
			continue
		}
		for _, top := range p.Value.Pairs {
			if !top.Value.IsMap() {
				l.fault(top.KeyPosition, "Template format error: Every Mappings member %s must be a map", top.Key)
				continue
			}
			for _, second := range top.Value.Pairs {
				if !mappingValue(second.Value) {
					l.fault(second.KeyPosition, "Template format error: Every Mappings attribute must be a String or a List.")
				}
				m.values[[2]string{top.Key, second.Key}] = second.Value
			}
		}
	}
}

func mappingValue(n *Node) bool {
	if !n.IsList() {
		return n.IsScalar()
	}
	for _, item := range n.Items {
		if !item.IsScalar() {
			return false
		}
	}
	return true
}
